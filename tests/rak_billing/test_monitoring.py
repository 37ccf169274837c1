"""Health and numbers: true, in the format that Prometheus reads, at the same price however long the past, and shut to strangers."""

import re

import pytest

from cmi_gateway.simulator.faults import ApiHtmlError, ReplyIgnored
from rak_billing.monitoring import exposition, is_ready
from rak_billing.payments.records import Review, ReviewKind
from rak_billing.portal.app import create_app
from support.callbacks import approved, doubtful
from support.checkout_kit import NOON, A, B, till
from support.long_past import most_rows_read, steps_of, write_past
from support.place import PostgresPlace, SqlitePlace
from support.recovery_kit import ALL, counter

_SAMPLE = re.compile(
    r'(?P<name>[a-z_]+)(?:\{(?P<label>[a-z_]+)="(?P<value>(?:[^"\\\n]|\\[\\"n])*)"\})? (?P<number>[0-9.e+-]+)'
)
TOKEN = "0123456789abcdef"
SHUT = {"Authorization": f"Bearer {TOKEN}"}


def read(text):
    """Read an exposition as strictly as the format is written down; give sample to number."""
    assert text.endswith("\n")
    seen, numbers, name, kind = set(), {}, None, None
    for line in text.splitlines():
        if line.startswith("# HELP "):
            name, words = line.removeprefix("# HELP ").split(" ", 1)
            assert words
            assert name not in seen, "one HELP for each name, and its samples together"
            seen.add(name)
        elif line.startswith("# TYPE "):
            named, kind = line.removeprefix("# TYPE ").split(" ")
            assert (named, True) == (name, kind in {"gauge", "counter"})
            assert name.endswith("_total") == (kind == "counter")
        else:
            found = _SAMPLE.fullmatch(line)
            assert found is not None, line
            sample = line.rsplit(" ", 1)[0]
            assert (found["name"], False) == (name, sample in numbers)
            numbers[sample] = float(found["number"])
            assert kind is not None
    return numbers


def numbers_of(shop):
    return read(exposition(shop.till.journal, "RAK", now=shop.bank.clock()))


def test_the_numbers_tell_what_waits(place):
    """States, the oldest unconfirmed, looks and messages that are overdue, refused callbacks: counted in the journal."""
    with counter(place, *ALL) as shop:
        shop.faults(ReplyIgnored())
        shop.pay(shop.till.pay(A))
        shop.till.settle(b"nonsense")
        shop.wait(minutes=2)
        numbers = numbers_of(shop)
        for sample, number in (
            ('rak_billing_watched_attempts{state="capture_requested"}', 1),
            ("rak_billing_oldest_unconfirmed_seconds", 120),
            ("rak_billing_looks_overdue_seconds", 120),
            ('rak_billing_outbox_waiting{topic="confirmation_mail"}', 0),
            ('rak_billing_outbox_dead{topic="posting"}', 0),
            ('rak_billing_reviews_waiting{kind="not_posted"}', 0),
            ('rak_billing_callbacks_refused_total{reason="malformed"}', 1),
            ("rak_billing_receipts_total", 0),
        ):
            assert number == numbers[sample], sample


def test_a_message_that_nobody_takes_shows_until_it_leaves(place):
    """Between two tries it is not overdue, but it is counted as tried on; given up, it is dead, and a person is asked for."""
    with counter(place, *ALL) as shop:
        shop.pay(shop.till.pay(A))
        shop.checkout.sweep()
        shop.till.mailbox.is_full = True
        retried, dead = (f'rak_billing_outbox_{n}{{topic="confirmation_mail"}}' for n in ("retried", "dead"))
        for tries in range(30):
            assert tries > 0 or (0, 0) == (numbers_of(shop)[retried], numbers_of(shop)[dead])
            shop.checkout.deliver()
            assert tries == 29 or (1, 0, 0) == tuple(
                numbers_of(shop)[sample] for sample in (retried, dead, "rak_billing_outbox_overdue_seconds")
            )
            shop.wait(hours=6)
        assert (0, 1, 1) == tuple(
            numbers_of(shop)[sample]
            for sample in (retried, dead, 'rak_billing_reviews_waiting{kind="not_sent"}')
        )


def test_numbers_of_another_operator_are_not_ours(place):
    """Each counts its own payments."""
    with counter(place, *ALL) as shop:
        shop.till.pay(B)
        other = read(exposition(shop.till.journal, "SRM", now=shop.bank.clock()))
        assert {0.0} == set(other.values())


def test_another_operator_s_matters_hide_none_of_ours(monkeypatch):
    """However many wait for their people, and for longer: ours are counted."""
    monkeypatch.setattr("rak_billing.monitoring.MOST", 3)
    with counter(None) as shop:
        for _ in range(4):
            shop.till.settle(doubtful(shop.till.pay(A)))
        with shop.till.journal.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE orders SET tenant = 'SRM'")
        shop.wait(minutes=1)
        shop.till.settle(doubtful(shop.till.pay(B)))
        assert 1 == numbers_of(shop)['rak_billing_reviews_waiting{kind="doubtful_failure"}']


def test_where_nobody_asks_nothing_is_overdue():
    """Without an API a form of a month ago raises no alarm, and there is no number that could."""
    with till() as shop:
        shop.pay(A)
        shop.wait(days=30)
        numbers = read(exposition(shop.journal, "RAK", now=shop.now, asks=False))
        assert not [name for name in numbers if "seconds" in name and numbers[name]]
        assert not [name for name in numbers if "looks" in name or "unconfirmed_" in name]


def test_what_is_not_confirmed_for_months_is_not_forgotten(place):
    """The gateway answers about everything else: the age of the oldest one goes on rising."""
    with counter(place, *ALL) as shop:
        shop.pay(shop.till.pay(A))
        shop.api_faults(ApiHtmlError())
        for _ in range(40):
            shop.checkout.sweep()
            shop.wait(days=1)
        numbers = numbers_of(shop)
        for name in ("rak_billing_oldest_unconfirmed_seconds", "rak_billing_gateway_silent_seconds"):
            assert numbers[name] >= 39 * 86400


def test_large_numbers_are_written_whole():
    """A counter that is rounded to six digits seems to stand still, and then jumps."""
    with counter(None) as shop:
        with shop.till.journal.engine.begin() as connection:
            connection.exec_driver_sql("INSERT INTO rejections VALUES ('signature', '2018-09-10', 123456789)")
        assert 123456789 == numbers_of(shop)['rak_billing_callbacks_refused_total{reason="signature"}']


def test_what_a_label_says_cannot_write_a_line():
    """Quotes, backslashes and line feeds are escaped, wherever they came from."""
    with counter(None) as shop:
        with shop.till.journal.engine.begin() as connection:
            connection.exec_driver_sql(
                "INSERT INTO rejections VALUES ('a\"b\\c' || char(10) || 'd 1', '2018', 5)"
            )
        assert 5 == numbers_of(shop)['rak_billing_callbacks_refused_total{reason="a\\"b\\\\c\\nd 1"}']


def paid_once(shop):
    """One payment to the end, with a matter that a person settled."""
    form = shop.till.pay(A)
    shop.pay(form)
    shop.checkout.sweep()
    shop.checkout.deliver()
    with shop.till.journal.writing() as tx:
        tx.reviews.keep(Review(form.order_id, ReviewKind.UNDONE, "", NOON))
        tx.reviews.settle(form.order_id, by="k.alami", why="vu", at=NOON)


def test_a_question_costs_the_same_however_long_the_past(tmp_path):
    """Steps of SQLite's machine for all numbers and for readiness: no more with twenty thousand orders than with ten."""
    with counter(SqlitePlace(tmp_path), *ALL) as shop:
        paid_once(shop)
        steps = []
        for first, last in ((1, 10), (11, 20_000)):
            with shop.till.journal.engine.begin() as connection:
                write_past(connection, first, last)
            steps.append(
                steps_of(shop.till.journal.engine, lambda: (numbers_of(shop), is_ready(shop.till.journal)))
            )
        assert 0 < steps[1] <= steps[0]


def test_on_postgresql_no_number_reads_the_past(postgres):
    """By the server's own account no question reads more than a handful of rows of a past of five thousand."""
    with counter(PostgresPlace(postgres), *ALL) as shop:
        paid_once(shop)
        with shop.till.journal.engine.begin() as connection:
            write_past(connection, 1, 5000)
        assert 50 > most_rows_read(shop.till.journal.engine, lambda: numbers_of(shop))


def test_health_and_numbers_on_the_portal():
    """Alive and ready to anybody, without a word of anybody; numbers to who holds the token, else no such page."""
    with till() as shop:
        client = create_app(shop.checkout, metrics_token=TOKEN).test_client()
        assert ((200, "vivant\n"), (200, "pret\n")) == tuple(
            (answer.status_code, answer.text)
            for answer in (client.get("/sante/vivant"), client.get("/sante/pret"))
        )
        shop.settle(approved(shop.pay(A)))
        given = client.get("/metriques", headers=SHUT)
        assert (200, "text/plain; version=0.0.4; charset=utf-8") == (
            given.status_code,
            given.headers["Content-Type"],
        )
        assert 1 == read(given.text)['rak_billing_outbox_waiting{topic="confirmation_mail"}']
        with shop.journal.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE attempts RENAME TO gone")
        assert 503 == client.get("/sante/pret").status_code
        assert 503 == client.get("/metriques", headers=SHUT).status_code
        assert not is_ready(shop.journal)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer \xe9\xff"},
        {"Authorization": "Bearer " + "x" * 5000},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
    ],
)
def test_strangers_find_no_numbers(headers):
    """Whatever they send, there is no such page, and no error of ours."""
    with till() as shop:
        client = create_app(shop.checkout, metrics_token=TOKEN).test_client()
        assert 404 == client.get("/metriques", headers=headers).status_code


@pytest.mark.parametrize("path", ["/sante/vivant", "/sante/pret", "/metriques"])
def test_monitoring_is_only_read(path):
    """Nothing can be posted there, and nothing that is asked along changes the answer."""
    with till() as shop:
        client = create_app(shop.checkout, metrics_token=TOKEN).test_client()
        assert {405} == {
            client.open(path, method=method, headers=SHUT).status_code for method in ("POST", "PUT", "DELETE")
        }
        assert 200 == client.get(f"{path}?tenant=SRM&x=%00%ff", headers=SHUT).status_code
        assert "no-store" in client.get(path, headers=SHUT).headers["Cache-Control"]


def test_without_a_token_there_are_no_numbers():
    """Off unless asked for; a token that can be guessed is refused."""
    with till() as shop:
        client = create_app(shop.checkout).test_client()
        assert 404 == client.get("/metriques", headers={"Authorization": "Bearer "}).status_code
        with pytest.raises(ValueError, match="16"):
            create_app(shop.checkout, metrics_token="short")
