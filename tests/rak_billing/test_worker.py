"""The worker does what is due, survives trouble, and stops when told; its commands, health and numbers."""

import os
import signal
import subprocess
import sys
import threading
import time
from importlib import import_module

import pytest
from click.testing import CliRunner

from cmi_gateway.simulator.faults import ApiCutBefore, ReplyIgnored
from rak_billing import staff
from rak_billing.cli.orders_texts import EVENTS, MESSAGES, OPERATIONS, REASONS, REFUSALS, STATES
from rak_billing.cli.root import rak_billing
from rak_billing.confirmation import TOPICS
from rak_billing.payments.journal import Journal
from rak_billing.payments.records import ReviewKind
from rak_billing.payments.states import AttemptState, Event, OrderState
from rak_billing.recovery.deciding import Move
from rak_billing.worker import Worker
from support.callbacks import approved, doubtful
from support.checkout_kit import A, B, till
from support.operator_module import module_with
from support.recovery_kit import ALL, Counter, counter


@pytest.fixture
def shop(place):
    with counter(place, *ALL) as opened:
        yield opened


def never(_seconds):
    return False


def test_a_drain_confirms_and_sends(shop):
    """One paid bill: asked about, confirmed, mailed; a second drain finds nothing."""
    shop.pay(shop.till.pay(A))
    done = Worker(shop.checkout, never).drain()
    assert (1, 1, False) == (done.delivered, done.sweep.confirmed, done.has_trouble)
    assert Worker(shop.checkout, never).drain().was_idle


def test_trouble_is_logged_and_left_for_the_next_round(caplog):
    """The database is away: the worker goes on, and rests longer."""
    rests = []
    with till() as shop:
        shop.settle(approved(shop.pay(A)))
        with shop.journal.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE outbox RENAME TO gone")

        def wait(seconds):
            rests.append(seconds)
            if seconds:
                with shop.journal.engine.begin() as connection:
                    if "gone" in str(connection.exec_driver_sql("SELECT name FROM sqlite_master").all()):
                        connection.exec_driver_sql("ALTER TABLE gone RENAME TO outbox")
            return len(rests) > 12

        Worker(shop.checkout, wait).run()
        assert 1 == len(shop.mailbox.messages)
        assert Worker(shop.checkout, lambda _: True).drain().was_idle
    assert 10.0 in rests
    assert "could not be done" in caplog.text


def test_a_drain_that_meets_trouble_says_so():
    """It does not go round for ever."""
    with till() as shop:
        with shop.journal.engine.begin() as connection:
            connection.exec_driver_sql("DROP TABLE outbox")
        assert Worker(shop.checkout, never).drain().has_trouble


def test_no_message_is_begun_after_the_wish_to_stop():
    """Told to stop in the middle of a backlog: the message in hand leaves, the next one stays."""
    with till() as shop:
        for bill in (A, B):
            shop.settle(approved(shop.pay(bill)))
        done = Worker(shop.checkout, lambda _: bool(shop.mailbox.messages)).drain()
        assert (1, 1) == (done.delivered, len(shop.mailbox.messages))


def test_refused_messages_do_not_end_a_drain():
    """One that nobody takes comes first: what is due behind it leaves in the same drain, and the drain tells of both."""
    with till() as shop:
        for bill in (A, B):
            shop.settle(approved(shop.pay(bill)))
        take, refused = shop.mailbox.send, []

        def send(message):
            if not refused:
                refused.append(message)
                raise RuntimeError("an adapter's own fault")
            take(message)

        shop.mailbox.send = send
        done = Worker(shop.checkout, never).drain()
        assert (1, 1, False) == (done.delivered, done.refused, done.has_trouble)


def test_one_attempt_that_cannot_be_looked_at_holds_up_no_other(shop, caplog):
    """What is kept of it cannot be read: it is told in the log and looked at again later, and the others are confirmed."""
    broken, sound = shop.till.pay(A), shop.till.pay(B)
    for form in (broken, sound):
        shop.pay(form)
    with shop.till.journal.engine.begin() as connection:
        connection.exec_driver_sql(
            f"UPDATE attempts SET state = 'nonsense' WHERE order_id = '{broken.order_id}'"
        )
    done = Worker(shop.checkout, never).drain()
    assert (1, 1, 1, False) == (done.sweep.failed, done.sweep.confirmed, done.delivered, done.has_trouble)
    assert f"the look at {broken.order_id} met a fault" in caplog.text
    assert Worker(shop.checkout, never).drain().was_idle


def test_a_worker_stops_within_a_moment(shop):
    """Told to stop while it rests."""
    stop = threading.Event()
    thread = threading.Thread(target=Worker(shop.checkout, stop.wait).run)
    thread.start()
    stop.set()
    thread.join(10)
    assert not thread.is_alive()


PORTAL = """
import rak_billing as rak
from support.checkout_kit import Bills, A, Mailbox
from support.gateway_kit import MERCHANT

def checkout():
    return rak.Checkout(
        tenant=rak.Tenant.preset("rak"), billing=Bills(A), journal=rak.Journal.open({url!r}),
        merchant=MERCHANT, mailer=Mailbox(), secret_key="0123456789abcdef",
    )

something_else = 3
"""


@pytest.fixture
def portal(tmp_path, monkeypatch):
    """A module of the operator's own that gives a checkout, and the journal that it opens."""
    url = f"sqlite:///{tmp_path / 'rak.db'}"
    with module_with(tmp_path, monkeypatch, PORTAL.format(url=url)) as name, till_at(url) as shop:
        yield name, shop


def till_at(url):
    from contextlib import contextmanager

    from support.checkout_kit import Till

    @contextmanager
    def opened():
        with Journal.open(url) as journal:
            yield Till(journal)

    return opened()


def run(*words):
    return CliRunner().invoke(rak_billing, [*words])


def test_once_does_what_is_due_and_says_what_it_was(portal):
    """A scheduled task's way to work."""
    name, shop = portal
    shop.settle(approved(shop.pay(A)))
    done = run("worker", "--once", "--checkout", f"{name}:checkout")
    assert (0, True) == (done.exit_code, "Messages partis : 1" in done.output)


def test_once_ends_with_an_error_where_something_could_not_be_done(portal):
    """A scheduler sees it."""
    name, shop = portal
    with shop.journal.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE outbox")
    assert 1 == run("worker", "--once", "--checkout", f"{name}:checkout").exit_code


def refusing(shop):
    """Give the same shop with a wrong password of the API."""
    api = shop.bank.api()
    wrong = type(api)(
        api.merchant, user="rakapi", password="wrong", transport=shop.bank.carry, clock=shop.bank.clock
    )
    return Counter(shop.till.journal, shop.bank, api=wrong)


def test_a_worker_that_the_gateway_shuts_out_rests_and_sends_on(shop):
    """One request, not one for each payment; what is due stays due, mails leave, and a mended worker goes on at once."""
    shop.pay(shop.till.pay(A))
    shop.checkout.sweep()
    forms = [shop.till.pay(B) for _ in range(9)]
    shop.wait(minutes=2)
    before, rests = len(shop.bank.requests), []

    def wait(seconds):
        rests.append(seconds)
        return len([rest for rest in rests if rest]) > 3

    shut_out = refusing(shop)
    Worker(shut_out.checkout, wait).run()
    assert (1, {0, 10.0}) == (len(shop.bank.requests) - before, set(rests))
    assert 1 == len(shut_out.till.mailbox.messages)
    due = [row for row in shop.till.rows("inquiries") if row["silent_since"] is None]
    assert len(due) >= len(forms) - 3
    done = Worker(shop.checkout, never).drain()
    assert (False, False) == (done.has_trouble, done.sweep.is_shut_out)


def test_once_says_that_the_gateway_refuses_the_account(shop, tmp_path, monkeypatch):
    """Status 1, and what to mend, in words."""
    shop.pay(shop.till.pay(A))
    with module_with(tmp_path, monkeypatch, "checkout = None\n") as name:
        import_module(name).checkout = refusing(shop).checkout
        done = run("worker", "--once", "--checkout", f"{name}:checkout")
    assert (1, True) == (done.exit_code, "le CMI refuse ce compte" in done.output)


def test_a_journal_that_is_away_is_said_in_french(portal):
    """Staff read what to do, and no trace of a program."""
    name, shop = portal
    with shop.journal.engine.begin() as connection:
        connection.exec_driver_sql("DROP TABLE reviews")
    done = run("orders", "list", "--checkout", f"{name}:checkout")
    assert (1, SystemExit) == (done.exit_code, type(done.exception))
    assert "database refused" not in done.output


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("os.environ['RAK_NO_SUCH_KEY']", "'RAK_NO_SUCH_KEY' manque"),
        ("rak_billing.Journal.open('nonsense')", ":it : "),
    ],
)
def test_a_setting_that_is_missing_is_named(tmp_path, monkeypatch, body, words):
    """The operator's own function did not find what it reads: which it was, and no trace of a program."""
    source = f"import os\nimport rak_billing\n\n\ndef it():\n    return {body}\n"
    with module_with(tmp_path, monkeypatch, source) as name:
        done = run("worker", "--once", "--checkout", f"{name}:it")
    assert (1, SystemExit, True) == (done.exit_code, type(done.exception), words in done.output), done.output


def test_a_limit_beyond_all_lists_is_none(portal):
    """Whoever wants everything gets it."""
    name, shop = portal
    for form in [shop.pay(A) for _ in range(2)]:
        shop.settle(approved(form))
    done = run("orders", "list", "--limit", str(10**30), "--checkout", f"{name}:checkout")
    assert (0, 1) == (done.exit_code, done.output.count("second paiement"))


@pytest.mark.parametrize(
    "place",
    ["nothing", "no_such_module:checkout", "{}:missing", "{}:something_else", "..:x", ".:", ":x", "a b:c"],
)
def test_a_checkout_that_is_none_is_said_so(portal, place):
    """The option is named, and what was expected."""
    done = run("worker", "--once", "--checkout", place.format(portal[0]))
    assert (2, True) == (done.exit_code, "--checkout" in done.output)


def test_sigterm_ends_a_worker_at_once(portal, tmp_path):
    """As a process manager stops it: what is in hand is ended, status 0."""
    name, _ = portal
    env = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "RAK_BILLING_CHECKOUT": f"{name}:checkout"}
    code = "from rak_billing.cli.root import rak_billing; rak_billing()"
    with subprocess.Popen(
        [sys.executable, "-c", code, "worker"], cwd=tmp_path, env=env, stdout=subprocess.PIPE, text=True
    ) as process:
        assert "Au travail" in process.stdout.readline()
        time.sleep(0.2)
        process.send_signal(signal.SIGTERM)
        assert "Arrêté" in process.communicate(timeout=20)[0]
    assert 0 == process.returncode


def test_staff_list_show_resolve_and_revive_on_the_command_line(portal):
    """What waits, why, what happened, and what they found out."""
    name, shop = portal
    option = ("--checkout", f"{name}:checkout")
    assert "Rien n'attend" in run("orders", "list", *option).output
    older, newer = shop.pay(A), shop.pay(A)
    for form in (newer, older):
        shop.settle(approved(form))
    shop.mailbox.is_full = True
    for _ in range(31):
        shop.checkout.deliver()
        shop.wait(hours=6)
    listed = run("orders", "list", *option).output
    assert older.order_id in listed
    assert "second paiement" in listed
    assert "abandonné le" in listed
    resolved = run(
        "orders", "resolve", older.order_id, "--as", "voided", "--by", "k.alami", "--why", "annulé", *option
    )
    assert f"{older.order_id} : annulée" in resolved.output
    assert "k.alami : annulé" in run("orders", "show", older.order_id, *option).output
    key = shop.checkout.staff().dead_letters()[0].key
    who = ("--by", "k.alami", "--why", "serveur réparé")
    assert 2 == run("orders", "revive", key, *option).exit_code
    assert "Sera renvoyé" in run("orders", "revive", key, *who, *option).output
    assert "k.alami : serveur réparé" in run("orders", "show", newer.order_id, *option).output
    shop.mailbox.is_full = False
    shop.checkout.deliver()
    assert "Rien n'attend" in run("orders", "list", *option).output
    assert 1 == run("orders", "revive", key, "--delivered", *who, *option).exit_code


def test_show_says_all_that_staff_need_of_an_order(shop, tmp_path, monkeypatch):
    """Its attempts with their numbers at the CMI, what is under way, what waits, what left and what was given up, and the next look."""
    shop.faults(ReplyIgnored())
    paid = shop.till.pay(A)
    shop.pay(paid)
    shop.wait(minutes=6)
    shop.api_faults(ApiCutBefore(on="operations"))
    shop.checkout.sweep()
    shop.till.settle(doubtful(paid))
    number = shop.till.rows("gateway_transactions")[0]["transaction_id"]
    with module_with(tmp_path, monkeypatch, "checkout = None\n") as name:
        import_module(name).checkout = shop.checkout
        show = ("orders", "show", paid.order_id, "--checkout", f"{name}:checkout")
        said = run(*show).output
        for words in (
            f"essai {paid.order_id} : débit incertain, c'est le paiement de la commande, transaction CMI {number}",
            "débit envoyé au CMI, on ne sait pas si c'est fait",
            "à voir : échec avec un signe d'autorisation",
            "prochaine question au CMI : ",
        ):
            assert words in said, said
        shop.checkout.staff().resolve(paid.order_id, staff.Resolution.PAID, by="k", why="w")
        shop.till.mailbox.is_full = True
        for _ in range(31):
            shop.checkout.deliver()
            shop.wait(hours=6)
        assert "mail de confirmation : confirmation_mail/" in run(*show).output
        shop.till.mailbox.is_full = False
        shop.checkout.staff().revive(
            shop.checkout.staff().dead_letters()[0].key, delivered=False, by="k", why="w"
        )
        shop.checkout.deliver()
        assert "mail de confirmation : parti" in run(*show).output


def test_what_staff_get_wrong_is_said_in_their_words(portal):
    """Unknown names and impossible findings: one line of French, and status 1; what was typed is shown without what a terminal obeys."""
    name, shop = portal
    form, taken = shop.pay(A), shop.pay(B)
    shop.checkout.staff().resolve(taken.order_id, staff.Resolution.PAID, by="k", why="w")
    option, who = ("--checkout", f"{name}:checkout"), ("--by", "k", "--why", "w")
    for words, said in (
        (("show", "\x1b[31mrien\n"), "?[31mrien? : attendu la référence"),
        (("resolve", "rien", "--as", "seen", *who), "rien : attendu l'identifiant CMI"),
        (("resolve", taken.order_id, "--as", "unpaid", *who), "dans l'état « débitée »"),
        (("resolve", form.order_id, "--as", "seen", "--by", " ", "--why", "w"), "dites qui vous êtes"),
        (("revive", "rien", *who), "rien : attendu la clé"),
    ):
        done = run("orders", *words, *option)
        assert (1, 1, True) == (done.exit_code, len(done.output.splitlines()), said in done.output), (
            done.output
        )


def test_a_long_list_is_cut_and_says_so(portal):
    """The oldest first, and how to see the others; what comes from outside cannot write on the terminal."""
    name, shop = portal
    forms = [shop.pay(A) for _ in range(4)]
    for form in reversed(forms):
        shop.settle(approved(form))
    with shop.journal.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE orders SET customer_ref = '1' || char(27, 10, 8238) || '2'")
    listed = run("orders", "list", "--limit", "2", "--checkout", f"{name}:checkout").output
    assert (2, True) == (listed.count("second paiement"), "--limit 20" in listed)
    assert ("client 1???2" in listed, "\x1b" in listed) == (True, False)


def test_every_refusal_has_its_words():
    """Staff never read an error meant for programs."""
    names = {value for name, value in vars(staff).items() if name.isupper() and isinstance(value, str)}
    assert names - {staff.POSTING} == set(REFUSALS)


def test_every_reason_state_and_event_has_its_words():
    """Staff never read a name of the code."""
    assert {kind.value for kind in ReviewKind} == set(REASONS)
    assert {state.value for state in (*AttemptState, *OrderState)} == set(STATES)
    assert {event.value for event in Event} == set(EVENTS)
    assert (set(TOPICS), set(Move)) == (set(MESSAGES), set(OPERATIONS))
