"""The table ``[selection]`` of an operator's file, as rules."""

from __future__ import annotations

from functools import cache
from typing import Any, Final, Literal, TypeVar, get_origin

from cattrs import Converter, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from cmi_gateway.errors import MoneyError
from cmi_gateway.money import Money
from rak_billing.errors import SelectionRulesError
from rak_billing.selection.rules import RULES, PartialMode, PartialPayments, Rule, SelectionRules

__all__ = ["read_rules"]

_KIND: Final = "rule"
_T = TypeVar("_T")


def read_rules(table: object, source: str) -> SelectionRules:
    """
    Read rules from a table as `tomllib` gives it: ``id``, ``version``, ``rules`` and, rarely, ``partial``.

    A rule is its name (``"mandatory-included"``) or a table with its settings
    (``{ rule = "at-most-invoices", count = 4 }``); amounts are text such as ``"50.00"``.

    Raises:
        SelectionRulesError: a key or value is unknown, missing or not allowed; names *source*, key and reason.
    """
    try:
        if isinstance(table, dict) and "partial" in table:
            table = table | {"partial": _partial(table["partial"])}
        return _structured(table, SelectionRules)
    except SelectionRulesError as error:
        raise SelectionRulesError(source, error.key, error.reason) from None


def _partial(value: object) -> PartialPayments:
    try:
        return _structured(value, PartialPayments)
    except SelectionRulesError as error:
        raise _refused(f"partial.{error.key}", error.reason) from None


def _structured(table: object, cls: type[_T]) -> _T:
    if not isinstance(table, dict):
        raise _refused("selection", f"expected a table, not {type(table).__name__}")
    try:
        return _converter().structure(table, cls)
    except ForbiddenExtraKeysError as error:
        raise _refused(min(map(str, error.extra_fields)), "this key is unknown") from None
    except KeyError as error:
        raise _refused(str(error.args[0]), "missing") from None


def _refused(key: str, reason: str) -> SelectionRulesError:
    return SelectionRulesError("selection", key, reason)


@cache
def _converter() -> Converter:
    converter = Converter(forbid_extra_keys=True, detailed_validation=False)
    # What is of the wrong kind is left as it is: the classes refuse it by name, where cattrs would convert it.
    for kind in (str, int):
        converter.register_structure_hook(kind, lambda value, _: value)
    converter.register_structure_hook_func(_is_literal, lambda value, _: value)
    converter.register_structure_hook(Money, lambda value, _: _money(value))
    converter.register_structure_hook(PartialMode, lambda value, _: _mode(value))
    converter.register_structure_hook_func(_is_rules, lambda value, _: _rules(value))
    # Last: it is built of the hooks above.
    as_table = make_dict_structure_fn(PartialPayments, converter, _cattrs_forbid_extra_keys=True)
    converter.register_structure_hook(
        PartialPayments,
        lambda value, kind: value if isinstance(value, PartialPayments) else as_table(value, kind),
    )
    return converter


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _is_rules(kind: Any) -> bool:
    return bool(kind == tuple[Rule, ...])


def _money(value: object) -> object:
    try:
        return Money.parse(value if isinstance(value, str) else "")
    except MoneyError:
        return value  # left for the class, which knows the key


def _mode(value: Any) -> PartialMode:
    try:
        return PartialMode(value)
    except ValueError:
        raise _refused("mode", f"expected one of {', '.join(PartialMode)}, not {value!r:.40}") from None


def _rules(value: object) -> tuple[Any, ...]:
    if not isinstance(value, list):
        raise _refused("rules", f"expected a list of rules, not {type(value).__name__}")
    return tuple(_rule(rule) for rule in value)


def _rule(value: object) -> Any:
    table = {_KIND: value} if isinstance(value, str) else value
    if not isinstance(table, dict) or not isinstance(table.get(_KIND), str):
        raise _refused("rules", f"expected the name of a rule, or a table with the key {_KIND!r}")
    settings = dict(table)
    name = settings.pop(_KIND)
    if name not in RULES:
        raise _refused("rules", f"expected some of {', '.join(RULES)}, not {name!r:.40}")
    try:
        return _structured(settings, RULES[name])
    except SelectionRulesError as error:
        raise _refused(f"rules.{name}.{error.key}", error.reason) from None
