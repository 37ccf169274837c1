"""
Is this callback the answer to that form? The comparison behind `cmi_gateway.Callback.must_match`, as pure functions.

Names of fields are compared without regard to case, as the gateway compares them: renaming in another case changes
neither the order of the hashed values nor their meaning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from cmi_gateway.callback_policy import CallbackPolicy
from cmi_gateway.errors import AmountError, CallbackMismatchError, ConfigurationError
from cmi_gateway.money import Money
from cmi_gateway.signature import canonical_value

SentFields = Iterable[tuple[str, str]] | Mapping[str, str]

#: Without these, "everything sent came back" would say nothing.
_NEEDED_OF_SENT: Final = ("clientid", "oid", "amount", "currency", "okurl", "hash")


def whole_form(sent: SentFields) -> dict[str, str]:
    """
    Key the kept form by name, the needed names in lower case.

    Raises:
        ConfigurationError: it is not the whole signed form, so that comparing with it would say too little.
    """
    try:
        listed = dict(sent)
        folded = {name.lower(): value for name, value in listed.items()}
    except (TypeError, ValueError, AttributeError) as error:
        raise ConfigurationError(
            "sent must be the fields of the signed form, as (name, value) pairs"
        ) from error
    if not all(isinstance(value, str) for value in folded.values()):
        raise ConfigurationError("sent must hold text values, exactly as they were signed")
    missing = [name for name in _NEEDED_OF_SENT if not folded.get(name)]
    if missing:
        raise ConfigurationError(
            f"sent must be the whole signed form as it was kept; missing: {', '.join(missing)}"
        )
    return listed | {name: folded[name] for name in _NEEDED_OF_SENT}


def must_be_of_order(
    value_of: Callable[[str], str | None], expected: Mapping[str, str], *, order_id: str, amount: Money
) -> None:
    """
    Compare order id, amount and currency, of the callback and of the kept form, with the order's.

    Raises:
        CallbackMismatchError: one differs.
    """
    if not value_of("oid") == expected["oid"] == order_id:
        raise CallbackMismatchError("oid", "names another order")
    if any(_charged(text, amount.currency) != amount for text in (value_of("amount"), expected["amount"])):
        raise CallbackMismatchError("amount", f"is not the order's {amount}")
    if value_of("currency") != amount.currency_number:
        raise CallbackMismatchError("currency", f"is not the order's {amount.currency_number}")


def shown_differences(
    expected: Mapping[str, str], is_echo: Callable[[str, str], bool | None], policy: CallbackPolicy
) -> tuple[str, ...]:
    """
    Require back what the policy requires, and list what else came back changed.

    Args:
        expected: The fields that were sent.

        is_echo: Tells whether a field came back with a value; None where it did not come back at all.

        policy: Which names must come back.

    Raises:
        CallbackMismatchError: a required field came back changed or not at all.
    """
    differences = []
    for name, value in expected.items():
        if not policy.is_echoed(name) or name.lower() == "amount":
            continue
        verdict = is_echo(name, canonical_value(value))
        if verdict:
            continue
        if policy.is_required_back(name):
            raise CallbackMismatchError(name, "did not come back as it was sent")
        if verdict is not None:
            differences.append(name)
    return tuple(differences)


def _charged(text: str | None, currency: str) -> Money | None:
    # The gateway echoes what it was sent ("100", "1020"); a comma is known from other merchants of CMI.
    try:
        return Money.parse((text or "").replace(",", ".", 1), currency)
    except AmountError:
        return None
