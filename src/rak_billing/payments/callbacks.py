"""Callbacks whose signature holds: kept as they came, processed once, answered alike for ever."""

from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import (
    ColumnElement,
    CompoundSelect,
    Connection,
    Select,
    literal_column,
    null,
    select,
    union_all,
    update,
)

from rak_billing.payments import schema, sealing
from rak_billing.payments.records import Answered, KnownCallback
from rak_billing.payments.sealing import Vault
from rak_billing.payments.upserts import insert_for, insert_unless_there
from rak_billing.payments.writes import Writes
from rak_billing.payments.written import Asked, Written, given, inserted

#: The outcome of a callback that does not fit the form we sent, or no form at all.
UNMATCHED: Final = "unmatched"


def _known() -> CompoundSelect[Any]:
    forms, kept, told = schema.issued_forms.c, schema.callbacks.c, schema.gateway_transactions.c
    is_processed = (kept.hash == given(forms.hash), kept.outcome != literal_column(f"'{UNMATCHED}'"))
    return union_all(
        _told("form", forms.order_id, forms.hash, null()).where(forms.hash == given(forms.hash)),
        _told("callback", kept.order_id, kept.digest, kept.reply).where(kept.digest == given(kept.digest)),
        _told("values", kept.order_id, kept.digest, kept.reply).where(*is_processed),
        _told("told", told.transaction_id, told.outcome, kept.reply).where(
            told.order_id == given(told.order_id), told.callback_digest == kept.digest
        ),
    )


def _told(what: str, *facts: ColumnElement[Any]) -> Select[Any]:
    named = [fact.label(f"fact_{number}") for number, fact in enumerate(facts)]
    return select(literal_column(f"'{what}'").label("what"), *named)


def _kept(dialect: str, *more: str) -> Any:
    table = schema.callbacks
    columns = ("digest", "hash", "order_id", "raw", "received_at", *more)
    return insert_for(dialect, table).values({name: given(table.c[name]) for name in columns})


def _kept_answered(dialect: str) -> Any:
    statement = _kept(dialect, "outcome", "reply")
    answered = {name: statement.excluded[name] for name in ("outcome", "reply")}
    return statement.on_conflict_do_update(index_elements=["digest"], set_=answered)


_KNOWN: Final = Asked(_known())
_KEEP: Final = Written(schema.callbacks, lambda dialect: _kept(dialect).on_conflict_do_nothing())
_KEEP_ANSWERED: Final = Written(schema.callbacks, _kept_answered)
_TOLD: Final = inserted(schema.gateway_transactions)
_ANSWER: Final = Written(
    schema.callbacks,
    lambda _: (
        update(schema.callbacks)
        .where(schema.callbacks.c.digest == given(schema.callbacks.c.digest))
        .values(outcome=given(schema.callbacks.c.outcome), reply=given(schema.callbacks.c.reply))
    ),
)


@attrs.frozen
class Callbacks:
    """
    The believed callbacks, inside one transaction.

    The gateway's hash holds neither a time stamp nor the names of the fields. So a callback is known by a digest of
    our own, and what was processed is remembered for ever.
    """

    _connection: Connection = attrs.field(repr=False)
    _vault: Vault = attrs.field(repr=False)
    _writes: Writes = attrs.field(repr=False)
    # Digests that were looked for in this transaction and not found.
    _absent: set[str] = attrs.field(init=False, repr=False, factory=set)

    def known(self, *, digest: str, presented_hash: str, order_id: str) -> KnownCallback:
        """Return all that was written before about a callback, its hash and its order id."""
        rows = _KNOWN.rows(self._connection, digest=digest, hash=presented_hash, order_id=order_id)
        found: dict[str, list[tuple[str, str, str]]] = {"form": [], "callback": [], "values": [], "told": []}
        for what, *facts in rows:
            found[what].append((facts[0], facts[1], facts[2]))
        if not found["callback"]:
            self._absent.add(digest)
        told: dict[str, dict[str, str]] = {}
        for transaction_id, outcome, reply in found["told"]:
            told.setdefault(transaction_id, {})[outcome] = reply
        return KnownCallback(
            is_our_form=bool(found["form"]),
            first_reply=next((reply for *_, reply in found["callback"]), None),
            same_values=next((Answered(order, reply) for order, _, reply in found["values"]), None),
            told=told,
        )

    def hash_is_known(self, presented_hash: str) -> bool:
        """Tell whether a callback with this HASH is kept, whatever names its fields had."""
        query = select(schema.callbacks.c.digest).where(schema.callbacks.c.hash == presented_hash)
        return self._connection.execute(query.limit(1)).first() is not None

    def keep(self, *, digest: str, presented_hash: str, order_id: str, raw: bytes, at: datetime) -> bool:
        """Keep a callback as it came, before anything is decided about it; tell whether it was new."""
        kept = self._vault.seal_bytes(sealing.CALLBACK, digest, raw)
        row = {
            "digest": digest, "hash": presented_hash, "order_id": order_id, "raw": kept, "received_at": at,
        }  # fmt: skip
        if digest not in self._absent:
            return insert_unless_there(self._connection, schema.callbacks, row)
        # Just looked for and not found: the answer is known, and the row can wait for what will be answered.
        self._writes.put_off(_row(digest), _KEEP, **row)
        return True

    def raw(self, digest: str) -> bytes | None:
        """Return a callback as it came, or None; of an old one, what retention left of it."""
        table = schema.callbacks
        kept = self._connection.execute(select(table.c.raw).where(table.c.digest == digest)).scalar()
        return None if kept is None else self._vault.open_bytes(sealing.CALLBACK, digest, kept)

    def keep_transaction(self, *, order_id: str, transaction_id: str, outcome: str, digest: str) -> None:
        """
        Remember which callback was the first to tell this outcome of a transaction of the gateway.

        The database refuses an outcome that was told before, and the approval of a transaction that another order id
        was approved with.
        """
        self._writes.put_off(
            (schema.gateway_transactions.name, order_id, transaction_id, outcome),
            _TOLD,
            order_id=order_id,
            transaction_id=transaction_id,
            outcome=outcome,
            callback_digest=digest,
        )

    def answer(self, digest: str, *, outcome: str, reply: str) -> None:
        """Write what the callback was taken for, and the answer that it and every repeat get."""
        waiting = self._writes.waiting(_row(digest))
        if waiting is not None and waiting.written is _KEEP:
            waiting.written = _KEEP_ANSWERED
            waiting.values |= {"outcome": outcome, "reply": reply}
        else:
            self._writes.put_off(_row(digest), _ANSWER, digest=digest, outcome=outcome, reply=reply)


def _row(digest: str) -> tuple[str, str]:
    return schema.callbacks.name, digest
