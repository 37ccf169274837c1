"""
What a payer can type must not read as a result, nor as what binds an answer to its order, whatever name it is moved under.

With two free texts that the gateway signs, the true answer to a payment of one dirham could otherwise be relabelled
as the answer to another order: one text holds that order's amount, one its id. Amounts cannot be told from other
figures, such as a postal code. So what is unlike any honest text is kept out: the ids of the merchant's own
orders, the addresses that carry them, and seals.
"""

from __future__ import annotations

import re
from typing import Final

from cmi_gateway.errors import AmountError, FieldError
from cmi_gateway.money import Money

#: The characters of an order id, and where its prefix ends (``SHOP-7f3k…``).
_LIKE_AN_ID: Final = re.compile(r"[A-Za-z0-9._-]+")
_PREFIX: Final = re.compile(r"[A-Za-z0-9]+[._-]")
#: Ids without a common prefix are told by their length; shorter ones are as long as many a word.
_TELLING_LENGTH: Final = 12
#: `cmi_gateway.seal` writes a version, names, and a MAC of 43 characters.
_SEAL, _MAC_LENGTH = "v1.", 43

#: Values by which callbacks are judged, in lower case.
_CONTROL_VALUES: Final = frozenset({"approved", "declined", "error", "00", "504", "mad"})


class PayerText:
    """
    The values that are kept free for the gateway in one payment.

    Args:
        client_id: The merchant account's.

        amount: What is charged.

        order_id: Of this attempt; other orders' are taken to look alike.
    """

    def __init__(self, client_id: str, amount: Money, order_id: str) -> None:
        self._control_values = _CONTROL_VALUES | {client_id.lower()}
        self._amount = amount
        prefix = _PREFIX.match(order_id)
        self._prefix = prefix[0].lower() if prefix else ""
        self._id_length = len(order_id) if len(order_id) >= _TELLING_LENGTH else 0
        self._units = str(amount.centimes // 100).lstrip("0")

    def is_result(self, value: str) -> bool:
        """
        Say whether *value* is kept for the gateway and for orders.

        That is a code, a currency, the merchant's id, the amount of this payment, and whatever looks like one of
        the merchant's order ids, a web address or a seal.
        """
        folded = value.lower()
        return folded in self._control_values or self._is_the_amount(value) or self._binds(folded)

    def check(self, field: str, value: str) -> str:
        """
        Give *value* if it cannot be taken for a result.

        Raises:
            FieldError: it can.
        """
        if self.is_result(value):
            raise FieldError(
                field,
                "must not equal a result of the gateway ('Approved', '00', '504', 'MAD' …), the client id or the "
                "amount, nor look like an order id of yours, a web address or a seal: names are not signed, so it "
                "could be read as one; write it in other words, or put a word before it",
            )
        return value

    def _binds(self, folded: str) -> bool:
        """Say whether text in lower case could stand for what binds an answer to one order."""
        if folded.startswith(("http://", "https://")) or (
            folded.startswith(_SEAL) and len(folded) > _MAC_LENGTH
        ):
            return True
        is_alike = len(folded) == self._id_length and not folded.isalpha()
        is_named = bool(self._prefix) and folded.startswith(self._prefix) and folded != self._prefix
        return (is_alike or is_named) and _LIKE_AN_ID.fullmatch(folded) is not None

    def _is_the_amount(self, value: str) -> bool:
        dotted = value.replace(",", ".", 1)
        # An exception for every name and address would cost more than all the other checks.
        if dotted.partition(".")[0].lstrip("0") != self._units:
            return False
        try:
            return Money.parse(dotted) == self._amount
        except AmountError:
            return False
