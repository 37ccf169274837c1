"""
One operation at a time for each order, and none twice: what keeps a double click from becoming two refunds.

It remembers for as long as the client lives. What must outlive the process is the caller's record of the operation,
see `cmi_gateway.ApiClient.refund`.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Final

from cmi_gateway.errors import ConfigurationError, OperationPendingError

if TYPE_CHECKING:
    from cmi_gateway.api.documents import ApiRequest
    from cmi_gateway.api.operation import Operation, OperationDone

#: How many finished operations are remembered; a double click comes within seconds.
_MOST_REMEMBERED: Final = 10_000


class Guard:
    """Knows which orders have an operation that runs or is unresolved, and what became of earlier ones."""

    def __init__(self, *, most_remembered: int = _MOST_REMEMBERED) -> None:
        self._most = most_remembered
        self._lock = Lock()
        self._open: dict[str, Operation | None] = {}
        self._done: dict[str, OperationDone] = {}

    def enter(self, key: str, request: ApiRequest) -> OperationDone | None:
        """
        Begin an operation, or give what became of the earlier one with this key.

        Raises:
            OperationPendingError: the order has one already.
            ConfigurationError: the key was another operation's.
        """
        kind, order_id = request.kind, request.order_id
        with self._lock:
            done = self._done.get(key)
            if done is not None:
                if not _is_repeat(request, done.operation.request):
                    raise ConfigurationError("this key was given to another operation: each needs its own")
                return done
            if order_id in self._open:
                record = self._open[order_id]
                what = "still runs" if record is None else "is not resolved yet"
                raise OperationPendingError(
                    f"nothing was sent: an earlier operation of the order {what}", kind, order_id, record
                )
            self._open[order_id] = None
            return None

    def hold(self, operation: Operation) -> None:
        """Keep the order closed until *operation* is resolved: it is about to be sent."""
        with self._lock:
            self._open[operation.order_id] = operation

    def leave(self, order_id: str) -> None:
        """Open the order again: what ran did nothing."""
        with self._lock:
            self._open.pop(order_id, None)

    def finish(self, done: OperationDone) -> None:
        """Open the order again and remember what was done."""
        with self._lock:
            self._open.pop(done.operation.order_id, None)
            self._remember(done)

    def resolved(self, operation: Operation, done: OperationDone | None) -> None:
        """Take note that *operation* was done or not; the order stays closed where another one runs by now."""
        with self._lock:
            held = self._open.get(operation.order_id)
            if held is not None and _is_same(held, operation):
                del self._open[operation.order_id]
            if done is not None:
                self._remember(done)

    def unresolved(self, operation: Operation) -> None:
        """Close the order for *operation*, which may come from another process."""
        with self._lock:
            self._open.setdefault(operation.order_id, operation)

    def _remember(self, done: OperationDone) -> None:
        self._done[done.operation.key] = done
        if len(self._done) > self._most:
            del self._done[next(iter(self._done))]


def _is_repeat(asked: ApiRequest, done: ApiRequest) -> bool:
    """Tell whether the same was asked before; a void that names no transaction is done as one that does."""
    is_named = asked.transaction_id is not None
    return (asked.kind, asked.order_id, asked.amount) == (done.kind, done.order_id, done.amount) and (
        not is_named or asked.transaction_id == done.transaction_id
    )


def _is_same(held: Operation, other: Operation) -> bool:
    """Tell whether these are one operation; a record that was kept as text lacks some facts of its history."""
    return (held.key, held.request, held.prepared_at) == (other.key, other.request, other.prepared_at)
