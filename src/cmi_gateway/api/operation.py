"""
A capture, void or refund as a record: what to send, what was there before, and what came of it.

The record is what survives a crash. It is made before anything is sent, can be kept as text, and holds the history
from before: with it, any process can find out later whether the money moved. It holds no secret.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Final

import attrs

from cmi_gateway.api.documents import ApiRequest, RequestKind
from cmi_gateway.api.history import HistoryLine, LineKind, LineState, OrderHistory
from cmi_gateway.errors import CmiError, ConfigurationError
from cmi_gateway.money import Money

_VERSION: Final = 1


def _aware(_instance: object, _field: object, moment: datetime) -> None:
    if not isinstance(moment, datetime) or moment.tzinfo is None:
        raise ConfigurationError("prepared_at must be a datetime with a time zone")


def _moves_money(_instance: object, _field: object, request: ApiRequest) -> None:
    if request.kind.is_query:
        raise ConfigurationError("a question is no operation")


@attrs.frozen(kw_only=True)
class Operation:
    """
    One capture, void or refund, ready to be sent once.

    Attributes:
        key: Tells it from every other operation: a second call with the same key sends nothing.
        request: What to send.
        before: The order's history from just before.
        target: The transaction that it changes: the authorization to capture, or what is voided. A refund has none.
        prepared_at: When, in UTC; sending follows at once.
    """

    key: str
    request: ApiRequest = attrs.field(validator=_moves_money)
    before: OrderHistory
    prepared_at: datetime = attrs.field(validator=_aware)
    target: str = ""

    @property
    def kind(self) -> RequestKind:
        """``capture``, ``void`` or ``refund``."""
        return self.request.kind

    @property
    def order_id(self) -> str:
        """The order."""
        return self.request.order_id

    @property
    def amount(self) -> Money:
        """The money that it moves: what is captured or refunded, or the whole of what is voided."""
        if self.request.amount is not None:
            return self.request.amount
        line = self.before.line(self.target)
        amount = None if line is None else line.captured or line.original
        return Money(0, self.before.currency) if amount is None else amount

    def to_text(self) -> str:
        """Write it as JSON, to be kept before it is sent; `from_text` reads it back."""
        return json.dumps(
            {
                "version": _VERSION,
                "key": self.key,
                "kind": self.kind.value,
                "order_id": self.order_id,
                "amount": self.request.amount and self.request.amount.centimes,
                "transaction_id": self.request.transaction_id,
                "target": self.target,
                "prepared_at": self.prepared_at.isoformat(),
                "currency": self.before.currency,
                "before": [_line_as_row(line) for line in self.before.lines],
            }
        )

    @classmethod
    def from_text(cls, text: str) -> Operation:
        """
        Read what `to_text` wrote.

        Raises:
            ConfigurationError: it is something else, or was written by a newer version.
        """
        try:
            facts = json.loads(text)
            if facts["version"] == _VERSION:
                return _from_facts(facts)
        except (ValueError, TypeError, KeyError, AttributeError, CmiError):
            pass
        raise ConfigurationError("this is no operation that was kept by Operation.to_text")


@attrs.frozen(kw_only=True)
class OperationDone:
    """
    The operation was carried out.

    Attributes:
        operation: Which.
        transaction_id: The gateway's reference. A void repeats that of the voided transaction: no key of operations.
        authorization_code: The issuer's; empty where it was found in the history or none came.
        found_in_history: Whether the answer was lost and the history showed it.
    """

    operation: Operation
    transaction_id: str
    authorization_code: str = ""
    found_in_history: bool = False


def _line_as_row(line: HistoryLine) -> list[Any]:
    return [
        line.kind.value,
        line.state.value,
        line.transaction_id,
        line.return_code,
        line.original and line.original.centimes,
        line.captured and line.captured.centimes,
    ]


def _from_facts(facts: dict[str, Any]) -> Operation:
    currency, order_id = facts["currency"], facts["order_id"]
    amount = facts["amount"]
    return Operation(
        key=facts["key"],
        request=ApiRequest(
            kind=RequestKind(facts["kind"]),
            order_id=order_id,
            amount=None if amount is None else Money(amount, currency),
            transaction_id=facts["transaction_id"],
        ),
        before=OrderHistory(
            order_id=order_id,
            is_found=True,
            lines=tuple([_line_of_row(row, currency) for row in facts["before"]]),
            currency=currency,
        ),
        prepared_at=datetime.fromisoformat(facts["prepared_at"]),
        target=facts["target"],
    )


def _line_of_row(row: list[Any], currency: str) -> HistoryLine:
    kind, state, transaction_id, return_code, original, captured = row
    return HistoryLine(
        kind=LineKind(kind),
        state=LineState(state),
        transaction_id=transaction_id,
        return_code=return_code,
        original=None if original is None else Money(original, currency),
        captured=None if captured is None else Money(captured, currency),
    )
