"""
The simulated gateway without a socket: a customer without a browser, and the way to its XML API.

For tests that must be quick and repeatable: nothing sleeps, and chance has a seed.

::

    customer = InProcessCustomer(gateway, checkout.settle)
    visit = customer.pay(merchant.sign(request), "4000000000000010")
    for url, fields in visit.returns:
        ...  # what the customer's browser would post to the merchant
"""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

import attrs

from cmi_gateway.api.transport import RawAnswer
from cmi_gateway.errors import ConfigurationError, OutcomeUnknownError
from cmi_gateway.payment import SignedForm
from cmi_gateway.simulator.api_turn import take_turn
from cmi_gateway.simulator.card_form import CardFormErrors
from cmi_gateway.simulator.cards import CHALLENGE_CODE
from cmi_gateway.simulator.courier import Courier
from cmi_gateway.simulator.delivery import CallbackAnswer
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.faults import FaultPlan
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.orders import Attempt, Fields, Order, Refusal, Session, SessionState
from cmi_gateway.simulator.transaction import RandomSource

_OK: Final = 200


class InProcessCustomer:
    """
    Pays at a simulated gateway and has its callbacks taken to a function.

    Args:
        gateway: Where to pay.

        settle: The merchant: takes the raw body of a callback and gives the reply's text, as
            `rak_billing.Checkout.settle` does. What it raises, a test sees.

        faults: What goes wrong on the way; ``courier.faults.set()`` changes it. A book may be shared.

        random: Shuffles the callbacks' fields; seeded by default, so that a test repeats itself.
    """

    def __init__(
        self,
        gateway: SimulatedGateway,
        settle: Callable[[bytes], str],
        *,
        faults: FaultPlan | FaultBook | None = None,
        random: RandomSource | None = None,
    ) -> None:
        def send(_url: str, body: bytes) -> CallbackAnswer:
            return CallbackAnswer(_OK, settle(body))

        self.gateway = gateway
        self.courier = Courier(
            gateway,
            send,
            FaultBook.of(faults),
            random or Random(0),  # noqa: S311 - it only shuffles
            posts_returns=False,
        )

    def open(self, form: SignedForm) -> Visit | Refusal:
        """Post *form* as a browser does; give the visit to the payment page, or the gateway's refusal."""
        opened = self.gateway.open(form.fields)
        return opened if isinstance(opened, Refusal) else Visit(self.gateway, self.courier, opened.token)

    def pay(self, form: SignedForm, card: str, *, code: str = CHALLENGE_CODE) -> Visit:
        """
        Open the payment page and try one card.

        Args:
            form: The merchant's signed form.

            card: The number of a test card.

            code: What is typed where a 3-D Secure code is asked for.

        Raises:
            ConfigurationError: the gateway refuses the form, or *card* is no test card.
        """
        visit = self.open(form)
        if isinstance(visit, Refusal):
            raise ConfigurationError(f"the simulated gateway refuses the form: {visit.code} {visit.message}")
        visit.pay(card, code=code)
        return visit

    def deliver_due(self) -> int:
        """Take every callback to the merchant whose time has come on the gateway's clock; give how many."""
        return self.courier.deliver_due()


class InProcessTransport:
    """
    Carries requests of `cmi_gateway.ApiClient` to a simulated gateway: its ``transport``.

    A fault that makes the gateway slower than the client waits ends the call at once, as if the time had passed; the
    operation is done all the same, as it would be.

    Args:
        gateway: Who answers.

        faults: What goes wrong; ``book.set()`` changes it. A book may be shared.

        address: The IP address that requests come from, for accounts that name theirs.
    """

    def __init__(
        self,
        gateway: SimulatedGateway,
        faults: FaultPlan | FaultBook | None = None,
        *,
        address: str = "",
    ) -> None:
        self.book = FaultBook.of(faults)
        self._gateway = gateway
        self._address = address

    def __call__(self, body: bytes, /, *, content_type: str, is_query: bool, seconds: float) -> RawAnswer:
        """
        Send *body* and give what came back.

        Raises:
            OutcomeUnknownError: the connection ended or the time was up, as the faults say.
        """
        turn = take_turn(self._gateway, self.book, body, content_type=content_type, address=self._address)
        if turn.seconds >= seconds:
            raise OutcomeUnknownError(f"no whole answer within {seconds:g} s (simulated)")
        if turn.is_cut:
            raise OutcomeUnknownError("the connection ended before a whole answer came (simulated)")
        return RawAnswer(turn.status, turn.body, turn.content_type)


@attrs.frozen
class Visit:
    """One customer at the payment page; every property tells the present."""

    _gateway: SimulatedGateway = attrs.field(repr=False)
    _courier: Courier = attrs.field(repr=False)
    token: str = attrs.field(repr=False)

    @property
    def session(self) -> Session:
        """What the gateway knows of the visit."""
        session = self._gateway.session(self.token)
        assert session is not None, "a session is never forgotten"
        return session

    @property
    def attempt(self) -> Attempt | None:
        """The last try; None before the first."""
        return self.session.attempt

    @property
    def order(self) -> Order:
        """The order with all its tries."""
        session = self.session
        order = self._gateway.order(session.account.client_id, session.request.get("oid"))
        assert order is not None, "a session has an order"
        return order

    @property
    def returns(self) -> tuple[tuple[str, Fields], ...]:
        """What the browser posts to the merchant now: address and fields; nothing, once, or as the faults say."""
        session, mishaps = self.session, self._courier.mishaps(self.token)
        attempt = session.attempt
        if session.state is not SessionState.FINISHED or attempt is None or mishaps.is_browser_gone:
            return ()
        url = session.request.get("okUrl" if attempt.is_approved else "failUrl")
        return ((url, attempt.fields),) * (2 if mishaps.is_browser_twice else 1)

    def pay(self, card: str, *, code: str = CHALLENGE_CODE) -> Session:
        """
        Try a card, with the 3-D Secure code where one is asked for; the callback leaves as the faults allow.

        Raises:
            ConfigurationError: *card* is no test card.
        """
        outcome = self._gateway.pay(self.token, self._card_form(card))
        if isinstance(outcome, CardFormErrors):
            raise ConfigurationError("expected the number of a test card of the simulator")
        if isinstance(outcome, Session) and outcome.state is SessionState.CHALLENGE:
            outcome = self._gateway.authenticate(self.token, code)
        if isinstance(outcome, Attempt):
            self._courier.call_back(self.token, outcome)
        return self.session

    def give_up(self) -> Session:
        """End the visit after a refusal, so that the browser returns to failUrl."""
        return self._gateway.give_up(self.token)

    def cancel(self) -> Session:
        """Go back to the shop; the merchant is told nothing."""
        return self._gateway.cancel(self.token)

    def _card_form(self, card: str) -> dict[str, str]:
        return {
            "paymentType": "CARD",
            "cardHolderName": "Client de test",
            "pan": card,
            "Ecom_Payment_Card_ExpDate_Month": "12",
            "Ecom_Payment_Card_ExpDate_Year": f"{(self._gateway.now().year + 1) % 100:02d}",
            "cv2": "000",
            "choix1": "on",
        }
