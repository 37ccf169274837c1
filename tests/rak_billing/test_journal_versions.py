"""The tables have a version, and one way to it, whatever they were before."""

from secrets import token_bytes

import attrs
import pytest
from sqlalchemy import create_engine, insert, inspect, select, update

from rak_billing.errors import JournalError, SchemaVersionError
from rak_billing.payments import schema
from rak_billing.payments.histories import broken_histories
from rak_billing.payments.journal import Journal
from rak_billing.payments.upgrading import migrate, statements, versions
from rak_billing.payments.versions import FIRST, HEAD, VERSION_TABLE, create_tables, version_of
from support.callbacks import approved, declined
from support.checkout_kit import NOON, A, B, Till, till
from support.operators import run_statements, run_up_to
from support.tables import described


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """An engine on a database without any table, on each."""
    if request.param == "sqlite":
        engine = create_engine(f"sqlite:///{tmp_path / 'rak.db'}")
    else:
        url = request.getfixturevalue("postgres").empty_database()
        engine = create_engine(url.replace("postgresql:", "postgresql+psycopg:"))
    yield engine
    engine.dispose()


def url_of(engine):
    return engine.url.render_as_string(hide_password=False)


#: Columns of the fourth version, the fifth, the eighth and the ninth.
ADDED_SINCE = (
    ("events", "attempt_before"),
    ("events", "order_before"),
    ("events", "facts"),
    ("reviews", "resolved_by"),
    ("reviews", "resolved_why"),
    ("outbox", "parked_at"),
    ("outbox", "begun_at"),
    ("outbox", "tenant"),
    ("outbox", "tries_before"),
)


def test_the_head_is_the_last_migration():
    """What the package expects is what its migrations lead to."""
    assert (FIRST, HEAD) == (versions()[0], versions()[-1])


def test_migrations_lead_to_the_tables_of_today(empty):
    """Migrated step by step or made at once, every column, key and index is the same."""
    with empty.begin() as connection:
        run_up_to(connection, FIRST)
        migrate(connection, FIRST)
        migrated = described(connection)
        assert HEAD == version_of(connection)
        schema.metadata.drop_all(connection)
        connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")
        create_tables(connection)
        assert described(connection) == migrated


def test_every_version_can_be_upgraded(empty):
    """Whatever version a database is of, it becomes today's."""
    for version in versions():
        with empty.begin() as connection:
            run_up_to(connection, version)
        Journal.open(url_of(empty), upgrade=True).close()
        with empty.begin() as connection:
            assert HEAD == version_of(connection)
            schema.metadata.drop_all(connection)
            connection.exec_driver_sql(f"DROP TABLE {VERSION_TABLE}")


def test_a_journal_from_before_versions_is_taken_over(tmp_path):
    """A file without any version keeps its orders; their invoices get the rows that are locked now."""
    with till(tmp_path) as shop:
        form = shop.pay(A)
        with shop.journal.engine.begin() as connection:
            for table in ("invoices", "tallies", "inquiries", "operations", "paces", VERSION_TABLE):
                connection.exec_driver_sql(f"DROP TABLE {table}")
            for index in ("ix_outbox_due", "ix_outbox_dead", "ix_reviews_waiting"):
                connection.exec_driver_sql(f"DROP INDEX {index}")
            connection.exec_driver_sql(
                "CREATE INDEX ix_outbox_due ON outbox (due_at, key) WHERE sent_at IS NULL"
            )
            for table, column in (("callbacks", "reduced_at"), *ADDED_SINCE):
                connection.exec_driver_sql(f"ALTER TABLE {table} DROP COLUMN {column}")
            connection.exec_driver_sql("DELETE FROM events")
            connection.exec_driver_sql("DROP INDEX uq_attempts_payment")
            for index in ("uq_orders_open", "uq_callbacks_processed", "uq_gateway_transactions_approved"):
                connection.exec_driver_sql(f"DROP INDEX {index}")
    with till(tmp_path) as again:
        assert [{"tenant": "RAK", "reference": A.reference}] == again.rows("invoices")
        again.settle(approved(form))
        assert "paid" == again.seen(form).state


def test_an_empty_postgresql_is_not_filled_unasked(postgres):
    """Opening says what is missing and what to do; with upgrade=True it is done."""
    url = postgres.empty_database()
    with pytest.raises(SchemaVersionError, match="db upgrade") as caught:
        Journal.open(url)
    assert (None, HEAD) == (caught.value.found, caught.value.expected)
    Journal.open(url, upgrade=True).close()
    Journal.open(url).close()


@pytest.mark.parametrize("upgrade", [True, False])
def test_a_database_of_a_later_version_is_refused(place, upgrade):
    """A package that was set back does not touch what it does not know."""
    with Journal.open(place.url) as journal, journal.writing() as tx:
        tx.connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    try:
        with pytest.raises(SchemaVersionError, match="9999"):
            Journal.open(place.url, upgrade=upgrade)
    finally:
        if place.dialect == "postgresql":
            engine = create_engine(place.url.replace("postgresql:", "postgresql+psycopg:"))
            with engine.begin() as connection:
                connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '{HEAD}'")
            engine.dispose()


def test_a_failed_upgrade_leaves_the_old_version(empty):
    """All migrations are kept, or none: here the second one finds its table taken."""
    with empty.begin() as connection:
        run_up_to(connection, FIRST)
        connection.exec_driver_sql("CREATE TABLE tallies (x INTEGER)")
    with pytest.raises(JournalError):
        Journal.open(url_of(empty), upgrade=True)
    with empty.connect() as connection:
        assert FIRST == version_of(connection)
        assert "invoices" not in inspect(connection).get_table_names()


def test_a_unique_open_order_is_a_key(place):
    """Two orders of the same selection and price cannot both be open, whoever writes them."""
    with till(place) as shop:
        shop.pay(A)
        with shop.journal.reading() as tx:
            row = dict(tx.connection.execute(select(schema.orders)).one()._mapping)
        with pytest.raises(JournalError), shop.journal.writing() as tx:
            tx.connection.execute(insert(schema.orders).values(row | {"reference": "other"}))


def forget_operators(connection):
    """Set outbox, attempts and inquiries back to the version before the eighth."""
    forget_payments(connection)
    for statement in (
        "DROP INDEX ix_outbox_due",
        "DROP INDEX ix_outbox_dead",
        "ALTER TABLE outbox DROP COLUMN tenant",
        "CREATE INDEX ix_outbox_due ON outbox (due_at, key) WHERE sent_at IS NULL AND parked_at IS NULL",
        "CREATE INDEX ix_outbox_dead ON outbox (parked_at, key) WHERE sent_at IS NULL AND parked_at IS NOT NULL",
    ):
        connection.exec_driver_sql(statement)


def forget_payments(connection):
    """Set attempts, inquiries and outbox back to the version before the ninth."""
    connection.exec_driver_sql("DROP INDEX uq_attempts_payment")
    connection.exec_driver_sql("ALTER TABLE inquiries DROP COLUMN silent_since")
    connection.exec_driver_sql("ALTER TABLE outbox DROP COLUMN tries_before")


@pytest.mark.parametrize("by_hand", [False, True])
def test_an_order_keeps_one_payment_of_those_that_an_older_version_left(place, by_hand):
    """What was called no payment and came back beside the one that paid does not count any more; what paid does."""
    with till(place) as shop:
        forms = [shop.pay(A), shop.pay(A), shop.pay(B), shop.pay(B)]
        for form in (forms[0], forms[2]):
            shop.settle(approved(form))
        instant = shop.rows("attempts")[0]["payment_instant"]
        with shop.journal.engine.begin() as connection:
            forget_payments(connection)
            for form, state, when in (
                (forms[1], "duplicate", instant),
                (forms[2], "needs_person", instant),
                (forms[3], "capture_requested", instant),
            ):
                connection.exec_driver_sql(
                    f"UPDATE attempts SET state = '{state}', payment_instant = '{when}'"
                    f" WHERE order_id = '{form.order_id}'"
                )
            connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0008'")
            if by_hand:
                run_statements(connection, statements(connection.dialect.name, "0008"))
    with Journal.open(place.url, upgrade=not by_hand) as journal:
        counting = [row["order_id"] for row in Till(journal).rows("attempts") if row["payment_instant"]]
    assert sorted([forms[0].order_id, forms[3].order_id]) == sorted(counting)


def test_what_an_older_version_stopped_to_ask_about_is_asked_about_again(place):
    """The gateway never said what it holds: not of what is settled, and not where nobody ever asked."""
    with till(place) as shop:
        forms = [shop.pay(invoice) for invoice in (A, A, B)]
        shop.settle(declined(forms[2]))
        with shop.journal.engine.begin() as connection:
            forget_payments(connection)
            connection.exec_driver_sql("UPDATE inquiries SET due_at = NULL")
            connection.exec_driver_sql(
                f"UPDATE inquiries SET asked_at = since WHERE order_id <> '{forms[0].order_id}'"
            )
            connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0008'")
    with Journal.open(place.url, upgrade=True) as journal:
        due = [row["order_id"] for row in Till(journal).rows("inquiries") if row["due_at"]]
    assert [forms[1].order_id] == due


@pytest.mark.parametrize("by_hand", [False, True])
def test_what_waits_gets_the_operator_of_its_order(place, by_hand):
    """Upgraded by the package or by a person who runs its statements: nothing is lost, and each operator's worker finds its own."""
    with till(place) as shop:
        for invoice in (A, B):
            shop.settle(approved(shop.pay(invoice)))
        other = shop.rows("outbox")[0]["order_reference"]
        with shop.journal.engine.begin() as connection:
            change = update(schema.orders).where(schema.orders.c.reference == other)
            connection.execute(change.values(tenant="SRM"))
            forget_operators(connection)
            connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0007'")
            if by_hand:
                run_statements(connection, statements(connection.dialect.name, "0007"))
    Journal.open(place.url, upgrade=not by_hand).close()
    with Journal.open(place.url) as journal, journal.writing() as tx:
        assert (1, 1) == (tx.outbox.waiting("RAK"), tx.outbox.waiting("SRM"))
        assert other == tx.outbox.claim("SRM", now=NOON).order_reference
        assert other != tx.outbox.claim("RAK", now=NOON).order_reference


def test_two_payments_of_one_transaction_stay_where_they_are_there(place):
    """The key came later: both stay paid, the second by another name, and a third is refused."""
    with till(place) as shop:
        for invoice in (A, B):
            shop.settle(approved(shop.pay(invoice)))
        with shop.journal.engine.begin() as connection:
            forget_operators(connection)
            connection.exec_driver_sql("DROP INDEX uq_gateway_transactions_approved")
            connection.exec_driver_sql("UPDATE gateway_transactions SET transaction_id = 'T1'")
            connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '0006'")
    Journal.open(place.url, upgrade=True).close()
    with Journal.open(place.url) as journal:
        shop = Till(journal, random_token=token_bytes)
        told = sorted(row["outcome"] for row in shop.rows("gateway_transactions"))
        assert (["Approved", "Approved too"], 2) == (told, len(shop.rows("receipts")))
        shop.bills.invoices = [attrs.evolve(A, reference="555555555")]
        form = shop.pay(*shop.bills.invoices)
        assert "FAILURE" == shop.settle(approved(form, TransId="T1"))


AN_OLD_ORDER = """
INSERT INTO orders VALUES ('R{n}', 'RAK', '1', 'N', 'A', '{order}', 'moroccan', 11426, 'MAD', '{{}}', 'd{n}', '{at}');
INSERT INTO attempts (order_id, order_reference, state, token_hash, form_fields, email, language, terms_version,
 terms_accepted_at, started_at) VALUES ('R{n}-1', 'R{n}', '{attempt}', 't{n}', '[]', 'e', 'fr', '1', '{at}', '{at}')
"""
AN_OLD_EVENT = """
INSERT INTO events (order_reference, position, order_id, event, attempt_state, order_state, at)
VALUES ('R{n}', {position}, 'R{n}-1', '{event}', '{attempt}', '{order}', '{at}')
"""
AT = "2018-09-10T09:48:58.000000Z"


def test_an_older_journal_keeps_its_payments_under_the_new_states(empty):
    """What was paid stays paid, its history still leads there, and what was undecided is asked about from now on."""
    with empty.begin() as connection:
        run_up_to(connection, "0003")
        for n, order, attempt in ((1, "paid", "paid"), (2, "accepted", "accepted"), (3, "open", "sent")):
            for statement in AN_OLD_ORDER.format(n=n, order=order, attempt=attempt, at=AT).split(";"):
                connection.exec_driver_sql(statement)
        for n, position, event, attempt, order in (
            (1, 0, "decline", "declined", "open"),
            (1, 1, "approve", "accepted", "accepted"),
            (1, 2, "confirm", "paid", "paid"),
            (2, 0, "approve", "accepted", "accepted"),
        ):
            connection.exec_driver_sql(
                AN_OLD_EVENT.format(n=n, position=position, event=event, attempt=attempt, order=order, at=AT)
            )
    with Journal.open(url_of(empty), upgrade=True) as journal, journal.reading() as tx:
        assert [] == list(broken_histories(tx.connection))
        states = tx.connection.exec_driver_sql("SELECT state FROM attempts ORDER BY order_id").scalars()
        assert ["capture_requested", "capture_requested", "sent"] == list(states)
        asked = tx.connection.exec_driver_sql("SELECT order_id FROM inquiries ORDER BY order_id").scalars()
        assert ["R2-1", "R3-1"] == list(asked)
