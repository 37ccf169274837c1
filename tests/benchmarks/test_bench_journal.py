"""
Durable callbacks a second, as a ratio to bare durable transactions of two statements on the same database.

Everything that an approved callback writes is counted, in one transaction, in both ways to confirm a payment. Where the
gateway confirms it, which is the recommended way, the callback leads to an accepted payment: the callback, states,
history, lock and inquiry. Where the callback alone confirms it, the receipt with its number and the outbox entry come with it. Both
sides wait for the same disk, and run in as many processes as there are connections, as in a deployment; rounds of the one
alternate with rounds of the other, and the median of the ratios counts. Figures in seconds depend on the disk; the ratio does so
less, though not little: the slower the disk, the less the processor counts. So what the disk does alone is printed beside, and what
bare transactions are left with when only the signature is verified before each: no journal can be nearer to them.
"""

import os
from statistics import median
from time import perf_counter

import pytest

from rak_billing import Journal
from support.checkout_kit import Till
from support.journal_workers import WAYS, create_bare, working
from support.place import PostgresPlace, SqlitePlace
from support.postgres_kit import running_postgres

CALLBACKS = 128
WARMING = 32
ROUNDS = 3
_BLOCK = b"x" * 4096


@pytest.fixture(scope="module")
def careful_postgres():
    """A server that waits for its disk, unlike that of the tests."""
    with running_postgres() as server:
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def durable_place(request, tmp_path):
    """A place where what is committed is on disk."""
    if request.param == "sqlite":
        yield SqlitePlace(tmp_path)
        return
    place = PostgresPlace(request.getfixturevalue("careful_postgres"))
    yield place
    place.drop()


def receipts(url):
    with Journal.open(url) as journal:
        return len(Till(journal).rows("receipts"))


def milliseconds_of_the_disk(folder):
    """Give how long it takes to append 4 KiB to a file and have it on disk, in the median."""
    times = []
    with (folder / "block").open("wb", buffering=0) as file:
        for _ in range(64):
            start = perf_counter()
            file.write(_BLOCK)
            os.fdatasync(file.fileno())
            times.append(perf_counter() - start)
    return median(times) * 1000


@pytest.mark.parametrize("connections", [1, 4, 16])
def test_durable_callbacks(benchmark, measured, durable_place, tmp_path, connections):
    """Each of many customers pays a bill; every callback is answered ACTION=POSTAUTH and kept."""
    url = durable_place.url
    create_bare(url)
    # The first round warms: statements are made into text, and pages are read.
    sizes = [WARMING, *[CALLBACKS] * ROUNDS]
    rounds, verified = {way: [] for way in WAYS}, []
    with working(url, connections) as workers:

        def alternate():
            for size in sizes:
                for way in WAYS:
                    bodies = workers.start(size)
                    bare = workers.round("bare", range(size))
                    verified.append(bare.seconds / workers.round("verified", bodies).seconds)
                    rounds[way].append((bare, workers.round(way, bodies)))

        benchmark.pedantic(alternate, rounds=1)
    assert sum(sizes) == receipts(url)
    where = f"{durable_place.dialect}, {connections} processes"
    for way, about in WAYS.items():
        counted = rounds[way][1:]
        rate = median(CALLBACKS / ours.seconds for _, ours in counted)
        bare = median(CALLBACKS / theirs.seconds for theirs, _ in counted)
        busy, bare_busy = (median(pair[side].busy / CALLBACKS * 1e6 for pair in counted) for side in (1, 0))
        ratio = median(theirs.seconds / ours.seconds for theirs, ours in counted)
        measured(f"callbacks a second, {about}, {where}", rate, aim=f"depends on the disk; bare {bare:.0f}")
        measured(f"processor, µs for each, {about}, {where}", busy, aim=f"bare {bare_busy:.0f}")
        measured(f"ratio to bare transactions, {about}, {where}", ratio, aim="above 0.5")
    most = median(verified[len(WAYS) :])
    measured(
        f"ratio to bare transactions, a signature verified and no journal, {where}",
        most,
        aim="what is possible",
    )
    disk = milliseconds_of_the_disk(tmp_path)
    measured(f"milliseconds of the disk for 4 KiB, {where}", disk, aim="depends on the disk")
