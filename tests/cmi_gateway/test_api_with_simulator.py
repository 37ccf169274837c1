"""The client against the simulated gateway: in process, and over HTTP on this machine. Neither knows the other's code."""

from contextlib import contextmanager

import attrs
import pytest

import cmi_gateway as cmi
from cmi_gateway.simulator.app import create_app
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.faults import (
    ApiCutAfter,
    ApiCutBefore,
    ApiGzip,
    ApiHtmlError,
    ApiSlow,
    ApiWrongEncoding,
    FaultPlan,
    FaultRule,
)
from cmi_gateway.simulator.in_process import InProcessTransport
from cmi_gateway.simulator.server import LoopbackServer, gateway_at
from support.api_kit import Clock
from support.gateway_kit import MERCHANT
from support.simulator_api_kit import API_PASSWORD, API_USER, ORDER_ID, desk
from support.simulator_kit import DECLINED_51

HUNDRED, FORTY = cmi.Money(10000), cmi.Money(4000)
EVERYTHING = ("capture", "void", "refund")


@attrs.frozen
class Shop:
    """A desk with its customer, and the merchant's client of it."""

    desk: object
    api: cmi.ApiClient
    faults: FaultBook

    def befall(self, fault):
        self.faults.set(FaultPlan((FaultRule(fault),)))

    def heal(self):
        self.faults.set(FaultPlan())

    def refund_under(self, fault, amount=HUNDRED):
        """Refund, with *fault* befalling the refund and not the question before it; give what is raised."""
        with pytest.raises(cmi.ApiError) as caught:
            self.api.refund(ORDER_ID, amount, remember=lambda _operation: self.befall(fault))
        self.heal()
        return caught.value

    @property
    def refunded(self):
        return self.desk.order().totals.refunded


def client(transport=None, gateway=None, **changes):
    facts = {"user": API_USER, "password": API_PASSWORD, "operations": EVERYTHING} | changes
    merchant = attrs.evolve(MERCHANT, gateway=gateway) if gateway else MERCHANT
    return cmi.ApiClient(merchant, transport=transport, **facts)


@contextmanager
def in_process(**changes):
    ours = desk()
    transport = InProcessTransport(ours.state)
    clock = Clock(ours.clock())
    yield Shop(ours, client(transport, clock=clock, sleep=clock.sleep, **changes), transport.book)


@contextmanager
def over_http(**changes):
    ours = desk()
    book = FaultBook()
    clock = Clock(ours.clock())
    with LoopbackServer(create_app(ours.state, faults=book)) as server:
        gateway = gateway_at(server.url)
        yield Shop(ours, client(gateway=gateway, clock=clock, sleep=clock.sleep, **changes), book)


@pytest.fixture(params=[in_process, over_http], ids=["in process", "over HTTP"])
def shop(request):
    with request.param() as open_shop:
        yield open_shop


def test_an_order_goes_through_its_states(shop):
    """Not found, authorized, captured, settled: the status follows, and paid is said of the expected amount only."""
    assert cmi.OrderState.NOT_FOUND is shop.api.status(ORDER_ID).state
    assert not shop.api.history(ORDER_ID).is_found
    shop.desk.pay()
    assert cmi.OrderState.AUTHORIZED is shop.api.status(ORDER_ID, expected=HUNDRED).state
    assert shop.api.capture(ORDER_ID, HUNDRED).transaction_id
    assert shop.api.status(ORDER_ID, expected=HUNDRED).is_paid
    assert cmi.OrderState.AMOUNT_MISMATCH is shop.api.status(ORDER_ID, expected=FORTY).state
    shop.desk.state.close_batch()
    assert shop.api.status(ORDER_ID, expected=HUNDRED).is_paid
    assert (
        cmi.OrderTotals(captured=HUNDRED, refunded=cmi.Money(0), authorized=cmi.Money(0))
        == shop.api.history(ORDER_ID).totals
    )


def test_a_declined_order_is_failed(shop):
    """The bank's no is the order's state."""
    shop.desk.pay(card=DECLINED_51)
    assert cmi.OrderState.FAILED is shop.api.status(ORDER_ID, expected=HUNDRED).state


def test_money_goes_back_in_parts(shop):
    """After the batch two refunds add up, a third is not sent, and the status points to the history."""
    shop.desk.settled()
    shop.api.refund(ORDER_ID, FORTY)
    shop.api.refund(ORDER_ID, HUNDRED - FORTY)
    with pytest.raises(cmi.OperationNotPossibleError) as caught:
        shop.api.refund(ORDER_ID, cmi.Money(1))
    assert ("nothing", HUNDRED) == (caught.value.instead, shop.refunded)
    assert cmi.OrderState.REFUND is shop.api.status(ORDER_ID).state
    assert cmi.Money(0) == shop.api.history(ORDER_ID).totals.net


def test_before_the_batch_a_void_and_after_it_a_refund(shop):
    """The state of the batch decides, and each refusal names the other way."""
    shop.desk.paid()
    with pytest.raises(cmi.OperationNotPossibleError) as caught:
        shop.api.refund(ORDER_ID, HUNDRED)
    assert "void" == caught.value.instead
    assert shop.api.prepare("void", ORDER_ID).target == shop.api.void(ORDER_ID).transaction_id
    assert cmi.OrderState.VOIDED is shop.api.status(ORDER_ID).state
    shop.desk.settled(order_id="RAK-2")
    with pytest.raises(cmi.OperationNotPossibleError) as caught:
        shop.api.void("RAK-2")
    assert "refund" == caught.value.instead


def test_a_void_goes_to_the_chosen_transaction(shop):
    """After a refund, the refund is voided only when it is named."""
    shop.desk.settled()
    refund = shop.api.refund(ORDER_ID, FORTY)
    with pytest.raises(cmi.OperationNotPossibleError):
        shop.api.void(ORDER_ID)
    shop.api.void(ORDER_ID, refund.transaction_id)
    assert (cmi.Money(0), HUNDRED) == (shop.refunded, shop.api.history(ORDER_ID).totals.net)


def test_a_double_click_refunds_once(shop):
    """Two calls, one refund."""
    shop.desk.settled()
    assert shop.api.refund(ORDER_ID, FORTY) is shop.api.refund(ORDER_ID, FORTY)
    assert FORTY == shop.refunded


@pytest.mark.parametrize("make", [in_process, over_http])
def test_a_wrong_password_is_not_an_unknown_order(make):
    """The simulated gateway refuses it, and the client asks no more."""
    with make(password="Wrong-Password") as shop:
        with pytest.raises(cmi.RequestRefusedError) as caught:
            shop.api.status(ORDER_ID)
        assert "CORE-2201" == caught.value.code
        with pytest.raises(cmi.OperationBlockedError):
            shop.api.status(ORDER_ID)


@pytest.mark.parametrize(
    ("fault", "is_done"),
    [
        (ApiCutAfter(), True),
        (ApiCutBefore(), False),
        (ApiHtmlError(done=True), True),
        (ApiHtmlError(done=False), False),
        (ApiWrongEncoding(), True),
    ],
    ids=repr,
)
def test_a_lost_answer_is_resolved_and_never_sent_again(shop, fault, is_done):
    """Whether the refund was done or not, the client finds out by asking, and money goes back at most once."""
    shop.desk.settled()
    error = shop.refund_under(fault)
    assert isinstance(error, cmi.OutcomeUnknownError)
    with pytest.raises(cmi.OperationPendingError):
        shop.api.refund(ORDER_ID, HUNDRED)
    resolution = shop.api.resolve(error.record, wait=True)
    assert (cmi.OperationDone if is_done else cmi.OperationNotDone) is type(resolution)
    assert (HUNDRED if is_done else cmi.Money(0)) == shop.refunded
    shop.api.refund(ORDER_ID, HUNDRED)
    assert HUNDRED == shop.refunded


def test_a_compressed_answer_is_read(shop):
    """Gzip changes nothing."""
    shop.desk.paid()
    shop.befall(ApiGzip())
    assert shop.api.status(ORDER_ID, expected=HUNDRED).is_paid


def test_a_gateway_that_is_too_slow_leaves_an_unknown_outcome():
    """A minute is the limit of an operation; what was done is found afterwards."""
    with in_process() as shop:
        shop.desk.settled()
        error = shop.refund_under(ApiSlow(seconds=61))
        assert shop.api.resolve(error.record).found_in_history


def test_a_record_outlives_the_client(shop):
    """A new client, as after a crash, resolves what the old one sent."""
    shop.desk.settled()
    kept = shop.refund_under(ApiCutAfter()).record.to_text()
    other = client(InProcessTransport(shop.desk.state), clock=Clock(shop.desk.clock()))
    assert other.resolve(cmi.Operation.from_text(kept)).found_in_history


def test_capture_void_and_refund_are_resolved_alike(shop):
    """Each kind of lost operation shows in the history."""
    shop.desk.pay()
    for operation, arguments in (("capture", (HUNDRED,)), ("void", ())):
        with pytest.raises(cmi.OutcomeUnknownError) as caught:
            getattr(shop.api, operation)(
                ORDER_ID, *arguments, remember=lambda _operation: shop.befall(ApiCutAfter())
            )
        shop.heal()
        assert shop.api.resolve(caught.value.record).found_in_history
    assert cmi.OrderState.VOIDED is shop.api.status(ORDER_ID).state
