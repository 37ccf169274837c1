"""Test cards and magic amounts: every way a payment can end can be asked for."""

import pytest

from cmi_gateway import Approved, Declined, Failed, Money, NotAuthenticated, Reply, codes
from cmi_gateway.codes import CodeClass
from cmi_gateway.simulator.cards import CARDS, DECLINE_CODES
from cmi_gateway.simulator.endings import MESSAGES, EndingKind
from cmi_gateway.simulator.magic_amounts import MAGIC_AMOUNTS, ending_of
from cmi_gateway.simulator.orders import OrderState, Session, SessionState
from support.gateway_kit import MERCHANT
from support.simulator_api_kit import ORDER_ID, desk, form
from support.simulator_kit import MASTERCARD, VISA, card_form, client, forms, open_page, press

#: What the library makes of an attempt that ended so.
OUTCOMES = {
    EndingKind.APPROVED: Approved,
    EndingKind.DECLINED: Declined,
    EndingKind.NOT_AUTHENTICATED: NotAuthenticated,
    EndingKind.ERROR: Failed,
    EndingKind.DUPLICATE: Failed,
}
TOLD = [magic for magic in MAGIC_AMOUNTS if magic.ending.kind in OUTCOMES]


def amount_for(kind):
    """Give the magic amount of this kind, as text."""
    return str(next(magic.amount for magic in MAGIC_AMOUNTS if magic.ending.kind is kind))


def paid(amount="100.00", card=VISA):
    """Pay and give the desk, the form and what `pay` or `authenticate` returned."""
    books = desk()
    signed = form(amount=amount)
    token = books.state.open(signed.fields).token
    ended = books.state.pay(token, card_form(card))
    if isinstance(ended, Session) and ended.state is SessionState.CHALLENGE:
        ended = books.state.authenticate(token, "123")
    return books, signed, ended


def read(attempt, signed):
    """Verify an attempt's answer as the merchant does, and give what it says."""
    callback = MERCHANT.verify(attempt.fields)
    amount = Money.parse(dict(signed.fields)["amount"])
    callback.must_match(order_id=ORDER_ID, amount=amount, sent=signed.fields)
    return callback.outcome


def test_there_is_a_way_to_every_ending_and_decline_class():
    """Cards and amounts reach each kind, and each class of code that a bank can answer a payment with."""
    assert {magic.ending.kind for magic in MAGIC_AMOUNTS} == set(EndingKind) - {EndingKind.APPROVED}
    classes = {codes.look_up(code).code_class for code in DECLINE_CODES}
    assert classes == set(CodeClass) - {CodeClass.OK, CodeClass.STATE}
    assert {card.decline_code for card in CARDS} >= set(DECLINE_CODES)
    assert set(MESSAGES) == {ending.code for ending in _endings() if ending.code}


def _endings():
    return [*(magic.ending for magic in MAGIC_AMOUNTS), *(card.ending for card in CARDS)]


def test_every_card_and_amount_says_what_it_leads_to():
    """The words tell kind and code, in French; a decline's card and amount end in its code."""
    assert ending_of(Money.parse("77700.51")).text == "paiement refusé, code 51 : Provision insuffisante"
    assert ending_of(Money.parse("77700.50")) is None
    for card in CARDS:
        is_unavailable = bool(card.md_status) and not card.authenticates
        assert card.outcome.startswith(
            "3-D Secure indisponible" if is_unavailable else card.ending.kind.value
        )


@pytest.mark.parametrize("card", CARDS, ids=lambda card: card.number)
def test_a_card_ends_as_the_table_says(card):
    """The merchant reads from the signed answer what the card promises; a silent one answers nobody."""
    _books, signed, ended = paid(card=card.number)
    if card.ending.kind is EndingKind.SILENT:
        assert isinstance(ended, Session)
        return
    outcome = read(ended, signed)
    assert isinstance(outcome, OUTCOMES[card.ending.kind])
    assert card.ending.code in ("", getattr(outcome, "code", ""))


@pytest.mark.parametrize("card", [VISA, MASTERCARD])
@pytest.mark.parametrize("magic", TOLD, ids=lambda magic: str(magic.amount))
def test_an_amount_ends_as_the_table_says_whatever_the_card(magic, card):
    """With 3-D Secure or without, the amount decides."""
    _books, signed, ended = paid(str(magic.amount), card)
    outcome = read(ended, signed)
    assert isinstance(outcome, OUTCOMES[magic.ending.kind])
    assert magic.ending.code in ("", getattr(outcome, "code", ""))


def test_silence_is_found_by_the_api_alone():
    """The bank said yes, the session waits without an end, and the status shows the authorization."""
    books, _signed, ended = paid(amount_for(EndingKind.SILENT))
    assert (ended.state, books.state.session(ended.token).state) == (SessionState.CALLBACK,) * 2
    assert books.ask("ORDERSTATUS").extra["TRANS_STAT"] == "A"
    assert books.ask("PostAuth").top["Response"] == "Approved"


def test_a_technical_error_leaves_a_refused_transaction_and_a_payable_order():
    """History shows S D with code 99, and another try may succeed."""
    books, _signed, ended = paid(card="4000000000020099")
    assert books.ask("ORDERHISTORY").lines[0][:2] == ["S", "D"]
    books.state.record_reply(books.state.sessions[0].token, Reply.ACKNOWLEDGE)
    assert ended.code == "99"
    assert books.order().state is OrderState.UNPAID


def test_an_abandoned_payment_leaves_nothing():
    """The card form is swallowed: no attempt, no record, and the page waits until the session expires."""
    books, _signed, ended = paid(amount_for(EndingKind.ABANDONED))
    assert ended.state is SessionState.CARD
    assert books.order().attempts == ()
    assert books.ask("ORDERSTATUS").top["Response"] == "Declined"


def test_a_cancelled_payment_ends_the_session():
    """The session is over as if the customer had gone back to the shop."""
    books, _signed, ended = paid(amount_for(EndingKind.CANCELLED))
    assert ended.state is SessionState.CANCELLED
    assert books.order().attempts == ()


def test_a_slow_customer_finds_the_session_expired():
    """The page opens and takes no card any more."""
    browser = client()
    page = open_page(browser, form(amount=amount_for(EndingKind.EXPIRED)).fields)
    button = next(label for label in forms(page.text) if "Valider" in label)
    assert "expirée" in press(browser, page, button, **card_form()).text


def test_the_first_page_lists_every_card_and_amount():
    """Whoever opens the simulator reads what to type and what to pay."""
    page = client().get("/").text
    assert all(card.grouped_number in page for card in CARDS)
    assert all(f"{magic.amount} MAD" in page for magic in MAGIC_AMOUNTS)
