"""The outbox and its mail: once when nothing crashes, again when something does."""

import smtplib

import attrs
import pytest

from rak_billing.delivery import MOST_TRIES
from rak_billing.errors import TenantError
from rak_billing.payments.outbox import LEASE
from rak_billing.staff import Resolution
from rak_billing.tenant import Tenant
from support.callbacks import approved
from support.checkout_kit import EMAIL, A, B, Till, till
from support.long_past import most_rows_read, steps_of, write_past
from support.place import PostgresPlace


@pytest.fixture
def shop(place):
    with till(place) as opened:
        opened.settle(approved(opened.pay(A)))
        yield opened


def test_a_paid_order_sends_one_mail(shop):
    """Delivered once, however often the outbox is drained."""
    assert (1, 0) == (shop.checkout.deliver(), shop.checkout.deliver())
    assert [EMAIL] == [message["To"] for message in shop.mailbox.messages]


def test_without_a_mailer_mails_wait(place, caplog):
    """Nothing is lost or tried: the log says so once, and a checkout with a mailer sends them later."""
    with till(place, mailer=None) as shop:
        shop.settle(approved(shop.pay(A)))
        assert (0, 0) == (shop.checkout.deliver(), shop.checkout.deliver())
        assert [("WARNING", 0)] == [
            (record.levelname, shop.rows("outbox")[0]["tries"])
            for record in caplog.records
            if record.name == "rak_billing.delivery"
        ]
        assert "mailer" in caplog.text
        assert 1 == Till(shop.journal).checkout.deliver()


def test_a_refused_mail_is_sent_later(shop):
    """The mailer is full: tried again after a pause that doubles, until it goes."""
    shop.mailbox.is_full = True
    assert (0, 0) == (shop.checkout.deliver(), shop.checkout.deliver())
    shop.wait(minutes=1)
    assert 0 == shop.checkout.deliver()
    shop.mailbox.is_full = False
    shop.wait(minutes=1)
    assert 0 == shop.checkout.deliver()
    shop.wait(minutes=1)
    assert (1, 3, "full") == (shop.checkout.deliver(), shop.rows("outbox")[0]["tries"], "full")


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_lets_nothing_leave_is_refused(shop, limit):
    """A caller's slip is named, and nothing is tried."""
    with pytest.raises(TenantError, match=f"limit.*expected 1 or more, got {limit}"):
        shop.checkout.deliver(limit=limit)
    assert (0, 1) == (shop.rows("outbox")[0]["tries"], shop.checkout.deliver(limit=1))


def test_the_pause_has_a_limit(shop):
    """After many tries it is six hours, never weeks."""
    shop.mailbox.is_full = True
    for _ in range(20):
        shop.wait(hours=6)
        shop.checkout.deliver()
    assert 20 == shop.rows("outbox")[0]["tries"]


def test_a_mail_of_a_payment_that_was_given_back_does_not_leave(shop):
    """Voided while the mail waited: it would say that the bill is paid, so it is a dead letter that says why."""
    (attempt,) = shop.rows("attempts")
    shop.checkout.staff().resolve(attempt["order_id"], Resolution.VOIDED, by="M. Alami", why="annulé au CMI")
    assert (0, []) == (shop.checkout.deliver(), shop.mailbox.messages)
    (letter,) = shop.checkout.staff().dead_letters()
    assert "the order is not paid any more" == letter.error


def test_what_a_person_revives_gets_its_tries_anew(shop):
    """Given up after some days and revived: refused once more it goes on to be tried, and is given up again after as many."""
    shop.mailbox.is_full = True
    tried = []
    for _ in range(2):
        while not (letters := shop.checkout.staff().dead_letters()):
            shop.wait(hours=6)
            shop.checkout.deliver()
        tried.append(letters[0].tries)
        shop.checkout.staff().revive(letters[0].key, delivered=False, by="M. Alami", why="boîte vidée")
    assert [MOST_TRIES, 2 * MOST_TRIES] == tried
    shop.mailbox.is_full = False
    assert 1 == shop.checkout.deliver()


def test_one_refused_mail_does_not_hold_up_the_others(shop):
    """The refused one waits; the next is sent."""
    shop.mailbox.is_full = True
    shop.checkout.deliver()
    shop.mailbox.is_full = False
    shop.settle(approved(shop.pay(B)))
    assert 1 == shop.checkout.deliver()


def test_a_worker_that_died_is_relieved(shop):
    """A claimed entry is due again after the lease; the dead worker's mark is worth nothing then."""
    with shop.journal.writing() as tx:
        dead = tx.outbox.claim("RAK", now=shop.now)
        assert tx.outbox.claim("RAK", now=shop.now) is None
    shop.now += LEASE
    assert 1 == shop.checkout.deliver()
    with shop.journal.writing() as tx:
        tx.outbox.failed(dead, error="late", now=shop.now)
        assert 0 == tx.outbox.waiting("RAK")


def test_a_worker_that_was_relieved_has_no_say(shop):
    """It wakes up after its lease: that it failed changes nothing for the worker that took over; that the mail left is true."""
    with shop.journal.writing() as tx:
        slow = tx.outbox.claim("RAK", now=shop.now)
    shop.now += LEASE
    with shop.journal.writing() as tx:
        tx.outbox.claim("RAK", now=shop.now)
        tx.outbox.failed(slow, error="late", now=shop.now)
        assert (1, None) == (tx.outbox.waiting("RAK"), tx.outbox.claim("RAK", now=shop.now + LEASE / 2))
        tx.outbox.done(slow, at=shop.now)
        assert 0 == tx.outbox.waiting("RAK")


def test_the_mail_keeps_its_id_when_it_is_sent_again(shop):
    """Sent, but not marked: the second one can be recognised."""
    with shop.journal.writing() as tx:
        tx.outbox.claim("RAK", now=shop.now)
    shop.now += LEASE
    shop.checkout.deliver()
    with shop.journal.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE outbox SET sent_at = NULL, due_at = '2018-09-10T00:00:00.000000Z'")
    shop.checkout.deliver()
    first, second = shop.mailbox.messages
    assert first["Message-ID"] == second["Message-ID"]


def test_each_operator_sends_its_own_mails(shop):
    """Two operators on one journal: the other's mail waits for the other, whose sender and links it needs."""
    other = Till(
        shop.journal, tenant=attrs.evolve(Tenant.preset("rak"), id="SRM", mail_from="no@srm.example")
    )
    assert (0, 1) == (other.checkout.deliver(), shop.checkout.deliver())


@pytest.mark.parametrize("damage", ["UPDATE outbox SET topic = 'other'", "DELETE FROM receipts"])
def test_an_entry_that_makes_no_sense_holds_up_nothing_and_ends_before_a_person(shop, damage, caplog):
    """Without its receipt, or of an unknown kind: the log says so, the others leave, and after some days it is a dead letter."""
    with shop.journal.engine.begin() as connection:
        connection.exec_driver_sql(damage)
    shop.settle(approved(shop.pay(B)))
    assert (1, 1) == (shop.checkout.deliver(), len(shop.mailbox.messages))
    assert "a fault that nobody foresaw" in caplog.text
    for _ in range(MOST_TRIES):
        shop.wait(hours=6)
        shop.checkout.deliver()
    (letter,) = shop.checkout.staff().dead_letters()
    assert (MOST_TRIES, "JournalError, see the worker's log") == (letter.tries, letter.error)
    assert 1 == len(shop.checkout.staff().waiting())


@pytest.mark.parametrize(
    "error",
    [
        smtplib.SMTPRecipientsRefused({EMAIL: (550, b"no such user")}),
        smtplib.SMTPServerDisconnected(f"after DATA to {EMAIL}"),
        ConnectionRefusedError(111, "nobody there"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_mailer_that_lets_an_error_of_its_own_out_loses_nothing(shop, caplog, error):
    """The server refuses, hangs up or is away: the mail is sent later, and the error's words, which may name a customer, are kept nowhere."""

    def refuse(_message):
        raise error

    shop.mailbox.send, send = refuse, shop.mailbox.send
    assert [False] == list(shop.checkout.deliveries())
    assert type(error).__name__ == shop.rows("outbox")[0]["last_error"]
    assert (True, False) == (type(error).__name__ in caplog.text, EMAIL in caplog.text)
    shop.mailbox.send = send
    shop.wait(minutes=1)
    assert [True] == list(shop.checkout.deliveries())


def claim(shop):
    with shop.journal.writing() as tx:
        assert tx.outbox.claim("RAK", now=shop.now) is not None


def test_a_claim_costs_the_same_however_much_waits_or_was_sent(tmp_path):
    """Steps of SQLite's machine: no more with ten thousand orders of the past and ten thousand messages that wait than with ten."""
    with till(tmp_path) as shop:
        shop.settle(approved(shop.pay(A)))
        steps = []
        for first, last in ((1, 10), (11, 10_000)):
            with shop.journal.engine.begin() as connection:
                write_past(connection, first, last, is_over=False)
                write_past(connection, first + 20_000, last + 20_000)
            steps.append(steps_of(shop.journal.engine, lambda: claim(shop)))
        assert 0 < steps[1] <= steps[0] + 20


def give_to_another(engine):
    """Make all that waits another operator's, and older than ours, but for the first order's."""
    with engine.begin() as connection:
        connection.exec_driver_sql(
            "UPDATE orders SET tenant = 'SRM' WHERE reference IN (SELECT order_reference FROM outbox WHERE key <> "
            "(SELECT key FROM outbox ORDER BY length(key) LIMIT 1))"
        )
        connection.exec_driver_sql(
            "UPDATE outbox SET due_at = '2018-09-10T00:00:00.000000Z', tenant = 'SRM' WHERE key <> "
            "(SELECT key FROM outbox ORDER BY length(key) LIMIT 1)"
        )


def test_a_claim_walks_past_no_backlog_of_another_operator(tmp_path):
    """Steps of SQLite's machine: no more with twenty thousand older messages of another operator than with ten."""
    steps = []
    for waiting in (10, 20_000):
        (tmp_path / str(waiting)).mkdir()
        with till(tmp_path / str(waiting)) as shop:
            shop.settle(approved(shop.pay(A)))
            with shop.journal.engine.begin() as connection:
                write_past(connection, 1, waiting, is_over=False)
            give_to_another(shop.journal.engine)
            steps.append(steps_of(shop.journal.engine, lambda: claim(shop)))
    assert 0 < steps[1] <= steps[0] + 20


def test_on_postgresql_a_claim_walks_past_no_backlog_of_another_operator(postgres):
    """By the server's own account: a few rows, with twenty thousand older messages of another operator."""
    with till(PostgresPlace(postgres)) as shop:
        shop.settle(approved(shop.pay(A)))
        with shop.journal.engine.begin() as connection:
            write_past(connection, 1, 20_000, is_over=False)
        give_to_another(shop.journal.engine)
        assert 10 > most_rows_read(shop.journal.engine, lambda: claim(shop))


def test_on_postgresql_a_claim_reads_what_it_takes(postgres):
    """By the server's own account: a few rows, of five thousand that wait and five thousand that were sent."""
    with till(PostgresPlace(postgres)) as shop:
        shop.settle(approved(shop.pay(A)))
        with shop.journal.engine.begin() as connection:
            write_past(connection, 1, 5000, is_over=False)
            write_past(connection, 10_001, 15_000)
        assert 10 > most_rows_read(shop.journal.engine, lambda: claim(shop))
