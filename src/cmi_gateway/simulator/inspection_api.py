"""
The inspection page as JSON, for test programs in any language.

::

    GET    /simulateur/api/state                    everything that the page shows
    GET    /simulateur/api/faults                   the plan in force
    PUT    /simulateur/api/faults                   {"fault": [{"kind": "callback-late", "seconds": 5, "next": 1}]}
    DELETE /simulateur/api/faults
    POST   /simulateur/api/callbacks/<n>/resend     {}
    POST   /simulateur/api/batches/close            {}
    POST   /simulateur/api/clock                    {"seconds": 3600}

A POST is sent as ``application/json``, with a body or without one: no form of another page can do that.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any, Final

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException

from cmi_gateway.errors import FaultPlanError
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.courier import Courier
from cmi_gateway.simulator.fault_plans import plan_of
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.inspection import PATH
from cmi_gateway.simulator.inspection_facts import facts_of, faults_of
from cmi_gateway.simulator.inspection_guard import must_be_json, must_be_local

_API: Final = f"{PATH}api/"
_LONGEST_STEP: Final = 400 * 86_400
_View = Callable[..., tuple[dict[str, Any], int]]


class InspectionApi:
    """
    The JSON addresses.

    Args:
        gateway: Whose orders are told.

        courier: Whose callbacks are told, with the faults in force.

        clock: The clock that may be moved; None for one that runs by itself.
    """

    def __init__(self, gateway: SimulatedGateway, courier: Courier, clock: VirtualClock | None) -> None:
        self._gateway = gateway
        self._courier = courier
        self._clock = clock

    def install(self, app: Flask) -> None:
        """Add the addresses to *app*."""
        for rule, method, view in (
            ("state", "GET", self.state),
            ("faults", "GET", self.faults),
            ("faults", "PUT", self.put_faults),
            ("faults", "DELETE", self.delete_faults),
            ("callbacks/<int:number>/resend", "POST", self.resend_callback),
            ("batches/close", "POST", self.close_batches),
            ("clock", "POST", self.advance_clock),
        ):
            app.add_url_rule(
                _API + rule, endpoint=f"api_{view.__name__}", view_func=_as_json(view), methods=[method]
            )

    def state(self) -> tuple[dict[str, Any], int]:
        """Tell everything."""
        return facts_of(self._gateway, self._courier), 200

    def faults(self) -> tuple[dict[str, Any], int]:
        """Tell the plan in force."""
        return faults_of(self._courier.faults), 200

    def put_faults(self) -> tuple[dict[str, Any], int]:
        """Put another plan in force; one that cannot be followed leaves the old one there."""
        try:
            self._courier.faults.set(plan_of(_document()))
        except FaultPlanError as error:
            return {"error": error.reason, "place": error.place}, 422
        return self.faults()

    def delete_faults(self) -> tuple[dict[str, Any], int]:
        """Let nothing go wrong any more."""
        self._courier.faults.set(plan_of({}))
        return self.faults()

    def resend_callback(self, number: int) -> tuple[dict[str, Any], int]:
        """Send a callback once more, as it was."""
        sending = self._courier.resend(number)
        if sending is None:
            return {"error": f"no callback has the number {number}"}, 404
        return {"number": sending.number, "reply": sending.answer.reply if sending.answer else None}, 200

    def close_batches(self) -> tuple[dict[str, Any], int]:
        """Close every merchant's batch."""
        closed = self._gateway.close_batch()
        return {"closed": [[batch.client_id, batch.number] for batch in closed]}, 200

    def advance_clock(self) -> tuple[dict[str, Any], int]:
        """Let time pass on a virtual clock, and send what has become due."""
        if self._clock is None:
            return {"error": "the clock runs by itself: start the simulator with a virtual one"}, 409
        seconds = _seconds_in(_document())
        if seconds is None:
            return {"error": f"expected seconds from 0 to {_LONGEST_STEP}"}, 422
        self._clock.advance(seconds=seconds)
        return {"now": self._gateway.now().isoformat(), "sent": self._courier.deliver_due()}, 200


def _as_json(view: _View) -> Callable[..., Response]:
    """Guard *view*, and write what it gives, or why it is not asked, as JSON."""

    @wraps(view)
    def answer(**arguments: object) -> Response:
        try:
            must_be_local(request)
            if request.method == "POST":
                must_be_json(request)
            document, status = view(**arguments)
        except HTTPException as error:
            document, status = {"error": error.name}, error.code or 500
        return Response(json.dumps(document), status, mimetype="application/json")

    return answer


def _document() -> Any:
    """Read the posted JSON; what is none is None, which no reader of plans or steps takes for anything."""
    try:
        return json.loads(request.get_data(cache=False))
    except (ValueError, RecursionError):
        return None


def _seconds_in(document: object) -> float | None:
    """Read a step of the clock; None for anything that is no number of seconds within bounds."""
    seconds: Any = document.get("seconds") if isinstance(document, dict) else None
    # Booleans are whole numbers in Python, and nobody means one here.
    is_number = isinstance(seconds, (int, float)) and not isinstance(seconds, bool)
    return float(seconds) if is_number and 0 <= seconds <= _LONGEST_STEP else None
