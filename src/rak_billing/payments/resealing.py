"""Sealing again, with the newest key, what was kept in clear or sealed with an older one."""

from typing import Any, Final

from sqlalchemy import Table, select, update

from rak_billing.errors import JournalSettingError
from rak_billing.payments import schema, sealing
from rak_billing.payments.journal import Journal, Transaction
from rak_billing.payments.sealing import Place

_BATCH: Final = 100
_PASSES: Final = 3


def reseal(journal: Journal) -> dict[str, int]:
    """
    Seal every value with the newest key, and return how many were changed, by table and column.

    A hundred rows at a time: others go on working. Interrupted, it may simply be called again. It looks once more until a
    look finds nothing to do, so that when it returns, no older key is needed for what was there.

    Raises:
        JournalSettingError: The journal was opened without a key.
            Or somebody goes on writing with an older key, or without any.
        SealError: A value does not open.
    """
    with journal.reading() as tx:
        if not tx.vault.has_keys:
            raise JournalSettingError("no_keys", "expected a journal that was opened with keys")
    changed = dict.fromkeys(map(str, sealing.PLACES), 0)
    for _ in range(_PASSES):
        found = {str(place): _reseal_column(journal, place) for place in sealing.PLACES}
        if not any(found.values()):
            return changed
        changed = {place: count + found[place] for place, count in changed.items()}
    raise JournalSettingError(
        "old_keys",
        "expected that all seal with the newest key: start every program again with it in front, then go on",
    )


def _reseal_column(journal: Journal, place: Place) -> int:
    changed, after = 0, ""
    while True:
        last, count = journal.run(lambda tx, after=after: _reseal_some(tx, place, after))  # type: ignore[misc]
        changed += count
        if last is None:
            return changed
        after = last


def _reseal_some(tx: Transaction, place: Place, after: str) -> tuple[str | None, int]:
    table: Table = schema.metadata.tables[place.table]
    key, column = table.c[place.row], table.c[place.column]
    rows = tx.connection.execute(
        select(key, column).where(key > after).order_by(key).limit(_BATCH).with_for_update()
    ).all()
    changed = 0
    for name, kept in rows:
        sealed: Any = tx.vault.reseal(place, name, kept)
        if sealed is not kept:
            tx.connection.execute(update(table).where(key == name).values({column: sealed}))
            changed += 1
    return (rows[-1][0] if rows else None), changed
