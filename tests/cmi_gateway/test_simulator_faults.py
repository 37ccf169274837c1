"""What a fault plan does to a payment, in process: nothing sleeps, a test moves the clock."""

import re
from random import Random

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import Approved, ConfigurationError, Declined, InvalidSignatureError, Money
from cmi_gateway.errors import CallbackError
from cmi_gateway.simulator import courier as courier_file
from cmi_gateway.simulator.courier import Courier
from cmi_gateway.simulator.delivery import CallbackAnswer
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.faults import (
    BrowserFirst,
    BrowserGone,
    BrowserTwice,
    CallbackLate,
    CallbackLost,
    CallbackReordered,
    CallbackSlow,
    CallbackTampered,
    CallbackTruncated,
    CallbackTwice,
    DeclineAfter,
    DeclinesBefore,
    FaultPlan,
    FaultRule,
    Next,
    OfOrder,
    ReplyIgnored,
    ReplyLost,
)
from cmi_gateway.simulator.in_process import InProcessCustomer
from cmi_gateway.simulator.orders import OrderState, Refusal, SessionState
from support.gateway_kit import MERCHANT, signed_form
from support.simulator_kit import (
    DECLINED_05,
    DECLINED_51,
    MASTERCARD,
    VISA,
    Clock,
    Sender,
    client,
    forms,
    gateway,
    open_page,
    press,
)
from support.simulator_kit import card_form as filled

FORM = signed_form()
PAY = "Valider le paiement"


@attrs.define
class Shop:
    """A merchant that verifies, and remembers what came, by outcome or error."""

    replies: list[str] = attrs.Factory(lambda: ["ACTION=POSTAUTH"])
    bodies: list[bytes] = attrs.Factory(list)

    def settle(self, body):
        self.bodies.append(body)
        return self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]

    @property
    def heard(self):
        return [what(body) for body in self.bodies]


def what(body):
    """Say what a merchant makes of a body: the outcome's class, or the error's."""
    try:
        callback = MERCHANT.verify(body)
        callback.must_match(order_id=FORM.order_id, amount=Money.parse("114.26"), sent=FORM.fields)
        return type(callback.outcome)
    except CallbackError as error:
        return type(error)


@attrs.define
class Market:
    """A shop, a clock, and a customer at the gateway, under a fault plan."""

    plan: FaultPlan
    shop: Shop = attrs.Factory(Shop)
    clock: Clock = attrs.Factory(Clock)
    customer: InProcessCustomer = attrs.field(init=False)

    def __attrs_post_init__(self):
        self.customer = InProcessCustomer(gateway(self.clock), self.shop.settle, faults=self.plan)

    def pay(self, *cards):
        visit = self.customer.pay(FORM, cards[0])
        for card in cards[1:]:
            visit.pay(card)
        return visit

    def wait(self, seconds):
        self.clock.advance(seconds=seconds)
        return self.customer.deliver_due()


def market(*faults, when=None, replies=("ACTION=POSTAUTH",)):
    return Market(FaultPlan.of(*faults, when=when), Shop(list(replies)))


def test_without_faults_the_callback_is_there_at_once():
    """One callback, one capture, one return; nothing waits."""
    ours = market()
    visit = ours.pay(VISA)
    assert [Approved] == ours.shop.heard
    assert OrderState.CAPTURED is visit.order.state
    assert ["https://portal.example/retour"] == [url for url, _fields in visit.returns]
    assert Approved is what(visit.returns[0][1])
    assert 0 == ours.wait(3600)


def test_3d_secure_and_its_refusal_in_process():
    """The customer without a browser types the code; a wrong one is a refusal, and giving up leads to failUrl."""
    ours = market()
    assert OrderState.CAPTURED is ours.pay(MASTERCARD).order.state
    refused = market().customer.pay(
        signed_form(fail_url="https://portal.example/echec"), MASTERCARD, code="999"
    )
    assert (SessionState.CARD, ()) == (refused.session.state, refused.returns)
    refused.give_up()
    assert ["https://portal.example/echec"] == [url for url, _fields in refused.returns]


def test_cancelling_tells_the_merchant_nothing():
    """No callback and no fields."""
    ours = market()
    visit = ours.customer.open(FORM)
    assert SessionState.CANCELLED is visit.cancel().state
    assert (None, (), []) == (visit.attempt, visit.returns, ours.shop.bodies)


def test_a_form_that_is_refused_and_a_card_that_is_none():
    """A refusal is a value of `open`, and an error of `pay`; real-looking numbers pay nothing here either."""
    ours = market()
    broken = attrs.evolve(FORM, fields=(*FORM.fields, ("added", "later")))
    assert isinstance(ours.customer.open(broken), Refusal)
    with pytest.raises(ConfigurationError, match="3D-1004"):
        ours.customer.pay(broken, VISA)
    with pytest.raises(ConfigurationError, match="test card"):
        ours.customer.pay(FORM, "4111111111111111")


def test_late():
    """The callback comes when the clock says so; until then the customer waits and nothing is captured."""
    ours = market(CallbackLate(30))
    visit = ours.pay(VISA)
    assert (SessionState.CALLBACK, (), []) == (visit.session.state, visit.returns, ours.shop.bodies)
    assert (0, 1) == (ours.wait(29), ours.wait(1))
    assert ([Approved], OrderState.CAPTURED) == (ours.shop.heard, visit.order.state)
    assert 1 == len(visit.returns)


def test_twice():
    """The same bytes twice; an afterthought to the second changes no capture."""
    ours = market(CallbackTwice(5), replies=["ACTION=POSTAUTH", "FAILURE"])
    visit = ours.pay(VISA)
    assert 1 == ours.wait(5)
    assert 1 == len(set(ours.shop.bodies))
    assert ([Approved] * 2, OrderState.CAPTURED) == (ours.shop.heard, visit.order.state)


def test_a_repetition_can_still_be_captured():
    """A merchant that failed on the first and captures on the second gets its money."""
    ours = market(CallbackTwice(), replies=["FAILURE", "ACTION=POSTAUTH"])
    assert OrderState.CAPTURED is ours.pay(VISA).order.state


def test_lost():
    """Nothing arrives, ever; the money is held and not taken, and the browser comes back."""
    ours = market(CallbackLost())
    visit = ours.pay(VISA)
    assert (0, []) == (ours.wait(99_999), ours.shop.bodies)
    assert (OrderState.AUTHORIZED, 1) == (visit.order.state, len(visit.returns))
    assert visit.attempt.is_unconfirmed
    assert "perdu" in ours.customer.courier.done[0].answer.problem


def test_a_decline_arrives_after_the_approval():
    """Held back, the refusal of the first card arrives after the approval of the second, and undoes nothing."""
    ours = market(CallbackReordered(), when=Next(1), replies=["ACTION=POSTAUTH", "APPROVED"])
    visit = ours.pay(DECLINED_51, VISA)
    assert [Approved, Declined] == ours.shop.heard
    assert OrderState.CAPTURED is visit.order.state


def test_a_held_callback_leaves_by_itself_in_the_end():
    """Without a next callback it arrives after its seconds, so that no plan loses it."""
    ours = market(CallbackReordered(60))
    visit = ours.pay(VISA)
    assert (0, 1, OrderState.CAPTURED) == (ours.wait(59), ours.wait(1), visit.order.state)


def test_two_declines_then_an_approval():
    """The gateway's own two refusals come first, each signed and each an attempt of the order."""
    ours = market(DeclinesBefore(2))
    visit = ours.pay(VISA)
    assert [Declined, Declined, Approved] == ours.shop.heard
    assert 3 == len(visit.order.attempts)
    assert 3 == len({attempt.value("TransId") for attempt in visit.order.attempts})
    assert OrderState.CAPTURED is visit.order.state


def test_a_decline_of_the_gateways_own_after_the_approval():
    """One payment is enough for a decline after an approval."""
    ours = market(DeclineAfter(5))
    visit = ours.pay(VISA)
    assert [Approved] == ours.shop.heard
    ours.wait(5)
    assert ([Approved, Declined], OrderState.CAPTURED) == (ours.shop.heard, visit.order.state)


def test_tampered():
    """A changed amount breaks the signature; the browser's copy is the true one."""
    ours = market(CallbackTampered(), replies=["FAILURE"])
    visit = ours.pay(VISA)
    assert [InvalidSignatureError] == ours.shop.heard
    assert Approved is what(visit.returns[0][1])
    assert OrderState.AUTHORIZED is visit.order.state


def test_a_field_that_nobody_sent_can_be_slipped_in():
    """Tampering also adds."""
    ours = market(CallbackTampered("extra", "1"))
    ours.pay(VISA)
    assert [InvalidSignatureError] == ours.shop.heard


@pytest.mark.parametrize("size", [0, 1, 200, 700])
def test_truncated(size):
    """What is cut off is never taken for an answer."""
    ours = market(CallbackTruncated(size), replies=["FAILURE"])
    ours.pay(VISA)
    assert size == len(ours.shop.bodies[0])
    assert issubclass(ours.shop.heard[0], CallbackError)


def test_a_slow_network_costs_no_time_in_process():
    """The whole body is handed over; only a socket can drip."""
    ours = market(CallbackSlow(600))
    assert OrderState.CAPTURED is ours.pay(VISA).order.state
    assert 600 == ours.customer.courier.done[0].manner.pace


def test_reply_ignored():
    """The merchant asked for the capture and there is none."""
    ours = market(ReplyIgnored())
    visit = ours.pay(VISA)
    assert ([Approved], OrderState.AUTHORIZED) == (ours.shop.heard, visit.order.state)
    assert visit.attempt.is_unconfirmed


def test_captured_although_the_reply_was_lost():
    """The page says that the merchant did not confirm, yet the money is taken."""
    ours = market(ReplyLost())
    visit = ours.pay(VISA)
    assert (True, OrderState.CAPTURED) == (visit.attempt.is_unconfirmed, visit.order.state)


def test_a_reply_that_asks_for_nothing_captures_nothing_when_lost():
    """Only a capture that was asked for is done."""
    ours = market(ReplyLost(), replies=["APPROVED"])
    assert OrderState.AUTHORIZED is ours.pay(VISA).order.state


def test_the_browser_never_returns():
    """Paid and captured, and nobody comes back."""
    ours = market(BrowserGone())
    visit = ours.pay(VISA)
    assert (OrderState.CAPTURED, ()) == (visit.order.state, visit.returns)


def test_the_browser_returns_before_the_callback():
    """The return is there while the callback still waits."""
    ours = market(BrowserFirst(10))
    visit = ours.pay(VISA)
    assert (1, []) == (len(visit.returns), ours.shop.bodies)
    assert (1, OrderState.CAPTURED) == (ours.wait(10), visit.order.state)


def test_the_browser_returns_twice():
    """The same fields, two posts; one callback."""
    ours = market(BrowserTwice())
    first, second = ours.pay(VISA).returns
    assert first == second
    assert 1 == len(ours.shop.bodies)


def test_faults_add_up():
    """A late, repeated, tampered callback is all three."""
    ours = market(CallbackLate(5), CallbackTwice(5), CallbackTampered())
    ours.pay(VISA)
    assert (1, 1) == (ours.wait(5), ours.wait(5))
    assert [InvalidSignatureError] * 2 == ours.shop.heard
    assert ("callback-late", "callback-twice", "callback-tampered") == ours.customer.courier.done[0].faults


def test_a_rule_for_one_order_leaves_others_alone():
    """Selectors are asked with the order's own id and amount."""
    ours = Market(FaultPlan((FaultRule(CallbackLost(), OfOrder("OTHER")),)))
    ours.pay(VISA)
    assert [Approved] == ours.shop.heard


def test_a_body_can_be_sent_again():
    """What was sent goes out once more as it was, and its reply counts; an unknown number sends nothing."""
    ours = market(ReplyIgnored())
    visit = ours.pay(VISA)
    ours.customer.courier.faults.set(FaultPlan())
    first = ours.customer.courier.done[0]
    again = ours.customer.courier.resend(first.number)
    assert (first.body, ("resent",)) == (again.body, again.faults)
    assert 2 == len(ours.shop.bodies)
    assert None is ours.customer.courier.resend(10_000)
    assert visit.order.attempts[0].serial == again.attempt.serial


def test_what_is_remembered_is_bounded(monkeypatch):
    """A plan that makes everything wait for ever fills no memory: what finds no room is given up, and said."""
    monkeypatch.setattr(courier_file, "_MOST_KEPT", 3)
    ours = market(CallbackLate(3600), DeclinesBefore(1), CallbackTwice())
    for number in range(4):
        ours.customer.pay(signed_form(order_id=f"A-{number}"), VISA)
    assert 3 == len(ours.customer.courier.waiting)
    assert any("trop de rappels" in sending.answer.problem for sending in ours.customer.courier.done)


def test_bodies_repeat_with_the_seeds():
    """The same seeds and plan give the same bytes, to the order of the fields."""
    plan = FaultPlan.of(CallbackTwice(), DeclinesBefore(1))
    runs = []
    for _ in range(2):
        ours = Market(plan)
        ours.pay(VISA)
        runs.append(ours.shop.bodies)
    assert runs[0] == runs[1]


FAULTS = st.sampled_from(
    [
        CallbackLate(5),
        CallbackTwice(3),
        CallbackLost(),
        CallbackReordered(9),
        DeclinesBefore(1),
        DeclineAfter(2),
        CallbackTampered(),
        CallbackTruncated(100),
        ReplyIgnored(),
        ReplyLost(),
        BrowserFirst(4),
        BrowserGone(),
        BrowserTwice(),
    ]
)


@given(
    st.lists(FAULTS, max_size=5),
    st.lists(st.sampled_from([VISA, MASTERCARD, DECLINED_05, DECLINED_51]), min_size=1, max_size=4),
    st.lists(st.sampled_from(["ACTION=POSTAUTH", "APPROVED", "FAILURE", "junk"]), min_size=1, max_size=4),
)
def test_every_plan_ends(faults, cards, replies):
    """Whatever goes wrong: after a while nothing waits, at most one try is approved, and no more than it is captured."""
    ours = market(*faults, replies=replies)
    visit = ours.pay(*cards)
    ours.wait(60)
    assert () == ours.customer.courier.waiting
    assert visit.session.state in (SessionState.CARD, SessionState.FINISHED)
    approved = [attempt for attempt in visit.order.attempts if attempt.is_approved]
    assert len(approved) <= 1
    assert bool(approved) is (visit.order.state is not OrderState.UNPAID)
    if visit.order.state is OrderState.CAPTURED:
        assert any(reply == "ACTION=POSTAUTH" for reply in replies)


# The pages under faults


def pages(*faults, clock=None, send=None):
    """Give a browser, the state and the courier of an application under faults."""
    state = gateway(clock)
    send = send or Sender()
    courier = Courier(state, send, FaultBook(FaultPlan.of(*faults)), Random(2))
    return client(state, courier=courier), courier, send


def test_the_page_of_a_late_callback_asks_to_wait():
    """Until the merchant was asked there is no receipt; then there is."""
    clock = Clock()
    browser, courier, _send = pages(CallbackLate(5), clock=clock)
    opened = open_page(browser, FORM.fields)
    waiting = press(browser, opened, PAY, **filled())
    assert "en cours de traitement" in waiting.text
    clock.advance(seconds=5)
    assert 1 == courier.deliver_due()
    assert "REÇU DE PAIEMENT" in browser.get(waiting.request.path).text


def test_the_page_of_a_customer_who_leaves_has_no_way_back():
    """No form, no script, and a sentence that says why."""
    browser, _courier, _send = pages(BrowserGone())
    page = press(browser, open_page(browser, FORM.fields), PAY, **filled())
    assert {} == forms(page.text)
    assert "<script" not in page.text
    assert "ne revient pas" in page.text


def test_the_served_browser_that_returns_twice_is_helped():
    """The simulator posts the return once itself; the customer's form is the second."""
    browser, courier, send = pages(BrowserTwice())
    press(browser, open_page(browser, FORM.fields), PAY, **filled())
    assert ["https://portal.example/cmi/callback", "https://portal.example/retour"] == [
        url for url, _ in send.sent
    ]
    assert Approved is what(send.bodies[1])
    assert 2 == len(courier.done)


def test_a_refusal_that_returns_twice_does_so_when_it_is_over():
    """While another card may be tried there is no return; giving up brings two."""
    browser, _courier, send = pages(BrowserTwice())
    refused = press(browser, open_page(browser, FORM.fields), PAY, **filled(DECLINED_51))
    assert 1 == len(send.sent)
    press(browser, refused, "Terminer sans payer")
    press(browser, refused, "Terminer sans payer")
    assert 2 == len(send.sent)
    assert Declined is what(send.bodies[1])


def test_a_sender_that_breaks_leaves_a_trace():
    """The record says that the simulator failed, not the merchant."""

    def broken(url, body):
        raise RuntimeError("no")

    browser, courier, _send = pages(send=broken)
    press(browser, open_page(browser, FORM.fields), PAY, **filled())
    assert re.match("erreur du simulateur", courier.done[0].answer.problem)


def test_an_answer_remembers_its_reply():
    """What came back is kept with what went out."""
    _browser, courier, _send = pages()
    browser = _browser
    press(browser, open_page(browser, FORM.fields), PAY, **filled())
    assert CallbackAnswer(200, "ACTION=POSTAUTH") == courier.done[0].answer
