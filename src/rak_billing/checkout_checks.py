"""What a checkout checks of its caller and of its own settings, before anything else happens."""

import logging
from collections.abc import Collection
from typing import Any, Final

import attrs

from cmi_gateway.money import Money
from rak_billing.errors import TenantError
from rak_billing.fees.law import legal_findings
from rak_billing.tenant import Tenant

#: Findings of `rak_billing.fees.law`, under a name of their own: who knows them can send them elsewhere.
_law_log: Final = logging.getLogger("rak_billing.law")
_log: Final = logging.getLogger("rak_billing.confirmation")

#: How an accepted payment becomes paid.
CONFIRMATIONS: Final = frozenset({"gateway", "callback", "later"})


def is_confirmation(checkout: Any, _field: "attrs.Attribute[Any]", value: object) -> None:
    """Check how payments are confirmed, and that it can be done."""
    if value not in CONFIRMATIONS:
        raise TenantError("checkout", "confirm", "expected 'gateway', 'callback' or 'later'")
    if value == "gateway" and checkout.api is None:
        raise TenantError("checkout", "confirm", "expected an api to ask the gateway by, with 'gateway'")


def check_choice(chosen: Collection[str], accepted: str | Money) -> None:
    """Tell a caller's slip from a changed bill, which it would look like to the customer, again and again."""
    if isinstance(chosen, str):
        raise TypeError("chosen is a collection of references; a single text would be read letter by letter")
    if not isinstance(accepted, (str, Money)):
        raise TypeError(
            f"accepted is the sealed quote that the customer saw, or its total as Money, not {type(accepted).__name__}"
        )


def is_text(text: str) -> bool:
    """Tell whether a database can hold *text*: none that reads a wrong encoding, or sends what no customer types."""
    try:
        return "\0" not in text and bool(text.encode())
    except UnicodeEncodeError:
        return False


def check_limit(limit: int) -> None:
    """Refuse a limit that would let nothing be done, for ever."""
    if limit < 1:
        raise TenantError(
            "checkout", "limit", f"expected 1 or more, got {limit}: leave it out for the usual one"
        )


def log_findings(tenant: Tenant, *, confirm: str) -> None:
    """Tell the operator what should not be so; once for each start of a portal or worker, as each makes one checkout."""
    for finding in legal_findings(tenant.fee_schedule):
        _law_log.warning("%s", finding.english)
    if confirm == "callback":
        _log.warning(
            "payments are counted as paid by the gateway's callback alone, whose signature does not cover the names of "
            "its fields: where the XML API is open, give the checkout an api, and confirm='gateway'"
        )
