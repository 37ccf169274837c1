"""
One transaction of an order, as the gateway's books hold it: a line of the order's history.

A payment starts as ``S A``, money held for the merchant, and stays one line all its life; a refund is a line of its
own::

    S A ──capture──▶ S C ──batch closes──▶ S S          C C ──batch closes──▶ C S
     └──void──▶ S V ◀──void──┘                           └──void──▶ C V

    S D, C D: refused. NW, PN, R: the bank has not made up its mind, whatever the line will be.

The letters are those of `cmi_gateway.api.history`: one vocabulary for who writes them and who reads them.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Final

import attrs

from cmi_gateway.api.history import LineKind, LineState
from cmi_gateway.money import Money

APPROVED_CODE: Final = "00"


#: States in which the outcome is open; the books keep what the line will be once it is known.
TRANSIENT: Final = frozenset({LineState.PENDING, LineState.NEW, LineState.REVERSING})


@attrs.frozen(kw_only=True)
class CardTrace:
    """
    What a transaction remembers of the card and its authentication.

    Attributes:
        masked_number: ``4000 00** **** 0010``.
        brand: ``VISA``.
        xid, cavv, eci, md_status: The 3-D Secure values, empty without.
    """

    masked_number: str
    brand: str
    xid: str = ""
    cavv: str = ""
    eci: str = ""
    md_status: str = ""


@attrs.frozen(kw_only=True)
class TransactionLine:
    """
    One transaction.

    Attributes:
        kind: Payment or refund.
        state: Where it stands, or will stand when what is open is decided; see `shown_state`.
        amount: What was asked for.
        captured: What was taken or given back; None while an authorization is not captured.
        trans_id, auth_code, host_ref_num: The gateway's references; the last two empty where the bank was not
            reached or said no.
        code: The bank's answer, ``00`` for yes.
        authorized_at, captured_at, voided_at: Aware instants.
        settle_id: The batch that it was settled in.
        card: What is remembered of the card.
        transient: One of `TRANSIENT` while the outcome is open, else None.
    """

    kind: LineKind
    state: LineState
    amount: Money
    captured: Money | None = None
    trans_id: str
    auth_code: str = ""
    host_ref_num: str = ""
    code: str = APPROVED_CODE
    authorized_at: datetime
    captured_at: datetime | None = None
    voided_at: datetime | None = None
    settle_id: int | None = None
    card: CardTrace = attrs.field(repr=False)
    transient: LineState | None = attrs.field(
        default=None, validator=attrs.validators.optional(attrs.validators.in_(TRANSIENT))
    )

    @property
    def shown_state(self) -> LineState:
        """What ``TRANS_STAT`` says."""
        return self.transient or self.state

    @property
    def is_successful(self) -> bool:
        """Whether the bank said yes; a voided transaction was successful too."""
        return self.state is not LineState.DECLINED

    @property
    def stands(self) -> bool:
        """Whether its captured amount counts: taken or given back, and not voided."""
        return self.state.is_taken

    @property
    def counted(self) -> Money:
        """The amount that it adds to the totals."""
        return self.captured if self.stands and self.captured is not None else Money(0, self.amount.currency)


@attrs.frozen(kw_only=True)
class Totals:
    """
    The money of one order.

    Attributes:
        held: Authorized and not captured.
        captured: Taken from the customer.
        refunded: Given back.
    """

    held: Money
    captured: Money
    refunded: Money

    @property
    def net(self) -> Money:
        """What the merchant keeps."""
        return self.captured - self.refunded


def totals_of(lines: Iterable[TransactionLine], currency: str = "MAD") -> Totals:
    """Add up the lines of one order."""
    held = captured = refunded = Money(0, currency)
    for line in lines:
        if line.kind is LineKind.REFUND:
            refunded += line.counted
        elif line.state is LineState.AUTHORIZED:
            held += line.amount
        else:
            captured += line.counted
    return Totals(held=held, captured=captured, refunded=refunded)
