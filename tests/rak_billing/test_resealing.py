"""Keys are changed while payments go on, whatever interrupts it, and no column is forgotten."""

import os
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import attrs
import pytest
from click.testing import CliRunner
from sqlalchemy import select

from rak_billing.cli.root import rak_billing
from rak_billing.errors import JournalSettingError, SealError
from rak_billing.payments import schema, sealing
from rak_billing.payments.journal import Journal
from rak_billing.payments.resealing import reseal
from support.callbacks import approved
from support.checkout_kit import EMAIL, A, Till
from support.counts import count
from support.operators import KILLED, Operator

OLD, NEW, NEWER = (urlsafe_b64encode(letter * 32).decode() for letter in (b"o", b"n", b"m"))
#: What a customer or the gateway's signature brings, in whatever column it would lie.
PERSONAL = (
    "BENNANI", "ORANGERS", EMAIL, EMAIL.replace("@", "%40"), EMAIL.replace("@", "\\u0040"),
)  # fmt: skip

#: Every column that is not sealed, and may be so: references, states, amounts, instants, hashes, wording of bills, and what
#: staff wrote. A new column belongs either here or among the places that are sealed.
IN_CLEAR = {
    "orders": "reference tenant customer_ref state card total_centimes currency quote quote_digest created_at",
    "order_lines": "order_reference position is_fee reference description amount_centimes",
    "attempts": "order_id order_reference state token_hash language terms_version terms_accepted_at started_at "
    "payment_instant",
    "issued_forms": "hash order_id",
    "invoices": "tenant reference",
    "invoice_locks": "tenant invoice_reference order_reference locked_at released_at",
    "callbacks": "digest hash order_id received_at outcome reply reduced_at",
    "gateway_transactions": "order_id transaction_id outcome callback_digest",
    "rejections": "reason day count",
    "rejection_samples": "reason day position received_at masked",
    "events": "order_reference position order_id event attempt_state order_state callback_digest at attempt_before "
    "order_before facts",
    "reviews": "order_id kind callback_digest raised_at resolved_at resolved_by resolved_why",
    "receipt_series": "tenant next_number",
    "receipts": "tenant number order_reference secret_hash issued_at",
    "outbox": "key topic order_reference tries due_at sent_at last_error parked_at begun_at tenant tries_before",
    "inquiries": "order_id tenant since due_at asked_at fence silent_since",
    "operations": "key order_id kind record sent_at outcome resolved_at",
    "paces": "name next_at",
    "tallies": "tenant state month currency orders total_centimes",
}


def test_every_column_is_sealed_or_known_to_need_no_seal():
    """Whoever adds a column decides: it is sealed, or it is written down here as one that holds nothing personal."""
    columns = {str(column) for table in schema.metadata.tables.values() for column in table.c}
    clear = {f"{table}.{name}" for table, names in IN_CLEAR.items() for name in names.split()}
    sealed = {str(place) for place in sealing.PLACES}
    assert (columns, set()) == (clear | sealed, clear & sealed)


def paid(journal, number, *, prefix=""):
    """Pay that many bills."""
    shop = Till(journal, random_token=os.urandom)
    for place in range(number):
        bill = attrs.evolve(A, reference=f"{prefix}{place}")
        shop.bills.invoices = [bill]
        assert "ACTION=POSTAUTH" == shop.settle(approved(shop.pay(bill)))
    shop.settle(b"nonsense&BillToName=BENNANI")
    return shop


def kept(journal):
    """Give every value of every column, by the column's name, as the database holds it."""
    found = {}
    with journal.reading() as tx:
        for table in schema.metadata.tables.values():
            # Without the types, which would make JSON and instants of the text.
            rows = tx.connection.exec_driver_sql(f"SELECT * FROM {table.name}").mappings().all()
            for row in rows:
                for name, value in row.items():
                    found.setdefault(f"{table.name}.{name}", []).append(value)
    return found


def names_of_keys(journal):
    """Give, for every sealed value, the name of the key that seals it; None for one in clear."""
    vault = sealing.Vault([NEWER])
    names = set()
    for place in sealing.PLACES:
        for value in kept(journal)[str(place)]:
            plain = bytes(value) if isinstance(value, (bytes, memoryview)) else value
            try:
                if isinstance(plain, bytes):
                    vault.open_bytes(place, "", plain)
                else:
                    vault.open_text(
                        place, "", plain.removeprefix('"').removesuffix('"').replace("\\u001f", "\x1f")
                    )
            except SealError as error:
                names.add(error.missing_key)
            else:
                names.add(None)
    return names


def test_every_place_is_sealed_and_nothing_personal_is_elsewhere(place):
    """After a payment, each place holds something, all of it sealed; no other column holds a word of the customer's."""
    with Journal.open(place.url, keys=[NEW]) as journal:
        shop = paid(journal, 1)
        shop.checkout.deliver()
        found = kept(journal)
        assert all(found[str(place)] for place in sealing.PLACES)
        assert [] == [
            (column, word) for column, values in found.items() for word in PERSONAL if word in repr(values)
        ]
        assert 1 == len(names_of_keys(journal))
        assert None not in names_of_keys(journal)


def test_a_key_is_changed_while_payments_go_on(place, monkeypatch):
    """Nobody who pays meanwhile notices; afterwards the new key alone opens all."""
    # Several batches, of fewer payments than it would take.
    monkeypatch.setattr("rak_billing.payments.resealing._BATCH", 10)
    with Journal.open(place.url, keys=[OLD]) as journal:
        paid(journal, 45, prefix="old")
    with Journal.open(place.url, keys=[NEW, OLD]) as journal, ThreadPoolExecutor(3) as pool:
        paying = [pool.submit(paid, journal, 10, prefix=f"new{thread}-") for thread in range(2)]
        changed = pool.submit(reseal, journal)
        assert 45 == changed.result()["orders.customer_name"]
        for one in paying:
            one.result()
    with Journal.open(place.url, keys=[NEW]) as journal:
        assert 0 == sum(reseal(journal).values())
        assert 1 == len(names_of_keys(journal))
        with journal.reading() as tx:
            for reference in tx.connection.execute(select(schema.orders.c.reference)).scalars().all():
                assert EMAIL == tx.receipts.of_order(reference)["email"]


def test_a_killed_change_of_keys_goes_on_where_it_was(place):
    """Killed at any statement, everything opens with both keys; the next run does the rest."""
    operator = Operator()
    try:
        with Journal.open(place.url, keys=[OLD]) as journal:
            paid(journal, 2)
        with Journal.open(place.url, keys=[NEW, OLD]) as journal:
            for point in range(0, 400, count(11, 1)):
                operator.begin("reseal", place.url, kill_at=point, keys=[NEW, OLD])
                if operator.end() != KILLED:
                    break
                with journal.reading() as tx:
                    for reference in tx.connection.execute(select(schema.orders.c.reference)).scalars().all():
                        assert EMAIL == tx.receipts.of_order(reference)["email"]
                        assert "BENNANI" in tx.orders.order(reference).customer_name
            assert point > 5
            assert 1 == len(names_of_keys(journal))
        with Journal.open(place.url, keys=[NEW]) as journal:
            assert 0 == sum(reseal(journal).values())
    finally:
        operator.close()


def test_a_key_that_was_taken_away_too_early_is_named(place, tmp_path):
    """Nothing is changed, and the operator reads which key to put back."""
    with Journal.open(place.url, keys=[OLD]) as journal:
        paid(journal, 1)
        before = kept(journal)
    (tmp_path / "keys").write_text(f"{NEW}\n")
    for command in (["reencrypt"], ["purge", "--dry-run"]):
        result = CliRunner().invoke(
            rak_billing, ["db", *command, "--database", place.url, "--keys-file", str(tmp_path / "keys")]
        )
        if command == ["reencrypt"]:
            assert (1, True) == (result.exit_code, "remettez-la dans le fichier des clés" in result.output)
        assert NEW not in result.output
    with Journal.open(place.url, keys=[NEW]) as journal:
        assert before == kept(journal)
        with pytest.raises(SealError, match=r"expected the key [0-9a-f]{8}") as caught:
            reseal(journal)
        assert caught.value.missing_key in str(caught.value)


def test_somebody_who_goes_on_with_the_old_key_is_found_out():
    """The old key is still needed, so it is not said that all is done."""
    with Journal.open("sqlite:///:memory:", keys=[NEW, OLD]) as journal:
        old, calls = sealing.Vault([OLD]), Event()

        def write_again(tx, place, after):
            with_old = old.seal_text(place, "r", "x")
            calls.set()
            return (None, 1 if with_old else 0)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("rak_billing.payments.resealing._reseal_some", write_again)
            with pytest.raises(JournalSettingError, match="start every program again"):
                reseal(journal)
        assert calls.is_set()


@pytest.mark.parametrize("tail", ["", "A", "AAAA", "é", "A" * 41, "*" * 40])
def test_a_text_that_is_no_seal_does_not_open(tail):
    """Whatever somebody wrote behind the mark: one error, never another."""
    with pytest.raises(SealError):
        sealing.Vault([NEW]).open_text(sealing.EMAIL, "1", f"\x1fsealed1:{tail}")
    with pytest.raises(SealError):
        sealing.Vault([NEW]).reseal(sealing.EMAIL, "1", f"\x1fsealed1:{tail}")
