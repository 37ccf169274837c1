"""Postings of which nobody knows whether they arrived, and what happens to them meanwhile."""

import pytest

from rak_billing.billing_posting import Posted, Refused, RefusedReason
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.posting_desk import PostingDesk
from rak_billing.staff import Resolution
from support.callbacks import approved
from support.checkout_kit import A, B, till
from support.posting_kit import Books

LATER = {"by": "k.alami", "why": "cherché"}


def pay(shop, *invoices):
    form = shop.pay(*(invoices or (A,)))
    shop.settle(approved(form))
    return form


def go_on(shop, *, days):
    for _ in range(days * 4):
        shop.checkout.deliver()
        shop.wait(hours=6)


def give_back(shop, form):
    """Have staff say that the payment was taken, and then that it was cancelled."""
    for word in (Resolution.PAID, Resolution.VOIDED):
        shop.checkout.staff().resolve(form.order_id, word, **LATER)


def letters(shop):
    return [letter.error for letter in shop.checkout.staff().dead_letters()]


def claim_a_posting(shop):
    """Claim as a worker that dies then."""
    without = ["confirmation_mail"]
    return shop.journal.run(lambda tx: tx.outbox.claim("RAK", now=shop.now, without=without))


def waiting(shop):
    return [row["kind"] for row in shop.rows("reviews") if row["resolved_at"] is None]


def held(shop):
    return [row for row in shop.rows("invoice_locks") if row["released_at"] is None]


def test_what_staff_revive_is_searched_for_first(place):
    """It had arrived, and the search failed for a week until the posting was given up: revived, it is found, and not sent again."""
    books = Books(ExactlyOnce.SEARCH)
    with till(place, billing=books, mailer=None) as shop:
        pay(shop)
        books.trouble = "lost after"
        shop.checkout.deliver()
        books.trouble, search = None, books.find_posting
        books.find_posting = None
        go_on(shop, days=9)
        (letter,) = shop.checkout.staff().dead_letters()
        books.find_posting = search
        shop.checkout.staff().revive(letter.key, delivered=False, **LATER)
        assert 1 == shop.checkout.deliver()
        assert (1, 1, [], []) == (len(books.entries), books.calls, letters(shop), waiting(shop))


@pytest.mark.parametrize("way", [ExactlyOnce.SEARCH, ExactlyOnce.PARK, ExactlyOnce.KEY])
def test_what_billing_refused_and_staff_revive_is_sent_again(way):
    """A refusal is certain: nothing may be in the books, whatever the way is."""
    books = Books(way)
    books.answer = Refused(RefusedReason.ALREADY_PAID, "301")
    with till(billing=books, mailer=None) as shop:
        pay(shop)
        shop.checkout.deliver()
        (letter,) = shop.checkout.staff().dead_letters()
        books.answer = Posted("B1")
        shop.checkout.staff().revive(letter.key, delivered=False, **LATER)
        go_on(shop, days=1)
        assert (1, 2, []) == (len(books.entries), books.calls, waiting(shop))


@pytest.mark.parametrize(
    ("way", "trouble", "words", "matters"),
    [
        (ExactlyOnce.SEARCH, "lost after", "it is in the books: B1", ["not_posted"]),
        (ExactlyOnce.SEARCH, "lost before", "the order is not paid any more", []),
        (ExactlyOnce.KEY, "lost after", "it may be in the books", ["not_posted"]),
        (ExactlyOnce.FILE, "lost before", "it may be in the books", ["not_posted"]),
    ],
)
def test_what_may_be_in_the_books_is_not_forgotten_with_its_payment(place, way, trouble, words, matters):
    """Sent, not answered, and voided meanwhile: looked for where that can be done, and staff know; it is never sent again."""
    books = Books(way)
    with till(place, billing=books, mailer=None) as shop:
        form = pay(shop)
        books.trouble = trouble
        shop.checkout.deliver()
        give_back(shop, form)
        books.trouble = None
        go_on(shop, days=1)
        (said,) = letters(shop)
        assert (True, matters, 1) == (words in said, waiting(shop), books.calls)
        (letter,) = shop.checkout.staff().dead_letters()
        shop.checkout.staff().revive(letter.key, delivered=True, **LATER)
        assert ([], []) == (letters(shop), waiting(shop))


def test_a_payment_that_is_voided_while_it_is_posted_is_not_in_the_books(place):
    """Books in the journal's own database: the order is looked at again in the transaction that posts."""
    books = Books(ExactlyOnce.SAME_TRANSACTION)
    with till(place, billing=books, mailer=None) as shop:
        form = pay(shop)
        desk = PostingDesk(shop.journal, books, shop.checkout._seal, lambda: shop.now)
        read = desk.seal.read

        def void_meanwhile(seal):
            give_back(shop, form)
            return read(seal)

        entry = claim_a_posting(shop)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(desk.seal), "read", lambda _self, seal: void_meanwhile(seal))
            assert not desk.deliver(entry)
        assert ([], ["the order is not paid any more"]) == (books.entries, letters(shop))


@pytest.mark.parametrize("way", [ExactlyOnce.PARK, ExactlyOnce.KEY])
def test_an_answer_that_comes_after_the_lease_is_the_truth(place, way):
    """Another worker took it over, and gave it up where it could not know: it is in the books, and nobody has to look."""

    class Slow(Books):
        def post(self, posting):
            answer = super().post(posting)
            if self.calls == 1:
                shop.wait(minutes=6)
                shop.checkout.deliver()
            return answer

    books = Slow(way)
    with till(place, billing=books, mailer=None) as shop:
        pay(shop)
        shop.checkout.deliver()
        assert ([], [], [], 0) == (letters(shop), waiting(shop), held(shop), shop.checkout.deliver())
        assert 1 == len(books.entries)


@pytest.mark.parametrize("dies_at", [None, 12, 13, 16])
def test_billing_that_refuses_for_days_is_before_a_person_whoever_died_meanwhile(dies_at):
    """The twelfth try, or the first thereafter that ends at all."""
    books = Books(ExactlyOnce.KEY)
    with till(billing=books, mailer=None) as shop:
        pay(shop)
        books.trouble = "not sent"
        for number in range(1, 24):
            if number == dies_at:
                assert number == claim_a_posting(shop).tries
            else:
                shop.checkout.deliver()
            shop.wait(hours=7)
        assert ["not_posted_yet"] == waiting(shop)


def test_a_mail_is_given_up_whoever_died_at_its_last_try():
    """The thirtieth try ended with its worker: the next failure is the last; revived, it has as many anew."""
    with till() as shop:
        pay(shop)
        shop.mailbox.is_full = True
        for number in range(1, 34):
            if number == 30:
                assert shop.journal.run(lambda tx: tx.outbox.claim("RAK", now=shop.now)).tries == number
            else:
                shop.checkout.deliver()
            shop.wait(hours=7)
        assert (31, ["not_sent"]) == (shop.rows("outbox")[0]["tries"], waiting(shop))
        (letter,) = shop.checkout.staff().dead_letters()
        shop.checkout.staff().revive(letter.key, delivered=False, **LATER)
        go_on(shop, days=20)
        assert 61 == shop.rows("outbox")[0]["tries"]


def test_what_cannot_even_be_put_off_holds_up_no_other(place, caplog):
    """The journal refuses the mark of one entry: it is told, the other one leaves in the same round."""
    with till(place) as shop:
        for invoice in (A, B):
            pay(shop, invoice)
        first = min(shop.rows("outbox"), key=lambda row: (row["due_at"], row["key"]))["order_reference"]
        with shop.journal.engine.begin() as connection:
            connection.exec_driver_sql(f"DELETE FROM receipts WHERE order_reference = '{first}'")
        run, count = shop.journal.run, iter(range(99))

        def refuse_the_mark(work, **how):
            if how.get("repeatable") and next(count) == 0:
                raise OSError("disk")
            return run(work, **how)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(type(shop.journal), "run", lambda _self, work, **how: refuse_the_mark(work, **how))
            assert [False, True] == list(shop.checkout.deliveries())
    assert "could not even be put off" in caplog.text


def test_a_mail_that_left_stays_marked_whatever_follows(caplog):
    """What is settled after it fails: the mail is not sent again."""
    with till() as shop:
        pay(shop)
        shop.mailbox.is_full = True
        shop.checkout.deliver()
        shop.mailbox.is_full = False
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("rak_billing.delivery.put_right", None)
            go_on(shop, days=10)
        assert 1 == len(shop.mailbox.messages)
