"""Where orders, states and addresses come from: read strictly, bounded, and this machine only."""

import json
import socket
import sys

import pytest

import cmi_gateway as cmi
from cmi_gateway.certify import order_sources
from cmi_gateway.certify.addresses import allowed_address
from cmi_gateway.certify.order_sources import (
    CommandOrders,
    ListedOrders,
    PageOrders,
    hidden_fields,
    run_command,
)
from cmi_gateway.certify.orders import order_from, order_from_form
from cmi_gateway.certify.probe import CommandProbe, PageProbe
from cmi_gateway.errors import ConfigurationError
from cmi_gateway.simulator.server import LoopbackServer
from support.gateway_kit import signed_form

FORM = signed_form()
TABLE = {"order_id": "SHOP-1", "amount": "114.26"}


def python(code):
    return [sys.executable, "-c", code]


def resolving(*numbers):
    return lambda host, port: [
        (socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port)) for number in numbers
    ]


def serving(status="200 OK", body=b"", seen=None):
    def application(environ, begin):
        if seen is not None:
            size = int(environ.get("CONTENT_LENGTH") or 0)
            seen.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], environ["wsgi.input"].read(size)))
        begin(status, [("Content-Type", "text/html"), ("Location", "/elsewhere")])
        return [body]

    return LoopbackServer(application)


def test_an_order_needs_id_and_amount_only():
    """As text; the amount as the gateway writes it, or with a comma."""
    assert (
        cmi.Money.parse("114.26")
        == order_from(TABLE).amount
        == order_from(TABLE | {"amount": "114,26"}).amount
    )
    assert () == order_from(TABLE).fields


def test_an_order_may_bring_its_form():
    """As `cmi sign --json` prints it, or as pairs; id and amount are then in it."""
    for fields in (dict(FORM.fields), [list(pair) for pair in FORM.fields]):
        order = order_from({"action": "https://gateway.example", "fields": fields})
        assert (FORM.order_id, FORM.fields) == (order.order_id, order.fields)
    assert "600000099" == order_from({"fields": dict(FORM.fields)}).sent("ClientID")


@pytest.mark.parametrize(
    "table",
    [
        None,
        [],
        {},
        {"order_id": "SHOP-1"},
        {"order_id": 1, "amount": "1.00"},
        TABLE | {"amount": 114.26},
        TABLE | {"amount": "1e3"},
        TABLE | {"order_id": "a b"},
        TABLE | {"storekey": "TEST1234"},
        TABLE | {"fields": "oid"},
        TABLE | {"fields": {"oid": 1}},
        TABLE | {"fields": {"": "x"}},
        TABLE | {"fields": {f"name{number}": "" for number in range(201)}},
    ],
)
def test_what_is_no_order_is_refused(table):
    """And nothing of its values is told."""
    with pytest.raises(ConfigurationError) as refusal:
        order_from(table)
    assert "TEST1234" not in str(refusal.value)


def test_a_command_makes_orders():
    """It prints JSON; no shell reads its arguments."""
    orders = CommandOrders([*python("import sys; print(sys.argv[1])"), json.dumps(TABLE)])
    assert "SHOP-1" == orders().order_id


@pytest.mark.parametrize(
    ("code", "problem"),
    [
        ("print('TEST1234')", "one JSON table"),
        ("print('[' * 100000)", "one JSON table"),
        ("print('{}')", "must be text"),
        ("import sys; print('TEST1234'); sys.exit(3)", "ended with status 3"),
        ("print('x' * 300000)", "over 262144 bytes"),
    ],
)
def test_a_command_that_makes_none_is_told(code, problem):
    """Without a word of what it printed."""
    with pytest.raises(ConfigurationError, match=problem) as refusal:
        CommandOrders(python(code))()
    assert "TEST1234" not in str(refusal.value)


def test_a_command_that_is_none_or_never_ends(monkeypatch):
    """A program that is not there, and one that waits."""
    with pytest.raises(ConfigurationError, match="cannot be run"):
        run_command(["/no/such/program"], "the order command")
    monkeypatch.setattr(order_sources, "_PATIENCE", 0.2)
    with pytest.raises(ConfigurationError, match=r"over 0.2 seconds"):
        run_command(python("import time; time.sleep(20)"), "the order command")


def test_listed_orders_are_handed_out_once():
    """Then there is none."""
    orders = ListedOrders([TABLE, TABLE | {"order_id": "SHOP-2"}])
    assert ["SHOP-1", "SHOP-2"] == [orders().order_id, orders().order_id]
    with pytest.raises(ConfigurationError, match="no more orders"):
        orders()


def test_a_page_gives_its_hidden_fields():
    """The form that goes to the gateway, entities decoded, whatever other forms are there."""
    page = f'<form><input type="hidden" name="q" value="1"></form>{FORM.html()}'
    assert FORM.fields == hidden_fields(page)
    seen = []
    with serving(body=page.encode(), seen=seen) as server:
        address = allowed_address(f"{server.url}/pay")
        assert FORM.order_id == PageOrders(address)().order_id == PageOrders(address, "name=A")().order_id
    assert [("GET", "/pay", b""), ("POST", "/pay", b"name=A")] == seen


@pytest.mark.parametrize(("status", "problem"), [("302 Found", "status 302"), ("200 OK", "no payment form")])
def test_a_page_without_a_form_is_told(status, problem):
    """A redirect to a sign-in is not followed."""
    with serving(status) as server, pytest.raises(ConfigurationError, match=problem):
        PageOrders(allowed_address(server.url))()


def test_a_page_that_is_not_there():
    """Nobody listens."""
    with serving() as server:
        address = allowed_address(server.url)
    with pytest.raises(ConfigurationError, match="cannot be read"):
        PageOrders(address)()
    with pytest.raises(ConfigurationError, match="cannot be read"):
        PageProbe(f"{address.url}{{order_id}}")("SHOP-1")


def test_a_form_without_an_amount_is_no_order():
    """Nor is an empty page."""
    for fields in ((), (("oid", "SHOP-1"),)):
        with pytest.raises(ConfigurationError, match="no payment form"):
            order_from_form(fields)


def test_a_probe_names_the_order():
    """In a command or an address; surrounding white space means nothing."""
    assert "SHOP-1" == CommandProbe([*python("import sys; print(sys.argv[1], '')"), "{order_id}"])("SHOP-1")
    seen = []
    with serving(body=b" paid \n", seen=seen) as server:
        assert "paid" == PageProbe(f"{server.url}/order/{{order_id}}")("a/b")
    assert "/order/a/b" == seen[0][1]


def test_a_probe_that_names_no_order_is_refused():
    """It would say the same of all."""
    for build in (lambda: CommandProbe(["state"]), lambda: PageProbe("http://127.0.0.1/state")):
        with pytest.raises(ConfigurationError, match="must hold"):
            build()


def test_a_probe_that_fails_is_told():
    """A page of errors is no state."""
    with (
        serving("500 Internal Server Error") as server,
        pytest.raises(ConfigurationError, match="status 500"),
    ):
        PageProbe(f"{server.url}/{{order_id}}")("SHOP-1")


def test_this_machine_may_be_called():
    """By number or by name; the name's number is what is called, and the query is not shown."""
    address = allowed_address("http://localhost:8000/cb?token=abc#x", resolve=resolving("127.0.0.1"))
    assert ("http://localhost:8000/cb", "localhost:8000") == (address.shown, address.host)
    assert "http://127.0.0.1:8000/cb?token=abc" == address.url
    assert "http://[::1]:80/" == allowed_address("http://[::1]", resolve=resolving("::1")).url
    assert (
        "https://shop.test/a?b"
        == allowed_address("https://shop.test/a?b#c", resolve=resolving("127.0.0.2")).url
    )
    assert "abc" not in repr(address)


@pytest.mark.parametrize(
    ("url", "numbers"),
    [
        ("http://shop.example/cb", ["203.0.113.10"]),
        ("http://shop.example/cb", ["127.0.0.1", "203.0.113.10"]),
        ("http://10.0.0.1/", ["10.0.0.1"]),
        ("http://[::ffff:203.0.113.10]/", ["::ffff:203.0.113.10"]),
        ("ftp://127.0.0.1/", ["127.0.0.1"]),
        ("file:///etc/passwd", ["127.0.0.1"]),
        ("http:///cb", ["127.0.0.1"]),
        ("//127.0.0.1/cb", ["127.0.0.1"]),
        ("http://127.0.0.1:99999/", ["127.0.0.1"]),
        ("http://[::1/", ["::1"]),
        ("http://user:TEST1234@127.0.0.1/", ["127.0.0.1"]),
        ("http://shop.example/", []),
        ("http://testpayment.cmi.co.ma/fim/est3Dgate", ["127.0.0.1"]),
    ],
)
def test_elsewhere_may_not_be_called(url, numbers):
    """Not even where only one of several numbers leads away."""
    with pytest.raises(ConfigurationError) as refusal:
        allowed_address(url, resolve=resolving(*numbers))
    assert "TEST1234" not in str(refusal.value)


def test_a_host_of_ones_own_may_be_called_but_not_everywhere():
    """The metadata service of a cloud machine is nobody's shop, nor is CMI's gateway."""
    own = allowed_address("http://shop.example/cb", is_own_host=True, resolve=resolving("203.0.113.10"))
    assert "http://203.0.113.10:80/cb" == own.url
    for host, number in (
        ("shop.example", "169.254.169.254"),
        ("shop.example", "::ffff:169.254.169.254"),
        ("shop.example", "0.0.0.0"),
        ("shop.example", "224.0.0.1"),
        ("Payment.CMI.co.ma.", "203.0.113.10"),
    ):
        with pytest.raises(ConfigurationError):
            allowed_address(f"http://{host}/", is_own_host=True, resolve=resolving(number))


def test_a_name_that_does_not_resolve_is_told():
    """As is one that cannot be one."""

    def failing(host, port):
        raise socket.gaierror

    with pytest.raises(ConfigurationError, match="has no address"):
        allowed_address("http://shop.example/", resolve=failing)
    with pytest.raises(ConfigurationError):
        allowed_address(f"http://{'a' * 70}.example/")
