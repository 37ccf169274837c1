"""Steps that the tests of a journal are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier
from typing import TypeVar

from rak_billing.errors import JournalError
from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import KnownCallback, OrderRecord
from rak_billing.payments.states import Event, OrderState
from rak_billing.testing.journal_samples import FACTS, NOW, TENANT, begin, order

T = TypeVar("T")
ErrorT = TypeVar("ErrorT", bound=JournalError)
THREADS = 8


class StoppedError(Exception):
    """Ends a transaction without reason."""


@contextmanager
def refused(kind: type[ErrorT] = JournalError) -> Iterator[list[ErrorT]]:  # type: ignore[assignment]
    """Expect an error of the journal; the list given holds it afterwards."""
    caught: list[ErrorT] = []
    try:
        yield caught
    except kind as error:
        caught.append(error)
        return
    raise AssertionError(f"expected {kind.__name__}")


def at_once(work: Callable[[], T]) -> list[T]:
    """Do *work* in eight threads at the same moment, and give what each returned."""
    barrier = Barrier(THREADS)

    def run() -> T:
        barrier.wait()
        return work()

    with ThreadPoolExecutor(THREADS) as pool:
        return [future.result() for future in [pool.submit(run) for _ in range(THREADS)]]


def begun(journal: JournalPort, *orders: OrderRecord) -> None:
    """Write down orders, each with one attempt."""
    for it in orders:
        journal.run(lambda tx, it=it: begin(tx, it))  # type: ignore[misc]


def approve(tx: TransactionPort, order_id: str = "ORDER-1-1") -> bool:
    """Accept an attempt unless its order is decided or its invoices are paid; tell whether it was."""
    found = tx.orders.locked(order_id)
    assert found is not None
    it, attempt = found
    if it.state is not OrderState.OPEN or tx.locks.paid_by_another(it):
        return False
    it, attempt = tx.orders.apply(Event.APPROVE, it, attempt, at=NOW)
    tx.locks.take(it, at=NOW)
    tx.orders.keep_payment(attempt, FACTS, NOW)
    return True


def happen(tx: TransactionPort, event: Event, order_id: str = "ORDER-1-1") -> None:
    """Have an event befall an attempt and its order."""
    found = tx.orders.locked(order_id)
    assert found is not None
    tx.orders.apply(event, *found, at=NOW)


def keep(tx: TransactionPort, digest: str, presented_hash: str, raw: bytes = b"\x00raw\xff") -> bool:
    """Keep a callback of the first order."""
    return tx.callbacks.keep(
        digest=digest, presented_hash=presented_hash, order_id="ORDER-1-1", raw=raw, at=NOW
    )


def known(tx: TransactionPort, digest: str, presented_hash: str = "none") -> KnownCallback:
    """Look up a callback of the first order."""
    return tx.callbacks.known(digest=digest, presented_hash=presented_hash, order_id="ORDER-1-1")


def put(journal: JournalPort, *keys: str) -> None:
    """Put entries about the first order in the outbox."""
    begun(journal, order())
    for key in keys:
        journal.run(
            lambda tx, key=key: tx.outbox.add(  # type: ignore[misc]
                key=key, tenant=TENANT, topic="mail", order_reference="ORDER-1", at=NOW
            )
        )
