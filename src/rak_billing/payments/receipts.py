"""Receipts as they were issued, and the unbroken series that numbers them."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import ColumnElement, Connection, select

from rak_billing.errors import JournalError
from rak_billing.payments import schema, sealing
from rak_billing.payments.sealing import Vault
from rak_billing.payments.upserts import adding_up
from rak_billing.payments.writes import Writes
from rak_billing.payments.written import inserted

_DIGITS: Final = 11
_NEXT_NUMBER: Final = adding_up(schema.receipt_series, "next_number")
_ISSUE: Final = inserted(schema.receipts)


@attrs.frozen
class ReceiptBook:
    """Receipts of all operators, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)
    _vault: Vault = attrs.field(repr=False)
    _writes: Writes = attrs.field(repr=False)

    def next_number(self, tenant: str, *, first: int) -> str:
        """
        Take the next receipt number of an operator: 11 digits, in a series without a gap.

        The number is spent only if this transaction is committed. Take it in the transaction that pays.

        Raises:
            JournalError: The series has run out of digits.
        """
        # Its row stays locked until this transaction ends: the next number waits until this one is spent or not.
        taken = self._writes.at_once(_NEXT_NUMBER, tenant=tenant, fresh=first + 1, more=1)
        ((following,),) = taken
        number = f"{following - 1:0{_DIGITS}d}"
        if len(number) != _DIGITS:
            raise JournalError(
                f"expected a receipt number of {_DIGITS} digits: the series of {tenant} is used up"
            )
        return number

    def add(
        self,
        *,
        tenant: str,
        number: str,
        order_reference: str,
        secret_hash: str,
        snapshot: Mapping[str, Any],
        at: datetime,
    ) -> None:
        """Write down a receipt; the database refuses a second one of the same order."""
        self._writes.put_off(
            (schema.receipts.name, tenant, number),
            _ISSUE,
            tenant=tenant,
            number=number,
            order_reference=order_reference,
            secret_hash=secret_hash,
            snapshot=self._vault.seal_json(sealing.SNAPSHOT, order_reference, dict(snapshot)),
            issued_at=at,
        )

    def of_secret(self, secret_hash: str) -> Mapping[str, Any] | None:
        """Return the snapshot of the receipt with this link, by the hash of its secret, or None."""
        return self._snapshot(schema.receipts.c.secret_hash == secret_hash)

    def order_of_secret(self, secret_hash: str) -> str:
        """Return the reference of the order whose receipt has this link; there must be one."""
        query = select(schema.receipts.c.order_reference).where(schema.receipts.c.secret_hash == secret_hash)
        reference: str = self._connection.execute(query).scalar_one()
        return reference

    def of_order(self, order_reference: str) -> Mapping[str, Any] | None:
        """Return the snapshot of this order's receipt, or None."""
        return self._snapshot(schema.receipts.c.order_reference == order_reference)

    def _snapshot(self, is_it: ColumnElement[bool]) -> Mapping[str, Any] | None:
        table = schema.receipts
        query = select(table.c.order_reference, table.c.snapshot).where(is_it)
        row = self._connection.execute(query).one_or_none()
        if row is None:
            return None
        snapshot: Mapping[str, Any] = self._vault.open_json(
            sealing.SNAPSHOT, row.order_reference, row.snapshot
        )
        return snapshot
