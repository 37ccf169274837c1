"""Each comparison of a callback with its form refuses by itself, whatever another would have found later."""

import pytest

from cmi_gateway import CallbackMismatchError, CallbackPolicy, Money
from cmi_gateway.matching import must_be_of_order, shown_differences

AMOUNT = Money.parse("114.26")
TRUE = {"oid": "RAK-5", "amount": "114.26", "currency": "504"}


def refused(came=TRUE, kept=TRUE, order_id="RAK-5"):
    with pytest.raises(CallbackMismatchError) as caught:
        must_be_of_order(came.get, kept, order_id=order_id, amount=AMOUNT)
    return caught.value.field


def test_the_true_answer_is_of_the_order():
    """Order id, amount and currency that are the order's raise nothing."""
    must_be_of_order(TRUE.get, TRUE, order_id="RAK-5", amount=AMOUNT)


@pytest.mark.parametrize("other", ["RAK-4", "RAK-6", "rak-5", "RAK-5 ", "", "RAK-"])
def test_the_order_id_is_compared_three_times(other):
    """The id of the callback, of the kept form and of the order are one text; where one differs, it is refused."""
    assert "oid" == refused(came=TRUE | {"oid": other})
    assert "oid" == refused(kept=TRUE | {"oid": other})
    assert "oid" == refused(order_id=other)
    assert "oid" == refused(came=TRUE | {"oid": other}, kept=TRUE | {"oid": other})


@pytest.mark.parametrize("name", ["oid", "amount", "currency"])
def test_what_does_not_come_is_refused(name):
    """A callback that names no order, amount or currency answers none."""
    assert name == refused(came={key: value for key, value in TRUE.items() if key != name})


@pytest.mark.parametrize("currency", ["503", "505", "978", "", "MAD"])
def test_the_currency_is_compared_by_itself(currency):
    """Another currency is refused even where the kept form names it as well."""
    changed = TRUE | {"currency": currency}
    assert "currency" == refused(came=changed, kept=changed)


@pytest.mark.parametrize("name", ["album", "Amoun", "amounts", "zip"])
def test_only_the_amount_is_left_to_money(name):
    """Every field but the amount itself is compared as text, also one whose name looks or sorts like it."""
    with pytest.raises(CallbackMismatchError, match=name):
        shown_differences({name: "1"}, lambda _name, _value: False, CallbackPolicy())
    assert () == shown_differences({"AMOUNT": "1"}, lambda _name, _value: False, CallbackPolicy())
