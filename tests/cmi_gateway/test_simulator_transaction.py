"""Numbers shaped like the real gateway's."""

from datetime import datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.moroccan_time import casablanca
from cmi_gateway.simulator.transaction import issue_numbers, transaction_id, transaction_time
from support.simulator_kit import PAID_AT

WALL_CLOCK = "%d/%m/%Y %H:%M:%S"
SECONDS_OF_THIS_CENTURY = st.integers(946_800_000, 4_102_000_000)


@pytest.mark.parametrize(
    ("published", "printed"),
    [
        ("21041NYaD14217", "10/02/2021 13:24:26"),
        ("18253Kw4H12730", "10/09/2018 10:48:54"),
        ("24003Vl7F13152", "03/01/2024 21:37:57"),
        ("24002V3CG19993", "02/01/2024 21:53:02"),
        ("22303M8rC11328", "30/10/2022 12:58:43"),
    ],
)
def test_published_transaction_ids_hold_their_time(published, printed):
    """Published ids are read as the times of their transactions, to a few seconds, and written again from them."""
    at = transaction_time(published)
    assert printed == at.strftime(WALL_CLOCK)
    assert published == transaction_id(at, variable=published[8], serial=int(published[9:]))


def test_all_numbers_of_a_transaction_agree_on_its_time():
    """Transaction id, retrieval reference and printed time of the guide's payment all say 10:48 of day 253."""
    numbers = issue_numbers(PAID_AT, 32437, Random(1))
    assert numbers.trans_id.startswith("18253Kw6")
    assert (numbers.acq_stan, numbers.host_ref_num) == ("032437", "825310032437")
    assert numbers.trx_date == "10/09/2018 10:48:56"
    assert len(numbers.auth_code) == 6
    assert len(numbers.tran_id) == 8


@given(SECONDS_OF_THIS_CENTURY, st.integers(0, 10**9))
def test_an_issued_id_decodes_to_its_second(seconds, serial):
    """Whatever the instant, its transaction id gives back the Moroccan time to the second."""
    local = datetime.fromtimestamp(seconds, casablanca())
    trans_id = transaction_id(local, variable="D", serial=serial % 100_000)
    assert local.strftime(WALL_CLOCK) == transaction_time(trans_id).strftime(WALL_CLOCK)
    assert len(trans_id) == 14


@pytest.mark.parametrize("text", ["", "18253", "xx253Kw4H1", "18253K-4H12730", "18٢53Kw4H12730"])
def test_other_text_is_no_transaction_id(text):
    """Text of another shape is refused, not guessed at."""
    with pytest.raises(ValueError):
        transaction_time(text)
