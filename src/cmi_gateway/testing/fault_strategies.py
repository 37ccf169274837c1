"""Hypothesis strategies for what goes wrong: faults, whom they strike, and whole plans."""

from __future__ import annotations

from collections.abc import Collection
from typing import Final, get_args

from hypothesis import strategies as st

from cmi_gateway.simulator.faults import (
    Always,
    ApiCutAfter,
    ApiCutBefore,
    ApiFailure,
    ApiFault,
    ApiGzip,
    ApiHtmlError,
    ApiSlow,
    ApiWrongEncoding,
    BrowserFirst,
    BrowserGone,
    BrowserTwice,
    CallbackLate,
    CallbackLost,
    CallbackReordered,
    CallbackSlow,
    CallbackTampered,
    CallbackTruncated,
    CallbackTwice,
    DeclineAfter,
    DeclinesBefore,
    Fault,
    FaultPlan,
    FaultRule,
    Next,
    OfAmount,
    OfOrder,
    PaymentFault,
    ReplyIgnored,
    ReplyLost,
    Selector,
    Sometimes,
)
from cmi_gateway.testing.strategies import amounts, order_ids

_SECONDS: Final = st.integers(0, 600)
_FIELDS: Final = st.sampled_from(("amount", "oid", "ProcReturnCode", "Response", "currency", "clientid"))
_ENCODINGS: Final = st.sampled_from(("UTF-16", "utf-8", "ISO-8859-1", "latin-5", "x-none"))
_ON: Final = st.sampled_from(("all", "queries", "operations"))
#: Fault → how its settings are drawn.
_FAULTS: Final[dict[type[Fault], st.SearchStrategy[Fault]]] = {
    CallbackLate: st.builds(CallbackLate, _SECONDS),
    CallbackTwice: st.builds(CallbackTwice, _SECONDS),
    CallbackLost: st.builds(CallbackLost),
    CallbackReordered: st.builds(CallbackReordered, _SECONDS),
    DeclinesBefore: st.builds(DeclinesBefore, st.integers(1, 3)),
    DeclineAfter: st.builds(DeclineAfter, _SECONDS),
    CallbackTampered: st.builds(CallbackTampered, _FIELDS, st.sampled_from(("1.00", "00", "", "X"))),
    CallbackTruncated: st.builds(CallbackTruncated, st.integers(0, 2000)),
    CallbackSlow: st.builds(CallbackSlow, st.just(0.1)),
    ReplyIgnored: st.builds(ReplyIgnored),
    ReplyLost: st.builds(ReplyLost),
    BrowserGone: st.builds(BrowserGone),
    BrowserFirst: st.builds(BrowserFirst, _SECONDS),
    BrowserTwice: st.builds(BrowserTwice),
    ApiSlow: st.builds(ApiSlow, st.integers(0, 120), on=_ON),
    ApiCutAfter: st.builds(ApiCutAfter, on=_ON),
    ApiCutBefore: st.builds(ApiCutBefore, on=_ON),
    ApiHtmlError: st.builds(ApiHtmlError, st.booleans(), on=_ON),
    ApiFailure: st.builds(ApiFailure, st.booleans(), on=_ON),
    ApiGzip: st.builds(ApiGzip, on=_ON),
    ApiWrongEncoding: st.builds(ApiWrongEncoding, _ENCODINGS, on=_ON),
}


def faults(kinds: Collection[type[Fault]] = tuple(_FAULTS)) -> st.SearchStrategy[Fault]:
    """Draw faults, of *kinds* only where some are given."""
    return st.one_of([_FAULTS[kind] for kind in kinds])


def payment_faults() -> st.SearchStrategy[Fault]:
    """Draw what can befall a payment: its callback, the reply to it, the customer's way back."""
    return faults(get_args(PaymentFault))


def api_faults() -> st.SearchStrategy[Fault]:
    """Draw what can befall a request to the XML API."""
    return faults(get_args(ApiFault))


def selectors() -> st.SearchStrategy[Selector]:
    """Draw whom a rule strikes."""
    return st.one_of(
        st.just(Always()),
        st.builds(Next, st.integers(1, 5)),
        st.builds(OfOrder, order_ids()),
        st.builds(OfAmount, amounts()),
        st.builds(Sometimes, st.integers(1, 100)),
    )


@st.composite
def fault_plans(
    draw: st.DrawFn,
    /,
    what: st.SearchStrategy[Fault] | None = None,
    when: st.SearchStrategy[Selector] | None = None,
    *,
    most: int = 4,
) -> FaultPlan:
    """
    Draw whole plans.

    Args:
        draw: Hypothesis gives it.

        what: The faults; all of them by default.

        when: Whom the rules strike; anybody by default.

        most: The most rules.
    """
    # Compared with None: a strategy warns where it is asked whether it is true.
    fault = faults() if what is None else what
    selector = selectors() if when is None else when
    rules = st.lists(st.builds(FaultRule, fault, selector), max_size=most)
    return FaultPlan(tuple(draw(rules)), seed=draw(st.integers(0, 2**32)))
