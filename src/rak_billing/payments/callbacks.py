"""Callbacks whose signature holds: kept as they came, processed once, answered alike for ever."""

from datetime import datetime
from typing import Final

import attrs
from sqlalchemy import Connection, select, update

from rak_billing.payments import schema, sealing
from rak_billing.payments.records import Answered
from rak_billing.payments.sealing import Vault
from rak_billing.payments.upserts import insert_unless_there
from rak_billing.payments.writes import Writes
from rak_billing.payments.written import Written, given, inserted

#: The outcome of a callback that does not fit the form we sent, or no form at all.
UNMATCHED: Final = "unmatched"

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

    def reply_to(self, digest: str) -> str | None:
        """Return the answer that this very callback got before, or None."""
        query = select(schema.callbacks.c.reply).where(schema.callbacks.c.digest == digest)
        return self._connection.execute(query).scalar_one_or_none()

    def hash_is_known(self, presented_hash: str) -> bool:
        """Tell whether a callback with this HASH is kept, whatever names its fields had."""
        query = select(schema.callbacks.c.digest).where(schema.callbacks.c.hash == presented_hash)
        return self._connection.execute(query.limit(1)).first() is not None

    def processed_with(self, presented_hash: str) -> Answered | None:
        """Return what was answered to a callback of this HASH that fitted its order, or None."""
        table = schema.callbacks
        query = select(table.c.order_id, table.c.reply).where(
            table.c.hash == presented_hash, table.c.outcome != UNMATCHED
        )
        row = self._connection.execute(query.order_by(table.c.received_at)).first()
        return None if row is None else Answered(row.order_id, row.reply)

    def told_of(self, order_id: str, transaction_id: str) -> dict[str, str]:
        """Return each outcome that was told of this transaction of the gateway, with its first answer."""
        seen = schema.gateway_transactions
        query = (
            select(seen.c.outcome, schema.callbacks.c.reply)
            .join(seen, seen.c.callback_digest == schema.callbacks.c.digest)
            .where(seen.c.order_id == order_id, seen.c.transaction_id == transaction_id)
        )
        return {row.outcome: row.reply for row in self._connection.execute(query)}

    def keep(self, *, digest: str, presented_hash: str, order_id: str, raw: bytes, at: datetime) -> bool:
        """Keep a callback as it came, before anything is decided about it; tell whether it was new."""
        kept = self._vault.seal_bytes(sealing.CALLBACK, digest, raw)
        row = {
            "digest": digest, "hash": presented_hash, "order_id": order_id, "raw": kept, "received_at": at,
        }  # fmt: skip
        return insert_unless_there(self._connection, schema.callbacks, row)

    def raw(self, digest: str) -> bytes | None:
        """Return a callback as it came, or None; of an old one, what retention left of it."""
        table = schema.callbacks
        kept = self._connection.execute(select(table.c.raw).where(table.c.digest == digest)).scalar()
        return None if kept is None else self._vault.open_bytes(sealing.CALLBACK, digest, kept)

    def keep_transaction(self, *, order_id: str, transaction_id: str, outcome: str, digest: str) -> None:
        """Remember which callback was the first to tell this outcome of a transaction of the gateway."""
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
        self._writes.put_off(_row(digest), _ANSWER, digest=digest, outcome=outcome, reply=reply)


def _row(digest: str) -> tuple[str, str]:
    return schema.callbacks.name, digest
