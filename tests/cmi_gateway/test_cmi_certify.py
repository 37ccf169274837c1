"""`cmi certify` as a merchant runs it, against the documentation's Flask shop on this machine."""

import json
import shlex
import sys

import pytest

from cmi_gateway.certify.cases import ROWS
from cmi_gateway.certify.orders import Order
from cmi_gateway.simulator.server import LoopbackServer
from support.certify_servers import flask_shop, orders_of
from support.command_kit import run, run_json
from support.gateway_kit import STORE_KEY

DATA = "name=Amina&email=client%40example.com"


@pytest.fixture(scope="module")
def shop():
    with flask_shop() as url:
        yield url


@pytest.fixture(scope="module")
def naive():
    def application(environ, begin):
        begin("200 OK", [("Content-Type", "text/plain")])
        return [b"ACTION=POSTAUTH"]

    with LoopbackServer(application) as server:
        yield server.url


def certify(shop, *arguments, key=STORE_KEY):
    return run("certify", f"{shop}/cmi/callback", *arguments, key=key)


def from_page(shop):
    return ("--order-page", f"{shop}/pay", "--order-data", DATA)


def as_table(order: Order):
    return {"order_id": order.order_id, "amount": order.amount.wire, "fields": dict(order.fields)}


def test_full_marks_for_a_shop_of_the_documentation(shop, tmp_path):
    """Every row, with orders from its page and their state from another; the sheet as a page beside it."""
    page = tmp_path / "sheet.html"
    result = certify(
        shop, *from_page(shop), "--state-url", f"{shop}/order/{{order_id}}", "--strict", "--html", page
    )
    assert 0 == result.exit_code, result.output
    assert "Full marks: 47 of 47 mandatory rows passed, 13 of 13 advisory ones." in result.stdout
    assert 60 == result.stderr.count("pass  ")
    assert "Full marks" in page.read_text(encoding="utf-8")
    assert STORE_KEY not in result.output + page.read_text(encoding="utf-8")


def test_a_naive_endpoint_ends_with_status_1(naive, shop, tmp_path):
    """And JSON says what failed; the order's page of the real shop shows that nothing is paid."""
    orders = tmp_path / "orders.json"
    buy = orders_of(shop)
    orders.write_text(json.dumps([as_table(buy()) for _ in range(3)]), encoding="utf-8")
    table = run_json(
        "certify", naive, "--orders", orders, "--row", "wrong-hash", "--row", "decline", key=STORE_KEY
    )
    verdicts = {row["id"]: row["verdict"] for row in table["rows"] if row["verdict"] != "not applicable"}
    assert {"approval": "passed", "decline": "failed", "wrong-hash": "failed"} == verdicts
    assert 1 == run("certify", naive, "--orders", orders, "--row", "decline", key=STORE_KEY).exit_code


def test_orders_from_a_command_and_states_too(naive, tmp_path):
    """Commands of the user's, without a shell; a state that never changes fails the approval."""
    script = tmp_path / "order.py"
    script.write_text(
        'import json; print(json.dumps({"order_id": "SHOP-1", "amount": "114.26"}))', encoding="utf-8"
    )
    python = shlex.quote(sys.executable)
    result = run(
        "certify",
        naive,
        "--client-id",
        "600000099",
        "--order-command",
        f"{python} {shlex.quote(str(script))}",
        "--state-command",
        f"{python} -c 'print(1)' {{order_id}}",
        "--row",
        "approval",
        key=STORE_KEY,
    )
    assert 1 == result.exit_code
    assert "the order's state did not change" in result.stdout


def test_orders_in_toml(naive, tmp_path):
    """As a list of tables."""
    orders = tmp_path / "orders.toml"
    orders.write_text('[[orders]]\norder_id = "SHOP-1"\namount = "114.26"\n', encoding="utf-8")
    result = run(
        "certify", naive, "--orders", orders, "--client-id", "600000099", "--row", "approval", key=STORE_KEY
    )
    assert 0 == result.exit_code


def test_advice_counts_when_it_is_asked_for(naive, tmp_path):
    """Full marks need the mandatory rows only."""
    orders = tmp_path / "orders.json"
    listed = [{"order_id": f"SHOP-{number}", "amount": "114.26"} for number in range(4)]
    orders.write_text(json.dumps(listed), encoding="utf-8")
    play = ("certify", naive, "--orders", orders, "--client-id", "600000099", "--row", "size")
    assert [0, 1] == [run(*play, *more, key=STORE_KEY).exit_code for more in ((), ("--strict",))]


def test_the_rows_are_listed():
    """Without address, key or orders."""
    result = run("certify", "--list", key=None)
    assert 0 == result.exit_code
    assert list(ROWS) == [line.split()[0] for line in result.stdout.splitlines()]


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "one of --order-command"),
        (["--order-command", "x", "--order-page", "http://127.0.0.1/"], "one of --order-command"),
        (["--order-command", "'"], "no command line"),
        (["--order-command", " "], "is empty"),
        (["--order-command", "/no/such/program"], "cannot be run"),
        (["--order-page", "http://203.0.113.10/"], "not this machine"),
        (["--order-command", "x", "--row", "nonsense"], "no row"),
        (["--order-command", "x", "--state-command", "state"], "must hold"),
        (["--order-command", "x", "--state-command", "s", "--state-url", "u"], "exclude each other"),
    ],
)
def test_what_is_missing_is_told_with_status_2(naive, arguments, problem):
    """Before anything is played."""
    result = run("certify", naive, *arguments, key=STORE_KEY)
    assert (2, True) == (result.exit_code, problem in result.stderr), result.output


def test_other_machines_are_refused():
    """The option that allows them says what it means."""
    result = run("certify", "http://203.0.113.10/cb", "--order-command", "x", key=STORE_KEY)
    assert 2 == result.exit_code
    assert "--i-own-this-host" in result.stderr


def test_a_key_is_needed(naive):
    """From the environment or a file, and no option takes it."""
    result = run("certify", naive, "--order-command", "x", key=None)
    assert (2, True) == (result.exit_code, "CMI_STORE_KEY" in result.stderr)


def test_a_file_without_orders_is_told(naive, tmp_path):
    """A table of something else."""
    orders = tmp_path / "orders.json"
    orders.write_text('{"order_id": "SHOP-1"}', encoding="utf-8")
    result = run("certify", naive, "--orders", orders, key=STORE_KEY)
    assert (2, True) == (result.exit_code, "a list of orders" in result.stderr)


def test_a_page_that_cannot_be_written_is_told(shop, tmp_path):
    """With the reason."""
    result = certify(shop, *from_page(shop), "--row", "approval", "--html", tmp_path / "no" / "sheet.html")
    assert (2, True) == (result.exit_code, "cannot be written" in result.stderr)
