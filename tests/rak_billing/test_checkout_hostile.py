"""Callbacks that are not to be believed: forged, reflected, renamed, misdirected or nonsense."""

from urllib.parse import parse_qsl

import pytest

from rak_billing.payments.states import PublicState
from support.callbacks import approved
from support.checkout_kit import A, B, till
from support.gateway_kit import answer, answer_fields, signed_body

CAPTURE, ACKNOWLEDGE, FAILURE = "ACTION=POSTAUTH", "APPROVED", "FAILURE"


@pytest.fixture
def shop(place):
    with till(place) as opened:
        yield opened


def test_a_forged_callback_is_counted_and_refused(shop):
    """A hash under another key: FAILURE, counted, and a sample without a word of its content."""
    form = shop.pay(A)
    assert FAILURE == shop.settle(answer(form, store_key="GUESSED99"))
    (sample,) = shop.rows("rejection_samples")
    assert {"signature": 1} == shop.refused()
    assert "client@example.com" not in sample["masked"]
    assert [] == shop.rows("callbacks")


@pytest.mark.parametrize("raw", [b"", b"\xff\xfe", b"a=1&a=2", b"x" * 70_000, "é=ü&%zz".encode()])
def test_nonsense_is_counted_and_refused(shop, raw):
    """Anything at all gets an answer, and leaves nothing but a count."""
    assert FAILURE == shop.settle(raw)
    assert {"malformed": 1} == shop.refused()


def test_samples_are_few(shop):
    """A flood of nonsense fills neither the disk nor the log."""
    for number in range(20):
        shop.settle(f"a={number}".encode())
    assert (20, 5) == (shop.refused()["malformed"], len(shop.rows("rejection_samples")))


def test_our_own_form_sent_back_is_refused(shop):
    """The signed form of the order itself is no callback."""
    form = shop.pay(A)
    assert FAILURE == shop.settle(signed_body([*form.fields[:-1]]))
    assert {"reflected_form": 1} == shop.refused()


def test_a_form_of_another_order_sent_back_is_refused(shop):
    """No form ever issued serves as a callback, renamed as its fields may be."""
    pairs = [
        (name + "X" if name == "AutoRedirect" else name, value) for name, value in shop.pay(A).fields[:-1]
    ]
    shop.pay(B)
    assert FAILURE == shop.settle(signed_body(pairs))
    assert ({"reflected_form": 1}, []) == (shop.refused(), shop.rows("callbacks"))


def test_an_unknown_order_is_refused(shop):
    """Signed, but of an order that is not in this journal: kept raw, answered FAILURE."""
    with till() as other:
        foreign = approved(other.pay(A))
    assert (FAILURE, FAILURE) == (shop.settle(foreign), shop.settle(foreign))
    assert (1, {"unknown_order": 1}) == (len(shop.rows("callbacks")), shop.refused())


def test_another_amount_is_refused(shop):
    """Signed by the gateway for one dirham: not this order."""
    form = shop.pay(A)
    assert FAILURE == shop.settle(approved(form, amount="1.00"))
    assert (PublicState.PENDING, ["mismatch"]) == (shop.seen(form).state, shop.reviews())


def test_renamed_fields_do_not_fill_the_disk(shop):
    """One hash under ever new names is kept once."""
    form = shop.pay(A)
    fields = answer_fields(form) | {"amount": "1.00"}
    signed = dict(pair.split(b"=", 1) for pair in signed_body(fields).strip().split(b"&"))
    for number in range(5):
        renamed = {
            (b"BillToName%d" % number if name == b"BillToName" else name): value
            for name, value in signed.items()
        }
        assert FAILURE == shop.settle(b"&".join(b"=".join(pair) for pair in renamed.items()))
    assert (1, ["mismatch"]) == (len(shop.rows("callbacks")), shop.reviews())


def test_a_true_callback_under_other_names_is_a_repeat(shop):
    """A payer who replays the approval with the transaction renamed gets the first answer and nothing else."""
    form = shop.pay(A)
    raw = approved(form)
    shop.settle(raw)
    assert CAPTURE == shop.settle(raw.replace(b"TransId=", b"TransIdX="))
    assert ([], 1, 1) == (shop.reviews(), len(shop.rows("callbacks")), len(shop.rows("receipts")))


def test_a_mismatch_does_not_block_the_true_callback(shop):
    """The renamed copy came first; the gateway's own is settled all the same."""
    form = shop.pay(A)
    raw = approved(form)
    assert FAILURE == shop.settle(raw.replace(b"BillToName=", b"BillToNamf="))
    assert CAPTURE == shop.settle(raw)


def test_another_merchants_callback_is_refused(shop):
    """Signed with our key, but for another account: counted apart."""
    assert FAILURE == shop.settle(approved(shop.pay(A), clientid="600000098"))
    assert {"other_merchant": 1} == shop.refused()


def test_a_hash_that_paid_one_order_never_pays_another(shop):
    """Signed values that were settled for one order are refused when they come back for another."""
    form = shop.pay(A)
    raw = approved(form)
    shop.settle(raw)
    with shop.journal.engine.begin() as connection:
        connection.exec_driver_sql("UPDATE callbacks SET order_id = 'RAK-another'")
    assert FAILURE == shop.settle(raw.replace(b"TransId=", b"TransIdX="))
    assert {"reused_hash": 1} == shop.refused()


def test_a_transaction_that_paid_one_order_never_pays_another(shop):
    """Signed, fitting, and with the TransId of another order's payment: not captured, and kept for a person."""
    first, second = shop.pay(A), shop.pay(B)
    assert CAPTURE == shop.settle(approved(first, TransId="18253Kw4H00001"))
    raw = approved(second, TransId="18253Kw4H00001")
    assert [FAILURE, FAILURE] == [shop.settle(raw), shop.settle(raw)]
    assert (PublicState.PENDING, ["unsettled"]) == (shop.seen(second).state, shop.reviews())
    assert CAPTURE == shop.settle(approved(second))


@pytest.mark.parametrize("kind", [str, parse_qsl, lambda _: None, lambda _: 7])
def test_what_is_no_raw_body_is_answered_with_failure(shop, caplog, kind):
    """A caller's slip: nothing is written, not even half, and the log says what is expected."""
    body = approved(shop.pay(A)).decode()
    before = {
        table: shop.rows(table) for table in ("attempts", "callbacks", "events", "rejections", "reviews")
    }
    assert "FAILURE" == shop.settle(kind(body))
    assert before == {table: shop.rows(table) for table in before}
    assert "bytes" in caplog.text


@pytest.mark.parametrize("kind", [bytearray, memoryview])
def test_any_bytes_are_a_raw_body(shop, kind):
    """Servers hand out bodies in several kinds of bytes."""
    assert "ACTION=POSTAUTH" == shop.settle(kind(approved(shop.pay(A))))
