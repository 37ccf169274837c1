"""What the tables and statements may use, so that PostgreSQL-compatible distributed databases stay possible."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import PrimaryKeyConstraint, UniqueConstraint, event

from rak_billing.payments import schema
from rak_billing.payments.journal import Journal
from rak_billing.payments.purging import purge
from rak_billing.payments.resealing import reseal
from rak_billing.payments.upgrading import statements
from rak_billing.portal.schema import metadata as portal_metadata
from support.checkout_kit import NOON, A, B
from support.recovery_kit import ALL, DECLINED, counter

#: Never in what is sent, nor in what makes the tables.
FORBIDDEN = re.compile(
    r"\b(SERIAL|BIGSERIAL|SMALLSERIAL|IDENTITY|SEQUENCE|NEXTVAL|AUTOINCREMENT|TRIGGER|DEFERRABLE|DEFERRED|EXCLUDE|"
    r"LISTEN|NOTIFY|PG_ADVISORY\w*|PG_TRY_ADVISORY\w*|LOCK TABLE|TRUNCATE|CTID|XMIN|CONCURRENTLY|CREATE (FUNCTION|RULE|TYPE|"
    r"EXTENSION|VIEW|MATERIALIZED))\b",
    re.IGNORECASE,
)

#: How the operator of a row is known, for each unique key that has no `tenant` yet: it could be put into all of them.
TENANT_OF = {
    "orders(reference)": "its own column",
    "order_lines(order_reference, position)": "its order's",
    "attempts(order_id)": "its order's",
    "attempts(order_reference)": "its order's",
    "attempts(token_hash)": "its order's",
    "issued_forms(hash)": "of the attempt whose form it is",
    "invoice_locks(invoice_reference, order_reference)": "its own column",
    "callbacks(digest)": "of the address that was called",
    "callbacks(hash)": "of the address that was called",
    "gateway_transactions(order_id, outcome, transaction_id)": "its attempt's",
    "gateway_transactions(transaction_id)": "its attempt's",
    "rejections(day, reason)": "of the address that was called",
    "rejection_samples(day, position, reason)": "of the address that was called",
    "events(order_reference, position)": "its order's",
    "reviews(callback_digest, kind, order_id)": "its attempt's",
    "receipts(order_reference)": "its own column",
    "receipts(secret_hash)": "its own column",
    "outbox(key)": "its own column",
    "inquiries(order_id)": "its own column",
    "operations(key)": "its attempt's",
    "operations(order_id)": "its attempt's",
    "paces(name)": "of the merchant account that it is the pace of",
}


def unique_keys():
    """Give every unique key as ``table(columns)``, with whether the operator is part of it."""
    for table in schema.metadata.tables.values():
        keys = [one for one in table.constraints if isinstance(one, (PrimaryKeyConstraint, UniqueConstraint))]
        keys += [index for index in table.indexes if index.unique]
        for key in keys:
            names = sorted(key.columns.keys())
            yield f"{table.name}({', '.join(names)})", "tenant" in names


def test_the_operator_is_in_every_unique_key_or_could_be():
    """Citus spreads rows by a column that every unique key must contain; who adds a key says how it would get there."""
    without = {key for key, has_tenant in unique_keys() if not has_tenant}
    assert without == set(TENANT_OF)
    assert {True} == {
        has for key, has in unique_keys() if key.startswith(("tallies", "invoices", "receipt_series"))
    }


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_migrations_make_nothing_that_others_lack(dialect):
    """Neither serial numbers nor triggers nor anything put off to the commit."""
    assert [] == FORBIDDEN.findall(statements(dialect, None))


def test_no_key_is_counted_by_the_database():
    """A whole number that is a key comes from us, or is the place of a row in its order."""
    for table in (*schema.metadata.tables.values(), *portal_metadata.tables.values()):
        assert table.autoincrement_column is None, table.name


#: What a server says of things that the rules leave out; each must be empty.
CATALOGUE = {
    "sequences": "SELECT relname FROM pg_class WHERE relkind = 'S'",
    "counted columns": "SELECT column_name FROM information_schema.columns WHERE table_schema = 'public' "
    "AND (is_identity = 'YES' OR column_default IS NOT NULL OR is_generated <> 'NEVER')",
    "triggers": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    "deferrable or excluding constraints": "SELECT conname FROM pg_constraint WHERE condeferrable OR contype = 'x'",
    "rules": "SELECT rulename FROM pg_rules WHERE schemaname = 'public'",
    "functions": "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace",
    "types of our own": "SELECT typname FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typtype IN ('e', 'd')",
    "other indexes than trees": "SELECT c.relname FROM pg_class c JOIN pg_am m ON m.oid = c.relam "
    "WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace AND m.amname <> 'btree'",
    "indexes of expressions": "SELECT indexrelid::regclass FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid "
    "WHERE c.relnamespace = 'public'::regnamespace AND indexprs IS NOT NULL",
    "tables without a primary key": "SELECT c.relname FROM pg_class c WHERE c.relkind = 'r' AND c.relnamespace = "
    "'public'::regnamespace AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conrelid = c.oid AND k.contype = 'p')",
}


@pytest.mark.parametrize("name", CATALOGUE)
def test_the_server_knows_of_nothing_that_others_lack(postgres, name):
    """What stands in the catalogue, whatever the code says."""
    with Journal.open(postgres.empty_database(), upgrade=True) as journal, journal.writing() as tx:
        portal_metadata.create_all(tx.connection)
        assert [] == tx.connection.exec_driver_sql(CATALOGUE[name]).all()


def test_whole_lives_of_payments_send_nothing_that_others_lack(postgres):
    """Paid, declined, superseded, swept, mailed, sealed again and purged: no statement uses what the rules leave out."""
    sent = set()

    class Place:
        dialect, url = "postgresql", postgres.empty_database()

    Journal.open(Place.url, upgrade=True).close()
    with counter(Place, *ALL) as shop:
        journal = shop.till.journal
        event.listen(journal.engine, "before_cursor_execute", lambda _c, _k, text, *_: sent.add(text))
        shop.pay(shop.till.pay(A))
        shop.till.pay(B)
        shop.wait(minutes=3)
        shop.pay(shop.till.pay(B), DECLINED)
        shop.wait(minutes=30)
        shop.checkout.sweep()
        shop.checkout.deliver()
        purge(journal, now=NOON + timedelta(days=365 * 12))
    with Journal.open(Place.url, keys=[b"k" * 32]) as journal:
        event.listen(journal.engine, "before_cursor_execute", lambda _c, _k, text, *_: sent.add(text))
        reseal(journal)
    assert len(sent) > 30
    assert [] == [text for text in sent if FORBIDDEN.search(text)]
