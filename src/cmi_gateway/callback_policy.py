"""How strictly a merchant reads callbacks: a closed choice, made by configuration and never by a message."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

import attrs

from cmi_gateway.errors import ConfigurationError
from cmi_gateway.field_names import is_shown_only
from cmi_gateway.signature import NameOrder

#: Our hash and random text, and the encoding that is never hashed.
_NEVER_ECHOED: Final = frozenset({"hash", "rnd", "encoding"})
#: Compared one by one in any case; leaving them out would open the callback to other orders.
_ALWAYS_REQUIRED: Final = frozenset({"clientid", "oid", "amount", "currency", "hashalgorithm"})


def _folded(names: Iterable[str]) -> frozenset[str]:
    listed = list(names) if isinstance(names, Iterable) and not isinstance(names, str) else [None]
    if not all(isinstance(name, str) for name in listed):
        raise ConfigurationError("expected a collection of field names, not one text")
    return frozenset(name.lower() for name in listed if name)


def _orders(orders: Iterable[NameOrder]) -> tuple[NameOrder, ...]:
    listed = tuple(orders) if isinstance(orders, Iterable) else ()
    if not listed or not all(isinstance(order, NameOrder) for order in listed):
        raise ConfigurationError("name_orders must hold NameOrder.PLAIN, NameOrder.NATURAL, or both")
    return listed


def _is_choice(_policy: object, field: attrs.Attribute[bool], value: object) -> None:
    if not isinstance(value, bool):
        raise ConfigurationError(f"{field.name} must be True or False")


@attrs.frozen(kw_only=True)
class CallbackPolicy:
    """
    What a merchant accepts as the answer to a form.

    The defaults accept every reading that a source gives for CMI, and require back all that was sent but
    what is only shown. Tighten them once you know what your gateway does.

    Attributes:
        name_orders: The orders of names that are tried.
        raw_entities: Whether values are also tried without decoding HTML entities.
        document_rule: Whether CMI's "document" rule is also tried.
        left_out: Whether ``countdown`` and ``NATIONALIDNO`` may be left out of the hash.
        required_back: Further names that must come back as sent, such as ``Total1``.
        not_required_back: Names that need not come back, for a gateway that drops them.
        refuse_echoed_rnd: Whether to refuse a callback with the random text of our own form. The gateway is
            said to send a new one, but this is not known for certain.

    Raises:
        ConfigurationError: no order of names is left, client id, order, amount or currency were excepted, what
            never comes back is required, or a value is of another type.
    """

    name_orders: tuple[NameOrder, ...] = attrs.field(
        default=(NameOrder.PLAIN, NameOrder.NATURAL), converter=_orders
    )
    raw_entities: bool = attrs.field(default=True, validator=_is_choice)
    document_rule: bool = attrs.field(default=True, validator=_is_choice)
    left_out: bool = attrs.field(default=True, validator=_is_choice)
    required_back: frozenset[str] = attrs.field(default=(), converter=_folded)
    not_required_back: frozenset[str] = attrs.field(default=(), converter=_folded)
    refuse_echoed_rnd: bool = attrs.field(default=False, validator=_is_choice)

    @required_back.validator
    def _can_come_back(self, _field: object, names: frozenset[str]) -> None:
        if names & _NEVER_ECHOED:
            raise ConfigurationError(f"these never come back: {', '.join(sorted(names & _NEVER_ECHOED))}")

    @not_required_back.validator
    def _keep_what_identifies_the_payment(self, _field: object, names: frozenset[str]) -> None:
        if names & (_ALWAYS_REQUIRED | self.required_back):
            raise ConfigurationError(
                f"these must always come back: {', '.join(sorted(names & (_ALWAYS_REQUIRED | self.required_back)))}"
            )

    def is_echoed(self, name: str) -> bool:
        """Tell whether a field that was sent can come back at all."""
        return name.lower() not in _NEVER_ECHOED

    def is_required_back(self, name: str) -> bool:
        """Tell whether a field that was sent must come back with the same value."""
        folded = name.lower()
        if folded in self.not_required_back or folded in _NEVER_ECHOED:
            return False
        return folded in self.required_back or not is_shown_only(name)
