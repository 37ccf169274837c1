"""The simulator over HTTP: a merchant's endpoint, a browser without scripts, and the server that carries both."""

import threading
import time
from contextlib import contextmanager
from urllib.parse import urljoin

import attrs
import pytest
import requests

from cmi_gateway import Approved, ConfigurationError, Merchant, Money, Reply
from cmi_gateway.simulator.app import create_app
from cmi_gateway.simulator.delivery import CallbackAnswer, LoopbackSender, Manner, is_loopback
from cmi_gateway.simulator.faults import BrowserTwice, CallbackLate, CallbackSlow, CallbackTwice, FaultPlan
from cmi_gateway.simulator.server import LoopbackServer, running_simulator, utc_now
from support.gateway_kit import STORE_KEY, payment_request
from support.simulator_kit import ACCOUNT, DECLINED_05, MASTERCARD, VISA, Clock, card_form, forms, gateway

PAY, BACK = "Valider le paiement", "Cliquez ici pour retourner au site marchand"


@attrs.define
class Shop:
    """A merchant's endpoint as a bare WSGI application: answers callbacks as told, remembers what came."""

    status: str = "200 OK"
    answer: bytes = b"ACTION=POSTAUTH"
    headers: list[tuple[str, str]] = attrs.Factory(list)
    seen: list[tuple[str, bytes]] = attrs.Factory(list)
    delay: float = 0.0

    def __call__(self, environ, start_response):
        length = int(environ.get("CONTENT_LENGTH") or 0)
        self.seen.append((environ["PATH_INFO"], environ["wsgi.input"].read(length)))
        time.sleep(self.delay)
        start_response(self.status, [("Content-Type", "text/plain"), *self.headers])
        return [self.answer]


@contextmanager
def market(shop):
    """Serve *shop* and a simulator; give the simulator, its merchant, and the merchant's form."""
    with LoopbackServer(shop) as server, running_simulator([ACCOUNT]) as simulator:
        merchant = Merchant("600000099", STORE_KEY, simulator.gateway, "RAK")
        addresses = {
            name: f"{server.url}/{name}" for name in ("ok_url", "fail_url", "shop_url", "callback_url")
        }
        yield simulator, merchant, merchant.sign(payment_request(**addresses))


@contextmanager
def browser():
    """Give a browser that knows nothing of proxies."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


def press(session, page, button, **typed):
    """Press a button of *page* with what was typed."""
    form = forms(page.text)[button]
    return session.post(urljoin(page.url, form.action), data=form.fields | typed)


@pytest.mark.parametrize(
    ("reply", "money"), [("CAPTURE", "POST"), ("ACKNOWLEDGE", "PRE"), ("FAILURE", "PRE")]
)
def test_a_payment_over_http_for_each_reply(reply, money):
    """Page, card, callback, answer, result, return: the merchant verifies both and the money follows its reply."""
    shop = Shop(answer=Reply[reply].encode())
    with market(shop) as (simulator, merchant, form), browser() as session:
        result = press(session, session.post(form.action, data=dict(form.fields)), PAY, **card_form())
        press(session, result, BACK)
        assert money == simulator.state.orders[0].state
    assert ["/callback_url", "/ok_url"] == [path for path, _body in shop.seen]
    for _path, body in shop.seen:
        callback = merchant.verify(body)
        callback.must_match(order_id=form.order_id, amount=Money.parse("114.26"), sent=form.fields)
        assert isinstance(callback.outcome, Approved)


def test_a_decline_then_3d_secure_under_one_order_over_http():
    """A refused card, then an enrolled one with its code, on one page: two callbacks, one capture."""
    shop = Shop()
    with market(shop) as (simulator, _merchant, form), browser() as session:
        refused = press(
            session, session.post(form.action, data=dict(form.fields)), PAY, **card_form(DECLINED_05)
        )
        challenge = press(session, refused, PAY, **card_form(MASTERCARD))
        result = press(session, challenge, "Confirmer", code="123")
        assert simulator.state.orders[0].state == "POST"
    assert "REÇU DE PAIEMENT" in result.text
    assert ["/callback_url"] * 2 == [path for path, _body in shop.seen]


def test_cancelling_over_http_reaches_the_shop_bare():
    """The browser arrives at shopurl with no field at all."""
    shop = Shop()
    with market(shop) as (_simulator, _merchant, form), browser() as session:
        press(session, session.post(form.action, data=dict(form.fields)), "Annuler")
    assert [("/shop_url", b"")] == shop.seen


@pytest.mark.parametrize(
    "shop",
    [
        Shop(status="500 Internal Server Error"),
        Shop(status="302 Found", headers=[("Location", "/elsewhere")]),
        Shop(answer=b"ACTION=POSTAUTH" + b" " * 5000),
        Shop(answer=b"\xff\xfe"),
    ],
    ids=["500", "redirect", "long", "binary"],
)
def test_a_broken_answer_captures_nothing(shop):
    """An error, a redirect (not followed) or junk leaves the payment authorized only."""
    with market(shop) as (simulator, _merchant, form), browser() as session:
        press(session, session.post(form.action, data=dict(form.fields)), PAY, **card_form(VISA))
        assert simulator.state.orders[0].attempts[0].reply is None
    assert len(shop.seen) == 1


def test_the_sender_calls_this_machine_only():
    """Another host is not called, and the reason is said."""
    answer = LoopbackSender()("https://portal.example/cmi/callback", b"a=1\n")
    assert (None, None) == (answer.status, answer.reply)
    assert "boucle locale" in answer.problem


@pytest.mark.parametrize(
    ("url", "local"),
    [
        ("http://127.0.0.1:8000/x", True),
        ("http://127.9.9.9/", True),
        ("http://[::1]:8000/x", True),
        ("http://localhost/x", True),
        ("http://localhost.evil.example/", False),
        ("http://127.0.0.1.evil.example/", False),
        ("http://127.0.0.1@evil.example/", False),
        ("http://10.0.0.1/", False),
        ("http://[::1", False),
        ("nonsense", False),
    ],
)
def test_loopback_addresses_are_told_apart(url, local):
    """Only addresses of this machine and the name localhost count as here."""
    assert local is is_loopback(url)


def test_nobody_listening_is_an_answer_without_a_reply():
    """A refused connection is reported as a problem, not raised."""
    with LoopbackServer(Shop()) as server:
        gone = server.url
    answer = LoopbackSender()(gone, b"a=1\n")
    assert (None, True) == (answer.reply, bool(answer.problem))


def test_a_slow_merchant_is_given_up():
    """After the time allowed there is no answer, even if one would have come."""
    with LoopbackServer(Shop(delay=0.5)) as server:
        answer = LoopbackSender(seconds=0.1)(server.url, b"a=1\n")
    assert (None, True) == (answer.reply, bool(answer.problem))


def test_a_dripping_answer_is_given_up():
    """The time allowed covers the whole answer, not each byte of it."""

    def drip(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        for letter in b"ACTION=POSTAUTH":
            time.sleep(0.05)
            yield bytes([letter])

    with LoopbackServer(drip) as server:
        answer = LoopbackSender(seconds=0.2)(server.url, b"a=1\n")
    assert (None, True) == (answer.reply, bool(answer.problem))


def test_the_server_refuses_hosts_of_the_network():
    """A name or an address that others could reach is a configuration error."""
    for host in ("0.0.0.0", "192.168.1.1", "example.com", "", "localhost"):
        with pytest.raises(ConfigurationError):
            LoopbackServer(Shop(), host=host)


def test_a_server_stops_cleanly_and_frees_its_port():
    """After the block no thread is left and the same port can be served again at once."""
    before = threading.active_count()
    with LoopbackServer(Shop()) as server, browser() as session:
        port = server.port
        assert session.get(server.url).text == "ACTION=POSTAUTH"
    assert before == threading.active_count()
    with LoopbackServer(Shop(), port) as again:
        assert port == again.port


def test_a_request_under_way_is_finished_before_the_server_stops():
    """Closing waits for the answer that is being made."""
    shop = Shop(delay=0.3)
    answers = []
    server = LoopbackServer(shop)
    with server, browser() as session:
        asking = threading.Thread(target=lambda: answers.append(session.get(server.url).text))
        asking.start()
        while not shop.seen:
            time.sleep(0.01)
        server.close()
        asking.join()
    assert ["ACTION=POSTAUTH"] == answers


def test_closing_a_server_that_never_ran_frees_its_port_too():
    """A server that was built and not entered can be closed, more than once."""
    server = LoopbackServer(Shop())
    server.close()
    server.close()
    with LoopbackServer(Shop(), server.port) as next_one:
        assert server.port == next_one.port


def test_a_taken_port_is_an_error_that_leaks_nothing():
    """The second server of one port raises OSError."""
    with LoopbackServer(Shop()) as server, pytest.raises(OSError):
        LoopbackServer(Shop(), server.port)


def test_the_running_simulator_is_a_gateway():
    """Its two addresses are the payment page and the place of the XML API."""
    with running_simulator([ACCOUNT]) as simulator:
        assert simulator.gateway.url == simulator.url + "/fim/est3Dgate"
        assert simulator.gateway.api_url == simulator.url + "/fim/api"


@contextmanager
def faulty_market(*faults, clock=utc_now, shop=None):
    """Serve a shop and a simulator under faults; give shop, simulator and the page that follows a payment."""
    shop = shop or Shop()
    with (
        LoopbackServer(shop) as server,
        running_simulator([ACCOUNT], faults=FaultPlan.of(*faults), clock=clock) as simulator,
        browser() as session,
    ):
        merchant = Merchant("600000099", STORE_KEY, simulator.gateway, "RAK")
        addresses = {
            name: f"{server.url}/{name}" for name in ("ok_url", "fail_url", "shop_url", "callback_url")
        }
        form = merchant.sign(payment_request(**addresses))
        yield (
            shop,
            simulator,
            press(session, session.post(form.action, data=dict(form.fields)), PAY, **card_form()),
        )


def until(condition):
    """Wait for what another thread does; the test's own time limit ends a wait in vain."""
    while not condition():
        time.sleep(0.01)


def test_a_late_callback_is_sent_by_the_server_itself():
    """The customer's page waits; when the time has come the worker sends, and the capture is done."""
    clock = Clock()
    with faulty_market(CallbackLate(60), clock=clock) as (shop, simulator, page):
        assert ("en cours de traitement" in page.text, []) == (True, shop.seen)
        clock.advance(seconds=60)
        until(lambda: simulator.courier.done)
        assert "POST" == simulator.state.orders[0].state
        assert ["/callback_url"] == [path for path, _body in shop.seen]


def test_a_sender_that_breaks_does_not_stop_the_worker(caplog):
    """The next due callback is still sent, and the log names the error's type only."""
    clock, sent = Clock(), []

    def send(url, body):
        sent.append(body)
        if len(sent) == 1:
            raise RuntimeError("a customer's name")
        return CallbackAnswer(200, "ACTION=POSTAUTH")

    plan = FaultPlan.of(CallbackLate(1), CallbackTwice(1))
    with (
        running_simulator([ACCOUNT], faults=plan, clock=clock, send_callback=send) as simulator,
        browser() as session,
    ):
        form = Merchant("600000099", STORE_KEY, simulator.gateway, "RAK").sign(payment_request())
        press(session, session.post(form.action, data=dict(form.fields)), PAY, **card_form())
        clock.advance(seconds=2)
        until(lambda: len(simulator.courier.done) == 2)
        assert "POST" == simulator.state.orders[0].state
    assert "RuntimeError" in caplog.text
    assert "a customer's name" not in caplog.text


def test_a_callback_from_a_slow_network_arrives_whole():
    """Piece by piece, with its length announced, over the seconds of the plan."""
    before = time.monotonic()
    with faulty_market(CallbackSlow(0.3)) as (shop, simulator, _page):
        assert time.monotonic() - before >= 0.3
        assert "POST" == simulator.state.orders[0].state
        assert Approved is type_of(simulator, shop.seen[0][1])


def test_no_body_drips_for_longer_than_two_minutes(monkeypatch):
    """A plan that asks for a day holds no thread that long."""
    paused = []
    monkeypatch.setattr(time, "sleep", paused.append)
    with LoopbackServer(Shop()) as server:
        assert 200 == LoopbackSender(manner=Manner(86_400))(server.url, b"a=1\n" * 5).status
    assert 119 < sum(paused) < 121


def test_an_empty_body_drips_too():
    """Nothing left of it: the merchant still gets a request."""
    shop = Shop()
    with LoopbackServer(shop) as server:
        answer = LoopbackSender(manner=Manner(0.1))(server.url, b"")
    assert (200, [("/", b"")]) == (answer.status, shop.seen)


def test_a_browser_that_returns_twice_over_http():
    """The merchant's return page gets the same fields twice: from the simulator, and from the customer."""
    with faulty_market(BrowserTwice()) as (shop, simulator, page), browser() as session:
        press(session, page, BACK)
    assert ["/callback_url", "/ok_url", "/ok_url"] == [path for path, _body in shop.seen]
    assert Approved is type_of(simulator, shop.seen[1][1])
    assert Approved is type_of(simulator, shop.seen[2][1])


def test_calling_other_machines_is_a_choice(monkeypatch):
    """Told so, the sender tries any address; nothing here lets it out."""
    tried = []

    def post(session, url, **_options):
        tried.append(url)
        raise requests.ConnectionError

    monkeypatch.setattr(requests.Session, "post", post)
    assert LoopbackSender(anywhere=True)("https://portal.example/cmi/callback", b"a=1\n").problem
    assert ["https://portal.example/cmi/callback"] == tried


def test_an_exposed_simulator_says_so_on_its_pages():
    """Other hosts must be asked for by name, and every page warns."""
    app = create_app(gateway(), exposed=True)
    server = LoopbackServer(app, host="0.0.0.0", exposed=True)
    server.close()
    assert "pas faite pour Internet" in app.test_client().get("/").text
    assert "pas faite pour Internet" not in create_app(gateway()).test_client().get("/").text
    with pytest.raises(ConfigurationError):
        LoopbackServer(app, host="example.com", exposed=True)


def type_of(simulator, body):
    """Give the outcome's class of a callback to the shop of `faulty_market`."""
    callback = Merchant("600000099", STORE_KEY, simulator.gateway, "RAK").verify(body)
    sent = simulator.state.session(simulator.state.sessions[0].token).request.fields
    callback.must_match(order_id=callback.order_id, amount=Money.parse("114.26"), sent=sent)
    return type(callback.outcome)
