"""The journal's rows as values; no database is needed to make or read them."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum, unique
from typing import Any

import attrs

from cmi_gateway.money import Money
from cmi_gateway.outcome import PaymentFacts
from rak_billing.payments.states import AttemptState, Event, OrderState


@attrs.frozen
class LineRecord:
    """
    One line of an order, as billing worded it.

    Attributes:
        reference: The invoice's, or ``FRAIS``.
        description: The original text, not what was made fit for the gateway.
        amount: Of this line.
        is_fee: Whether it is the fee of the online service, the last line.
    """

    reference: str
    description: str
    amount: Money
    is_fee: bool = False


@attrs.frozen
class OrderRecord:
    """
    One selection of invoices that a customer wants to pay.

    Attributes:
        reference: Ours, shown to customers and staff.
        tenant: The operator.
        customer_ref: Whose invoices they are.
        customer_name: As billing gave it; not masked.
        customer_address: As billing gave it; not masked.
        state: Where it stands.
        card: The card type the customer chose, which the fee may depend on.
        total: What is charged: invoices and fee.
        lines: The invoices, then the fee.
        quote: The fee with its parts, its schedule and version.
        quote_digest: Equal for two orders of the same lines, amounts and schedule.
        created_at: When it was written.
    """

    reference: str
    tenant: str
    customer_ref: str
    customer_name: str = attrs.field(repr=False)
    customer_address: str = attrs.field(repr=False)
    state: OrderState
    card: str
    total: Money
    lines: tuple[LineRecord, ...]
    quote: Mapping[str, Any]
    quote_digest: str
    created_at: datetime

    @property
    def invoice_references(self) -> tuple[str, ...]:
        """The invoices that this order pays."""
        return tuple(line.reference for line in self.lines if not line.is_fee)


@attrs.frozen
class AttemptRecord:
    """
    One signed form, and what became of it.

    Attributes:
        order_id: The gateway's order id (``oid``), random, of this attempt alone.
        order_reference: The order that it tries to pay.
        state: Where it stands.
        token_hash: Of the token in its return links.
        form_fields: Exactly what was signed and sent.
        email: Where the customer wants the receipt.
        language: Of the gateway's page.
        terms_version: The terms that the customer accepted.
        terms_accepted_at: When.
        started_at: When the form was signed.
        facts: What the gateway said of the payment that was accepted, once it was; kept when it falls.
        payment_instant: The instant that decides the posting date, while it is the payment that its order counts, or
            counted until it was given back; None before, and again once it fell (`rak_billing.payments.states.counts`).
    """

    order_id: str
    order_reference: str
    state: AttemptState
    token_hash: str = attrs.field(repr=False)
    form_fields: tuple[tuple[str, str], ...] = attrs.field(repr=False)
    email: str = attrs.field(repr=False)
    language: str
    terms_version: str
    terms_accepted_at: datetime
    started_at: datetime
    facts: PaymentFacts | None = attrs.field(default=None, repr=False)
    payment_instant: datetime | None = None

    @property
    def has_paid(self) -> bool:
        """Whether it is the payment that its order counts, or counted."""
        return self.payment_instant is not None


@attrs.frozen
class PastEvent:
    """
    One event in the history of an order.

    Attributes:
        event: What happened.
        order_id: The gateway's order id of the attempt that it happened to.
        attempt_state: Where the attempt stood after it.
        order_state: Where the order stood after it.
        at: When it was written.
        facts: What was kept with it, such as who said so and why; None where nothing was.
    """

    event: Event
    order_id: str
    attempt_state: AttemptState
    order_state: OrderState
    at: datetime
    facts: Mapping[str, Any] | None = None


@unique
class ReviewKind(StrEnum):
    """Why a person must look at a payment."""

    DUPLICATE_PAYMENT = "duplicate_payment"  # approved, not captured: to be voided
    DOUBTFUL_FAILURE = "doubtful_failure"  # a failure with a sign that the bank had authorized
    CLOCK_SKEW = "clock_skew"  # the gateway's time of the payment is far from ours
    MISMATCH = "mismatch"  # a true callback that does not fit the form we sent
    UNSETTLED = "unsettled"  # a true callback that could not be processed when it came: ours to mend
    CONTRADICTION = "contradiction"  # a transaction that was told twice, with two outcomes
    NOT_AT_THE_GATEWAY = "not_at_the_gateway"  # accepted here, and the gateway knows nothing of it
    OTHER_AMOUNT = "other_amount"  # the gateway took another amount than the order's
    NOT_CAPTURED = "not_captured"  # authorized and not taken, and it is not for the sweep to take it
    NOT_VOIDED = "not_voided"  # a payment too many, and it is not for the sweep to give it back
    UNCONFIRMED = "unconfirmed"  # accepted for a day, and the gateway still does not say that it was taken
    PENDING = (
        "pending"  # for days the gateway says neither yes nor no of an attempt that nothing else is known of
    )
    UNDONE = "undone"  # the gateway shows that a payment which counted was cancelled or given back
    NOT_POSTED = "not_posted"  # whether billing has the payment is not known, or billing refuses it
    NOT_POSTED_YET = "not_posted_yet"  # tried in vain for a day, and tried on
    NOT_SENT = "not_sent"  # a mail that nobody takes


@attrs.frozen
class Review:
    """
    One matter for a person.

    Attributes:
        order_id: The gateway's order id of the attempt concerned.
        kind: What is the matter.
        callback_digest: The callback that brought it; empty where the gateway was asked.
        raised_at: When it was noticed.
    """

    order_id: str
    kind: ReviewKind
    callback_digest: str
    raised_at: datetime


@attrs.frozen
class Answered:
    """
    What a callback was about, and the answer it got.

    Attributes:
        order_id: The order id that it named.
        reply: The answer, to be given again.
    """

    order_id: str
    reply: str


@attrs.frozen
class KnownCallback:
    """
    What was written before about a callback.

    Attributes:
        is_our_form: Whether its hash is that of a form that we signed, for whatever order.
        first_reply: The answer that this very callback got before, or None.
        same_values: What was answered to a callback of its hash that fitted its order, or None.
        told: The gateway's transactions of its order id, each with the outcomes that were told of it and their
            first answers.
    """

    is_our_form: bool
    first_reply: str | None
    same_values: Answered | None
    told: Mapping[str, Mapping[str, str]]


@attrs.frozen
class OutboxEntry:
    """
    One thing to deliver.

    Attributes:
        key: Names it for ever; the receiving side recognises a repeat by it.
        topic: What kind of thing it is.
        order_reference: The order that it is about.
        tries: Which try this is, from 1; also proves, when it is marked, that it was not claimed anew.
        begun_at: When an earlier try began, of which nobody knows what became of it; None where nothing is open.
        tries_before: How many of them there were before a person took it up again; 0 where none did.
    """

    key: str
    topic: str
    order_reference: str
    tries: int
    begun_at: datetime | None = None
    tries_before: int = 0

    @property
    def tries_anew(self) -> int:
        """Which try this is since a person took it up again, or since the beginning; from 1."""
        return self.tries - self.tries_before


@attrs.frozen
class DeadLetter:
    """
    Something that was not delivered and is not tried any more, until a person says so.

    Attributes:
        key: Of the entry.
        topic: What kind of thing it is.
        order_reference: The order that it is about.
        tries: How often it was tried.
        error: What the last try ended with.
        parked_at: When it was given up.
    """

    key: str
    topic: str
    order_reference: str
    tries: int
    error: str
    parked_at: datetime


@attrs.frozen
class Inquiry:
    """
    The duty to ask the gateway about an attempt, taken by one machine.

    Attributes:
        order_id: The attempt's.
        since: When the calendar of looks began: at the start, or when a callback told of money.
        asked_at: When the gateway was asked last, and answered.
        silent_since: When the first of the looks since then was that got no answer; None where none failed.
        fence: Counts the claims; whoever holds an older one has no say any more.
    """

    order_id: str
    since: datetime
    asked_at: datetime | None
    fence: int
    silent_since: datetime | None = None


@unique
class OperationOutcome(StrEnum):
    """What became of a capture, void or refund."""

    DONE = "done"
    REFUSED = "refused"  # the gateway said no
    NOT_DONE = "not_done"  # no answer came, and the gateway shows that nothing was done
    OVERRULED = "overruled"  # nobody knew, and a person said what became of the attempt's money
    NOT_SENT = "not_sent"  # it never left this machine


@attrs.frozen
class OperationRecord:
    """
    A capture, void or refund as it is kept.

    Attributes:
        key: Names it for ever.
        order_id: The attempt's.
        kind: ``capture``, ``void`` or ``refund``.
        record: `cmi_gateway.api.operation.Operation.to_text`: what was sent, and what was there before.
        sent_at: When it was written, just before it was sent.
    """

    key: str
    order_id: str
    kind: str
    record: str = attrs.field(repr=False)
    sent_at: datetime
