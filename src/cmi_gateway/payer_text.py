"""What a payer can type must not read as a result, whatever name it is moved under."""

from __future__ import annotations

from typing import Final

from cmi_gateway.errors import AmountError, FieldError
from cmi_gateway.money import Money

#: Values by which callbacks are judged, in lower case.
_CONTROL_VALUES: Final = frozenset({"approved", "declined", "error", "00", "504", "mad"})


class PayerText:
    """
    The values that are kept free for the gateway in one payment.

    Args:
        client_id: The merchant account's.

        amount: What is charged.
    """

    def __init__(self, client_id: str, amount: Money) -> None:
        self._control_values = _CONTROL_VALUES | {client_id.lower()}
        self._amount = amount
        self._units = str(amount.centimes // 100).lstrip("0")

    def is_result(self, value: str) -> bool:
        """Say whether *value* equals a code, a currency, the merchant's id or the amount of this payment."""
        return value.lower() in self._control_values or self._is_the_amount(value)

    def check(self, field: str, value: str) -> str:
        """
        Give *value* if it cannot be taken for a result.

        Raises:
            FieldError: it equals a code, a currency, the merchant's id or the amount of this payment.
        """
        if self.is_result(value):
            raise FieldError(
                field,
                "must not equal a result of the gateway ('Approved', '00', '504', 'MAD' …), the client id or the "
                "amount: names are not signed, so it could be read as one; write it in other words, or put a word before it",
            )
        return value

    def _is_the_amount(self, value: str) -> bool:
        dotted = value.replace(",", ".", 1)
        # An exception for every name and address would cost more than all the other checks.
        if dotted.partition(".")[0].lstrip("0") != self._units:
            return False
        try:
            return Money.parse(dotted) == self._amount
        except AmountError:
            return False
