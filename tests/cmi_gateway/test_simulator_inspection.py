"""The inspection page and its JSON twin: what they show, what they switch, and whom they let in."""

import json
import re
from html import unescape
from random import Random

import html5lib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmi_gateway.simulator.app import create_app
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.courier import Courier
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.fault_plans import plan_document
from cmi_gateway.simulator.faults import CallbackLate, CallbackLost, CallbackTwice, FaultPlan, Next
from cmi_gateway.simulator.texts import inspection_texts
from support.gateway_kit import STORE_KEY, signed_form
from support.simulator_api_kit import API_PASSWORD, account
from support.simulator_kit import (
    DECLINED_51,
    FORM_TYPE,
    PAID_AT,
    Sender,
    card_form,
    forms,
    gateway,
    open_page,
    press,
)

PAGE, API = "/simulateur/", "/simulateur/api/"
ACTIONS = ("pannes", "pannes/ajouter", "pannes/supprimer", "rappels/1/renvoyer", "telecollecte", "horloge")
T = inspection_texts()


class Bench:
    """An inspected simulator, a customer's browser and a developer's."""

    def __init__(self, *faults, virtual=True):
        self.clock = VirtualClock(PAID_AT)
        self.state = gateway(self.clock, accounts=[account()])
        self.send = Sender()
        self.courier = Courier(self.state, self.send, FaultBook(FaultPlan.of(*faults)), Random(2))
        self.app = create_app(
            self.state, courier=self.courier, inspect=True, clock=self.clock if virtual else None
        )
        self.client = self.app.test_client()

    def pay(self, order_id="RAK-1", card="4000000000000010"):
        browser = self.app.test_client()
        page = open_page(browser, signed_form(order_id=order_id).fields)
        return press(browser, page, "Valider le paiement", **card_form(card))

    def page(self):
        return self.client.get(PAGE)

    def press(self, button, **typed):
        """Press a button of the page."""
        form = forms(self.page().text)[button]
        return self.client.post(form.action, data=form.fields | typed, follow_redirects=True)

    def ask(self, method, path, document=None, **options):
        return self.client.open(
            API + path, method=method, json=document if document is not None else {}, **options
        )


@pytest.fixture
def bench():
    return Bench()


def test_there_is_no_page_unless_asked_for():
    """An ordinary simulator has no such address."""
    browser = create_app(gateway()).test_client()
    assert [404, 404] == [browser.get(PAGE).status_code, browser.get(API + "state").status_code]
    assert PAGE not in browser.get("/").text


def test_the_first_page_leads_to_it(bench):
    """Where there is an inspection page, the simulator's first page has a link."""
    assert f'href="{PAGE}"' in bench.client.get("/").text


def test_a_payment_can_be_seen(bench):
    """Order, state, attempts, transactions, callback with its body and reply: on the page and as JSON."""
    bench.pay(card=DECLINED_51)
    bench.pay("RAK-2")
    page, state = unescape(bench.page().text), bench.ask("GET", "state").json
    html5lib.HTMLParser(strict=True).parse(bench.page().text)
    newest, oldest = state["orders"]
    assert ("RAK-2", "POST", "114.26", "0.00") == tuple(
        newest[k] for k in ("order_id", "state", "captured", "refunded")
    )
    assert ("RAK-1", "", "declined", "51") == (
        oldest["order_id"],
        oldest["state"],
        oldest["attempts"][0]["result"],
        oldest["attempts"][0]["code"],
    )
    assert ("S", "C", "114.26") == tuple(newest["transactions"][0][k] for k in ("kind", "state", "amount"))
    callback = state["callbacks"][0]
    assert ("ACTION=POSTAUTH", 200, []) == (callback["reply"], callback["status"], callback["faults"])
    assert bench.send.bodies[1].decode() == callback["body"]
    for shown in (
        "RAK-2",
        "POST",
        "114.26 MAD",
        callback["body"].strip()[:40],
        "réponse ACTION=POSTAUTH",
    ):
        assert shown in page


def test_no_secret_and_no_card_number_is_shown(bench):
    """Neither key nor API password nor a whole card number, on the page or in the JSON."""
    bench.pay()
    for told in (bench.page().text, bench.ask("GET", "state").text):
        assert not [secret for secret in (STORE_KEY, API_PASSWORD, "4000000000000010") if secret in told]


def test_faults_are_set_added_shown_and_cleared(bench):
    """The form takes TOML; the button adds; what is left is counted; clearing ends it."""
    bench.press(T("faults.set"), plan='[[fault]]\nkind = "callback-lost"\nnext = 2')
    assert FaultPlan.of(CallbackLost(), when=Next(2)) == bench.courier.faults.plan
    bench.pay()
    assert "encore 1 fois" in bench.page().text
    bench.press(T("faults.add"), kind="callback-twice", next="3")
    assert CallbackTwice() == bench.courier.faults.plan.rules[1].fault
    assert '"kind": "callback-twice"' in unescape(bench.page().text)
    bench.press(T("faults.clear"))
    assert FaultPlan() == bench.courier.faults.plan


def test_a_plan_that_cannot_be_followed_is_explained(bench):
    """The old plan stays, what was typed stays in the form, and the error is tied to it."""
    bench.press(T("faults.set"), plan='{"fault": [{"kind": "callback-lost"}]}')
    page = bench.press(T("faults.set"), plan='[[fault]]\nkind = "<b>"')
    assert 422 == page.status_code
    assert "fault 1: kind" in page.text
    assert "&lt;b&gt;" in page.text
    assert 'aria-invalid="true" aria-describedby="plan-error"' in page.text
    assert FaultPlan.of(CallbackLost()) == bench.courier.faults.plan


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        ("nothing", "1"),
        ("callback-lost", "0"),
        ("callback-lost", "x"),
        ("callback-lost", "-1"),
        ("callback-lost", "١"),
        ("callback-lost", "99999"),
    ],
)
def test_an_unknown_fault_or_number_is_explained(bench, kind, count):
    """Nothing is added."""
    page = bench.press(T("faults.add"), kind=kind, next=count)
    assert (422, FaultPlan()) == (page.status_code, bench.courier.faults.plan)
    assert T("faults.unknown") in unescape(page.text)


def test_a_full_plan_takes_no_more(bench):
    """A hundred rules are enough."""
    bench.courier.faults.set(FaultPlan.of(*[CallbackLost()] * 100))
    page = bench.press(T("faults.add"), kind="callback-lost", next="1")
    assert (422, True) == (page.status_code, "at most 100" in page.text)


def test_a_callback_is_sent_again(bench):
    """The same body goes out once more and is listed."""
    bench.pay()
    page = bench.press(T("callbacks.resend", number=1))
    assert bench.send.bodies[0] == bench.send.bodies[1]
    assert "resent" in page.text


def test_a_late_callback_is_listed_and_the_clock_brings_it():
    """What waits can be seen; moving the clock sends it."""
    bench = Bench(CallbackLate(3600))
    bench.pay()
    assert 1 == len(bench.ask("GET", "state").json["waiting"])
    assert "2018-09-10T10:48:56" in bench.page().text
    bench.press(T("clock.move"), count="2", unit="hours")
    assert 1 == len(bench.send.bodies)
    assert "POST" == bench.state.orders[0].state


@pytest.mark.parametrize(
    ("count", "unit"), [("0", "days"), ("401", "days"), ("x", "days"), ("1", "years"), ("", "")]
)
def test_a_clock_that_cannot_go_there_is_explained(bench, count, unit):
    """The clock stands still."""
    page = bench.press(T("clock.move"), count=count, unit=unit)
    assert (422, PAID_AT) == (page.status_code, bench.clock())
    assert T("clock.unknown") in unescape(page.text)


def test_a_real_clock_cannot_be_moved():
    """Page and JSON say so."""
    bench = Bench(virtual=False)
    assert T("clock.move") not in bench.page().text
    token = re.search(r'name="token" value="([^"]+)"', bench.page().text)[1]
    assert 404 == bench.client.post(PAGE + "horloge", data={"token": token}).status_code
    assert 409 == bench.ask("POST", "clock", {"seconds": 1}).status_code


def test_the_batch_is_closed(bench):
    """Captured becomes settled, and the closed batch is listed beside the open one."""
    bench.pay()
    page = bench.press(T("batches.close"))
    assert "lot 1, fermé, 1 transactions" in page.text
    assert "lot 2, ouvert" in page.text
    assert "S" == bench.ask("GET", "state").json["orders"][0]["transactions"][0]["state"]


def test_only_the_newest_are_shown(bench):
    """Fifty orders, the newest first, whatever was paid before."""
    for number in range(55):
        open_page(bench.app.test_client(), signed_form(order_id=f"A-{number}").fields)
    shown = [order["order_id"] for order in bench.ask("GET", "state").json["orders"]]
    assert [f"A-{number}" for number in range(54, 4, -1)] == shown


def test_hostile_values_are_text_here_too(bench):
    """A merchant's reply and fields cannot become markup of the page."""
    bench.send.answers = ["<script>alert(1)</script>"]
    bench.pay()
    assert "<script" not in bench.page().text
    assert "&lt;script&gt;alert(1)" in bench.page().text


# Whom the page lets in


@pytest.mark.parametrize("path", ["", *ACTIONS, "api/state", "api/faults"])
@pytest.mark.parametrize(
    "stranger",
    [
        {"environ_base": {"REMOTE_ADDR": "192.168.1.7"}},
        {"environ_base": {"REMOTE_ADDR": ""}},
        {"headers": {"Host": "evil.example"}},
        {"headers": {"Host": "localhost.evil.example:8042"}},
        {"headers": {"Origin": "https://evil.example"}},
        {"headers": {"Origin": "null"}},
        {"headers": {"Origin": "http://localhost:1"}},
    ],
    ids=["address", "no address", "host", "host like ours", "origin", "opaque origin", "another port"],
)
def test_strangers_are_kept_out(bench, path, stranger):
    """Another machine, a name that was pointed at us, or a page of another site: 403 and nothing happens."""
    method = "POST" if path in ACTIONS else "GET"
    token = "t" * 32
    bench.client.set_cookie("inspection", token, path=PAGE)
    data = {"token": token, "kind": "callback-lost", "next": "1", "plan": ""} if method == "POST" else None
    answer = bench.client.open(PAGE + path, method=method, data=data, **stranger)
    assert 403 == answer.status_code
    assert (FaultPlan(), PAID_AT) == (bench.courier.faults.plan, bench.clock())


@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize(("token", "cookie"), [("", ""), ("", "a"), ("a", ""), ("a", "b"), ("é", "a")])
def test_a_form_without_our_token_does_nothing(bench, action, token, cookie):
    """Forms of other pages know neither token nor cookie."""
    if cookie:
        bench.client.set_cookie("inspection", cookie, path=PAGE)
    answer = bench.client.post(PAGE + action, data={"token": token, "count": "1", "unit": "days"})
    assert (403, PAID_AT) == (answer.status_code, bench.clock())


def test_the_cookie_is_strict_and_hidden_from_scripts(bench):
    """``SameSite=Strict``, ``HttpOnly``, for this page only."""
    cookie = bench.page().headers["Set-Cookie"]
    assert all(part in cookie for part in ("SameSite=Strict", "HttpOnly", f"Path={PAGE}"))


@pytest.mark.parametrize("path", ["clock", "batches/close", "callbacks/1/resend"])
def test_a_form_cannot_reach_the_json_addresses(bench, path):
    """What is not sent as JSON is refused: browsers let forms of other sites send nothing else."""
    bench.pay()
    for kind in (FORM_TYPE, "text/plain", ""):
        answer = bench.client.post(API + path, data=b'{"seconds": 60}', content_type=kind)
        assert (415, PAID_AT) == (answer.status_code, bench.clock())
    assert 1 == len(bench.send.sent)


# JSON


def test_faults_over_json(bench):
    """Put, get and delete; a broken plan is named and changes nothing."""
    plan = plan_document(FaultPlan.of(CallbackLate(5), when=Next(1)))
    assert [1] == [row["left"] for row in bench.ask("PUT", "faults", plan).json["fault"]]
    broken = bench.ask("PUT", "faults", {"fault": [{"kind": "callback-late", "seconds": "5"}]})
    assert (422, "fault 1: seconds") == (broken.status_code, broken.json["place"])
    assert "callback-late" == bench.ask("GET", "faults").json["fault"][0]["kind"]
    assert [] == bench.client.delete(API + "faults").json["fault"]


def test_switches_over_json():
    """Clock, resend and batch; unknown callbacks are told."""
    bench = Bench(CallbackLate(60))
    bench.pay()
    moved = bench.ask("POST", "clock", {"seconds": 60.5}).json
    assert (1, "2018-09-10T09:49:56.500000+00:00") == (moved["sent"], moved["now"])
    number = bench.ask("GET", "state").json["callbacks"][0]["number"]
    assert "ACTION=POSTAUTH" == bench.ask("POST", f"callbacks/{number}/resend").json["reply"]
    assert 404 == bench.ask("POST", "callbacks/99/resend").status_code
    assert [["600000099", 1]] == bench.ask("POST", "batches/close").json["closed"]


@pytest.mark.parametrize(
    "document",
    [
        {},
        [],
        {"seconds": -1},
        {"seconds": "1"},
        {"seconds": True},
        {"seconds": 1e12},
        {"seconds": float("nan")},
    ],
)
def test_a_step_that_is_none_is_refused(bench, document):
    """The clock stands still."""
    answer = bench.ask("POST", "clock", document)
    assert (422, PAID_AT) == (answer.status_code, bench.clock())


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    raw=st.binary(max_size=100),
    path=st.sampled_from(["faults", "clock", "batches/close", "callbacks/0/resend", "x"]),
)
def test_any_json_body_is_answered(bench, raw, path):
    """Bytes of any kind get JSON or a page, never a traceback."""
    method = "PUT" if path == "faults" else "POST"
    answer = bench.client.open(API + path, method=method, data=raw, content_type="application/json")
    assert answer.status_code < 500
    assert "Traceback" not in answer.text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(raw=st.binary(max_size=100), action=st.sampled_from(ACTIONS))
def test_any_form_is_answered(bench, raw, action):
    """A stranger's bytes in a form that holds our token."""
    bench.client.set_cookie("inspection", "t", path=PAGE)
    answer = bench.client.post(PAGE + action, data=b"token=t&" + raw, content_type=FORM_TYPE)
    assert answer.status_code < 500


def test_deep_json_is_no_plan(bench):
    """Nesting that would exhaust the reader is an ordinary refusal."""
    answer = bench.client.put(API + "faults", data=b"[" * 50_000, content_type="application/json")
    assert 422 == answer.status_code
    assert json.loads(answer.text)["place"] == "document"
