"""Hypothesis strategies for payments: what a shop may ask of the gateway, and what it may be told."""

from __future__ import annotations

import string
from collections.abc import Collection
from itertools import pairwise
from typing import Any, Final

import attrs
from hypothesis import strategies as st

from cmi_gateway.merchant import Merchant
from cmi_gateway.money import Money
from cmi_gateway.payment import BillTo, OrderLine, PaymentRequest, SignedForm
from cmi_gateway.testing.callback_kinds import CallbackKind
from cmi_gateway.testing.callbacks import signed_callback
from cmi_gateway.testing.samples import sample_merchant, sample_request

_DECLINES: Final = tuple(kind for kind in CallbackKind if kind.is_decline)
_APPROVALS: Final = tuple(kind for kind in CallbackKind if kind.is_approval)
_FEW_CENTIMES: Final = 1_000_000
_MOST_LINES: Final = 9
#: Letters as Moroccan names have them, in both scripts, and what stands between them.
_NAME_LETTERS: Final = string.ascii_letters + "ÀÂÇÉÈÊËÎÏÔÛÜàâçéèêëîïôûü" + "ابتثجحخدذرزسشصضطظعغفقكلمنهوي"
_REFERENCE: Final = string.ascii_uppercase + string.digits


@attrs.frozen(kw_only=True)
class DrawnCallback:
    """
    A callback for a form.

    Attributes:
        kind: What it says, or what is wrong with it.
        attempt: Which try at the order it tells of.
        body: The raw body.
    """

    kind: CallbackKind
    attempt: int
    body: bytes = attrs.field(repr=False)


def amounts(least: int = 1, most: int = _FEW_CENTIMES) -> st.SearchStrategy[Money]:
    """Draw amounts in dirhams, from *least* to *most* centimes: by default what bills come to, one centime included."""
    return st.builds(Money, st.integers(least, most))


def order_ids(prefix: str = "TEST-") -> st.SearchStrategy[str]:
    """Draw order ids of one length behind *prefix*."""
    return st.text(string.ascii_lowercase + string.digits, min_size=16, max_size=16).map(prefix.__add__)


@st.composite
def payment_requests(draw: st.DrawFn, /, **fixed: Any) -> PaymentRequest:
    """
    Draw requests that can be signed: any amount, names in Latin and Arabic letters, with and without lines.

    Args:
        draw: Hypothesis gives it.

        **fixed: Fields of `cmi_gateway.PaymentRequest` that are not drawn.
    """
    amount = fixed.get("amount") or draw(amounts())
    facts = {
        "order_id": draw(order_ids()),
        "amount": amount,
        "bill_to": draw(_payers()),
        "lines": draw(_lines(amount)),
        "language": draw(st.sampled_from(("fr", "ar", "en"))),
    }
    return sample_request(**(facts | fixed))


@st.composite
def signed_forms(draw: st.DrawFn, /, merchant: Merchant | None = None, **fixed: Any) -> SignedForm:
    """Draw forms that *merchant* signed, by default the kit's own; *fixed* as for `payment_requests`."""
    return (merchant or sample_merchant()).sign(draw(payment_requests(**fixed)))


@st.composite
def callbacks(
    draw: st.DrawFn, /, form: SignedForm, kinds: Collection[CallbackKind] = tuple(CallbackKind), **given: Any
) -> DrawnCallback:
    """
    Draw callbacks for *form*.

    Args:
        draw: Hypothesis gives it.

        form: What was sent.

        kinds: What they may say; by default everything, forgeries included.

        **given: Arguments of `cmi_gateway.testing.signed_callback`, such as ``store_key``.
    """
    kind = draw(st.sampled_from(list(kinds)))
    attempt = draw(st.integers(1, 9))
    return _callback(form, kind, attempt, given)


@st.composite
def callback_sequences(
    draw: st.DrawFn, /, form: SignedForm, *, most: int = 4, approved: bool | None = None, **given: Any
) -> tuple[DrawnCallback, ...]:
    """
    Draw what arrives for one order over its life: declines, then perhaps an approval, in any order and repeated.

    A payer may be declined several times before a card is accepted, and nothing promises that callbacks arrive in the
    order in which they left, or once.

    Args:
        draw: Hypothesis gives it.

        form: What was sent.

        most: The most declines.

        approved: Whether an approval is among them; None for either.

        **given: As for `callbacks`.
    """
    told = [
        _callback(form, kind, attempt, given)
        for attempt, kind in enumerate(draw(st.lists(st.sampled_from(_DECLINES), max_size=most)), 1)
    ]
    if approved or (approved is None and draw(st.booleans())):
        told.append(_callback(form, draw(st.sampled_from(_APPROVALS)), len(told) + 1, given))
    again = draw(st.lists(st.sampled_from(told), max_size=2)) if told else []
    return tuple(draw(st.permutations([*told, *again])))


def _callback(form: SignedForm, kind: CallbackKind, attempt: int, given: dict[str, Any]) -> DrawnCallback:
    body = signed_callback(form, kind, attempt=attempt, **given)
    return DrawnCallback(kind=kind, attempt=attempt, body=body)


def _payers() -> st.SearchStrategy[BillTo]:
    """Draw payers; the title keeps a name such as « Mad » from being refused as a result of the gateway."""
    word = st.text(_NAME_LETTERS, min_size=2, max_size=12)
    words = st.lists(word, min_size=1, max_size=4)
    return st.builds(BillTo, name=words.map(lambda names: " ".join(("Mme", *names))))


@st.composite
def _lines(draw: st.DrawFn, amount: Money) -> tuple[OrderLine, ...]:
    """Draw no line, or up to nine that add up to *amount*."""
    count = draw(st.integers(0, min(_MOST_LINES, amount.centimes)))
    if not count:
        return ()
    cuts = draw(st.lists(st.integers(0, amount.centimes), min_size=count - 1, max_size=count - 1).map(sorted))
    ends = [0, *cuts, amount.centimes]
    return tuple(
        [
            OrderLine(
                # Figures alone could be read as the amount, and would be refused.
                reference="FAC" + draw(st.text(_REFERENCE, min_size=5, max_size=9)),
                description=f"Facture {number}",
                amount=Money(end - start, amount.currency),
            )
            for number, (start, end) in enumerate(pairwise(ends), 1)
        ]
    )
