"""
Proves what a billing adapter claims: its look-ups, and above all the way in which it is exactly-once.

::

    from rak_billing.testing.billing_conformance import Bench, prove


    def test_our_adapter_keeps_its_promise(tmp_path):
        prove(lambda: Bench(receiver=..., posting=..., entries=..., billing=...))

The kit plays the worker: it posts, dies at every line of the adapter in turn, comes back, does what the declared way
asks for, and counts the entries in the books. Nothing here knows how the adapter works.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from threading import Barrier
from types import ModuleType
from typing import Any, Final, TypeAlias, cast

import attrs

from cmi_gateway.money import Money
from rak_billing.billing_posting import AlreadyPosted, PaidInvoice, Posted, Posting, Refused, RefusedReason
from rak_billing.errors import BillingUnavailableError, PostingError, PostingNotSentError, PostingUnknownError
from rak_billing.exactly_once import ExactlyOnce, NextStep, after_search, after_unknown
from rak_billing.ports import BillingSystem, PostingReceiver, PostingSearch, TransactionalPosting
from rak_billing.testing.crash_points import died_at

__all__ = ["Bench", "ConformanceError", "Factory", "Proof", "prove", "prove_exactly_once", "prove_look_up"]

_WORKERS: Final = 8
_MOST_POINTS: Final = 20_000
_TRIES: Final = 20

_Block: TypeAlias = Callable[[], AbstractContextManager[Any]]


class ConformanceError(AssertionError):
    """The adapter does not do what it must, or what it claims."""


@attrs.frozen(kw_only=True, eq=False)
class Bench:
    """
    A fresh billing system and what the kit must know about it.

    Attributes:
        receiver: The adapter.
        posting: A payment that the books would take, and do not hold yet.
        entries: Counts the entries that the books hold under a key; asks the books, not the adapter.
        billing: The look-up half, where it has one; it knows the posting's customer, who owes what is posted.
        unknown_customer: A number of nobody.
        outage: A block in which the billing system cannot be reached.
        lost_answers: A block in which postings reach it, and its answers are lost.
        transaction: For the way `ExactlyOnce.SAME_TRANSACTION`: a block of one transaction in the journal's database,
            giving its connection; kept when the block ends, undone when it raises.
        crash_in: Modules in whose lines the process dies, besides the receiver's own.
    """

    receiver: PostingReceiver
    posting: Posting
    entries: Callable[[str], int]
    billing: BillingSystem | None = None
    unknown_customer: str = "0"
    outage: _Block | None = None
    lost_answers: _Block | None = None
    transaction: _Block | None = None
    crash_in: tuple[ModuleType, ...] = ()

    @property
    def files(self) -> frozenset[str]:
        """The source files in which the process dies."""
        modules = (sys.modules[type(self.receiver).__module__], *self.crash_in)
        return frozenset(str(module.__file__) for module in modules)


#: Makes a fresh bench, with nothing in its books; called once for every crash.
Factory: TypeAlias = Callable[[], Bench]


@attrs.frozen
class Proof:
    """
    What was proved.

    Attributes:
        way: The way that the adapter declares.
        crash_points: How many places the process died at, each once, and once more while recovering.
    """

    way: ExactlyOnce
    crash_points: int


def prove(factory: Factory) -> Proof:
    """
    Prove both halves; see `prove_look_up` and `prove_exactly_once`.

    Raises:
        ConformanceError: Something does not hold; says what.
    """
    prove_look_up(factory)
    return prove_exactly_once(factory)


def prove_look_up(factory: Factory) -> None:
    """
    Prove that a customer's bills are found, that nobody's are None, and that an outage is neither.

    Raises:
        ConformanceError: Something does not hold; says what.
    """
    bench = factory()
    if bench.billing is None:
        return
    posting = bench.posting
    statement = bench.billing.statement(posting.customer_ref)
    _require(statement is not None, "a known customer was not found")
    assert statement is not None
    _require(statement.account.customer_ref == posting.customer_ref, "the statement is of another customer")
    owed = {invoice.reference: invoice.amount for invoice in statement.invoices}
    for paid in posting.invoices:
        _require(owed.get(paid.reference) == paid.amount, f"invoice {paid.reference} is not listed as owed")
    _require(bench.billing.statement(bench.unknown_customer) is None, "an unknown customer is not None")
    if bench.outage is not None:
        _prove_outage(bench, bench.billing, bench.outage)


def _prove_outage(bench: Bench, billing: BillingSystem, outage: _Block) -> None:
    for customer in (bench.posting.customer_ref, bench.unknown_customer):
        with outage():
            try:
                answer = billing.statement(customer)
            except BillingUnavailableError:
                continue
        raise ConformanceError(
            f"an outage looked like an answer, {answer!r:.60}: raise BillingUnavailableError"
        )


def prove_exactly_once(factory: Factory) -> Proof:
    """
    Prove that whatever happens to the worker, the books hold the payment once.

    Raises:
        ConformanceError: They may hold it twice, or lose it; says after what.
    """
    way = factory().receiver.exactly_once
    _prove_first(factory())
    if after_unknown(way) is NextStep.RETRY:
        _prove_repeats(factory())
        _prove_key_is_one_payment(factory())
        _prove_workers_at_once(factory())
    if way is ExactlyOnce.SEARCH:
        _prove_search(factory())
    if way is ExactlyOnce.SAME_TRANSACTION:
        _prove_one_transaction(factory())
    _prove_lost_answers(factory())
    _prove_nothing_sent(factory())
    return Proof(way, _prove_crashes(factory))


def _prove_first(bench: Bench) -> None:
    answer = bench.receiver.post(bench.posting)
    _require(
        isinstance(answer, Posted),
        f"the first posting was answered {answer!r}, not Posted: each bench needs books of its own",
    )
    _require_once(bench, "one posting")


def _prove_repeats(bench: Bench) -> None:
    bench.receiver.post(bench.posting)
    for _ in range(3):
        # A worker that starts again makes the posting anew from the journal.
        answer = bench.receiver.post(attrs.evolve(bench.posting))
        _require(
            isinstance(answer, AlreadyPosted),
            f"a repeat was answered {answer!r}, not AlreadyPosted: look the key up, or declare another way",
        )
    _require_once(bench, "repeats")


def _prove_key_is_one_payment(bench: Bench) -> None:
    bench.receiver.post(bench.posting)
    first, *others = bench.posting.invoices
    changed = PaidInvoice(first.reference, first.amount + Money(1, first.amount.currency))
    answer = bench.receiver.post(attrs.evolve(bench.posting, invoices=(changed, *others)))
    _require(
        isinstance(answer, Refused) and answer.reason is RefusedReason.KEY_REUSED,
        f"another payment under the same key was answered {answer!r}, not Refused with KEY_REUSED: keep the digest too",
    )
    _require_once(bench, "another payment under the same key")


def _prove_workers_at_once(bench: Bench) -> None:
    barrier = Barrier(_WORKERS)

    def work(_number: int) -> object:
        barrier.wait()
        return _post_until_answered(bench)

    with _hurried_threads(), ThreadPoolExecutor(_WORKERS) as pool:
        answers = list(pool.map(work, range(_WORKERS)))
    for answer in answers:
        _require(isinstance(answer, (Posted, AlreadyPosted)), f"one of several workers got {answer!r}")
    _require_once(bench, "several workers at once")


def _prove_search(bench: Bench) -> None:
    search = cast("PostingSearch", bench.receiver)
    _require(search.find_posting(bench.posting) is None, "a search found what was never posted")
    bench.receiver.post(bench.posting)
    found = search.find_posting(bench.posting)
    _require(isinstance(found, Posted), f"a search for what was posted gave {found!r}")
    _require(search.final_after >= timedelta(0), "final_after is negative")


def _prove_one_transaction(bench: Bench) -> None:
    receiver, transaction = cast("TransactionalPosting", bench.receiver), bench.transaction
    if transaction is None:
        raise ConformanceError("the way same-transaction needs a bench with a transaction")
    try:
        with transaction() as connection:
            receiver.post_within(connection, bench.posting)
            _undo()
    except _UndoneError:
        pass
    _require(bench.entries(bench.posting.key) == 0, "an entry outlived the transaction that was undone")
    with transaction() as connection:
        answer = receiver.post_within(connection, bench.posting)
    _require(isinstance(answer, Posted), f"within a transaction the posting was answered {answer!r}")
    _require_once(bench, "a transaction that was undone, and one that was kept")


class _UndoneError(Exception):
    """Undoes a transaction."""


def _undo() -> None:
    raise _UndoneError


def _prove_lost_answers(bench: Bench) -> None:
    if bench.lost_answers is None:
        return
    with bench.lost_answers():
        try:
            answer = bench.receiver.post(bench.posting)
        except PostingUnknownError:
            pass
        except PostingError as error:
            raise ConformanceError(
                f"after a lost answer it was said that nothing was sent: {error}"
            ) from None
        else:
            raise ConformanceError(f"a lost answer became {answer!r}: raise PostingUnknownError")
    _recover(bench)
    _require_kept(bench, "a lost answer")


def _prove_nothing_sent(bench: Bench) -> None:
    if bench.outage is None:
        return
    most = 1
    with bench.outage():
        try:
            answer = bench.receiver.post(bench.posting)
        except PostingNotSentError:
            most = 0
        except PostingUnknownError:
            pass
        else:
            raise ConformanceError(f"an outage looked like an answer, {answer!r}: raise a PostingError")
    # The books may be out of reach themselves during the outage.
    _require(
        bench.entries(bench.posting.key) <= most, "it was said that nothing was sent, and an entry is there"
    )
    _recover(bench)
    _require_kept(bench, "an outage")


def _prove_crashes(factory: Factory) -> int:
    for point in range(1, _MOST_POINTS):
        bench = factory()
        place = died_at(point, bench.files, lambda bench=bench: bench.receiver.post(bench.posting))  # type: ignore[misc]
        if place is None:
            return point - 1
        # Dies again at the same point of the recovery, where it comes so far.
        again = died_at(point, bench.files, lambda bench=bench: _recover(bench))  # type: ignore[misc]
        _recover(bench)
        _require_kept(bench, f"a crash at {place}" + (f", and while recovering at {again}" if again else ""))
    raise ConformanceError(f"posting did not end within {_MOST_POINTS} lines")


def _recover(bench: Bench) -> None:
    """Do what a worker does that does not know what became of its posting."""
    step = after_unknown(bench.receiver.exactly_once)
    if step is NextStep.SEARCH:
        search = cast("PostingSearch", bench.receiver)
        found = search.find_posting(bench.posting)
        decision = after_search(found, since=search.final_after, final_after=search.final_after)
        step = decision if isinstance(decision, NextStep) else NextStep.PARK
    if step is NextStep.RETRY:
        answer = _post_until_answered(bench)
        _require(isinstance(answer, (Posted, AlreadyPosted)), f"recovering ended with {answer!r}")


def _post_until_answered(bench: Bench) -> object:
    for _ in range(_TRIES):
        try:
            return bench.receiver.post(bench.posting)
        except PostingNotSentError:
            continue
    raise ConformanceError(f"{_TRIES} times in a row nothing was sent, although billing can be reached")


@contextmanager
def _hurried_threads() -> Iterator[None]:
    """Change between threads as often as Python can: what is decided before it is locked then shows."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _require_once(bench: Bench, after: str) -> None:
    entries = bench.entries(bench.posting.key)
    _require(entries == 1, f"expected one entry in the books after {after}, found {entries}")


def _require_kept(bench: Bench, after: str) -> None:
    """Require one entry; where unknown outcomes are parked for a person, none may do too."""
    entries = bench.entries(bench.posting.key)
    if entries == 0 and after_unknown(bench.receiver.exactly_once) is NextStep.PARK:
        return
    _require(entries == 1, f"expected one entry in the books after {after}, found {entries}")


def _require(holds: object, otherwise: str) -> None:
    if not holds:
        raise ConformanceError(otherwise)
