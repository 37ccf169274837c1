"""What every page of the portal works with, built once by `create_app` and found through the running application."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import attrs
from flask import current_app, g, session
from werkzeug.exceptions import NotFound

from rak_billing.checkout import Checkout
from rak_billing.portal.answer_floor import AnswerFloor
from rak_billing.portal.drafts import Draft, DraftBook
from rak_billing.portal.limits import LookUpLimits
from rak_billing.portal.texts import Texts
from rak_billing.ports import Clock, HumanCheck
from rak_billing.tenant import Tenant

__all__ = ["EXTENSION", "DraftGoneError", "Portal", "draft_of", "drafts", "nonce", "portal", "visitor"]

#: Where the portal's parts hang on the Flask application.
EXTENSION: Final = "rak_billing"
_VISITOR: Final = "visitor"


class DraftGoneError(NotFound):
    """The address names a draft that this browser does not have, or has no more."""


@attrs.frozen
class Portal:
    """
    The parts that pages use.

    Attributes:
        checkout: Does everything that concerns bills and money.
        texts: What the pages say.
        human_check: Keeps programs out.
        limits: Counts look-ups.
        floor: Makes answers to look-ups take the same time.
        clock: The present instant.
        random_token: Fresh randomness, as text fit for an address.
        static_version: Changes when a script or style changes, so that browsers may keep them for ever.
    """

    checkout: Checkout
    texts: Texts
    human_check: HumanCheck
    limits: LookUpLimits
    floor: AnswerFloor
    clock: Clock
    random_token: Callable[[], str]
    static_version: str

    @property
    def tenant(self) -> Tenant:
        """The operator whose bills are paid."""
        return self.checkout.tenant


def portal() -> Portal:
    """Give the parts of the application that handles this request."""
    found: Portal = current_app.extensions[EXTENSION]
    return found


def drafts() -> DraftBook:
    """Give the drafts of the browser that sent this request."""
    return DraftBook(session, portal().clock, portal().random_token)


def draft_of(token: str) -> Draft:
    """
    Give the draft that the address names; looking at it starts its half hour again.

    Raises:
        DraftGoneError: it is unknown, another browser's, or over 30 minutes old.
    """
    draft = drafts().find(token)
    if draft is None:
        raise DraftGoneError
    drafts().extend(token)
    return draft


def visitor() -> str:
    """Name this browser's form session, to bind a human check to it; says nothing of who it is."""
    if _VISITOR not in session:
        session[_VISITOR] = portal().random_token()
    name: str = session[_VISITOR]
    return name


def nonce() -> str:
    """Give the one number that lets this page's own script run."""
    if "nonce" not in g:
        g.nonce = portal().random_token()
    found: str = g.nonce
    return found
