"""The simulated gateway as a state machine: admission, attempts, orders."""

import traceback
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import Approved, ConfigurationError, Declined, Money, NotAuthenticated, Reply
from cmi_gateway.signature import NameOrder, hash_ver3
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.card_form import CardFormErrors
from cmi_gateway.simulator.hosted_page import MOST_FAILURES
from cmi_gateway.simulator.orders import AttemptResult, OrderState, Refusal, Session, SessionState
from support.gateway_kit import MERCHANT, STORE_KEY, signed_form
from support.simulator_kit import (
    ACCOUNT,
    DECLINED_05,
    DECLINED_51,
    DECLINED_54,
    MASTERCARD,
    REFUSED_3DS,
    VISA,
    Clock,
    card_form,
    gateway,
)

FORM = signed_form()


def fields(**changes):
    """Give the example form's fields with *changes* (None drops one), signed again."""
    changed = {**dict(FORM.fields), **changes}
    kept = {name: value for name, value in changed.items() if value is not None and name != "hash"}
    return [*kept.items(), ("hash", hash_ver3(kept.items(), STORE_KEY))]


def attempt(state, number=VISA, reply=Reply.CAPTURE, form=FORM, session=None):
    """Open a page (or stay on *session*), pay, answer the callback; give the session and its attempt."""
    session = session or state.open(form.fields)
    state.pay(session.token, card_form(number))
    state.authenticate(session.token, "123")
    session = state.record_reply(session.token, reply)
    return session, session.attempt


def outcome(answer, form=FORM):
    """Verify an attempt's fields as the merchant does, and give what they say."""
    callback = MERCHANT.verify(answer.fields)
    callback.must_match(order_id=form.order_id, amount=Money.parse("114.26"), sent=form.fields)
    assert callback.echo_differences == ()
    return callback.outcome


def test_our_own_form_opens_a_session():
    """A form that the library signed is admitted, whatever its accents."""
    session = gateway().open(FORM.fields)
    assert isinstance(session, Session)
    assert session.request.custom == (("NUM_CONTRAT", "123456789"),)
    assert [line.total for line in session.request.lines] == ["113.02", "1.24"]


@pytest.mark.parametrize("order", NameOrder)
def test_either_order_of_names_is_accepted(order):
    """A form whose numbered names sort differently in the two orders is admitted under both."""
    plain = [(name, value) for name, value in FORM.fields if name != "hash"]
    plain += [(f"DIMCRITERIA{number}", f"v{number}") for number in (2, 10)]
    signed = [*plain, ("hash", hash_ver3(plain, STORE_KEY, order))]
    assert isinstance(gateway().open(signed), Session)
    assert hash_ver3(plain, STORE_KEY, NameOrder.PLAIN) != hash_ver3(plain, STORE_KEY, NameOrder.NATURAL)


def test_names_are_read_in_any_case():
    """A merchant that writes every name in upper case is served."""
    assert isinstance(gateway().open([(name.upper(), value) for name, value in FORM.fields]), Session)


@pytest.mark.parametrize("storetype", ["3d_pay_hosting", "3DPAYHOSTING", "3D PAY HOSTING"])
def test_every_live_spelling_of_the_model_is_accepted(storetype):
    """Case, underscores and spaces of ``storetype`` do not matter."""
    assert isinstance(gateway().open(fields(storetype=storetype)), Session)


def test_any_key_of_the_account_opens_and_answers():
    """During a rotation the answer is signed with the key of its request."""
    rotating = MerchantAccount(client_id="600000099", store_keys=("NEWKEY99", STORE_KEY), name="RAK")
    _session, answer = attempt(gateway(accounts=[rotating]))
    assert isinstance(outcome(answer), Approved)


@pytest.mark.parametrize(
    "change",
    [
        lambda sent: [(name, "1.00" if name == "amount" else value) for name, value in sent],
        lambda sent: [*sent, ("extra", "field")],
        lambda sent: [(name, value) for name, value in sent if name != "hash"],
        lambda sent: [(name, "ver2" if name == "hashAlgorithm" else value) for name, value in sent],
        lambda sent: [(name, "\ud800" if name == "BillToName" else value) for name, value in sent],
    ],
    ids=["amount", "added", "unsigned", "downgrade", "surrogate"],
)
def test_a_wrong_hash_is_3d_1004_with_next_to_nothing(change):
    """The refusal has the documented text and neither order, hash nor code."""
    refusal = gateway().open(change(FORM.fields))
    assert (refusal.code, refusal.message) == ("3D-1004", "Code de sécurité erronné")
    assert {"Response", "ErrMsg", "ErrCode"} == {name for name, _ in refusal.fields}
    assert refusal.return_url == "https://portal.example/retour"


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"amount": "1,2,3"}, "amount"),
        ({"amount": "0.00"}, "amount"),
        ({"amount": "99999999.00"}, "amount"),
        ({"currency": "978"}, "currency"),
        ({"storetype": "pay_hosting"}, "storetype"),
        ({"TranType": "Auth"}, "TranType"),
        ({"oid": "a b"}, "oid"),
        ({"okUrl": "javascript:alert(1)"}, "okUrl"),
        ({"shopurl": "http://[::1"}, "shopurl"),
        ({"shopurl": "https://shop.example/\r\nx"}, "shopurl"),
        ({"shopurl": "https://shop..example/"}, "shopurl"),
        ({"failUrl": f"https://{'x' * 64}.example/"}, "failUrl"),
        ({"callbackUrl": "/relative"}, "callbackUrl"),
        ({"lang": "de"}, "lang"),
        ({"SessionTimeout": "29"}, "SessionTimeout"),
        ({"SessionTimeout": "²"}, "SessionTimeout"),
        ({"email": None}, "email"),
        ({"shopurl": None}, "shopurl"),
    ],
)
def test_a_signed_request_with_a_bad_field_names_it(change, named):
    """The answer is signed, says Error, names the field and has no ``ProcReturnCode``."""
    refusal = gateway().open(fields(**change))
    assert named in refusal.message
    answer = dict(refusal.fields)
    assert (answer["Response"], answer["ErrorCode"]) == ("Error", "HPP-1001")
    assert "ProcReturnCode" not in answer
    assert answer["HASH"] == hash_ver3(refusal.fields, STORE_KEY)


def test_strangers_and_repeated_names_are_refused_without_an_answer():
    """Whom the gateway does not know, or cannot read, it does not answer with fields."""
    stranger = gateway(accounts=[attrs.evolve(ACCOUNT, client_id="1")]).open(FORM.fields)
    repeated = gateway().open([*FORM.fields, ("AMOUNT", "1.00")])
    assert [(), ()] == [stranger.fields, repeated.fields]


@given(st.lists(st.tuples(st.text(max_size=20), st.text(max_size=40)), max_size=12))
def test_any_pairs_give_a_page_or_a_refusal(pairs):
    """A stranger's fields never raise."""
    assert isinstance(gateway().open([("clientid", "600000099"), *pairs]), Refusal)


def test_a_comma_and_whole_dirhams_are_amounts_too():
    """Amounts in the spellings of published integrations are admitted and echoed as sent."""
    for text in ("12,50", "100", "31.5"):
        session = gateway().open(fields(amount=text))
        assert session.request.get("amount") == text


def test_an_approval_without_3d_secure_verifies_and_has_no_md_status():
    """The published Visa is approved, its answer verifies against the form, and ``mdStatus`` is absent."""
    _session, answer = attempt(gateway())
    approved = outcome(answer)
    assert isinstance(approved, Approved)
    assert approved.facts.last_four == "0010"
    assert answer.value("TransId").startswith("18253Kw6")
    assert "mdStatus" not in dict(answer.fields)


def test_an_approval_with_3d_secure_says_so():
    """The published Mastercard asks for the code, and its answer carries a full authentication."""
    _session, answer = attempt(gateway(), MASTERCARD)
    assert isinstance(outcome(answer), Approved)
    assert (answer.value("mdStatus"), answer.value("txstatus"), answer.value("eci")) == ("1", "Y", "02")
    assert (len(answer.value("cavv")), len(answer.value("xid"))) == (28, 28)


@pytest.mark.parametrize(("number", "code"), [(DECLINED_05, "05"), (DECLINED_51, "51"), (DECLINED_54, "54")])
def test_a_decline_has_its_code_and_no_authorization(number, code):
    """Each declining card gives the issuer's code, a transaction id and no authorization code."""
    _session, answer = attempt(gateway(), number, Reply.ACKNOWLEDGE)
    declined = outcome(answer)
    assert isinstance(declined, Declined)
    assert code == declined.code
    assert (answer.value("AuthCode"), bool(answer.value("TransId"))) == ("", True)


def test_a_3d_secure_refusal_has_no_code():
    """``mdStatus`` is 0, and neither ``ProcReturnCode`` nor ``Response`` nor a transaction id is there."""
    _session, answer = attempt(gateway(), REFUSED_3DS, Reply.ACKNOWLEDGE)
    assert isinstance(outcome(answer), NotAuthenticated)
    assert answer.value("mdStatus") == "0"
    assert {"ProcReturnCode", "Response", "AuthCode", "TransId", "eci", "cavv"}.isdisjoint(
        dict(answer.fields)
    )


@pytest.mark.parametrize(("status", "txstatus", "eci"), [("2", "", ""), ("3", "", ""), ("4", "A", "06")])
def test_a_payment_goes_on_where_3d_secure_had_nobody_to_ask(status, txstatus, eci):
    """``mdStatus`` 2, 3 and 4 are accepted without a code, and are no full authentication."""
    _session, answer = attempt(gateway(), f"400000000003000{status}")
    approved = outcome(answer)
    assert isinstance(approved, Approved)
    assert approved.facts.three_d_secure is False
    assert (status, txstatus, eci) == tuple(map(answer.value, ("mdStatus", "txstatus", "eci")))


@pytest.mark.parametrize("status", "5678")
def test_a_payment_ends_where_3d_secure_is_not_available(status):
    """``mdStatus`` 5 to 8 never reach the bank: no code, no transaction, and no ``ProcReturnCode``."""
    state = gateway()
    _session, answer = attempt(state, f"400000000003000{status}", Reply.ACKNOWLEDGE)
    refused = outcome(answer)
    assert isinstance(refused, NotAuthenticated)
    assert (status, status) == (refused.md_status, answer.value("mdStatus"))
    assert {"ProcReturnCode", "Response", "TransId", "eci", "cavv"}.isdisjoint(dict(answer.fields))
    assert () == state.orders[0].transactions


def test_a_wrong_code_refuses_an_enrolled_card():
    """Any code but 123 is an authentication failure, after which the form comes back."""
    state = gateway()
    session = state.open(FORM.fields)
    challenged = state.pay(session.token, card_form(MASTERCARD))
    assert challenged.state is SessionState.CHALLENGE
    assert state.authenticate(session.token, "000").result is AttemptResult.NOT_AUTHENTICATED
    assert state.record_reply(session.token, Reply.ACKNOWLEDGE).state is SessionState.CARD


def test_the_gateway_has_its_own_rnd_and_an_upper_case_hash():
    """``rnd`` is new in every answer, and the merchant's hash does not come back."""
    _session, answer = attempt(gateway())
    assert answer.value("rnd") != dict(FORM.fields)["rnd"]
    assert {"HASH"} == {name for name, _ in answer.fields if name.lower() == "hash"}


def test_a_merchant_cannot_write_results_into_its_request():
    """Fields named like results are not echoed: a refusal cannot be made to look approved."""
    state = gateway()
    session = state.open(fields(ProcReturnCode="00", Response="Approved", AuthCode="123456"))
    state.pay(session.token, card_form(REFUSED_3DS))
    refused = state.authenticate(session.token, "123")
    assert {"ProcReturnCode", "Response", "AuthCode"}.isdisjoint(dict(refused.fields))


@pytest.mark.parametrize(
    ("reply", "money", "unconfirmed"),
    [
        (Reply.CAPTURE, OrderState.CAPTURED, False),
        (Reply.ACKNOWLEDGE, OrderState.AUTHORIZED, False),
        (Reply.FAILURE, OrderState.AUTHORIZED, True),
        (None, OrderState.AUTHORIZED, True),
    ],
)
def test_the_reply_decides_the_capture(reply, money, unconfirmed):
    """Only ACTION=POSTAUTH captures; FAILURE and silence leave the payment authorized and unconfirmed."""
    state = gateway()
    _session, answer = attempt(state, reply=reply)
    assert money is state.order("600000099", FORM.order_id).state
    assert unconfirmed is answer.is_unconfirmed


def test_several_refusals_then_a_success_under_one_order():
    """Refusals do not consume the order; the answers count them."""
    state = gateway()
    session, _first = attempt(state, DECLINED_05, Reply.ACKNOWLEDGE)
    session, _second = attempt(state, REFUSED_3DS, Reply.ACKNOWLEDGE, session=session)
    session, third = attempt(state, VISA, session=session)
    assert (session.state, third.value("failCount")) == (SessionState.FINISHED, "2")
    assert [AttemptResult.DECLINED, AttemptResult.NOT_AUTHENTICATED, AttemptResult.APPROVED] == [
        one.result for one in state.order("600000099", FORM.order_id).attempts
    ]


def test_a_session_ends_after_too_many_refusals_and_the_order_stays_payable():
    """The last refusal allowed leads to the result page; a new visit may pay the same order."""
    state = gateway()
    session, _answer = attempt(state, DECLINED_05)
    for _again in range(MOST_FAILURES - 1):
        session, _answer = attempt(state, DECLINED_05, session=session)
    assert session.state is SessionState.FINISHED
    assert isinstance(state.open(FORM.fields), Session)


def test_a_success_consumes_the_order():
    """A new request for a paid order is answered Error, 99, and signed."""
    state = gateway()
    attempt(state)
    answer = dict(state.open(FORM.fields).fields)
    assert ("Error", "99", "CORE-2507") == (answer["Response"], answer["ProcReturnCode"], answer["ErrCode"])
    assert answer["HASH"] == hash_ver3(answer.items(), STORE_KEY)


def test_two_pages_of_one_order_cannot_both_be_paid():
    """The second page's payment is refused as a duplicate, and the money of the first stays where it is."""
    state = gateway()
    other = state.open(FORM.fields)
    attempt(state)
    session, second = attempt(state, session=other)
    assert (AttemptResult.DUPLICATE, "Error", "99") == (
        second.result,
        second.value("Response"),
        second.value("ProcReturnCode"),
    )
    assert (SessionState.FINISHED, OrderState.CAPTURED) == (session.state, state.orders[0].state)


def test_attempts_are_listed_oldest_first_whatever_order_they_are_answered_in():
    """A merchant slow to answer the first callback does not move that attempt behind the second."""
    state = gateway()
    slow, quick = (state.open(FORM.fields) for _ in range(2))
    first = state.pay(slow.token, card_form(DECLINED_05))
    _session, second = attempt(state, session=quick)
    state.record_reply(slow.token, Reply.ACKNOWLEDGE)
    assert [first.serial, second.serial] == [known.serial for known in state.orders[0].attempts]


def test_one_session_pays_once():
    """A second click of the pay button, or of the code's, gives no second attempt."""
    state = gateway()
    session, _answer = attempt(state)
    assert state.pay(session.token, card_form()) == session
    assert state.authenticate(session.token, "123") == session
    assert state.record_reply(session.token, None) == session
    assert len(state.orders[0].attempts) == 1


def test_a_session_expires():
    """After the merchant's SessionTimeout neither card nor code is taken."""
    clock = Clock()
    state = gateway(clock)
    session = state.open(signed_form(session_timeout=60).fields)
    clock.advance(seconds=59)
    assert state.pay(session.token, card_form(MASTERCARD)).state is SessionState.CHALLENGE
    clock.advance(seconds=1)
    assert isinstance(state.authenticate(session.token, "123"), Session)
    assert state.is_expired(session)
    assert state.orders[0].attempts == ()


def test_without_a_session_timeout_half_an_hour_is_given():
    """A merchant that sends no SessionTimeout gets the usual 30 minutes."""
    session = gateway().open(fields(SessionTimeout=None))
    assert session.expires_at - session.opened_at == timedelta(minutes=30)


def test_an_account_is_made_from_a_merchant():
    """The merchant's own id, keys and name serve as its account, so that they cannot differ."""
    account = MerchantAccount.of(MERCHANT)
    assert account.title == "RAK (600000099)"
    assert isinstance(gateway(accounts=[account]).open(FORM.fields), Session)


@pytest.mark.parametrize("keys", ["", "with space", ("GOODKEY1", ""), (), 5])
def test_an_unusable_key_makes_no_account(keys):
    """An empty key, or one with white space, is a configuration error that does not show it."""
    with pytest.raises(ConfigurationError) as caught:
        MerchantAccount(client_id="1", store_keys=keys, name="Shop")
    trace = traceback.TracebackException.from_exception(caught.value, capture_locals=True)
    inside = [f"{frame.locals}" for frame in trace.stack if __file__ not in frame.filename]
    assert inside
    assert not any(key in f"{inside}{caught.value}" for key in ("with space", "GOODKEY1"))


def test_cancelling_sends_nothing_and_leaves_the_order_open():
    """A cancelled session takes no card; another visit may pay."""
    state = gateway()
    session = state.cancel(state.open(FORM.fields).token)
    assert state.pay(session.token, card_form()) == session
    assert session.state is SessionState.CANCELLED
    assert isinstance(state.open(FORM.fields), Session)


def test_a_paid_session_cannot_be_cancelled_or_given_up():
    """What is paid stays paid, whatever is clicked afterwards."""
    state = gateway()
    session, _answer = attempt(state)
    assert session == state.cancel(session.token) == state.give_up(session.token)


def test_without_callback_the_gateway_only_authorizes():
    """Where the merchant did not switch the callback on, there is no address and no missing confirmation."""
    state = gateway()
    session = state.open(fields(CallbackResponse="false"))
    session, answer = attempt(state, reply=None, session=session)
    assert (None, False) == (answer.callback_url, answer.is_unconfirmed)
    assert state.orders[0].state is OrderState.AUTHORIZED


def test_a_form_with_errors_is_no_attempt():
    """Errors of the form reach the customer and nobody else."""
    state = gateway()
    session = state.open(FORM.fields)
    assert isinstance(state.pay(session.token, card_form("1")), CardFormErrors)
    assert state.orders[0].attempts == ()


@given(st.lists(st.sampled_from([VISA, DECLINED_05, MASTERCARD, REFUSED_3DS, "0"]), max_size=8))
def test_an_order_is_approved_at_most_once(numbers):
    """Whatever cards are tried in whatever order, on one page or several, the money is taken once."""
    state = gateway()
    session = state.open(FORM.fields)
    for number in numbers:
        opened = state.open(FORM.fields) if session.state is SessionState.FINISHED else session
        session = opened if isinstance(opened, Session) else session
        state.pay(session.token, card_form(number))
        state.authenticate(session.token, "123")
        session = state.record_reply(session.token, Reply.CAPTURE)
    assert sum(one.is_approved for one in state.orders[0].attempts) <= 1


def test_keys_do_not_show():
    """Neither account nor session prints a store key."""
    session = gateway().open(FORM.fields)
    assert STORE_KEY not in repr((ACCOUNT, session))
