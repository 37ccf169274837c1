"""The receipt as a snapshot of plain facts."""

import json
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import InstantError, ReceiptError
from rak_billing.quote import QuoteLine
from rak_billing.receipt import Receipt
from support.bills import guide_receipt

ONE_LINE = (QuoteLine("1", "EAU", Money(100)),)


def through_json(receipt):
    return Receipt.from_dict(json.loads(json.dumps(receipt.to_dict())))


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"fee_net": None, "fee_vat": None},
        {"payment_number": None, "authorization_code": None, "method": None, "last_four": None},
        {"lines": ONE_LINE, "total": Money(100), "fee_net": None, "fee_vat": None},
        {"customer_address": "12 RUE … KENITRA", "transaction_id": None},
    ],
)
def test_a_snapshot_gives_back_the_receipt(changes):
    """Stored as JSON and read again, nothing is lost."""
    assert guide_receipt(**changes) == through_json(guide_receipt(**changes))


@given(st.text(), st.text(), st.datetimes(datetime(2000, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001 - Hypothesis wants bounds without offset
def test_any_text_and_instant_survive(name, footer, paid_at):
    """Accents, Arabic, control characters and microseconds come back as they were."""
    receipt = guide_receipt(customer_name=name, operator_footer=footer, paid_at=paid_at)
    assert receipt == Receipt.from_dict(receipt.to_dict())


def test_the_offset_of_the_day_is_kept():
    """A later zone file does not move a printed hour: the offset used is in the snapshot."""
    snapshot = guide_receipt().to_dict()
    assert 3600 == snapshot["utc_offset"]
    assert datetime(2018, 9, 10, 9, 48, 58) == Receipt.from_dict(snapshot | {"utc_offset": 0}).paid_at_local  # noqa: DTZ001 - local by definition


def test_the_instant_is_utc_whatever_comes():
    """Two spellings of one instant make equal receipts."""
    abroad = datetime(2018, 9, 10, 11, 48, 58, tzinfo=timezone(timedelta(hours=2)))
    assert guide_receipt() == guide_receipt(paid_at=abroad)


def test_an_instant_needs_its_offset():
    """A receipt never guesses the hour."""
    with pytest.raises(InstantError):
        guide_receipt(paid_at=datetime(2018, 9, 10, 10, 48, 58))  # noqa: DTZ001 - the naive instant is the point


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("number", "1000076416"),
        ("number", 10000764160),
        ("number", "1000076416A"),
        ("last_four", "10"),
        ("last_four", "4000000000000010"),
        ("posting_date", datetime(2018, 9, 11, tzinfo=UTC)),
        ("total", Money(11427)),
        ("lines", ()),
        ("lines", (QuoteLine("1", "EAU", Money(100)), QuoteLine("2", "EAU", Money(100, "EUR")))),
        ("fee_vat", None),
        ("fee_vat", Money(12)),
        ("fee_vat", Money(11, "EUR")),
    ],
)
def test_facts_that_do_not_hold_make_no_receipt(field, value):
    """A wrong number, a whole card number or amounts that do not add up are refused."""
    with pytest.raises(ReceiptError) as caught:
        guide_receipt(**{field: value})
    assert {"lines": "total"}.get(field, field) == caught.value.field


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("payment_number", 32437),
        ("authorization_code", b"448788"),
        ("method", 4),
        ("transaction_id", 18253),
        ("customer_name", None),
        ("customer_address", None),
        ("email", b"client@example.com"),
        ("merchant_name", None),
        ("merchant_id", 600000099),
        ("contract", 123456789),
        ("contract_label", None),
        ("operator_name", None),
        ("operator_footer", 1),
        ("utc_offset", 3600),
        ("utc_offset", timedelta(microseconds=1)),
        ("lines", 1),
        ("lines", (None,)),
        ("lines", (QuoteLine(1, "EAU", Money(11426)),)),
        ("lines", (QuoteLine("1", None, Money(11426)),)),
        ("lines", (QuoteLine("1", "EAU", 11426),)),
        ("total", 11426),
        ("fee_net", 113),
        ("fee_vat", 11),
    ],
)
def test_facts_of_another_kind_make_no_receipt(field, value):
    """What is no text or amount is refused at once: its snapshot could not be read back, years later."""
    with pytest.raises(ReceiptError) as caught:
        guide_receipt(**{field: value})
    assert field == caught.value.field


def test_parts_of_a_fee_need_a_fee_line():
    """VAT is not shown for a fee that was not charged."""
    with pytest.raises(ReceiptError, match="fee_vat"):
        guide_receipt(lines=ONE_LINE, total=Money(100))


def test_a_card_number_never_reaches_an_error():
    """What came instead of four digits is not repeated."""
    with pytest.raises(ReceiptError) as caught:
        guide_receipt(last_four="4000000000000010")
    assert "40000" not in str(caught.value)


def test_a_repr_hides_who_paid():
    """Name and e-mail stay out of logs."""
    shown = repr(guide_receipt(customer_address="12 RUE DES FLEURS"))
    assert [] == [word for word in ("B…", "client@", "FLEURS") if word in shown]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", 2),
        ("paid_at", "yesterday"),
        ("paid_at", "2018-09-10T09:48:58"),
        ("paid_at", 1536572938),
        ("utc_offset", 3600.0),
        ("utc_offset", True),
        ("posting_date", "11/09/2018"),
        ("lines", None),
        ("lines", [{"reference": "1"}]),
        ("lines", [{"reference": 1, "description": "EAU", "amount": 1}]),
        ("lines", ["x"]),
        ("total", 114.26),
        ("fee_net", "113"),
        ("customer_name", None),
        ("method", 3),
        ("number", "1"),
    ],
)
def test_a_damaged_snapshot_is_refused(key, value):
    """A value that does not fit is named, and never guessed."""
    with pytest.raises(ReceiptError) as caught:
        Receipt.from_dict(guide_receipt().to_dict() | {key: value})
    assert key == caught.value.field


def test_a_currency_that_does_not_exist_is_refused():
    """Amounts without a currency are no amounts."""
    with pytest.raises(ReceiptError):
        Receipt.from_dict(guide_receipt().to_dict() | {"currency": "DH"})


@pytest.mark.parametrize("change", ["add", "drop"])
def test_keys_are_known_and_complete(change):
    """Neither a strange nor a missing key passes."""
    snapshot = guide_receipt().to_dict()
    changed = (
        snapshot | {"note": ""} if change == "add" else {k: v for k, v in snapshot.items() if k != "email"}
    )
    with pytest.raises(ReceiptError, match="missing or unknown"):
        Receipt.from_dict(changed)


def test_the_posting_date_is_a_day():
    """The promise of rule R42 is a date of the snapshot."""
    assert date(2018, 9, 11) == through_json(guide_receipt()).posting_date
