"""Many threads at once: the constraints hold, nobody is served twice."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from support.callbacks import approved, declined
from support.checkout_kit import A, B, till

THREADS = 8


def at_once(*works):
    """Run all *works* at the same moment, each in a thread of its own, and give their results."""
    barrier = Barrier(len(works))

    def run(work):
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def test_one_callback_delivered_eight_times_at_once(tmp_path):
    """One payment, one receipt, one mail; all answers alike."""
    with till(tmp_path) as shop:
        raw = approved(shop.pay(A))
        replies = at_once(*[lambda: shop.settle(raw)] * THREADS)
        assert {"ACTION=POSTAUTH"} == set(replies)
        assert (1, 1, 1) == tuple(len(shop.rows(t)) for t in ("receipts", "outbox", "callbacks"))


def test_two_attempts_succeed_at_once(tmp_path):
    """Of eight approvals of eight attempts at one order, one is captured."""
    with till(tmp_path) as shop:
        forms = [shop.pay(A) for _ in range(THREADS)]
        replies = at_once(*[lambda form=form: shop.settle(approved(form)) for form in forms])
        assert 1 == replies.count("ACTION=POSTAUTH")
        assert (1, THREADS - 1) == (len(shop.rows("receipts")), shop.reviews().count("duplicate_payment"))


def test_declines_and_an_approval_at_once(tmp_path):
    """In whatever order they are settled, the order is paid once."""
    with till(tmp_path) as shop:
        form = shop.pay(A)
        works = [lambda: shop.settle(declined(form))] * 5 + [lambda: shop.settle(approved(form))]
        at_once(*works)
        assert 1 == len(shop.rows("receipts"))


def test_eight_starts_at_once(tmp_path):
    """Eight double clicks on « Payer »: one order, one open attempt."""
    with till(tmp_path) as shop:
        total = shop.total(A, B)
        at_once(*[lambda: shop.pay(A, B, accepted=total)] * THREADS)
        states = [row["state"] for row in shop.rows("attempts")]
        assert (1, 1, THREADS - 1) == (
            len(shop.rows("orders")),
            states.count("sent"),
            states.count("superseded"),
        )


def test_the_outbox_drained_by_eight_at_once(tmp_path):
    """Each mail is sent by one of them."""
    with till(tmp_path) as shop:
        for invoice in (A, B):
            shop.settle(approved(shop.pay(invoice)))
        sent = at_once(*[shop.checkout.deliver] * THREADS)
        assert (2, 2) == (sum(sent), len(shop.mailbox.messages))
