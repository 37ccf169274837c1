"""Payments come into the books once, in each of the five ways, whatever the answers are."""

import pytest

from rak_billing.billing_posting import AlreadyPosted, Refused, RefusedReason
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.posting_desk import PostingDesk
from support.callbacks import approved
from support.checkout_kit import A, till
from support.posting_kit import Books


def paid(shop):
    shop.settle(approved(shop.pay(A)))
    return shop


def held(shop):
    return {row["invoice_reference"] for row in shop.rows("invoice_locks") if row["released_at"] is None}


def deliver_for(shop, hours):
    for _ in range(hours * 6):
        shop.checkout.deliver()
        shop.wait(minutes=10)


@pytest.mark.parametrize("way", ExactlyOnce)
def test_a_paid_order_is_posted_once(place, way):
    """Each way: one entry with the invoices and without the fee, and the invoices are free again."""
    books = Books(way)
    with till(place, billing=books) as shop:
        paid(shop)
        assert {A.reference} == held(shop)
        assert 2 == shop.checkout.deliver()
        deliver_for(shop, 2)
        (entry,) = books.entries
        assert ([A.reference], "113.02", set()) == (
            [paid.reference for paid in entry.invoices],
            entry.total.wire,
            held(shop),
        )


@pytest.mark.parametrize("way", ExactlyOnce)
def test_what_was_not_sent_is_sent_later(way):
    """Billing was away: nothing has left, so every way tries again."""
    books = Books(way)
    with till(billing=books) as shop:
        paid(shop)
        books.trouble = "not sent"
        deliver_for(shop, 1)
        assert books.calls > 1
        books.trouble = None
        deliver_for(shop, 2)
        assert 1 == len(books.entries)


@pytest.mark.parametrize("trouble", ["not sent", "lost before"])
def test_billing_that_is_down_for_days_is_shown_to_a_person_and_tried_on(place, trouble):
    """Three days of errors: after one of them it is before a person, nothing is given up; once billing is back it is posted and off the list."""
    books = Books(ExactlyOnce.KEY)
    with till(place, billing=books) as shop:
        paid(shop)
        books.trouble = trouble
        for _ in range(12):
            shop.checkout.deliver()
            shop.wait(hours=6)
        assert (["not_posted_yet"], ()) == (
            [review.kind.value for matter in shop.checkout.staff().waiting() for review in matter.reviews],
            shop.checkout.staff().dead_letters(),
        )
        books.trouble = None
        deliver_for(shop, 7)
        assert (1, (), frozenset()) == (len(books.entries), shop.checkout.staff().waiting(), held(shop))


@pytest.mark.parametrize("trouble", ["lost before", "lost after"])
@pytest.mark.parametrize("way", [ExactlyOnce.KEY, ExactlyOnce.FILE])
def test_with_a_key_an_unknown_outcome_is_posted_again(way, trouble):
    """The receiving side knows the repeat."""
    books = Books(way)
    with till(billing=books) as shop:
        paid(shop)
        books.trouble = trouble
        shop.checkout.deliver()
        books.trouble = None
        deliver_for(shop, 1)
        assert 1 == len({entry.key for entry in books.entries})
        assert "" == "".join(row["last_error"] or "" for row in shop.rows("outbox") if row["sent_at"])


@pytest.mark.parametrize(("trouble", "calls"), [("lost before", 2), ("lost after", 1)])
def test_with_a_search_it_is_looked_for_first(trouble, calls):
    """Found: done, and not sent again. Not found: sent again, but not before that answer is final."""
    books = Books(ExactlyOnce.SEARCH)
    with till(billing=books) as shop:
        paid(shop)
        books.trouble = trouble
        shop.checkout.deliver()
        books.trouble, books.cannot_search = None, True
        shop.wait(minutes=2)
        shop.checkout.deliver()
        books.cannot_search = False
        deliver_for(shop, 2)
        assert (1, calls, frozenset()) == (len(books.entries), books.calls, held(shop))
        assert books.searches > 1


@pytest.mark.parametrize("trouble", ["lost before", "lost after"])
def test_without_key_or_search_it_is_left_to_a_person(trouble):
    """Never sent a second time; a person looks, and says what they found."""
    books = Books(ExactlyOnce.PARK)
    with till(billing=books) as shop:
        paid(shop)
        books.trouble = trouble
        shop.checkout.deliver()
        books.trouble = None
        deliver_for(shop, 24)
        assert (1, ["not_posted"], {A.reference}) == (books.calls, shop.reviews(), held(shop))
        (letter,) = shop.checkout.staff().dead_letters()
        shop.checkout.staff().revive(
            letter.key, delivered=trouble == "lost after", by="k.alami", why="cherché"
        )
        deliver_for(shop, 1)
        assert (1, frozenset(), ()) == (len(books.entries), held(shop), shop.checkout.staff().dead_letters())
        assert () == shop.checkout.staff().waiting()
        assert '"by":"k.alami","why":"cherché"' in shop.rows("events")[-1]["facts"]


def test_a_worker_that_died_while_posting_leaves_an_unknown_outcome(place):
    """Begun and not ended: whoever takes over does not post again where nothing recognises a repeat."""
    books = Books(ExactlyOnce.PARK)
    with till(place, billing=books, mailer=None) as shop:
        paid(shop)
        with shop.journal.writing() as tx:
            entry = tx.outbox.claim("RAK", now=shop.now, without=["confirmation_mail"])
            assert tx.outbox.begin(entry, at=shop.now)
        deliver_for(shop, 1)
        assert (0, ["not_posted"]) == (books.calls, shop.reviews())


def test_a_refusal_is_for_a_person(place):
    """Billing will never take it: given up at once, with its reason."""
    books = Books(ExactlyOnce.KEY)
    books.answer = Refused(RefusedReason.ALREADY_PAID, "301")
    with till(place, billing=books) as shop:
        paid(shop)
        deliver_for(shop, 2)
        (letter,) = shop.checkout.staff().dead_letters()
        assert (1, True) == (books.calls, "already-paid" in letter.error)


def test_a_repeat_that_billing_knows_is_done():
    """Already posted is as good as posted."""
    books = Books(ExactlyOnce.KEY)
    books.answer = AlreadyPosted("B1")
    with till(billing=books) as shop:
        paid(shop)
        assert 2 == shop.checkout.deliver()


def test_an_order_that_is_not_paid_any_more_is_not_posted():
    """It was voided before the posting left: a person looks."""
    books = Books(ExactlyOnce.KEY)
    with till(billing=books, mailer=None) as shop:
        paid(shop)
        with shop.journal.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE orders SET state = 'voided'")
        shop.checkout.deliver()
        assert (0, ["not_posted"]) == (books.calls, shop.reviews())


def test_a_posting_without_its_receipt_never_leaves(caplog):
    """What it is for is not known: the log says so, and it waits."""
    books = Books(ExactlyOnce.KEY)
    with till(billing=books) as shop:
        paid(shop)
        with shop.journal.engine.begin() as connection:
            connection.exec_driver_sql("DELETE FROM receipts")
        assert (0, 0, {A.reference}) == (shop.checkout.deliver(), books.calls, held(shop))
    assert "expected a receipt" in caplog.text


@pytest.mark.parametrize(
    ("way", "calls"), [(ExactlyOnce.PARK, 1), (ExactlyOnce.SEARCH, 1), (ExactlyOnce.KEY, 2)]
)
def test_an_adapter_that_raises_what_it_should_not_may_have_posted(way, calls):
    """A fault of its own, after the books had the entry: nobody knows, so that it goes on as it declares, and posts nothing twice."""
    books = Books(way)
    with till(billing=books) as shop:
        paid(shop)
        post = books.post

        def post_and_fail(posting):
            post(posting)
            raise KeyError("receipt")

        books.post = post_and_fail
        shop.checkout.deliver()
        books.post = post
        deliver_for(shop, 1)
        assert (calls, 1) == (books.calls, len(books.entries))
        assert (["not_posted"] if way is ExactlyOnce.PARK else []) == shop.reviews()


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE order_lines SET amount_centimes = amount_centimes + 1 WHERE is_fee = 0",
        "UPDATE orders SET total_centimes = total_centimes + 1",
    ],
    ids=["line", "total"],
)
def test_an_order_that_was_changed_after_its_payment_is_not_posted(change):
    """The seal says what was accepted; a person decides, and the books wait."""
    books = Books(ExactlyOnce.KEY)
    with till(billing=books, mailer=None) as shop:
        paid(shop)
        with shop.journal.engine.begin() as connection:
            connection.exec_driver_sql(change)
        deliver_for(shop, 1)
        assert ([], 0, ["not_posted"]) == (books.entries, books.calls, shop.reviews())
        (letter,) = shop.checkout.staff().dead_letters()
        assert "not proved to be what the customer accepted" in letter.error


@pytest.mark.parametrize("way", ExactlyOnce)
def test_a_worker_that_was_relieved_does_not_post(way):
    """Its claim is old: the beginning is refused, and nothing leaves, nor is written in the same transaction."""
    books = Books(way)
    with till(billing=books, mailer=None) as shop:
        paid(shop)

        def claim():
            return shop.journal.run(
                lambda tx: tx.outbox.claim("RAK", now=shop.now, without=["confirmation_mail"])
            )

        entry = claim()
        shop.wait(minutes=6)
        claim()
        desk = PostingDesk(shop.journal, books, shop.checkout._seal, lambda: shop.now)
        assert (False, 0) == (desk.deliver(entry), books.calls)


def test_a_posting_begun_by_a_clock_that_stood_ahead_waits_no_longer_than_any_other():
    """Its age is counted from the first look by the right clock; before that it may still be on its way."""
    books = Books(ExactlyOnce.SEARCH)
    with till(billing=books, mailer=None) as shop:
        paid(shop)
        shop.wait(days=4000)
        books.trouble = "lost before"
        shop.checkout.deliver()
        shop.wait(days=-4000)
        books.trouble = None
        shop.checkout.deliver()
        assert (1, []) == (books.calls, books.entries)
        deliver_for(shop, 1)
        assert (2, 1) == (books.calls, len(books.entries))


def test_a_mail_that_nobody_takes_is_given_up_after_days():
    """Not tried for ever: a person is told, and may have it sent again."""
    with till() as shop:
        paid(shop)
        shop.mailbox.is_full = True
        for _ in range(40):
            shop.checkout.deliver()
            shop.wait(hours=6)
        assert (["not_sent"], 30) == (shop.reviews(), shop.rows("outbox")[0]["tries"])
        (letter,) = shop.checkout.staff().dead_letters()
        shop.mailbox.is_full = False
        shop.checkout.staff().revive(letter.key, delivered=False, by="k.alami", why="réparé")
        assert 1 == shop.checkout.deliver()
