"""
Fault plans in and out of documents: TOML files, JSON bodies, and the rows that the inspection page shows.

::

    seed = 7

    [[fault]]
    kind = "callback-late"
    seconds = 30
    next = 2  # or order_id = "...", amount = "66.01", percent = 20; without any: always
"""

from __future__ import annotations

import json
import tomllib
from collections.abc import Mapping
from typing import Any, Final, get_args

import attrs

from cmi_gateway.errors import AmountError, FaultPlanError
from cmi_gateway.money import Money
from cmi_gateway.simulator.faults import (
    MOST_RULES,
    Always,
    ApiFault,
    BrowserFault,
    CallbackFault,
    Fault,
    FaultPlan,
    FaultRule,
    Next,
    OfAmount,
    OfOrder,
    ReplyFault,
    Selector,
    Sometimes,
)

LARGEST_DOCUMENT: Final = 65_536
_CLASSES: Final = tuple(
    kind for union in (CallbackFault, ReplyFault, BrowserFault, ApiFault) for kind in get_args(union)
)
#: ``kind`` in a document → the fault.
KINDS: Final[Mapping[str, type[Fault]]] = {kind.kind: kind for kind in _CLASSES}
_SELECTORS: Final = ("next", "order_id", "amount", "percent")


def parse_plan(raw: bytes | str) -> FaultPlan:
    """
    Read a plan from the text of a TOML or JSON document; a brace at its start makes it JSON.

    Raises:
        FaultPlanError: the text is neither, or does not describe a plan.
    """
    if len(raw) > LARGEST_DOCUMENT:
        raise FaultPlanError("document", f"expected at most {LARGEST_DOCUMENT} bytes")
    try:
        text = raw if isinstance(raw, str) else raw.decode("utf-8-sig")
        document = json.loads(text) if text.lstrip().startswith("{") else tomllib.loads(text)
    except (ValueError, RecursionError):
        # The parsers quote what they read, and a file given by mistake may hold anything.
        raise FaultPlanError("document", "expected TOML or JSON in UTF-8") from None
    return plan_of(document)


def plan_of(document: object) -> FaultPlan:
    """
    Read a plan from a table: ``fault``, a list of tables, and ``seed``.

    Raises:
        FaultPlanError: it names an unknown kind or setting, or a value out of bounds.
    """
    table = _table("document", document)
    _known("document", table, ("fault", "seed"))
    rules = table.get("fault", [])
    if not isinstance(rules, list) or len(rules) > MOST_RULES:
        raise FaultPlanError("fault", f"expected a list of at most {MOST_RULES} tables")
    read = tuple(_rule(f"fault {number}", rule) for number, rule in enumerate(rules, 1))
    return FaultPlan(read, seed=table.get("seed", 0))


def plan_document(plan: FaultPlan) -> dict[str, Any]:
    """Give *plan* as the table that `plan_of` reads."""
    return {"seed": plan.seed, "fault": [rule_row(rule) for rule in plan.rules]}


def rule_row(rule: FaultRule) -> dict[str, Any]:
    """Give one rule as its table."""
    row = {"kind": rule.fault.kind, **attrs.asdict(rule.fault), **attrs.asdict(rule.when, recurse=False)}
    return row | ({"amount": str(rule.when.amount)} if isinstance(rule.when, OfAmount) else {})


def _rule(place: str, given: object) -> FaultRule:
    table = _table(place, given)
    kind = table.get("kind")
    found = KINDS.get(kind) if isinstance(kind, str) else None
    if found is None:
        raise FaultPlanError(f"{place}: kind", f"expected one of {', '.join(KINDS)}")
    settings = tuple(field.name for field in attrs.fields(found))
    _known(place, table, ("kind", *settings, *_SELECTORS))
    chosen = {name: table[name] for name in settings if name in table}
    try:
        return FaultRule(found(**chosen), _selector(table))
    except FaultPlanError as error:
        raise FaultPlanError(f"{place}: {error.place}", error.reason) from None


def _selector(table: Mapping[str, Any]) -> Selector:
    given = [name for name in _SELECTORS if name in table]
    match given:
        case []:
            return Always()
        case ["next"]:
            return Next(table["next"])
        case ["order_id"]:
            return OfOrder(table["order_id"])
        case ["percent"]:
            return Sometimes(table["percent"])
        case ["amount"]:
            return OfAmount(_amount(table["amount"]))
        case _:
            raise FaultPlanError(", ".join(given), "expected one of them, or none")


def _amount(text: object) -> Money:
    if not isinstance(text, str):
        raise FaultPlanError("amount", "expected text such as '66.01'")
    try:
        return Money.parse(text)
    except AmountError as error:
        raise FaultPlanError("amount", str(error)) from None


def _table(place: str, given: object) -> Mapping[str, Any]:
    if not isinstance(given, Mapping):
        raise FaultPlanError(place, "expected a table of names and values")
    return given


def _known(place: str, table: Mapping[str, Any], names: tuple[str, ...]) -> None:
    strange = [name for name in table if name not in names]
    if strange:
        raise FaultPlanError(f"{place}: {strange[0]!r:.40}", f"unknown; expected {', '.join(names)}")
