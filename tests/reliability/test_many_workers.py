"""Many at once give what one after the other gives: workers, browsers, machines."""

import random
import subprocess
import sys
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from threading import Barrier

import pytest

from rak_billing.errors import InvoicesAlreadyPaidError
from rak_billing.payments.journal import Journal
from support.callbacks import approved, declined
from support.checkout_kit import A, Till, till
from support.counts import count
from support.many_invoices import invoices

WORKERS = 16
pytestmark = pytest.mark.timeout(2_400)


def callbacks(shop, number):
    """Start *number* payments; give their callbacks three times each, shuffled, with two declines before some."""
    chance, bodies = random.Random(number), []
    shop.bills.invoices = invoices(number)
    for position, invoice in enumerate(shop.bills.invoices):
        form = shop.pay(invoice)
        # The instant decides nothing here, and the transaction of each body is its own.
        bodies.extend(declined(form) for _ in range(2 * (position % 3 == 0)))
        bodies.append(approved(form))
    replayed = bodies * 3
    chance.shuffle(replayed)
    return replayed


def journal_of(shop):
    """Give what must not depend on who settled what in which order."""
    events = Counter((row["order_id"], row["event"]) for row in shop.rows("events"))
    # A decline after the approval changes nothing; that it was told is the same in any order.
    attempts = sorted((row["order_id"], row["state"]) for row in shop.rows("attempts"))
    orders = sorted((row["reference"], row["state"], row["total_centimes"]) for row in shop.rows("orders"))
    numbers = sorted(row["number"] for row in shop.rows("receipts"))
    receipts = sorted(row["order_reference"] for row in shop.rows("receipts"))
    outbox = sorted(row["key"] for row in shop.rows("outbox"))
    callbacks = sorted((row["digest"], row["outcome"], row["reply"]) for row in shop.rows("callbacks"))
    locks = sorted(row["invoice_reference"] for row in shop.rows("invoice_locks"))
    return events, attempts, orders, numbers, receipts, outbox, callbacks, locks, shop.reviews()


def test_sixteen_workers_write_what_one_writes(place):
    """Shuffled, repeated and at once: the same journal as one worker, to the receipt number."""
    with till() as alone, Journal.open(place.url) as journal:
        shop = Till(journal)
        number = count(40, 1200)
        bodies = callbacks(alone, number)
        shop.bills.invoices = alone.bills.invoices
        for invoice in shop.bills.invoices:
            shop.pay(invoice)
        for body in bodies:
            alone.settle(body)
        with ThreadPoolExecutor(WORKERS) as pool:
            answers = list(pool.map(shop.settle, bodies))
        assert journal_of(alone) == journal_of(shop)
        assert number * 3 == answers.count("ACTION=POSTAUTH")
        assert "FAILURE" not in answers


def test_two_browsers_and_a_double_click(place):
    """Two browsers begin the same payment, each with a double click: one attempt is left open, and one can pay."""
    with ExitStack() as stack:
        shops = [Till(stack.enter_context(Journal.open(place.url))) for _ in range(4)]
        for position, shop in enumerate(shops):
            shop._drawn = position * 1000
        total, barrier = shops[0].total(A), Barrier(4)

        def click(shop):
            barrier.wait()
            return shop.pay(A, accepted=total)

        with ThreadPoolExecutor(4) as pool:
            forms = list(pool.map(click, shops))
        states = Counter(row["state"] for row in shops[0].rows("attempts"))
        assert ({"sent": 1, "superseded": 3}, 1) == (states, len(shops[0].rows("orders")))
        with ThreadPoolExecutor(4) as pool:
            answers = list(
                pool.map(lambda pair: pair[0].settle(approved(pair[1])), zip(shops, forms, strict=True))
            )
        assert {"ACTION=POSTAUTH": 1, "APPROVED": 3} == Counter(answers)
        with pytest.raises(InvoicesAlreadyPaidError):
            shops[0].pay(A, accepted=total)


#: A machine of its own that sweeps and delivers until nothing is due.
_MACHINE = """
import logging, sys
logging.disable(logging.CRITICAL)
sys.path.insert(0, "tests")
from pathlib import Path
from rak_billing.payments.journal import Journal
from support.sweeping_machine import sweep_all
sweep_all(sys.argv[1], Path(sys.argv[2]))
"""


def test_two_machines_sweep_at_once(place, tmp_path):
    """Two processes ask about the same silent payments: each is asked about once, paid once, mailed once."""
    number = count(12, 200)
    with till(place) as shop:
        shop.bills.invoices = invoices(number)
        forms = [shop.pay(invoice) for invoice in shop.bills.invoices]
        (tmp_path / "orders").write_text("\n".join(f"{f.order_id} {dict(f.fields)['amount']}" for f in forms))
        command = [sys.executable, "-c", _MACHINE, place.url, str(tmp_path)]
        running = [subprocess.Popen(command, cwd=Path(__file__).parents[2]) for _ in range(2)]
        assert [0, 0] == [process.wait(300) for process in running]
        asked = Counter((tmp_path / "asked").read_text().split())
        mails = Counter((tmp_path / "mails").read_text().split())
        assert (number, {1}) == (len(asked), set(asked.values()))
        assert (number, {1}) == (len(mails), set(mails.values()))
        assert {"paid"} == {row["state"] for row in shop.rows("orders")}
        numbers = sorted(int(row["number"]) for row in shop.rows("receipts"))
        assert list(range(10000000001, 10000000001 + number)) == numbers
