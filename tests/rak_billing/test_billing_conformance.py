"""The kit that proves what billing adapters claim: ours pass, and adapters that lie do not."""

from contextlib import contextmanager
from datetime import timedelta
from itertools import count
from pathlib import Path
from unittest import mock

import attrs
import pytest
import sqlalchemy as sa

from rak_billing.billing_posting import AlreadyPosted, Posted, Posting, Refused, RefusedReason
from rak_billing.billing_systems import fatourati_references, judging
from rak_billing.billing_systems.fatourati import FatouratiBilling
from rak_billing.billing_systems.fatourati_documents import Biller
from rak_billing.billing_systems.fatourati_references import KeptRequests
from rak_billing.billing_systems.in_memory import InMemoryBilling
from rak_billing.billing_systems.posting_folder import PostingFolder
from rak_billing.billing_systems.sqlite import SqliteBilling
from rak_billing.errors import PostingNotSentError, PostingUnknownError
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.testing.billing_conformance import (
    Bench,
    ConformanceError,
    _post_until_answered,
    prove,
    prove_exactly_once,
)
from rak_billing.testing.crash_points import died_at
from support.billing_kit import POSTING, STATEMENT, FakeFatourati


def in_memory():
    billing = InMemoryBilling([STATEMENT])
    return Bench(
        receiver=billing,
        posting=POSTING,
        entries=lambda key: sum(posting.key == key for posting in billing.postings),
        billing=billing,
        crash_in=(judging,),
    )


@pytest.fixture
def fresh(tmp_path):
    numbers = count()
    return lambda: tmp_path / str(next(numbers))


def test_the_one_in_memory_keeps_its_promise():
    """Whatever line it dies at, the books hold the payment once."""
    assert prove(in_memory).crash_points > 20


def test_the_one_in_a_file_keeps_its_promise(fresh):
    """A look-up of a missing file is an outage, and an entry and its mark are one transaction."""

    def bench():
        path = fresh()
        billing = SqliteBilling(path)
        billing.load([STATEMENT])

        @contextmanager
        def outage():
            path.rename(f"{path}.away")
            path.mkdir()
            yield
            path.rmdir()
            path.with_name(f"{path.name}.away").rename(path)

        return Bench(
            receiver=billing,
            posting=POSTING,
            entries=lambda key: sum(entry["key"] == key for entry in billing.postings()),
            billing=billing,
            outage=outage,
        )

    with mock.patch("rak_billing.billing_systems.sqlite._SYNC", "OFF"):
        proof = prove(bench)
    assert (ExactlyOnce.KEY, True) == (proof.way, proof.crash_points > 30)


def test_the_folder_keeps_its_promise(fresh):
    """A file counts once its manifest is there, and both are the same however often they are written."""

    def bench():
        receiver = PostingFolder(fresh())

        @contextmanager
        def outage():
            receiver.folder.write_text("in the way")
            yield
            receiver.folder.unlink()

        return Bench(
            receiver=receiver,
            posting=POSTING,
            entries=lambda key: len(list(receiver.folder.glob(f"*_{key}.csv.manifest"))),
            outage=outage,
        )

    with mock.patch("os.fsync"):
        proof = prove(bench)
    assert (ExactlyOnce.FILE, True) == (proof.way, proof.crash_points > 20)


@attrs.define
class Wire:
    """Carries requests to a fake without a socket; loses what it is told to."""

    answer: object
    fake: FakeFatourati
    is_down: bool = False

    def __call__(self, body, /, *, content_type, is_query, seconds):
        import json

        from cmi_gateway.api.transport import RawAnswer
        from cmi_gateway.errors import OutcomeUnknownError, RequestNotSentError

        if self.is_down:
            raise RequestNotSentError("no connection")
        with self.fake.lock:
            answer = self.answer(json.loads(body))
        if self.fake.loses_answers and not is_query:
            raise OutcomeUnknownError("no answer")
        return RawAnswer(200, json.dumps(answer).encode())


def fatourati_bench(path, *, is_repeat_safe, knows_repeats=True):
    fake = FakeFatourati(knows_repeats=knows_repeats)
    look_up, confirm = Wire(fake.look_up, fake), Wire(fake.confirm, fake)
    billing = FatouratiBilling(
        biller=Biller("1001", "01", "NUM_CONTRAT", "EAU"),
        look_up=look_up,
        confirm=confirm,
        kept=KeptRequests(path),
        is_repeat_safe=is_repeat_safe,
        unknown_client_codes={"105"},
    )
    statement = billing.statement(POSTING.customer_ref)
    invoices = [
        attrs.evolve(paid, reference=invoice.reference)
        for paid, invoice in zip(POSTING.invoices, statement.invoices, strict=True)
    ]

    @contextmanager
    def outage():
        look_up.is_down = confirm.is_down = True
        yield
        look_up.is_down = confirm.is_down = False

    @contextmanager
    def lost_answers():
        fake.loses_answers = True
        yield
        fake.loses_answers = False

    return Bench(
        receiver=billing,
        posting=attrs.evolve(POSTING, invoices=invoices),
        entries=lambda key: fake.books[key],
        billing=billing,
        outage=outage,
        lost_answers=lost_answers,
        crash_in=(fatourati_references,),
    )


@pytest.mark.parametrize("is_repeat_safe", [True, False])
def test_the_one_of_fatouratis_shape_keeps_its_promise(fresh, is_repeat_safe):
    """Every try sends what was kept before the first; where repeats are not known to be safe, none is made."""
    with mock.patch("rak_billing.billing_systems.fatourati_references._SYNC", "OFF"):
        proof = prove(lambda: fatourati_bench(fresh(), is_repeat_safe=is_repeat_safe))
    assert proof.crash_points > 30


def test_a_hub_that_books_repeats_is_found_out(fresh):
    """Whoever says that repeats are safe where they are not is told so by the kit."""
    with pytest.raises(ConformanceError, match="a repeat was answered Posted"):
        prove(lambda: fatourati_bench(fresh(), is_repeat_safe=True, knows_repeats=False))


@attrs.define
class Books:
    """A billing system written badly in one way."""

    rows: list[Posting] = attrs.Factory(list)
    exactly_once: ExactlyOnce = ExactlyOnce.KEY

    def has(self, posting):
        return any(row.key == posting.key for row in self.rows)

    def post(self, posting):
        self.rows.append(posting)
        return Posted()


class PostsTwice(Books):
    """Claims a key, and knows none."""


class ForgetsContent(Books):
    """Takes any payment under a key for the one that it has."""

    def post(self, posting):
        return AlreadyPosted() if self.has(posting) else super().post(posting)


class ChecksThenActs(Books):
    """Looks, and writes a moment later."""

    def post(self, posting):
        for row in self.rows:
            if row.key == posting.key:
                same = row.digest == posting.digest
                return AlreadyPosted() if same else Refused(RefusedReason.KEY_REUSED)
        posting.digest.encode()
        import time

        time.sleep(0.001)
        return super().post(posting)


@attrs.define
class MarksLater(Books):
    """Writes the entry first and its key after."""

    keys: dict[str, str] = attrs.Factory(dict)

    def post(self, posting):
        if posting.key in self.keys:
            same = self.keys[posting.key] == posting.digest
            return AlreadyPosted() if same else Refused(RefusedReason.KEY_REUSED)
        self.rows.append(posting)
        self.keys[posting.key] = posting.digest
        return Posted()


class MarksBefore(MarksLater):
    """Writes the key first and the entry after: the payment is lost."""

    def post(self, posting):
        if posting.key in self.keys:
            same = self.keys[posting.key] == posting.digest
            return AlreadyPosted() if same else Refused(RefusedReason.KEY_REUSED)
        self.keys[posting.key] = posting.digest
        self.rows.append(posting)
        return Posted()


@attrs.define
class Searches(Books):
    """Can be asked for our key."""

    exactly_once: ExactlyOnce = ExactlyOnce.SEARCH
    final_after: timedelta = timedelta(minutes=10)
    is_blind: bool = False

    def find_posting(self, posting):
        return Posted() if self.has(posting) and not self.is_blind else None


@attrs.define
class Parks(Books):
    """Neither knows a key nor can be asked."""

    exactly_once: ExactlyOnce = ExactlyOnce.PARK


def bench_of(books):
    return Bench(
        receiver=books, posting=POSTING, entries=lambda key: sum(row.key == key for row in books.rows)
    )


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (PostsTwice, "a repeat was answered Posted"),
        (ForgetsContent, "another payment under the same key was answered AlreadyPosted"),
        (ChecksThenActs, "after several workers at once, found"),
        (lambda: Searches(is_blind=True), "a search for what was posted gave None"),
        (lambda: Searches(final_after=timedelta(-1)), "final_after is negative"),
    ],
    ids=["posts twice", "forgets content", "checks then acts", "blind search", "past search"],
)
def test_an_adapter_that_lies_is_found_out(make, words):
    """Each claim is tried where it would break."""
    with pytest.raises(ConformanceError, match=words):
        prove(lambda: bench_of(make()))


@pytest.mark.parametrize(("make", "found"), [(MarksLater, "[23]"), (MarksBefore, "0")])
def test_an_entry_apart_from_its_key_is_found_out(make, found):
    """The classics: crashing between post and mark posts it twice, between mark and post never."""
    without_threads = mock.patch("rak_billing.testing.billing_conformance._prove_workers_at_once")
    with (
        without_threads,
        pytest.raises(ConformanceError, match=rf"after a crash at {Path(__file__).name}:\d+.* found {found}"),
    ):
        prove(lambda: bench_of(make()))


@pytest.mark.parametrize("make", [Searches, Parks])
def test_ways_without_a_key_are_honest_ones(make):
    """Searching and parking hold with the plainest of books."""
    assert prove(lambda: bench_of(make())).crash_points > 0


@attrs.define
class SameDatabase:
    """An operator's own table beside the journal's."""

    engine: sa.Engine
    table: sa.Table
    exactly_once: ExactlyOnce = ExactlyOnce.SAME_TRANSACTION
    commits_early: bool = False

    def post(self, posting):
        with self.engine.begin() as connection:
            return self.post_within(connection, posting)

    def post_within(self, connection, posting):
        row = connection.execute(sa.select(self.table).where(self.table.c.key == posting.key)).first()
        if row is not None:
            same = row.digest == posting.digest
            return AlreadyPosted() if same else Refused(RefusedReason.KEY_REUSED)
        connection.execute(sa.insert(self.table).values(key=posting.key, digest=posting.digest))
        if self.commits_early:
            connection.commit()
        return Posted()


@contextmanager
def same_database(path, *, commits_early=False, transaction=True):
    engine = sa.create_engine(f"sqlite:///{path}")

    @sa.event.listens_for(engine, "begin")
    def begin(connection):
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    @sa.event.listens_for(engine, "connect")
    def connect(raw, _record):
        raw.isolation_level = None
        raw.execute("PRAGMA synchronous=OFF")

    table = sa.Table(
        "ledger", sa.MetaData(), sa.Column("key", sa.String, primary_key=True), sa.Column("digest", sa.String)
    )
    table.create(engine)

    def make():
        with engine.begin() as connection:
            connection.execute(sa.delete(table))

        def entries(key):
            with engine.connect() as connection:
                return len(connection.execute(sa.select(table).where(table.c.key == key)).all())

        return Bench(
            receiver=SameDatabase(engine, table, commits_early=commits_early),
            posting=POSTING,
            entries=entries,
            transaction=engine.begin if transaction else None,
        )

    yield make
    engine.dispose()


def test_one_transaction_is_proved_both_ways(tmp_path):
    """Undone it leaves nothing, kept it leaves one entry."""
    with same_database(tmp_path / "journal.db") as make:
        assert ExactlyOnce.SAME_TRANSACTION is prove(make).way


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"commits_early": True}, "outlived the transaction"),
        ({"transaction": False}, "needs a bench with a transaction"),
    ],
)
def test_a_transaction_of_its_own_is_found_out(tmp_path, options, words):
    """An adapter that commits by itself is in no transaction of ours."""
    with (
        same_database(tmp_path / "journal.db", **options) as make,
        pytest.raises(ConformanceError, match=words),
    ):
        prove(make)


@attrs.define
class Faulty:
    """Does as a test says."""

    answers: list
    books: list = attrs.Factory(list)
    exactly_once: ExactlyOnce = ExactlyOnce.PARK

    def post(self, posting):
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        self.books.append(posting)
        return answer


NOTHING_SENT, UNKNOWN = PostingNotSentError("k", "down"), PostingUnknownError("k", "late")


@contextmanager
def nothing():
    yield


@pytest.mark.parametrize(
    ("answers", "block", "words"),
    [
        ([Posted()], "lost_answers", "a lost answer became"),
        ([NOTHING_SENT], "lost_answers", "after a lost answer it was said that nothing was sent"),
        ([Refused(RefusedReason.UNKNOWN_CUSTOMER)], "outage", "an outage looked like an answer"),
    ],
)
def test_an_outage_is_no_answer(answers, block, words):
    """Neither a refusal nor "nothing was sent" may be made up."""
    before = 2 if block == "lost_answers" else 3
    answers_of = iter([[Posted()]] * before + [answers])

    def make():
        receiver = Faulty(next(answers_of))
        return Bench(
            receiver=receiver, posting=POSTING, entries=lambda _key: len(receiver.books), **{block: nothing}
        )

    with pytest.raises(ConformanceError, match=words):
        prove_exactly_once(make)


@attrs.define
class BooksAndDenies(Books):
    """Says that nothing was sent, and has it in the books."""

    error: Exception | None = None

    def post(self, posting):
        super().post(posting)
        if self.error is not None:
            raise self.error
        return Posted()


def test_nothing_was_sent_must_be_true():
    """A worker that trusts it posts again; an honest "unknown" is parked."""

    @contextmanager
    def outage_of(books, error):
        books.error = error
        yield
        books.error = None

    def bench(error):
        books = BooksAndDenies(exactly_once=ExactlyOnce.PARK)
        return attrs.evolve(bench_of(books), outage=lambda: outage_of(books, error))

    with pytest.raises(ConformanceError, match="it was said that nothing was sent, and an entry is there"):
        prove(lambda: bench(NOTHING_SENT))
    assert ExactlyOnce.PARK is prove(lambda: bench(UNKNOWN)).way


def test_a_posting_that_never_gets_through_is_found_out():
    """A worker is not left trying for ever while billing can be reached."""
    receiver = Faulty([NOTHING_SENT], exactly_once=ExactlyOnce.KEY)
    bench = Bench(receiver=receiver, posting=POSTING, entries=lambda _key: 1)
    with pytest.raises(ConformanceError, match="20 times in a row nothing was sent"):
        _post_until_answered(bench)


@attrs.define
class LookUp:
    answer: object

    def statement(self, customer_ref):
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer if not callable(self.answer) else self.answer(customer_ref)


def known(customer_ref):
    return STATEMENT if customer_ref == POSTING.customer_ref else None


@pytest.mark.parametrize(
    ("answer", "options", "words"),
    [
        (None, {}, "a known customer was not found"),
        (STATEMENT, {}, "an unknown customer is not None"),
        (
            attrs.evolve(STATEMENT, account=attrs.evolve(STATEMENT.account, customer_ref="7")),
            {},
            "of another customer",
        ),
        (STATEMENT.without({"123456789"}), {}, "invoice 123456789 is not listed"),
        (known, {"outage": nothing}, "an outage looked like an answer"),
    ],
)
def test_a_look_up_that_lies_is_found_out(answer, options, words):
    """Nobody's bills are None, somebody's are theirs, and an outage is neither."""
    bench = Bench(receiver=Books(), posting=POSTING, entries=len, billing=LookUp(answer), **options)
    with pytest.raises(ConformanceError, match=words):
        prove(lambda: bench)


def test_a_crash_comes_at_its_line_and_only_there():
    """Each line is a point, the return is the last, and beyond it nothing happens."""
    marks = []

    def work():
        marks.append(1)
        with nothing():
            marks.append(2)

    places = [died_at(point, {work.__code__.co_filename}, work) for point in (1, 2, 3, 4, 5, 99)]
    assert all(place is not None for place in places[:4])
    assert f"{Path(__file__).name}:{work.__code__.co_firstlineno + 1}" == places[0]
    assert places[-1] is None
    assert [1, 1] == marks[:2]


def test_code_outside_is_left_alone():
    """Only the files that were named crash."""
    assert died_at(1, {"elsewhere.py"}, in_memory) is None
