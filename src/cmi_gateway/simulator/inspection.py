"""The inspection page: what the simulated gateway holds, what it sent, and switches for what happens next."""

from __future__ import annotations

import json
import secrets
from typing import Final

from flask import Flask, redirect, request, url_for
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from cmi_gateway.errors import FaultPlanError
from cmi_gateway.simulator import pages
from cmi_gateway.simulator.clock import VirtualClock
from cmi_gateway.simulator.courier import Courier
from cmi_gateway.simulator.fault_plans import KINDS, parse_plan, plan_document, plan_of
from cmi_gateway.simulator.faults import FaultPlan, FaultRule, Next
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.inspection_facts import facts_of
from cmi_gateway.simulator.inspection_guard import COOKIE, must_be_local, must_hold_token
from cmi_gateway.simulator.texts import inspection_texts

PATH: Final = "/simulateur/"
_TOKEN_BYTES: Final = 24
#: Units of the form that moves the clock, and how many seconds they have.
_UNITS: Final = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400}
_LONGEST_STEP: Final = 400


class InspectionPage:
    """
    The page and its forms.

    Args:
        gateway: Whose orders are shown.

        courier: Whose callbacks are shown, with the faults in force.

        clock: The clock that may be moved; None for one that runs by itself.
    """

    def __init__(self, gateway: SimulatedGateway, courier: Courier, clock: VirtualClock | None) -> None:
        self._gateway = gateway
        self._courier = courier
        self._clock = clock

    def install(self, app: Flask) -> None:
        """Add the page to *app*."""
        for rule, method, view in (
            ("", "GET", self.inspect),
            ("pannes", "POST", self.set_faults),
            ("pannes/ajouter", "POST", self.add_fault),
            ("pannes/supprimer", "POST", self.clear_faults),
            ("rappels/<int:number>/renvoyer", "POST", self.resend),
            ("telecollecte", "POST", self.close_batch),
            ("horloge", "POST", self.move_clock),
        ):
            app.add_url_rule(PATH + rule, endpoint=view.__name__, view_func=view, methods=[method])

    def inspect(self) -> AnyResponse:
        """Show everything."""
        must_be_local(request)
        return self._page()

    def set_faults(self) -> AnyResponse:
        """Put the posted plan, in TOML or JSON, in force."""
        self._admit()
        text = request.form.get("plan", "")
        try:
            self._courier.faults.set(parse_plan(text))
        except FaultPlanError as error:
            return self._page(plan=text, problem=str(error), status=422)
        return _back("faults")

    def add_fault(self) -> AnyResponse:
        """Add one fault with its usual settings, for the next payments or XML requests."""
        self._admit()
        plan, kind = self._courier.faults.plan, KINDS.get(request.form.get("kind", ""))
        count = _number("next")
        if kind is None or count is None:
            return self._page(problem=inspection_texts()("faults.unknown"), status=422)
        try:
            rules = (*plan.rules, FaultRule(kind(), Next(count)))
            self._courier.faults.set(FaultPlan(rules, seed=plan.seed))
        except FaultPlanError as error:
            return self._page(problem=str(error), status=422)
        return _back("faults")

    def clear_faults(self) -> AnyResponse:
        """Let nothing go wrong any more."""
        self._admit()
        self._courier.faults.set(plan_of({}))
        return _back("faults")

    def resend(self, number: int) -> AnyResponse:
        """Send a callback once more, as it was."""
        self._admit()
        if self._courier.resend(number) is None:
            raise NotFound
        return _back("callbacks")

    def close_batch(self) -> AnyResponse:
        """Close every merchant's batch."""
        self._admit()
        self._gateway.close_batch()
        return _back("batches")

    def move_clock(self) -> AnyResponse:
        """Let time pass on a virtual clock, and send what has become due."""
        self._admit()
        if self._clock is None:
            raise NotFound
        count, seconds = _number("count"), _UNITS.get(request.form.get("unit", ""))
        if count is None or seconds is None or count > _LONGEST_STEP:
            return self._page(clock_problem=inspection_texts()("clock.unknown"), status=422)
        self._clock.advance(seconds=count * seconds)
        self._courier.deliver_due()
        return _back("clock")

    def _admit(self) -> None:
        must_be_local(request)
        must_hold_token(request)

    def _page(
        self, *, plan: str | None = None, problem: str = "", clock_problem: str = "", status: int = 200
    ) -> AnyResponse:
        t = inspection_texts()
        token = request.cookies.get(COOKIE) or secrets.token_urlsafe(_TOKEN_BYTES)
        in_force = json.dumps(plan_document(self._courier.faults.plan), indent=2, ensure_ascii=False)
        response = pages.page(
            "inspection.html",
            t,
            status=status,
            facts=facts_of(self._gateway, self._courier),
            token=token,
            kinds=list(KINDS),
            units=list(_UNITS),
            plan=in_force if plan is None else plan,
            problem=problem,
            clock_problem=clock_problem,
            clock_moves=self._clock is not None,
        )
        response.set_cookie(COOKIE, token, path=PATH, httponly=True, samesite="Strict")
        return response


def _number(name: str) -> int | None:
    """Read a small whole number above nought from the form; None for anything else."""
    text = request.form.get(name, "")
    is_number = text.isascii() and text.isdigit() and len(text) <= len("9999")
    return (int(text) or None) if is_number else None


def _back(place: str) -> AnyResponse:
    return redirect(url_for("inspect", _anchor=place), 303)
