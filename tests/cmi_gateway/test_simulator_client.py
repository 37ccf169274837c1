"""The library's own API client against the simulated gateway: what one writes, the other reads."""

import pytest

from cmi_gateway import Money, RequestRefusedError
from cmi_gateway.api.client import ApiClient
from cmi_gateway.api.history import LineState
from cmi_gateway.api.order import OrderState
from cmi_gateway.api.transport import RawAnswer
from support.gateway_kit import MERCHANT
from support.simulator_api_kit import API_PASSWORD, API_USER, ORDER_ID, desk
from support.simulator_kit import DECLINED_51, MASTERCARD

AMOUNT = Money.parse("100.00")


def client(books, password=API_PASSWORD, body_mode="raw"):
    """Give a client with every operation switched on, over *books*."""

    def carry(body, /, *, content_type, is_query, seconds):
        return RawAnswer(200, books.state.answer_api(body, content_type=content_type))

    return ApiClient(
        MERCHANT,
        user=API_USER,
        password=password,
        operations=("capture", "void", "refund"),
        body_mode=body_mode,
        transport=carry,
        clock=books.clock,
        sleep=lambda seconds: books.clock.advance(seconds=seconds),
    )


@pytest.mark.parametrize("body_mode", ["raw", "data_field"])
def test_a_status_is_read_as_it_was_meant(body_mode):
    """Not found, failed, authorized, paid, settled and voided: the client's states follow the books."""
    books = desk()
    status = client(books, body_mode=body_mode).status
    assert status(ORDER_ID).state is OrderState.NOT_FOUND
    books.pay(card=DECLINED_51)
    assert status(ORDER_ID).state is OrderState.FAILED
    books.pay(card=MASTERCARD)
    assert status(ORDER_ID).state is OrderState.AUTHORIZED
    books.ask("PostAuth")
    assert status(ORDER_ID, expected=AMOUNT).state is OrderState.PAID
    books.state.close_batch()
    assert status(ORDER_ID, expected=AMOUNT).is_paid
    books.state.suspend("600000099", ORDER_ID, LineState.PENDING)
    assert status(ORDER_ID).state is OrderState.PENDING


def test_history_and_totals_agree_with_the_books():
    """Lines, instants and sums come out of the client as the gateway holds them."""
    books = desk().settled()
    books.clock.advance(minutes=5)
    books.ask("Credit", Total="30.00")
    history = client(books).history(ORDER_ID)
    order = books.order()
    assert history.totals.net == order.totals.net == Money.parse("70.00")
    assert [line.transaction_id for line in history.lines] == [line.trans_id for line in order.transactions]
    assert [line.authorized_at for line in history.lines] == [
        line.authorized_at for line in order.transactions
    ]


def test_the_whole_life_of_a_payment():
    """Captured in part, settled, refunded in part, the refund voided, then all of it refunded."""
    books = desk()
    books.pay()
    api = client(books)
    api.capture(ORDER_ID, Money.parse("80.00"))
    books.state.close_batch()
    first = api.refund(ORDER_ID, Money.parse("30.00"))
    api.void(ORDER_ID, first.transaction_id)
    api.refund(ORDER_ID, Money.parse("80.00"))
    assert books.order().totals.net.centimes == 0
    assert [line.state for line in books.order().transactions] == [
        LineState.SETTLED,
        LineState.VOIDED,
        LineState.CAPTURED,
    ]


def test_a_wrong_password_is_refused_and_never_not_found():
    """The client learns CORE-2201, whether the order exists or not."""
    books = desk().paid()
    for order_id in (ORDER_ID, "RAK-404"):
        with pytest.raises(RequestRefusedError) as caught:
            client(books, password="wrong").status(order_id)
        assert caught.value.code == "CORE-2201"
