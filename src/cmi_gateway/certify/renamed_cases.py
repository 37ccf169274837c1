"""Genuine values under other names: the attack that the hash cannot see."""

from __future__ import annotations

from typing import Final

from cmi_gateway.certify.renaming import decline_as_approval, other_order_as_this_one, own_form_as_approval
from cmi_gateway.certify.rows import Row, Source, refused

_WHY: Final = (
    "The hash covers no names: under new names in the same order it stays true, and nothing was paid."
)
_MEND: Final = (
    "Keep the fields of each form with the order and require each to come back under its name with its value; also "
    "keep what payers type out of the vocabulary of results."
)

RENAMED: Final = (
    Row(
        id="renamed-decline",
        rule="A decline whose fields were renamed to read as an approval is answered FAILURE.",
        source=Source.SAFEST,
        sent="a decline whose payer typed 00 and Approved, its fields renamed; then the honest approval",
        why=_WHY,
        mend=_MEND,
        steps=refused(decline_as_approval),
    ),
    Row(
        id="renamed-other-order",
        rule="Another order's approval, renamed to read as this order's, is answered FAILURE.",
        source=Source.SAFEST,
        sent="the approval of an order of 1.00 whose payer typed this order's id and amount; then the honest approval",
        why=_WHY,
        mend=_MEND,
        steps=refused(other_order_as_this_one),
    ),
    Row(
        id="renamed-form",
        rule="Your own form, renamed to read as an approval, is answered FAILURE.",
        source=Source.SAFEST,
        sent="the shop's form with 00 and Approved typed in, its fields renamed; then the honest approval",
        why=_WHY,
        mend=_MEND,
        steps=refused(own_form_as_approval),
        needs_form=True,
    ),
)
