"""What a model believes of one order's money, in centimes, and a shop that it can be told through."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

import cmi_gateway as cmi
from cmi_gateway.testing import sample_request

_CAPTURE_DAYS = timedelta(days=15)


@attrs.frozen
class Refund:
    """Money given back: how much, and whether its batch is closed."""

    amount: int
    is_settled: bool = False


@attrs.frozen
class Ledger:
    """The life of one payment: the rules once more, and none of the simulator's code."""

    amount: int
    paid_at: datetime | None = None
    is_voided: bool = False
    held: int = 0
    captured: int = 0
    is_settled: bool = False
    refunds: tuple[Refund, ...] = ()

    @property
    def refunded(self):
        return sum(refund.amount for refund in self.refunds)

    @property
    def left(self):
        return self.captured - self.refunded

    @property
    def sums(self):
        return self.held, self.captured, self.refunded

    def approved(self, at):
        assert self.paid_at is None
        return attrs.evolve(self, paid_at=at, held=self.amount)

    def capture(self, amount, at):
        """Give the ledger after a capture; None where none is allowed."""
        is_allowed = 0 < amount <= self.held and at - self.paid_at <= _CAPTURE_DAYS
        return attrs.evolve(self, held=0, captured=amount) if is_allowed else None

    def void(self):
        is_allowed = self.held or (self.captured and not self.is_settled)
        return attrs.evolve(self, is_voided=True, held=0, captured=0) if is_allowed else None

    def refund(self, amount):
        is_allowed = self.is_settled and 0 < amount <= self.left
        return attrs.evolve(self, refunds=(*self.refunds, Refund(amount))) if is_allowed else None

    def void_refund(self, amount):
        refunds = list(self.refunds)
        if Refund(amount) not in refunds:
            return None
        refunds.remove(Refund(amount))
        return attrs.evolve(self, refunds=tuple(refunds))

    def settled(self):
        closed = tuple(Refund(refund.amount, is_settled=True) for refund in self.refunds)
        return attrs.evolve(self, is_settled=self.is_settled or self.captured > 0, refunds=closed)


@attrs.define
class TalkativeShop:
    """A shop with a few orders, which believes what it verified and answers as it is told to."""

    merchant: cmi.Merchant
    forms: dict[str, cmi.SignedForm]
    manner: str = "honest"
    paid: set[str] = attrs.Factory(set)

    @classmethod
    def of(cls, merchant, amounts):
        """Open a shop with an order for each of *amounts*, by order id."""
        forms = {
            order_id: merchant.sign(sample_request(order_id=order_id, amount=cmi.Money(amount)))
            for order_id, amount in amounts.items()
        }
        return cls(merchant, forms)

    @property
    def captures(self):
        """Whether an approval is answered with a capture."""
        return self.manner in ("honest", "ACTION=POSTAUTH")

    def settle(self, body):
        try:
            callback = self.merchant.verify(body)
            form = self.forms[callback.order_id]
            amount = cmi.Money.parse(dict(form.fields)["amount"])
            callback.must_match(order_id=form.order_id, amount=amount, sent=form.fields)
        except cmi.CallbackError:
            return cmi.Reply.FAILURE.value
        if isinstance(callback.outcome, cmi.Approved):
            self.paid.add(callback.order_id)
        return callback.reply.value if self.manner == "honest" else self.manner
