"""The values that the simulated gateway keeps: orders, attempts at paying them, and the customer's session."""

from __future__ import annotations

from datetime import datetime
from enum import Enum, StrEnum

import attrs

from cmi_gateway.callback import Reply
from cmi_gateway.secret import Secret
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.card_form import CardEntry
from cmi_gateway.simulator.request import HostedRequest

Fields = tuple[tuple[str, str], ...]


class OrderState(StrEnum):
    """Where the money of an order is; the values are the words of CMI's Merchant Center."""

    #: No attempt has succeeded.
    UNPAID = ""
    #: Authorized: the bank holds the money for the merchant.
    AUTHORIZED = "PRE"
    #: Captured: the merchant gets the money.
    CAPTURED = "POST"


class AttemptResult(Enum):
    """How one attempt at paying ended."""

    APPROVED = "approved"
    DECLINED = "declined"
    NOT_AUTHENTICATED = "not authenticated"
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

    Attributes:
        client_id, order_id: The merchant and its reference.
        state: Where the money is.
        attempts: Every try, oldest first, over all sessions.
    """

    client_id: str
    order_id: str
    state: OrderState = OrderState.UNPAID
    attempts: tuple[Attempt, ...] = ()


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
