"""
Durable callbacks a second, as a ratio to bare durable transactions of two statements on the same database.

Everything that an approved callback writes is counted: the callback, states, history, lock, receipt number, receipt, outbox
entry and inquiry, in one transaction. Both sides wait for the same disk, and run in as many processes as there are
connections, as in a deployment; rounds of the one alternate with rounds of the other, and the median counts. Figures in seconds
depend on the disk; the ratio does so less.
"""

from datetime import date
from statistics import median

import pytest

from cmi_gateway import Money
from rak_billing import Invoice, Journal
from support.callbacks import approved
from support.checkout_kit import Till
from support.journal_workers import create_bare, working
from support.place import PostgresPlace, SqlitePlace
from support.postgres_kit import running_postgres

CALLBACKS = 96
ROUNDS = 3


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


def bodies_of_new_orders(url, number):
    """Start that many payments, and give the callbacks that approve them."""
    bills = [
        Invoice(f"{1000 + n}", "ELECTRICITE", date(2018, 1, 1), date(2018, 2, 14), Money(11302))
        for n in range(number)
    ]
    with Journal.open(url) as journal:
        shop = Till(journal)
        total = None
        bodies = []
        for bill in bills:
            shop.bills.invoices = [bill]
            total = total or shop.total(bill)
            bodies.append(approved(shop.pay(bill, accepted=total)))
        return bodies


def receipts(url):
    with Journal.open(url) as journal:
        return len(Till(journal).rows("receipts"))


@pytest.mark.parametrize("connections", [1, 4, 16])
def test_durable_callbacks(benchmark, measured, durable_place, connections):
    """Each of many customers pays a bill; every callback is answered ACTION=POSTAUTH and kept."""
    url, items = durable_place.url, range(CALLBACKS)
    # One round more than counts, of each: statements are made into text, and pages are read.
    bodies = bodies_of_new_orders(url, CALLBACKS * (ROUNDS + 1))
    create_bare(url)
    rounds = {"bare": [], "ours": []}
    with working(url, connections) as workers:

        def alternate():
            for number in range(ROUNDS + 1):
                share = bodies[number * CALLBACKS : (number + 1) * CALLBACKS]
                rounds["bare"].append(workers.round("bare", items))
                rounds["ours"].append(workers.round("ours", share))

        benchmark.pedantic(alternate, rounds=1)
    assert len(bodies) == receipts(url)
    rate = {kind: median(CALLBACKS / one.seconds for one in done[1:]) for kind, done in rounds.items()}
    busy = {kind: median(one.busy / CALLBACKS for one in done[1:]) for kind, done in rounds.items()}
    name = f"callbacks a second over bare transactions, {durable_place.dialect}, {connections} processes"
    measured(f"durable {name}", rate["ours"], aim=f"depends on the disk; bare {rate['bare']:.0f}")
    measured(f"processor, µs for each, {name}", busy["ours"] * 1e6, aim=f"bare {busy['bare'] * 1e6:.0f}")
    measured(f"ratio of {name}", rate["ours"] / rate["bare"], aim="above 0.5")
