"""The values that the simulated gateway keeps: orders, attempts at paying them, and the customer's session."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from enum import Enum, StrEnum

import attrs

from cmi_gateway.api.history import LineKind, LineState
from cmi_gateway.callback import Reply
from cmi_gateway.secret import Secret
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.card_form import CardEntry
from cmi_gateway.simulator.request import HostedRequest
from cmi_gateway.simulator.transaction_line import Totals, TransactionLine, totals_of

Fields = tuple[tuple[str, str], ...]


class OrderState(StrEnum):
    """Where the money of an order is; the values are the words of CMI's Merchant Center."""

    #: No attempt has succeeded.
    UNPAID = ""
    #: Authorized: the bank holds the money for the merchant.
    AUTHORIZED = "PRE"
    #: Captured: the merchant gets the money.
    CAPTURED = "POST"
    #: A part was given back.
    PARTLY_REFUNDED = "PRND"
    #: All of it was given back.
    REFUNDED = "RFND"
    #: Cancelled before settlement.
    VOIDED = "VOID"


class AttemptResult(Enum):
    """How one attempt at paying ended."""

    APPROVED = "approved"
    DECLINED = "declined"
    NOT_AUTHENTICATED = "not authenticated"
    #: The gateway failed: ``Response=Error``, ``ProcReturnCode=99``.
    ERROR = "error"
    #: The order was paid already: ``Response=Error``, ``ProcReturnCode=99``.
    DUPLICATE = "duplicate"


@attrs.frozen
class Attempt:
    """
    One try at paying an order.

    Attributes:
        serial: Its number, unique in the gateway.
        client_id, order_id: Whose order it is about.
        result: How it ended.
        code: ``ProcReturnCode``, empty where the gateway sends none.
        message: ``ErrMsg``, or the 3-D Secure message; empty on success.
        fields: The signed answer: goes to the callback and, by the browser, to okUrl or failUrl.
        callback_url: Where the callback goes; None in browser-only mode.
        is_answered: Whether the callback is done with, answered or not.
        reply: The merchant's answer; None for any other words, or none at all.
    """

    serial: int
    client_id: str
    order_id: str
    result: AttemptResult
    code: str
    message: str
    fields: Fields = attrs.field(repr=False)
    callback_url: str | None
    is_answered: bool = False
    reply: Reply | None = None

    @property
    def is_approved(self) -> bool:
        """Whether the bank authorized the payment."""
        return self.result is AttemptResult.APPROVED

    @property
    def is_unconfirmed(self) -> bool:
        """Whether the bank said yes and the merchant, who was asked, did not answer that it knows."""
        asked = self.callback_url is not None and self.is_answered
        return self.is_approved and asked and self.reply in (None, Reply.FAILURE)

    def value(self, name: str) -> str:
        """Give the value of the result field *name*, or the empty text."""
        return dict(self.fields).get(name, "")


@attrs.frozen
class Order:
    """
    What the gateway knows under one ``oid`` of one merchant.

    No order can be made whose money does not add up: captured within authorized, refunded within captured.

    Attributes:
        client_id, order_id: The merchant and its reference.
        attempts: Every try on the hosted page, oldest first, over all sessions.
        transactions: Every transaction that the bank or the books answered, oldest first.
    """

    client_id: str
    order_id: str
    attempts: tuple[Attempt, ...] = ()
    transactions: tuple[TransactionLine, ...] = attrs.field(default=())

    def __attrs_post_init__(self) -> None:
        totals = self.totals
        paid = [line for line in self._payments if line.is_successful]
        assert len(paid) <= 1, "an order is paid once"
        assert all(line.captured is None or line.captured <= line.amount for line in paid), (
            "captured too much"
        )
        assert totals.refunded <= totals.captured, "refunded too much"

    @property
    def payment(self) -> TransactionLine | None:
        """The transaction that paid, even if it was voided since; there is never a second one."""
        return next((line for line in self._payments if line.is_successful), None)

    @property
    def totals(self) -> Totals:
        """The money, added up from the transactions."""
        payment = self.payment
        return totals_of(self.transactions, payment.amount.currency if payment else "MAD")

    @property
    def state(self) -> OrderState:
        """Where the money is."""
        payment, totals = self.payment, self.totals
        if payment is None:
            return OrderState.UNPAID
        if payment.state is LineState.VOIDED:
            return OrderState.VOIDED
        if payment.state is LineState.AUTHORIZED:
            return OrderState.AUTHORIZED
        if not totals.refunded.centimes:
            return OrderState.CAPTURED
        return OrderState.PARTLY_REFUNDED if totals.net.centimes else OrderState.REFUNDED

    def find(self, trans_id: str) -> TransactionLine | None:
        """Give the transaction of this id, or None."""
        return next((line for line in self.transactions if line.trans_id == trans_id), None)

    def with_line(self, line: TransactionLine) -> Order:
        """Write *line* in the place of its earlier self, or at the end."""
        lines = {known.trans_id: known for known in self.transactions} | {line.trans_id: line}
        return attrs.evolve(self, transactions=tuple(lines.values()))

    def with_attempt(self, attempt: Attempt) -> Order:
        """Write *attempt* in the place of its earlier self, or at the end."""
        attempts = {known.serial: known for known in self.attempts} | {attempt.serial: attempt}
        return attrs.evolve(self, attempts=tuple(attempts.values()))

    def suspended(self, state: LineState | None) -> Order:
        """Leave the outcome of the last transaction open, shown as *state*; None makes all outcomes known."""
        if state is not None:
            return self.with_line(attrs.evolve(self.transactions[-1], transient=state))
        known = [attrs.evolve(line, transient=None) for line in self.transactions]
        return attrs.evolve(self, transactions=tuple(known))

    @property
    def _payments(self) -> Iterator[TransactionLine]:
        return (line for line in self.transactions if line.kind is LineKind.PAYMENT)


class SessionState(Enum):
    """What the customer's session waits for."""

    #: The card form.
    CARD = "card"
    #: The 3-D Secure code.
    CHALLENGE = "challenge"
    #: The merchant's answer to the callback.
    CALLBACK = "callback"
    #: Nothing: the result is shown.
    FINISHED = "finished"
    #: Nothing: the customer went back to the shop.
    CANCELLED = "cancelled"


@attrs.frozen
class Session:
    """
    One visit of a customer to the payment page.

    Attributes:
        token: Names the session in its addresses; not to be guessed.
        account: The merchant.
        key: The store key that the request was signed with.
        request: The merchant's fields.
        client_ip: The customer's address, which ``clientIp`` tells the merchant.
        xid: The gateway's name for the visit in the result fields.
        opened_at, expires_at: Aware instants.
        state: What comes next.
        entry: The card waiting for its 3-D Secure code.
        failures: Refused tries so far.
        attempt: The last try.
    """

    token: str = attrs.field(repr=False)
    account: MerchantAccount
    key: Secret
    request: HostedRequest = attrs.field(repr=False)
    client_ip: str
    xid: str
    opened_at: datetime
    expires_at: datetime
    state: SessionState = SessionState.CARD
    entry: CardEntry | None = attrs.field(default=None, repr=False)
    failures: int = 0
    attempt: Attempt | None = None


@attrs.frozen
class Refusal:
    """
    A request that gets no payment page.

    Attributes:
        code: The gateway's error code, empty where none is documented.
        message: ``ErrMsg``, in French.
        fields: What the browser takes to failUrl; empty when the gateway cannot tell whom to answer.
        return_url: failUrl, when it is an address that can be posted to.
    """

    code: str
    message: str
    fields: Fields = attrs.field(default=(), repr=False)
    return_url: str | None = None
