"""The simulated gateway as a web application: payment page, 3-D Secure, callback, result page."""

from __future__ import annotations

import gzip
import logging
import time
from collections.abc import Callable
from random import SystemRandom
from typing import Final

from flask import Flask, Response, current_app, redirect, request, url_for
from werkzeug.exceptions import HTTPException, NotFound
from werkzeug.wrappers import Response as AnyResponse

from cmi_gateway.simulator import pages
from cmi_gateway.simulator.admission import MOST_FIELDS
from cmi_gateway.simulator.api_turn import ApiTurn, take_turn
from cmi_gateway.simulator.card_form import CardFormErrors
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.courier import Courier
from cmi_gateway.simulator.delivery import CallbackSender, LoopbackSender
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.inspection import InspectionPage
from cmi_gateway.simulator.inspection_api import InspectionApi
from cmi_gateway.simulator.orders import Attempt, Refusal, Session, SessionState
from cmi_gateway.simulator.request import read_request
from cmi_gateway.simulator.texts import texts_in
from cmi_gateway.simulator.transaction import RandomSource
from cmi_gateway.simulator.wire import read_form

PAYMENT_PATH: Final = "/fim/est3Dgate"
API_PATH: Final = "/fim/api"

_LARGEST_BODY: Final = 64 * 1024
#: Seconds; clients give up after 60, and a thread of the server is held as long.
_LONGEST_PAUSE: Final = 120.0
_FORM_TYPE: Final = "application/x-www-form-urlencoded"
_log = logging.getLogger(__name__)


def create_app(
    gateway: SimulatedGateway,
    *,
    send_callback: CallbackSender | None = None,
    random: RandomSource | None = None,
    faults: FaultBook | None = None,
    courier: Courier | None = None,
    exposed: bool = False,
    pause: Callable[[float], object] = time.sleep,
    inspect: bool = False,
    clock: VirtualClock | None = None,
) -> Flask:
    """
    Build the simulator's WSGI application.

    Args:
        gateway: The state behind the pages.

        send_callback: Posts the callbacks; by default over HTTP, to this machine only. A test may put a function
            that calls its merchant directly.

        random: Shuffles the callbacks' fields; a seeded one makes bodies repeatable.

        faults: What goes wrong between the gateway and its merchants; nothing by default.

        courier: Takes the callbacks, in place of one made of the three arguments above.

        exposed: Whether other machines can reach it; every page then says that it is not for the internet.

        pause: Lets seconds pass before a slow answer of the XML API; it holds the thread of the request.

        inspect: Whether there is an inspection page, for this machine only.

        clock: The gateway's clock, where the inspection page may move it.
    """
    app = Flask("cmi_gateway.simulator", static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _LARGEST_BODY
    pages.install(app, exposed=exposed)
    courier = courier or Courier(
        gateway, send_callback or LoopbackSender(), faults or FaultBook(), random or SystemRandom()
    )
    doors = _Doors(gateway, courier, pause)
    for rule, method, door in doors.table():
        app.add_url_rule(rule, endpoint=door.__name__, view_func=door, methods=[method])
    if inspect:
        InspectionPage(gateway, courier, clock).install(app)
        InspectionApi(gateway, courier, clock).install(app)
    app.register_error_handler(HTTPException, _calm)
    app.register_error_handler(Exception, _calm_about_a_fault)
    return app


class _Doors:
    """The addresses of the simulator, over one gateway."""

    def __init__(self, gateway: SimulatedGateway, courier: Courier, pause: Callable[[float], object]) -> None:
        self._gateway = gateway
        self._courier = courier
        self._pause = pause

    def table(self) -> tuple[tuple[str, str, Callable[..., AnyResponse]], ...]:
        """Give every address with its method and view."""
        return (
            ("/", "GET", self.index),
            (PAYMENT_PATH, "POST", self.open),
            (API_PATH, "POST", self.answer_api),
            ("/fim/session/<token>", "GET", self.show),
            ("/fim/session/<token>/card", "POST", self.pay),
            ("/fim/session/<token>/code", "POST", self.authenticate),
            ("/fim/session/<token>/give-up", "POST", self.give_up),
            ("/fim/session/<token>/cancel", "POST", self.cancel),
        )

    def index(self) -> AnyResponse:
        """Say what this is."""
        inspection = url_for("inspect") if "inspect" in current_app.view_functions else None
        return pages.index_page(url_for("open", _external=True), inspection)

    def open(self) -> AnyResponse:
        """Take the merchant's form."""
        try:
            fields = _posted()
        except ValueError:
            return pages.refusal_page(Refusal("", texts_in("fr")("refusal.unreadable", type=_FORM_TYPE)))
        opened = self._gateway.open(fields, client_ip=request.remote_addr or "")
        if isinstance(opened, Refusal):
            return pages.refusal_page(opened, read_request(fields).get("lang"))
        return pages.card_page(opened)

    def answer_api(self) -> AnyResponse:
        """Answer a request of the XML API: with HTTP 200 also when it refuses, as the platform does."""
        turn = take_turn(
            self._gateway,
            self._courier.faults,
            request.get_data(cache=False),
            content_type=request.mimetype,
            address=request.remote_addr or "",
        )
        self._pause(min(turn.seconds, _LONGEST_PAUSE))
        return _over_the_wire(turn)

    def show(self, token: str) -> AnyResponse:
        """Show what the session waits for; looking changes nothing."""
        session = self._session(token)
        if session.state is SessionState.FINISHED and session.attempt is not None:
            attempt = session.attempt
            order = self._gateway.order(attempt.client_id, attempt.order_id)
            is_gone = self._courier.mishaps(token).is_browser_gone
            return pages.result_page(session, attempt, order, has_way_back=not is_gone)
        return self._unfinished(session)

    def pay(self, token: str) -> AnyResponse:
        """Take the card form; the callback goes out before the result is shown."""
        session = self._session(token)
        outcome = self._gateway.pay(token, dict(_posted_or_nothing()))
        if isinstance(outcome, CardFormErrors):
            return pages.card_page(session, outcome)
        return self._settled(token, outcome)

    def authenticate(self, token: str) -> AnyResponse:
        """Take the 3-D Secure code."""
        self._session(token)
        code = dict(_posted_or_nothing()).get("code", "")
        return self._settled(token, self._gateway.authenticate(token, code))

    def give_up(self, token: str) -> AnyResponse:
        """End the session after a refusal; its result page leads to failUrl."""
        was_over = self._session(token).state is SessionState.FINISHED
        # A second press of the button is no second customer.
        if self._gateway.give_up(token).state is SessionState.FINISHED and not was_over:
            self._courier.finish(token)
        return _see(token)

    def cancel(self, token: str) -> AnyResponse:
        """Take the customer back to the shop, without any field."""
        self._session(token)
        session = self._gateway.cancel(token)
        if session.state is not SessionState.CANCELLED:
            return _see(token)
        return redirect(session.request.get("shopurl"), 303)

    def _unfinished(self, session: Session) -> Response:
        t, back = pages.texts_of(session), session.request.get("shopurl")
        if session.state is SessionState.CANCELLED:
            return pages.notice_page(t, "cancelled_title", "cancelled", status=200, back=back)
        if session.state is SessionState.CALLBACK:
            return pages.notice_page(t, "waiting_title", "waiting", status=200, again=_address(session.token))
        if self._gateway.is_expired(session):
            return pages.notice_page(t, "expired_title", "expired", status=410, back=back)
        if session.state is SessionState.CHALLENGE:
            return pages.challenge_page(session)
        return pages.card_page(session)

    def _settled(self, token: str, outcome: Attempt | Session) -> AnyResponse:
        if isinstance(outcome, Attempt):
            self._courier.call_back(token, outcome)
        return _see(token)

    def _session(self, token: str) -> Session:
        session = self._gateway.session(token)
        if session is None:
            raise NotFound
        return session


def _over_the_wire(turn: ApiTurn) -> Response:
    """Write an answer of the XML API; one that is cut announces more bytes than the server then sends."""
    body = gzip.compress(turn.body) if turn.is_gzip else turn.body
    response = Response([body[: len(body) // 2]] if turn.is_cut else body, turn.status)
    response.headers["Content-Type"] = turn.content_type
    if turn.is_gzip:
        response.headers["Content-Encoding"] = "gzip"
    if turn.is_cut:
        response.headers["Content-Length"] = str(len(body) + 1)
    return response


def _posted() -> tuple[tuple[str, str], ...]:
    if request.mimetype != _FORM_TYPE:
        raise ValueError(f"expected {_FORM_TYPE}")
    return read_form(request.get_data(cache=False), most_fields=MOST_FIELDS)


def _posted_or_nothing() -> tuple[tuple[str, str], ...]:
    """Read a form of our own page; one that cannot be read is an empty one, which the page then explains."""
    try:
        return _posted()
    except ValueError:
        return ()


def _address(token: str) -> str:
    return url_for("show", token=token)


def _see(token: str) -> AnyResponse:
    return redirect(_address(token), 303)


def _calm(error: HTTPException) -> AnyResponse:
    status = error.code or 500
    messages = {404: "not_found", 405: "wrong_method", 413: "too_large"}
    message = messages.get(status, "unreadable")
    return pages.notice_page(texts_in("fr"), "unavailable_title", message, status=status)


def _calm_about_a_fault(error: Exception) -> AnyResponse:
    # The type only: the message of a stranger's error could hold what the customer typed.
    _log.error("the simulator failed: %s", type(error).__name__)
    return pages.notice_page(texts_in("fr"), "fault_title", "fault", status=500)
