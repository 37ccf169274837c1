"""Success is said twice or it is none; contradictions are never paid."""

from datetime import UTC, datetime
from itertools import product
from urllib.parse import parse_qsl, urlencode

import pytest

from cmi_gateway import Approved, Declined, Failed, NotAuthenticated, PaymentFacts
from cmi_gateway.outcome import read_outcome
from support.gateway_kit import APPROVED, DECLINED, NOT_AUTHENTICATED, real_callback


def outcome(results, **changes):
    # By way of a body, as answers come: equal texts are then different objects.
    body = urlencode({**results, **changes})
    return read_outcome(dict(parse_qsl(body, keep_blank_values=True)).get)


def test_approved_with_its_facts():
    """An approval carries what a receipt needs, leading zeros kept and the card cut to four digits."""
    expected = PaymentFacts(
        transaction_id="18253Kw4H12730",
        authorization_code="448788",
        payment_number="032437",
        gateway_time=datetime(2018, 9, 10, 9, 48, 58, tzinfo=UTC),
        gateway_time_text="10/09/2018 10:48:58",
        brand="VISA",
        issuer="CDM",
        last_four="0010",
        three_d_secure=None,
    )
    assert Approved(expected) == outcome(APPROVED)


def test_declined():
    """A decline is a value with the issuer's code."""
    answer = outcome(DECLINED)
    assert ("51", "Solde insuffisant") == (answer.code, answer.message)
    assert isinstance(answer, Declined)


def test_not_authenticated():
    """A payer refused by 3-D Secure is told apart from one refused by the bank."""
    assert isinstance(outcome(NOT_AUTHENTICATED), NotAuthenticated)


@pytest.mark.parametrize(
    ("code", "response", "auth", "md"),
    list(product(("00", "0", "", "05", "99", "000", " 00"), ("Approved", "approved", "Declined", "Error", ""), ("448788", ""), ("", "1", "0", "4", "9"))),
)  # fmt: skip
def test_only_one_combination_is_success(code, response, auth, md):
    """Of all combinations only `00` with `Approved`, not contradicted by 3-D Secure, is a success."""
    answer = read_outcome(
        {"ProcReturnCode": code, "Response": response, "AuthCode": auth, "mdStatus": md}.get
    )
    success = code == "00" and response == "Approved" and md in ("", "1", "4")
    assert success is isinstance(answer, Approved)
    sign = code in ("00", "0") or response.lower() == "approved" or bool(auth)
    if sign and not success:
        assert isinstance(answer, Failed)
        assert answer.authorization_sign
        assert answer.reason
    if not sign:
        assert not getattr(answer, "authorization_sign", False)


@pytest.mark.parametrize("name", ["ErrCode", "ErrorCode", "ErrMsg"])
def test_an_approval_with_an_error_code_contradicts_itself(name):
    """`00` and `Approved` beside an error of the gateway is never paid, and a person looks."""
    answer = outcome(APPROVED, **{name: "CORE-2507 Same order"})
    assert isinstance(answer, Failed)
    assert answer.authorization_sign
    assert ("CORE-2507", "checking") == (answer.code, answer.message_key)
    assert "CORE-2507" in answer.reason


@pytest.mark.parametrize(
    ("told", "reason"),
    [
        ({"oid": "A-1", "ReturnOid": "A-2"}, "another order"),
        ({"oid": "A-1", "ReturnOid": "a-1"}, "another order"),
        ({"oid": "A-2", "ReturnOid": "A-1"}, "another order"),
        ({"txstatus": "N"}, "3-D Secure"),
        ({"txstatus": "n", "mdStatus": "1"}, "3-D Secure"),
        ({"txstatus": "R", "mdStatus": "2"}, "3-D Secure"),
    ],
)
def test_an_approval_that_the_rest_denies_is_never_paid(told, reason):
    """Another order's name or a refusal by 3-D Secure beside `00` and `Approved` is a failure that a person looks at."""
    answer = outcome(APPROVED, **told)
    assert (Failed, True, "checking") == (type(answer), answer.authorization_sign, answer.message_key)
    assert reason in answer.reason


@pytest.mark.parametrize(
    "told",
    [
        {"oid": "A-1", "ReturnOid": "A-1", "txstatus": "Y", "mdStatus": "1"},
        {"oid": "A-1", "ReturnOid": "", "txstatus": "", "mdStatus": ""},
        {"oid": "A-1"},
        {"txstatus": "A", "mdStatus": "4"},
        {"txstatus": "U"},
    ],
)
def test_what_is_absent_or_agrees_denies_nothing(told):
    """Empty and missing fields, and 3-D Secure that was tried or not available, leave an approval as it is."""
    assert isinstance(outcome(APPROVED, **told), Approved)


def test_the_real_approval_is_one():
    """The real callback of CMI's test platform, with its `ReturnOid` and without 3-D Secure, stays approved."""
    fields = dict(parse_qsl(real_callback().decode("ascii").rstrip("\n"), keep_blank_values=True))
    assert fields["oid"] == fields["ReturnOid"]
    assert isinstance(read_outcome(fields.get), Approved)


@pytest.mark.parametrize(
    ("results", "sign"), [(DECLINED, False), (NOT_AUTHENTICATED, False), (DECLINED | {"AuthCode": "1"}, True)]
)
def test_a_no_of_two_orders_changes_neither(results, sign):
    """A refusal that names two orders is a failure: nothing changes, and nobody is invited to pay again by it."""
    answer = outcome(results, oid="A-1", ReturnOid="A-2")
    assert (Failed, sign, "checking") == (type(answer), answer.authorization_sign, answer.message_key)


@pytest.mark.parametrize("text", ["", "00", "0", "Approved", "APPROVED 00"])
def test_an_error_field_without_an_error_contradicts_nothing(text):
    """Only the gateway's own error codes contradict an approval; other platforms write the success there."""
    assert isinstance(outcome(APPROVED, ErrMsg=text, ErrCode=text), Approved)


def test_gateway_errors_are_not_declines():
    """Code 99 and `Response` `Error` are the gateway's errors, not the bank's no."""
    for results in (
        {"ProcReturnCode": "99", "Response": "Error"},
        {"ProcReturnCode": "99", "Response": "Declined"},
        {"Response": "Error"},
        {},
    ):
        assert isinstance(outcome(results), Failed)


@pytest.mark.parametrize(
    ("code", "response"),
    [("51", "Error"), ("51", "Cancelled"), ("51", "declined"), ("51", ""), ("5", "Declined"), ("051", "Declined"), ("", "Declined")],
)  # fmt: skip
def test_the_banks_no_is_said_twice_as_well(code, response):
    """Only the word `Declined` with an issuer's code of two characters is the bank's no; anything near it is an error."""
    assert isinstance(outcome({"ProcReturnCode": code, "Response": response}), Failed)


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        ("4000 00** **** 0010", "0010"),
        ("400000***0010", "0010"),
        ("", None),
        ("****", None),
        ("010", None),
        ("١٢٣٤", None),
    ],
)
def test_last_four(masked, expected):
    """Only four plain digits at the end are taken from a masked number."""
    assert expected == outcome({"MaskedPan": masked}).facts.last_four


@pytest.mark.parametrize(
    ("status", "expected"), [("1", True), ("0", False), ("4", False), (None, None), ("", None)]
)
def test_three_d_secure(status, expected):
    """Full authentication is told apart from an attempt and from silence."""
    assert expected is read_outcome({"mdStatus": status}.get).facts.three_d_secure


def test_the_message_of_3d_secure_stands_in():
    """Where `ErrMsg` is empty, operators get the text of 3-D Secure; where both are, none."""
    told = {"ErrMsg": "", "mdErrorMsg": "Not authenticated"}
    assert "Not authenticated" == outcome(NOT_AUTHENTICATED, **told).message
    assert "" == outcome(NOT_AUTHENTICATED, ErrMsg="", mdErrorMsg="").message


def test_reasons_quote_little():
    """A reason quotes four characters of a code, ten of a response, two of a status: strangers' text stays out of logs."""
    odd = outcome({"ProcReturnCode": "12345", "Response": "Hello, world"})
    assert "the gateway reports ProcReturnCode '1234' with Response 'Hello, wor'" == odd.reason
    assert "approved although 3-D Secure ended with status '56'" == outcome(APPROVED, mdStatus="567").reason
    assert "56" == outcome(NOT_AUTHENTICATED, mdStatus="567").md_status


def test_facts_are_given_by_name():
    """Nine facts in a row are easily swapped, so their names are asked for."""
    with pytest.raises(TypeError):
        PaymentFacts("18253Kw4H12730", "448788")


@pytest.mark.parametrize(
    ("results", "expected"),
    [
        (DECLINED, "limit"),
        (DECLINED | {"ProcReturnCode": "41"}, "declined"),
        (DECLINED | {"ProcReturnCode": "92"}, "checking"),
        (DECLINED | {"ProcReturnCode": "Z9"}, "declined"),
        (NOT_AUTHENTICATED, "not_authenticated"),
        (NOT_AUTHENTICATED | {"mdStatus": "5"}, "authentication_unavailable"),
        (NOT_AUTHENTICATED | {"mdStatus": "7"}, "unavailable"),
        (NOT_AUTHENTICATED | {"mdStatus": "8"}, "not_enabled"),
        (NOT_AUTHENTICATED | {"mdStatus": "9"}, "not_authenticated"),
        ({"Response": "Error", "ErrMsg": "3D-1004 Code de sécurité erronné"}, "unavailable"),
        ({"Response": "Error", "ErrCode": "CORE-2507", "ProcReturnCode": "99"}, "already_paid"),
        ({"Response": "Error", "ErrorCode": "HPP-1001"}, "card_data"),
        ({"Response": "Error", "ErrCode": "<script>", "ProcReturnCode": "54"}, "expiry"),
        ({"Response": "Error"}, "checking"),
        ({}, "checking"),
        (APPROVED | {"ErrCode": "CORE-2010", "Response": "Error"}, "checking"),
        (APPROVED | {"mdStatus": "0"}, "checking"),
    ],
)
def test_what_the_customer_is_told(results, expected):
    """Each outcome that is no approval says what to tell the customer; a sign of an authorization says: do not pay again."""
    assert expected == outcome(results).message_key
