"""What is personal is sealed where keys are given, bound to its row, and opens with any of the keys."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rak_billing.errors import JournalError, SealError
from rak_billing.payments import sealing
from rak_billing.payments.journal import Journal
from rak_billing.payments.resealing import reseal
from rak_billing.payments.sealing import CALLBACK, CUSTOMER_NAME, EMAIL, SNAPSHOT, Vault
from support.callbacks import approved
from support.checkout_kit import EMAIL as ADDRESS
from support.checkout_kit import A, Till

OLD, NEW = b"o" * 32, b"n" * 32
PERSONAL = ("BENNANI", "ORANGERS", ADDRESS, "client%40example.com")


def everything(shop):
    """Give all that the database holds, as text."""
    tables = ("orders", "order_lines", "attempts", "callbacks", "receipts", "outbox", "events", "reviews")
    return repr([shop.rows(table) for table in tables])


def pay(url, *, keys):
    with Journal.open(url, keys=keys) as journal:
        shop = Till(journal)
        form = shop.pay(A)
        assert "ACTION=POSTAUTH" == shop.settle(approved(form))
        return form, everything(shop)


@given(st.text(), st.text(max_size=5))
def test_what_is_sealed_opens(value, row):
    """Any text, lone surrogates included, comes back as it was, and is not what is kept."""
    vault = Vault([NEW])
    kept = vault.seal_text(EMAIL, row, value)
    assert value == vault.open_text(EMAIL, row, kept)
    assert kept != value


@given(st.binary())
def test_sealed_bytes_open(value):
    """Bytes too, whatever they begin with."""
    vault = Vault([NEW])
    assert value == vault.open_bytes(CALLBACK, "1", vault.seal_bytes(CALLBACK, "1", value))


@pytest.mark.parametrize("value", [[], [["a", "é"]], {"a": None}])
def test_sealed_json_opens(value):
    """Lists and mappings too."""
    vault = Vault([NEW])
    assert value == vault.open_json(SNAPSHOT, "1", vault.seal_json(SNAPSHOT, "1", value))


def test_without_keys_nothing_changes():
    """Off by default: what is kept is what was given."""
    vault = Vault()
    assert ("a", b"a", [1], None) == (
        vault.seal_text(EMAIL, "1", "a"),
        vault.seal_bytes(CALLBACK, "1", b"a"),
        vault.seal_json(SNAPSHOT, "1", [1]),
        vault.open_json(SNAPSHOT, "1", None),
    )
    assert not vault.has_keys
    assert "a" == vault.reseal(EMAIL, "1", "a")


def test_a_value_of_another_row_does_not_open():
    """Whoever writes to the database cannot give one customer the address of another."""
    vault = Vault([NEW])
    kept = vault.seal_text(EMAIL, "1", ADDRESS)
    for place, row in ((EMAIL, "2"), (CUSTOMER_NAME, "1")):
        with pytest.raises(SealError, match="altered or moved") as caught:
            vault.open_text(place, row, kept)
        assert str(place) == caught.value.place


@given(st.integers(min_value=0, max_value=200), st.integers(min_value=1, max_value=255))
def test_an_altered_value_does_not_open(position, mask):
    """A flipped bit anywhere is an error, never another text."""
    vault = Vault([NEW])
    kept = bytearray(vault.seal_bytes(CALLBACK, "1", b"value"))
    kept[9 + position % (len(kept) - 9)] ^= mask
    with pytest.raises(SealError):
        vault.open_bytes(CALLBACK, "1", bytes(kept))


def test_a_cut_value_does_not_open():
    """Nor does what is left of one."""
    vault = Vault([NEW])
    kept = vault.seal_bytes(CALLBACK, "1", b"value")
    for length in range(9, len(kept)):
        with pytest.raises(SealError):
            vault.open_bytes(CALLBACK, "1", kept[:length])


def test_any_key_opens_and_the_first_seals():
    """Keys are changed by putting the new one in front."""
    kept = Vault([OLD]).seal_text(EMAIL, "1", ADDRESS)
    assert ADDRESS == Vault([NEW, OLD]).open_text(EMAIL, "1", kept)
    with pytest.raises(SealError, match="expected the key"):
        Vault([NEW]).open_text(EMAIL, "1", kept)
    again = Vault([NEW, OLD]).reseal(EMAIL, "1", kept)
    assert ADDRESS == Vault([NEW]).open_text(EMAIL, "1", again)
    assert again is Vault([NEW, OLD]).reseal(EMAIL, "1", again)


def test_a_key_may_be_text():
    """As it stands in a file: URL-safe base64."""
    text = base64.urlsafe_b64encode(b"\xff" * 32).decode()
    kept = Vault([b"\xff" * 32]).seal_text(EMAIL, "1", ADDRESS)
    assert ADDRESS == Vault([text]).open_text(EMAIL, "1", kept)


@pytest.mark.parametrize("key", [b"short", "", "c2hvcnQ=", "not base64!", b"x" * 33])
def test_what_is_no_key_is_refused(key):
    """And the message does not show it."""
    with pytest.raises(JournalError, match="32 random bytes") as caught:
        Vault([key])
    assert not key or str(key) not in str(caught.value)


def test_a_vault_hides_its_keys():
    """Neither its repr nor a journal's shows one."""
    assert "Vault(<1 keys>)" == repr(Vault([NEW]))
    with Journal.open("sqlite:///:memory:", keys=[NEW]) as journal, journal.reading() as tx:
        assert "nnnn" not in f"{journal!r} {tx!r} {tx.orders!r}"


def test_every_sealed_column_is_there():
    """The list that is sealed again names columns that exist."""
    from rak_billing.payments.schema import metadata

    for place in sealing.PLACES:
        assert {place.row, place.column} <= set(metadata.tables[place.table].c.keys())


def test_a_sealed_journal_shows_nobody(place):
    """Names, addresses and mails are nowhere in the database; the receipt has them all the same."""
    form, kept = pay(place.url, keys=[NEW])
    assert [] == [word for word in PERSONAL if word in kept]
    with Journal.open(place.url, keys=[NEW]) as journal:
        shop = Till(journal)
        assert (ADDRESS, "paid") == (shop.receipt(form).email, shop.seen(form).state)
        assert 1 == shop.checkout.deliver()
        assert [ADDRESS] == [message["To"] for message in shop.mailbox.messages]
        digest = shop.rows("callbacks")[0]["digest"]
        with journal.reading() as tx:
            assert b"BillToName" in tx.callbacks.raw(digest)
            assert tx.callbacks.raw("none") is None


def test_in_clear_is_the_default(place):
    """Without keys the database can be read by whoever may."""
    _, kept = pay(place.url, keys=[])
    assert ADDRESS in kept


def test_what_was_in_clear_is_sealed_later(place):
    """Keys can be given to a journal in use: read as it is, then sealed; a second run finds nothing to do."""
    form, _ = pay(place.url, keys=[])
    with Journal.open(place.url, keys=[OLD]) as journal:
        shop = Till(journal)
        assert ADDRESS == shop.receipt(form).email
        assert {"orders.customer_name": 1, "attempts.facts": 1}.items() <= reseal(journal).items()
        assert [] == [word for word in PERSONAL if word in everything(shop)]
        assert 0 == sum(reseal(journal).values())
    with Journal.open(place.url, keys=[NEW, OLD]) as journal:
        assert 7 == sum(reseal(journal).values())
    with Journal.open(place.url, keys=[NEW]) as journal:
        assert ADDRESS == Till(journal).receipt(form).email


def test_sealing_again_needs_a_key(place):
    """A journal without keys has nothing to seal with."""
    with Journal.open(place.url) as journal, pytest.raises(JournalError, match="keys"):
        reseal(journal)
