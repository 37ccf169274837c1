"""Many threads at once: the constraints hold, nobody is served twice."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Barrier

import pytest

from rak_billing.payments.journal import Journal
from support.callbacks import approved, declined
from support.checkout_kit import A, B, Till, till

THREADS = 8


def at_once(*works):
    """Run all *works* at the same moment, each in a thread of its own, and give their results."""
    barrier = Barrier(len(works))

    def run(work):
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_one_callback_delivered_eight_times_at_once(place):
    """One payment, one receipt, one mail; all answers alike."""
    with till(place) as shop:
        raw = approved(shop.pay(A))
        replies = at_once(*[lambda: shop.settle(raw)] * THREADS)
        assert {"ACTION=POSTAUTH"} == set(replies)
        assert (1, 1, 1) == tuple(len(shop.rows(t)) for t in ("receipts", "outbox", "callbacks"))


def test_two_attempts_succeed_at_once(place):
    """Of eight approvals of eight attempts at one order, one is captured."""
    with till(place) as shop:
        forms = [shop.pay(A) for _ in range(THREADS)]
        replies = at_once(*[lambda form=form: shop.settle(approved(form)) for form in forms])
        assert 1 == replies.count("ACTION=POSTAUTH")
        assert (1, THREADS - 1) == (len(shop.rows("receipts")), shop.reviews().count("duplicate_payment"))


def test_declines_and_an_approval_at_once(place):
    """In whatever order they are settled, the order is paid once."""
    with till(place) as shop:
        form = shop.pay(A)
        works = [lambda: shop.settle(declined(form))] * 5 + [lambda: shop.settle(approved(form))]
        at_once(*works)
        assert 1 == len(shop.rows("receipts"))


def test_eight_starts_at_once(place):
    """Eight double clicks on « Payer »: one order, one open attempt."""
    with till(place) as shop:
        total = shop.total(A, B)
        at_once(*[lambda: shop.pay(A, B, accepted=total)] * THREADS)
        states = [row["state"] for row in shop.rows("attempts")]
        assert (1, 1, THREADS - 1) == (
            len(shop.rows("orders")),
            states.count("sent"),
            states.count("superseded"),
        )


def test_the_outbox_drained_by_eight_at_once(place):
    """Each mail is sent by one of them."""
    with till(place) as shop:
        for invoice in (A, B):
            shop.settle(approved(shop.pay(invoice)))
        sent = at_once(*[shop.checkout.deliver] * THREADS)
        assert (2, 2) == (sum(sent), len(shop.mailbox.messages))


def shops_on(stack, place, number):
    """Give as many checkouts, each with a pool of connections of its own, as if on machines of their own."""
    shops = [Till(stack.enter_context(Journal.open(place.url))) for _ in range(number)]
    for index, shop in enumerate(shops):
        # Each draws names of its own.
        shop._drawn = 1000 * index
    return shops


def test_one_callback_on_several_machines(place):
    """Eight machines are told at once: one receipt, one mail, the same answer from each."""
    with ExitStack() as stack:
        shops = shops_on(stack, place, THREADS)
        raw = approved(shops[0].pay(A))
        replies = at_once(*[lambda shop=shop: shop.settle(raw) for shop in shops])
        assert {"ACTION=POSTAUTH"} == set(replies)
        assert (1, 1, 1) == tuple(len(shops[0].rows(t)) for t in ("receipts", "outbox", "callbacks"))
        assert [] == shops[0].reviews()


def test_overlapping_starts_on_several_machines(place):
    """Selections that share an invoice, begun at once: one attempt is left open."""
    with ExitStack() as stack:
        shops = shops_on(stack, place, 6)
        starts = [(chosen, shops[0].total(*chosen)) for chosen in ((A,), (A, B))] * 3
        at_once(
            *[
                lambda shop=shop, start=start: shop.pay(*start[0], accepted=start[1])
                for shop, start in zip(shops, starts, strict=True)
            ]
        )
        states = [row["state"] for row in shops[0].rows("attempts")]
        assert (1, 5) == (states.count("sent"), states.count("superseded"))
        assert 2 == len(shops[0].rows("orders"))


def test_orders_that_share_an_invoice_are_decided_one_by_one(place):
    """Both are approved at once: one is captured, the other is acknowledged and put before a person."""
    with ExitStack() as stack:
        shops = shops_on(stack, place, 2)
        forms = [shops[0].pay(A), shops[0].pay(A, B)]
        replies = at_once(
            *[
                lambda shop=shop, form=form: shop.settle(approved(form))
                for shop, form in zip(shops, forms, strict=True)
            ]
        )
        assert ["ACTION=POSTAUTH", "APPROVED"] == sorted(replies)
        assert (1, ["duplicate_payment"]) == (len(shops[0].rows("receipts")), shops[0].reviews())


def test_one_refused_callback_on_several_machines(place):
    """Of an order that is nobody's: kept once, refused by all, and nobody stumbles over the others."""
    with ExitStack() as stack:
        shops = shops_on(stack, place, 4)
        with till() as other:
            foreign = approved(other.pay(A))
        assert ["FAILURE"] * 4 == at_once(*[lambda shop=shop: shop.settle(foreign) for shop in shops])
        assert (1, []) == (len(shops[0].rows("callbacks")), shops[0].reviews())


def test_nonsense_is_counted_exactly(place):
    """Forty refused callbacks from eight machines: forty counted, five samples."""
    with ExitStack() as stack:
        shops = shops_on(stack, place, THREADS)
        at_once(*[lambda shop=shop: [shop.settle(b"nonsense") for _ in range(5)] for shop in shops])
        assert ({"malformed": 40}, 5) == (shops[0].refused(), len(shops[0].rows("rejection_samples")))


def test_receipt_numbers_have_no_gap(place):
    """Taken by eight machines at once, some of which give up: those that are kept are one unbroken series."""

    def take(shop, number):
        def work(tx):
            taken = tx.receipts.next_number("RAK", first=10000000001)
            if number % 3 == 0:
                raise ZeroDivisionError
            return int(taken)

        try:
            return shop.journal.run(work)
        except ZeroDivisionError:
            return None

    with ExitStack() as stack:
        shops = shops_on(stack, place, THREADS)
        taken = at_once(*[lambda shop=shop: [take(shop, number) for number in range(9)] for shop in shops])
    kept = sorted(number for numbers in taken for number in numbers if number is not None)
    assert list(range(10000000001, 10000000001 + 6 * THREADS)) == kept


#: Delivers each callback of a file three times, and ends with the answers.
_PROCESS = """
import logging, sys
logging.getLogger("rak_billing").setLevel(logging.ERROR)
sys.path.insert(0, "tests")
from pathlib import Path
from rak_billing.payments.journal import Journal
from support.checkout_kit import Till

with Journal.open(sys.argv[1]) as journal:
    shop = Till(journal)
    for raw in Path(sys.argv[2]).read_bytes().splitlines() * 3:
        print(shop.settle(raw))
"""


@pytest.mark.parametrize("processes", [2])
def test_two_processes_settle_the_same_callbacks(place, tmp_path, processes):
    """Each is told of everything three times: each order is decided once, and all answers to a callback are alike."""
    with till(place) as shop:
        forms = [shop.pay(A) for _ in range(4)] + [shop.pay(B) for _ in range(4)]
        bodies = [body(form).strip() for form in forms for body in (declined, approved)]
        (tmp_path / "callbacks").write_bytes(b"\n".join(bodies))
        command = [sys.executable, "-W", "error", "-c", _PROCESS, place.url, str(tmp_path / "callbacks")]
        running = [
            subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for _ in range(processes)
        ]
        ends = [process.communicate(timeout=120) for process in running]
        assert [""] * processes == [errors for _, errors in ends]
        answers = [output.splitlines() for output, _ in ends]
        assert 1 == len(
            {tuple(said[start : start + len(bodies)]) for said in answers for start in (0, 16, 32)}
        )
        assert (2, 2, 6) == (
            len(shop.rows("receipts")),
            answers[0][: len(bodies)].count("ACTION=POSTAUTH"),
            shop.reviews().count("duplicate_payment"),
        )
