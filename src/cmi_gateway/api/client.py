"""The client of the gateway's XML API: two questions that change nothing, three operations that move money."""

from __future__ import annotations

import time
from collections.abc import Collection
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from cmi_gateway.api.breaker import CircuitBreaker
from cmi_gateway.api.documents import ApiRequest, Credentials, RequestKind
from cmi_gateway.api.exchange import Exchange
from cmi_gateway.api.execution import Execution
from cmi_gateway.api.guard import Guard
from cmi_gateway.api.queries import Queries
from cmi_gateway.errors import ApiError, ConfigurationError, without_frames
from cmi_gateway.merchant import Merchant
from cmi_gateway.money import Money
from cmi_gateway.secret import Secret, hide_key

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from cmi_gateway.api.documents import BodyMode
    from cmi_gateway.api.history import OrderHistory
    from cmi_gateway.api.operation import Operation, OperationDone
    from cmi_gateway.api.order import OrderStatus
    from cmi_gateway.api.resolving import Resolution
    from cmi_gateway.api.transport import Transport

_OPERATIONS: Final = (RequestKind.CAPTURE, RequestKind.VOID, RequestKind.REFUND)
_LONGEST_USER: Final = 255


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ApiClient:
    """
    Asks the gateway about orders, and captures, voids and refunds.

    One client serves many threads; make one for each merchant account and keep it, since it remembers which orders
    have an operation that is not resolved.

    Args:
        merchant: The account; its gateway's ``api_url`` is the only address that is ever asked.

        user: The API user, made in CMI's back office.

        password: Its password: not the store key, nor that of a person. From a vault or the environment.

        operations: Which of ``"capture"``, ``"void"``, ``"refund"`` are switched on. None is, unless named here: do so
            one by one, once CMI has confirmed the permission.

        body_mode: ``"raw"``, or ``"data_field"`` should CMI's own manual say ``DATA=``.

        currency: Of the orders; the gateway's answers name none.

        session: Lends certificates and proxies, see `cmi_gateway.api.http_transport.HttpTransport`.

        transport: Carries the requests in place of HTTPS, as in tests.

        clock: Gives the present, in UTC.

        sleep: Waits for so many seconds, in `resolve`.

    Raises:
        ConfigurationError: one of them cannot be right. The message never shows the password.
    """

    def __init__(
        self,
        merchant: Merchant,
        *,
        user: str,
        password: str | Secret,
        operations: Collection[str] = (),
        body_mode: BodyMode = "raw",
        currency: str = "MAD",
        session: requests.Session | None = None,
        transport: Transport | None = None,
        clock: Callable[[], datetime] = _utc_now,
        sleep: Callable[[float], object] = time.sleep,
    ) -> None:
        # Dropped at once, as in `Merchant`: a traceback may print local variables.
        secret, flaw = hide_key(password)
        del password
        # Filled before it is judged: a traceback may print a half-made client.
        self._merchant = merchant
        self._check(merchant, user, flaw, operations, body_mode)
        if transport is None:
            # Imported late: with a transport of one's own nothing of it is needed.
            from cmi_gateway.api.http_transport import HttpTransport  # noqa: PLC0415

            transport = HttpTransport(merchant.gateway.api_url, session=session)
        self._currency = Money(0, currency).currency
        self._sleep = sleep
        self._breaker = CircuitBreaker()
        exchange = Exchange(
            Credentials(user, secret, merchant.client_id),
            transport,
            mode=body_mode,
            breaker=self._breaker,
            observer=merchant.observer,
        )
        self._queries = Queries(exchange, self._currency)
        self._execution = Execution(
            exchange,
            self._queries,
            Guard(),
            switched_on=[RequestKind(name) for name in operations],
            clock=clock,
        )

    def __repr__(self) -> str:
        return f"ApiClient({self._merchant!r})"

    @property
    def merchant(self) -> Merchant:
        """The account that is asked for."""
        return self._merchant

    @property
    def operations(self) -> frozenset[str]:
        """Which of ``capture``, ``void`` and ``refund`` are switched on."""
        return frozenset(kind.value for kind in self._execution.switched_on)

    def status(self, order_id: str, *, expected: Money | None = None) -> OrderStatus:
        """
        Ask what became of an order. It changes nothing.

        Args:
            order_id: The attempt's order id.

            expected: What it should have been paid with. Without it, money taken is `cmi_gateway.OrderState.CAPTURED`
                and never `PAID`.

        Raises:
            RequestRefusedError: the gateway refused the question; nothing is known of the order.
            QueryFailedError, RequestNotSentError: no readable answer; asking again is harmless.
            OperationBlockedError: the gateway shut us out before; see `resume`.
        """
        try:
            return self._queries.status(order_id, expected)
        except ApiError as error:
            raise without_frames(error) from None

    def history(self, order_id: str) -> OrderHistory:
        """
        Ask for all transactions of an order, and what they add up to. It changes nothing.

        Raises:
            RequestRefusedError, QueryFailedError, RequestNotSentError, OperationBlockedError: as for `status`.
        """
        try:
            return self._queries.history(order_id)
        except ApiError as error:
            raise without_frames(error) from None

    def capture(
        self,
        order_id: str,
        amount: Money,
        *,
        key: str | None = None,
        remember: Callable[[Operation], object] | None = None,
    ) -> OperationDone:
        """
        Take the money that was reserved, or a part of it; once for each authorization.

        Args:
            order_id: The attempt's order id.

            amount: At most what was authorized.

            key: As for `refund`.

            remember: As for `refund`.

        Raises:
            ApiError: as for `refund`.
        """
        request = ApiRequest(kind=RequestKind.CAPTURE, order_id=order_id, amount=self._own(amount))
        return self._run(request, key, remember)

    def void(
        self,
        order_id: str,
        transaction_id: str | None = None,
        *,
        key: str | None = None,
        remember: Callable[[Operation], object] | None = None,
    ) -> OperationDone:
        """
        Cancel a whole transaction before its batch is closed.

        Args:
            order_id: The attempt's order id.

            transaction_id: Which: an authorization, a capture, or a refund. Without it, the order's only payment; a
                refund is never chosen. The gateway is always told the transaction, never left to choose.

            key: As for `refund`.

            remember: As for `refund`.

        Raises:
            ApiError: as for `refund`.
        """
        request = ApiRequest(kind=RequestKind.VOID, order_id=order_id, transaction_id=transaction_id)
        return self._run(request, key, remember)

    def refund(
        self,
        order_id: str,
        amount: Money,
        *,
        key: str | None = None,
        remember: Callable[[Operation], object] | None = None,
    ) -> OperationDone:
        """
        Give money back after its batch was closed, all or a part.

        It is sent once and never repeated by itself. A second call for the same order and amount, such as from a double
        click, sends nothing: it gives the first one's result, or raises while that runs or is unresolved.

        Args:
            order_id: The attempt's order id.

            amount: At most what is left of the order.

            key: Tells this refund from others of the same order and amount; give one of your own to make a second
                refund that looks like the first.

            remember: Is given the operation just before it is sent. Keep it (`Operation.to_text`) in a table where
                *key* is unique: then it survives this process, and no second process sends it either. Whatever
                *remember* raises stops the sending. It should return at once: what it is given is as of now.

        Raises:
            OutcomeUnknownError: sent, and no clear answer came. Money may have moved: hand its ``record`` to `resolve`.
            RequestRefusedError: the gateway said no; nothing was done.
            OperationNotPossibleError: the order's history does not allow it; nothing was sent.
            OperationPendingError: an earlier operation of the order is not resolved; nothing was sent.
            OperationBlockedError: not switched on, or the gateway shut us out before; nothing was sent.
            RequestNotSentError, QueryFailedError: no connection, or no history; nothing was sent.
        """
        request = ApiRequest(kind=RequestKind.REFUND, order_id=order_id, amount=self._own(amount))
        return self._run(request, key, remember)

    def prepare(
        self,
        operation: str,
        order_id: str,
        amount: Money | None = None,
        *,
        transaction_id: str | None = None,
    ) -> Operation:
        """
        Check what an operation would do: read the history, and give the record of what would be sent. Nothing is.

        Args:
            operation: ``"capture"``, ``"void"`` or ``"refund"``.

            order_id: The attempt's order id.

            amount: For a capture or refund.

            transaction_id: For a void.

        Raises:
            ApiError: as for `refund`, but that it needs not be switched on.
        """
        if operation not in _OPERATIONS:
            raise ConfigurationError("an operation is 'capture', 'void' or 'refund'")
        request = ApiRequest(
            kind=RequestKind(operation),
            order_id=order_id,
            amount=None if amount is None else self._own(amount),
            transaction_id=transaction_id,
        )
        try:
            return self._execution.prepare(request, _key(request))
        except ApiError as error:
            raise without_frames(error) from None

    def resolve(self, operation: Operation, *, wait: bool = False) -> Resolution:
        """
        Find out whether an operation was carried out whose answer was lost. It sends nothing but history queries.

        Args:
            operation: The ``record`` of the `OutcomeUnknownError`, or one that was kept.

            wait: Whether to sleep and look again, 30 seconds, 2, 5 and 15 minutes after the operation was sent. Without,
                one look is taken: a result that is unresolved says when the next is due.

        Raises:
            RequestRefusedError, QueryFailedError, RequestNotSentError, OperationBlockedError: as for `history`, and the
                operation stays unresolved. With *wait*, failed queries are asked again at the next look, and so are those that
                the gateway refused because it was in trouble.
        """
        try:
            if wait:
                return self._execution.resolve_waiting(operation, self._sleep)
            return self._execution.resolve(operation)
        except ApiError as error:
            raise without_frames(error) from None

    def resume(self) -> None:
        """Ask again after the gateway shut us out: call it once password, permission or address are mended."""
        self._breaker.reset()

    def _run(
        self, request: ApiRequest, key: str | None, remember: Callable[[Operation], object] | None
    ) -> OperationDone:
        try:
            return self._execution.run(request, key or _key(request), remember)
        except ApiError as error:
            raise without_frames(error) from None

    def _own(self, amount: Money) -> Money:
        """Give *amount* if it is money in the orders' currency."""
        if not isinstance(amount, Money) or amount.currency != self._currency:
            raise ConfigurationError(f"an amount must be cmi_gateway.Money in {self._currency}")
        return amount

    @staticmethod
    def _check(
        merchant: object, user: object, flaw: str | None, operations: Collection[str], body_mode: object
    ) -> None:
        if not isinstance(merchant, Merchant):
            raise ConfigurationError("merchant must be a cmi_gateway.Merchant")
        if not isinstance(user, str) or not user.isprintable() or not 0 < len(user) <= _LONGEST_USER:
            raise ConfigurationError(
                f"user must be the name of the API user, 1 to {_LONGEST_USER} characters"
            )
        if flaw:
            raise ConfigurationError(f"the API password {flaw}")
        is_listed = isinstance(operations, Collection) and not isinstance(operations, (str, bytes))
        if not is_listed or not all(name in _OPERATIONS for name in operations):
            raise ConfigurationError("operations must be a collection of 'capture', 'void' and 'refund'")
        if body_mode not in ("raw", "data_field"):
            raise ConfigurationError("body_mode must be 'raw' or 'data_field'")


def _key(request: ApiRequest) -> str:
    """Give the key of an operation that the caller gave none: the same request is the same operation."""
    what = request.amount.wire if request.amount is not None else request.transaction_id or ""
    return f"{request.kind} {request.order_id} {what}".strip()
