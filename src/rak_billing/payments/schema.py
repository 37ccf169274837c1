"""
The journal's tables.

What must happen once is carried by the constraints here, never by an isolation level or a check in code alone:

==========================================  ==================================================
an attempt of an order id                   `attempts`: primary key
the attempt of a return link                `attempts`: token_hash
a form of a hash, for ever                  `issued_forms`: primary key
the processing of a callback                `callbacks`: primary key (our digest, names included)
the processing of signed values             `callbacks`: their hash, unique among those that fitted their order
an outcome of a gateway transaction         `gateway_transactions`: primary key
the order that a transaction pays           `gateway_transactions`: transaction_id, unique among approvals
an unpaid order of a selection and price    `orders`: unique while open
the decision about an invoice at a time     `invoices`: its row, locked
the payment of an invoice                   `invoice_locks`: unique while not released
the receipt of an order                     `receipts`: order_reference
a receipt number of an operator             `receipts`: primary key
the link of a receipt                       `receipts`: secret_hash
a mail or posting about an order            `outbox`: primary key
a capture, void or refund                   `operations`: primary key
a look at an attempt by one machine         `inquiries`: its fence
==========================================  ==================================================

Every key is made by us before the row is written: no serial numbers, sequences, triggers or advisory locks, so that the same tables can serve PostgreSQL and the distributed databases that speak its language.
Amounts are whole centimes; instants are UTC.
"""

from sqlalchemy import (
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Table,
)

from rak_billing.payments.columns import Instant, Json, PlainText, Whole, only_where

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

#: One selection of invoices that a customer wants to pay.
orders = Table(
    "orders",
    metadata,
    Column("reference", PlainText, primary_key=True),
    Column("tenant", PlainText, nullable=False),
    Column("customer_ref", PlainText, nullable=False),
    Column("customer_name", PlainText, nullable=False),
    Column("customer_address", PlainText, nullable=False),
    Column("state", PlainText, nullable=False),
    Column("card", PlainText, nullable=False),
    Column("total_centimes", Whole, CheckConstraint("total_centimes > 0", "total_positive"), nullable=False),
    Column("currency", PlainText, nullable=False),
    Column("quote", Json, nullable=False),
    Column("quote_digest", PlainText, nullable=False),
    Column("created_at", Instant, nullable=False),
    Index(None, "tenant", "customer_ref", "quote_digest"),
    Index(
        "uq_orders_open",
        "tenant",
        "customer_ref",
        "quote_digest",
        unique=True,
        **only_where("state = 'open'"),
    ),
    sqlite_strict=True,
)

#: The lines of an order as billing worded them; the fee is the last one.
order_lines = Table(
    "order_lines",
    metadata,
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("is_fee", Integer, nullable=False),
    Column("reference", PlainText, nullable=False),
    Column("description", PlainText, nullable=False),
    Column("amount_centimes", Whole, nullable=False),
    PrimaryKeyConstraint("order_reference", "position"),
    Index(None, "reference"),
    sqlite_strict=True,
)

#: One signed form each: what was sent, what the customer typed and accepted, and what the gateway made of it.
attempts = Table(
    "attempts",
    metadata,
    Column("order_id", PlainText, primary_key=True),
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False, index=True),
    Column("state", PlainText, nullable=False),
    Column("token_hash", PlainText, nullable=False, unique=True),
    Column("form_fields", Json, nullable=False),
    Column("email", PlainText, nullable=False),
    Column("language", PlainText, nullable=False),
    Column("terms_version", PlainText, nullable=False),
    Column("terms_accepted_at", Instant, nullable=False),
    Column("started_at", Instant, nullable=False),
    Column("facts", Json),
    Column("payment_instant", Instant),
    # An order has one payment, whatever becomes of its other attempts.
    Index(
        "uq_attempts_payment",
        "order_reference",
        unique=True,
        **only_where("payment_instant IS NOT NULL"),
    ),
    sqlite_strict=True,
)

#: The hash of every form ever issued; outlives the orders, for a form may be sent back to us at any time.
issued_forms = Table(
    "issued_forms",
    metadata,
    Column("hash", PlainText, primary_key=True),
    Column("order_id", PlainText, nullable=False),
    sqlite_strict=True,
)

#: Every invoice that anybody ever began to pay. Whoever decides about one locks its row first, where rows can be locked:
#: two orders that share an invoice are then decided one after the other, on however many machines.
invoices = Table(
    "invoices",
    metadata,
    Column("tenant", PlainText, nullable=False),
    Column("reference", PlainText, nullable=False),
    PrimaryKeyConstraint("tenant", "reference"),
    sqlite_strict=True,
)

#: Invoices that are accepted or paid here and not posted yet: a second order cannot pay them as well.
invoice_locks = Table(
    "invoice_locks",
    metadata,
    Column("tenant", PlainText, nullable=False),
    Column("invoice_reference", PlainText, nullable=False),
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False),
    Column("locked_at", Instant, nullable=False),
    Column("released_at", Instant),
    PrimaryKeyConstraint("order_reference", "invoice_reference"),
    Index(
        "uq_invoice_locks_held",
        "tenant",
        "invoice_reference",
        unique=True,
        **only_where("released_at IS NULL"),
    ),
    sqlite_strict=True,
)

#: Callbacks whose signature holds, as they came, with the answer that every repeat gets again.
callbacks = Table(
    "callbacks",
    metadata,
    Column("digest", PlainText, primary_key=True),
    Column("hash", PlainText, nullable=False, index=True),
    Column("order_id", PlainText, nullable=False, index=True),
    Column("raw", LargeBinary, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("outcome", PlainText),
    Column("reply", PlainText),
    Column("reduced_at", Instant),
    Index("uq_callbacks_processed", "hash", unique=True, **only_where("outcome <> 'unmatched'")),
    sqlite_strict=True,
)

#: Which callback was the first to tell of an outcome of a gateway's transaction; a second outcome is a contradiction.
gateway_transactions = Table(
    "gateway_transactions",
    metadata,
    Column("order_id", PlainText, ForeignKey("attempts.order_id"), nullable=False),
    Column("transaction_id", PlainText, nullable=False),
    Column("outcome", PlainText, nullable=False),
    Column("callback_digest", PlainText, ForeignKey("callbacks.digest"), nullable=False),
    PrimaryKeyConstraint("order_id", "transaction_id", "outcome"),
    # One transaction is one payment: told as the approval of a second order, it is not believed.
    Index(
        "uq_gateway_transactions_approved",
        "transaction_id",
        unique=True,
        **only_where("outcome = 'Approved'"),
    ),
    sqlite_strict=True,
)

#: Callbacks that were not believed, counted by reason and day.
rejections = Table(
    "rejections",
    metadata,
    Column("reason", PlainText, nullable=False),
    Column("day", PlainText, nullable=False),
    Column("count", Whole, nullable=False),
    PrimaryKeyConstraint("reason", "day"),
    sqlite_strict=True,
)

#: A few of them, every value masked.
rejection_samples = Table(
    "rejection_samples",
    metadata,
    Column("reason", PlainText, nullable=False),
    Column("day", PlainText, nullable=False),
    Column("position", Integer, nullable=False),
    Column("received_at", Instant, nullable=False),
    Column("masked", PlainText, nullable=False),
    PrimaryKeyConstraint("reason", "day", "position"),
    sqlite_strict=True,
)

#: The history of an order. Rows are added and never changed; the states of orders and attempts are what they lead to.
events = Table(
    "events",
    metadata,
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False),
    Column("position", Integer, nullable=False),
    Column("order_id", PlainText, nullable=False),
    Column("event", PlainText, nullable=False),
    Column("attempt_state", PlainText, nullable=False),
    Column("order_state", PlainText, nullable=False),
    Column("callback_digest", PlainText),
    Column("at", Instant, nullable=False),
    Column("attempt_before", PlainText),
    Column("order_before", PlainText),
    Column("facts", Json),
    PrimaryKeyConstraint("order_reference", "position"),
    sqlite_strict=True,
)

#: What a person must look at; one row for each kind of trouble and the callback that brought it.
reviews = Table(
    "reviews",
    metadata,
    Column("order_id", PlainText, nullable=False),
    Column("kind", PlainText, nullable=False),
    Column("callback_digest", PlainText, nullable=False),
    Column("raised_at", Instant, nullable=False),
    Column("resolved_at", Instant),
    Column("resolved_by", PlainText),
    Column("resolved_why", PlainText),
    PrimaryKeyConstraint("order_id", "kind", "callback_digest"),
    Index("ix_reviews_waiting", "raised_at", "order_id", **only_where("resolved_at IS NULL")),
    sqlite_strict=True,
)

#: The next receipt number of each operator: a row, not a sequence, because sequences leave gaps.
receipt_series = Table(
    "receipt_series",
    metadata,
    Column("tenant", PlainText, primary_key=True),
    Column("next_number", Whole, nullable=False),
    sqlite_strict=True,
)

#: Receipts as they were issued; *snapshot* is the whole of it, whatever changes later.
receipts = Table(
    "receipts",
    metadata,
    Column("tenant", PlainText, nullable=False),
    Column("number", PlainText, nullable=False),
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False, unique=True),
    Column("secret_hash", PlainText, nullable=False, unique=True),
    Column("snapshot", Json, nullable=False),
    Column("issued_at", Instant, nullable=False),
    PrimaryKeyConstraint("tenant", "number"),
    sqlite_strict=True,
)

#: What must leave this machine because of a payment.
outbox = Table(
    "outbox",
    metadata,
    Column("key", PlainText, primary_key=True),
    Column("topic", PlainText, nullable=False),
    Column("order_reference", PlainText, ForeignKey("orders.reference"), nullable=False),
    Column("tries", Integer, nullable=False),
    Column("due_at", Instant, nullable=False),
    Column("sent_at", Instant),
    Column("last_error", PlainText),
    Column("parked_at", Instant),
    Column("begun_at", Instant),
    # Its order's; here, so that nobody walks past the backlog of another operator.
    Column("tenant", PlainText, nullable=False),
    # Of the tries, those before a person took it up again.
    Column("tries_before", Integer),
    # On the waiting rows alone: else finding the next takes the longer, the longer the past is.
    Index("ix_outbox_due", "tenant", "due_at", "key", **only_where("sent_at IS NULL AND parked_at IS NULL")),
    Index(
        "ix_outbox_dead",
        "tenant",
        "parked_at",
        "key",
        **only_where("sent_at IS NULL AND parked_at IS NOT NULL"),
    ),
    sqlite_strict=True,
)

#: When the gateway is asked next about an attempt, and who is asking: `fence` counts the claims.
inquiries = Table(
    "inquiries",
    metadata,
    Column("order_id", PlainText, ForeignKey("attempts.order_id"), primary_key=True),
    Column("tenant", PlainText, nullable=False),
    Column("since", Instant, nullable=False),
    Column("due_at", Instant),
    Column("asked_at", Instant),
    Column("fence", Integer, nullable=False),
    Column("silent_since", Instant),
    Index("ix_inquiries_due", "tenant", "due_at", "order_id", **only_where("due_at IS NOT NULL")),
    sqlite_strict=True,
)

#: Captures, voids and refunds, each written down before it is sent.
operations = Table(
    "operations",
    metadata,
    Column("key", PlainText, primary_key=True),
    Column("order_id", PlainText, ForeignKey("attempts.order_id"), nullable=False, index=True),
    Column("kind", PlainText, nullable=False),
    Column("record", PlainText, nullable=False),
    Column("sent_at", Instant, nullable=False),
    Column("outcome", PlainText),
    Column("resolved_at", Instant),
    # One at a time for each attempt, on however many machines.
    Index("uq_operations_open", "order_id", unique=True, **only_where("outcome IS NULL")),
    sqlite_strict=True,
)

#: When the next request may go to the gateway, for all machines together.
paces = Table(
    "paces",
    metadata,
    Column("name", PlainText, primary_key=True),
    Column("next_at", Instant, nullable=False),
    sqlite_strict=True,
)

#: What deletion after the time of retention left behind: sums, so that no total of the past changes.
tallies = Table(
    "tallies",
    metadata,
    Column("tenant", PlainText, nullable=False),
    Column("state", PlainText, nullable=False),
    Column("month", PlainText, nullable=False),
    Column("currency", PlainText, nullable=False),
    Column("orders", Whole, nullable=False),
    Column("total_centimes", Whole, nullable=False),
    PrimaryKeyConstraint("tenant", "state", "month", "currency"),
    sqlite_strict=True,
)
