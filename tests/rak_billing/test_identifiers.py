"""Names and secrets of payments."""

import pickle
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rak_billing.errors import TenantError
from rak_billing.identifiers import (
    ReceiptSecrets,
    hash_of,
    new_order_id,
    new_order_reference,
    new_return_token,
)


@given(st.binary(min_size=20, max_size=20))
def test_no_name_holds_the_word_that_the_gateway_rewrites(raw):
    """The alphabet has no o and no u."""
    made = [
        new_order_id("RAK", lambda size: raw[:size]),
        new_order_reference(lambda size: raw[:size]),
        new_return_token(lambda size: raw[:size]),
    ]
    assert not set("iloué").intersection("".join(made[1:]).lower() + made[0].removeprefix("RAK-"))


def test_names_are_long_enough_not_to_be_guessed():
    """80 bits for an order id, 160 for a link."""
    sizes = []

    def random(size):
        sizes.append(size)
        return secrets.token_bytes(size)

    assert (20, 19, 32) == (
        len(new_order_id("RAK", random)),
        len(new_order_reference(random)),
        len(new_return_token(random)),
    )
    assert [10, 10, 20] == sizes


def test_receipt_links_depend_on_key_and_order():
    """The same twice from the same; another from another."""
    made = ReceiptSecrets("k" * 16).of("7F3K")
    assert (made, 32) == (ReceiptSecrets(b"k" * 16).of("7F3K"), len(made))
    assert made not in {ReceiptSecrets("k" * 16).of("7F3L"), ReceiptSecrets("K" * 16).of("7F3K")}


@pytest.mark.parametrize("key", ["", "fifteen letters", b"short", 20, None])
def test_a_guessable_key_is_refused(key):
    """The message counts the bytes and shows none."""
    with pytest.raises(TenantError) as caught:
        ReceiptSecrets(key)
    assert not key or str(key) not in str(pickle.loads(pickle.dumps(caught.value)))


def test_any_text_can_be_looked_up():
    """A token from a hostile address never breaks the look-up."""
    assert 64 == len(hash_of("\ud800"))
