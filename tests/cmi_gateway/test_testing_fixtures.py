"""The fixtures as a stranger's tests use them, the plugins' manners, and the strategies that Hypothesis knows by type."""

import subprocess
import sys
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

import cmi_gateway as cmi
from cmi_gateway.api.history import LineState
from cmi_gateway.errors import ConfigurationError
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.fault_plans import KINDS, plan_document, plan_of
from cmi_gateway.simulator.faults import (
    ApiCutAfter,
    ApiCutBefore,
    CallbackLost,
    CallbackTwice,
    FaultPlan,
    Next,
)
from cmi_gateway.simulator.orders import AttemptResult
from cmi_gateway.simulator.server import LoopbackServer
from cmi_gateway.testing import fault_strategies, sample_request
from cmi_gateway.testing.in_process import InProcessSimulator

AMOUNT = cmi.Money.parse("114.26")


class Shop:
    """The least that a shop does: verify, match, reply."""

    def __init__(self, merchant):
        self.merchant = merchant
        self.form = merchant.sign(sample_request())
        self.seen = []

    def settle(self, body):
        callback = self.merchant.verify(body)
        callback.must_match(order_id=self.form.order_id, amount=AMOUNT, sent=self.form.fields)
        self.seen.append(type(callback.outcome))
        return callback.reply.value

    def __call__(self, environ, start_response):
        """Be a web application, for the served simulator."""
        length = int(environ["CONTENT_LENGTH"])
        reply = self.settle(environ["wsgi.input"].read(length)).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(reply)))])
        return [reply]


@pytest.fixture
def shop(cmi_merchant):
    return Shop(cmi_merchant)


def state_of(simulator, order_id):
    return simulator.order(order_id).payment.state


def test_a_payment_is_captured_by_the_shops_reply(cmi_simulator, shop):
    """Form, card, callback, reply, books: without a socket."""
    visit = cmi_simulator.pay(shop.form, shop.settle)
    assert [cmi.Approved] == shop.seen
    assert LineState.CAPTURED is state_of(cmi_simulator, shop.form.order_id)
    assert "https://boutique.example/retour" == visit.returns[0][0]


def test_the_same_payment_has_the_same_numbers_in_every_run(cmi_merchant, cmi_clock, shop):
    """A second simulator like the first issues the same transaction."""
    first, second = (InProcessSimulator.of(cmi_merchant, cmi_clock) for _ in range(2))
    assert 1 == len({one.pay(shop.form, shop.settle).attempt.value("TransId") for one in (first, second)})


def test_a_customer_who_waits_is_told_late(cmi_simulator, shop):
    """A customer is given for tests that go on after the first try; declines come first."""
    customer = cmi_simulator.customer(shop.settle)
    visit = customer.pay(shop.form, "4000000000010051")
    assert AttemptResult.DECLINED is visit.attempt.result
    visit.pay("5453010000066100")
    assert [cmi.Declined, cmi.Approved] == shop.seen


def test_faults_strike_payments_and_requests_alike(cmi_simulator, shop):
    """One plan, one count: a lost callback and a lost answer, and then all is well."""
    cmi_simulator.befall(CallbackLost(), ApiCutAfter(), when=Next(1))
    cmi_simulator.pay(shop.form, shop.settle)
    assert [] == shop.seen
    with pytest.raises(cmi.QueryFailedError):
        cmi_simulator.api().status(shop.form.order_id)
    assert cmi.OrderState.AUTHORIZED is cmi_simulator.api().status(shop.form.order_id).state


def test_healing_ends_the_faults(cmi_simulator, shop):
    """After it nothing is lost any more."""
    cmi_simulator.befall(CallbackLost())
    cmi_simulator.heal()
    cmi_simulator.pay(shop.form, shop.settle)
    assert [cmi.Approved] == shop.seen


@pytest.mark.parametrize(
    ("fault", "resolution", "minutes"),
    [(ApiCutAfter(), cmi.OperationDone, 0), (ApiCutBefore(), cmi.OperationNotDone, 15)],
)
def test_waiting_moves_the_clock_of_the_simulator(cmi_simulator, shop, fault, resolution, minutes):
    """A lost refund is resolved after a quarter of an hour at the latest, for which nobody waits."""
    cmi_simulator.pay(shop.form, shop.settle)
    cmi_simulator.close_batch()
    api, before = cmi_simulator.api(), cmi_simulator.clock()
    with pytest.raises(cmi.OutcomeUnknownError) as lost:
        api.refund(shop.form.order_id, AMOUNT, remember=lambda _: cmi_simulator.befall(fault))
    cmi_simulator.heal()
    assert resolution is type(api.resolve(lost.value.record, wait=True))
    assert timedelta(minutes=minutes) == cmi_simulator.clock() - before


def test_an_unpaid_order_is_nobodys(cmi_simulator):
    """What was never opened is not there."""
    assert cmi_simulator.order("TEST-404") is None


class TestOverridden:
    """Fixtures that a project defines itself are the ones that count."""

    @pytest.fixture
    def cmi_merchant(self):
        return cmi.Merchant("600001234", "MY-OWN-KEY", cmi.TEST, "Ma boutique")

    @pytest.fixture
    def cmi_faults(self):
        return FaultPlan.of(CallbackTwice())

    def test_own_merchant_and_own_faults(self, cmi_simulator, shop):
        """The account is the project's, and every callback comes twice."""
        cmi_simulator.pay(shop.form, shop.settle)
        assert ("Ma boutique (600001234)", 2) == (
            cmi_simulator.gateway.accounts[0].title,
            len(shop.seen),
        )


def test_the_served_simulator_calls_back_over_http(cmi_simulator_server):
    """A shop on a socket of its own is told, and its reply captures."""
    shop = Shop(cmi_simulator_server.merchant)
    with LoopbackServer(shop) as server:
        shop.form = shop.merchant.sign(sample_request(callback_url=f"{server.url}/cmi/callback"))
        cmi_simulator_server.pay(shop.form)
    assert shop.form.action.startswith(cmi_simulator_server.url)
    assert LineState.CAPTURED is state_of(cmi_simulator_server, shop.form.order_id)
    status = cmi_simulator_server.api().status(shop.form.order_id, expected=AMOUNT)
    assert cmi.OrderState.PAID is status.state


def test_a_form_of_a_stranger_is_refused(cmi_simulator_server):
    """The served simulator says why it opens no payment page."""
    stranger = cmi.Merchant("600000099", "NOT-THE-KEY", cmi.TEST)
    with pytest.raises(ConfigurationError, match="3D-1004"):
        cmi_simulator_server.pay(stranger.sign(sample_request()))


def run(code, *options):
    return subprocess.run([sys.executable, *options, "-c", code], capture_output=True, text=True, check=False)


def test_loading_the_plugins_imports_nothing_of_the_package():
    """Only the files on the way to them: no attrs, no requests, no web server, no other file of the package."""
    code = """
import sys, cmi_gateway.testing.pytest_plugin, cmi_gateway.testing.hypothesis_plugin
print(*sorted(name for name in sys.modules if name.startswith("cmi_gateway")))
print({"attr", "flask", "requests", "hypothesis", "waitress"} & set(sys.modules))
"""
    # pytest itself may use attrs; here it is stood in for, so that only what the plugins load is seen.
    stand_in = "import sys, types; m = types.ModuleType('pytest'); m.fixture = lambda f: f; sys.modules['pytest'] = m\n"
    loaded, others = run(stand_in + code).stdout.splitlines()
    assert "set()" == others
    assert [
        "cmi_gateway",
        "cmi_gateway.testing",
        "cmi_gateway.testing.hypothesis_plugin",
        "cmi_gateway.testing.pytest_plugin",
    ] == loaded.split()


def test_the_served_fixture_says_what_is_missing():
    """Without a web server the fixture names the extra to install."""
    code = """
import sys
sys.modules["flask"] = None
from cmi_gateway.testing.samples import sample_merchant
from cmi_gateway.testing.served import served_simulator
with served_simulator(sample_merchant(), None): pass
"""
    message = run(code).stderr.splitlines()[-1]
    assert "flask" in message
    assert "install cmi-gateway[testing]" in message


def test_in_process_needs_no_web_framework(tmp_path):
    """The in-process fixtures work where Flask is not installed."""
    code = """
import sys
sys.modules["flask"] = sys.modules["waitress"] = None
from datetime import UTC, datetime
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.testing import InProcessSimulator, sample_merchant, sample_request
merchant = sample_merchant()
simulator = InProcessSimulator.of(merchant, VirtualClock(datetime(2018, 9, 10, tzinfo=UTC)))
simulator.pay(merchant.sign(sample_request()), lambda body: "ACTION=POSTAUTH")
print(simulator.order("TEST-7f3kq9z2mb4wx1t8").state.value)
"""
    assert "POST\n" == run(code).stdout


def test_names_of_the_kit_are_lazy_and_real():
    """Every public name leads somewhere; a misspelt one raises."""
    import cmi_gateway.testing as kit

    assert sorted(kit._HOMES) == kit.__all__
    assert all(getattr(kit, name).__name__ == name for name in kit.__all__)
    assert set(kit.__all__) <= set(dir(kit))
    with pytest.raises(AttributeError, match="signed_calback"):
        _ = kit.signed_calback


@given(st.from_type(cmi.Money), st.from_type(cmi.PaymentRequest))
def test_hypothesis_knows_the_types(amount, request):
    """Without any registration of the project's own, what is drawn is what the gateway accepts."""
    assert 0 < amount.centimes
    assert request == sample_request(
        **{name: getattr(request, name) for name in attrs.fields_dict(type(request))}
    )
    assert request.lines == () or request.amount == sum((line.amount for line in request.lines), cmi.Money(0))


def test_every_fault_can_be_drawn():
    """A fault that is added to the simulator is added to the strategies."""
    assert set(KINDS.values()) == set(fault_strategies._FAULTS)


@given(fault_strategies.fault_plans())
def test_drawn_plans_survive_their_documents(plan):
    """What is drawn can be written to a file and read back."""
    assert plan == plan_of(plan_document(plan))


@given(fault_strategies.fault_plans(fault_strategies.api_faults()))
def test_plans_of_one_kind_strike_only_there(plan):
    """Plans about the XML API leave payments alone."""
    assert () == FaultBook(plan).for_payment("TEST-1", "1.00")


@given(fault_strategies.fault_plans(fault_strategies.payment_faults(), most=2))
def test_plans_about_payments_leave_requests_alone(plan):
    """And the other way round, within the length that was asked for."""
    assert () == FaultBook(plan).for_request("TEST-1", "1.00")
    assert len(plan.rules) <= 2
