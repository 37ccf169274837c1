"""
The rules of capture, void and refund: an order and a request in, the order as it is then or a refusal out.

Where public sources differ, the stricter reading is taken, so that what works here has a chance to work at a bank:

- one capture for each authorization, never above its amount;
- a void cancels a whole transaction, and only while its batch is open;
- a refund needs a settled payment, unless the account's rules say otherwise, and stays within what is left;
- a payment that was refunded in part is not voided over the refund's head: cancel the refund first.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final, TypeAlias

import attrs

from cmi_gateway.api.history import LineKind, LineState
from cmi_gateway.money import Money
from cmi_gateway.simulator.account_rules import AccountRules
from cmi_gateway.simulator.orders import Order
from cmi_gateway.simulator.transaction import TransactionNumbers
from cmi_gateway.simulator.transaction_line import CardTrace, TransactionLine

ZERO_AMOUNT: Final = "CORE-2009"
NOTHING_TO_VOID: Final = "CORE-2008"
NO_PAYMENT: Final = "CORE-2116"
NOT_CAPTURED: Final = "CORE-2117"
OTHER_CURRENCY: Final = "CORE-2119"
NOT_SUCCESSFUL: Final = "CORE-2120"
SEVERAL_TO_VOID: Final = "CORE-2133"
GOING_ON: Final = "CORE-2304"
ABOVE_NET: Final = "CORE-2503"
NOTHING_TO_REFUND: Final = "CORE-2504"
NOT_SETTLED: Final = "CORE-2508"
NOTHING_TO_CAPTURE: Final = "CORE-2509"
SETTLED_ALREADY: Final = "CORE-2511"
ABOVE_AUTHORIZED: Final = "CORE-2512"
CAPTURE_TOO_LATE: Final = "CORE-2513"
REFUND_TOO_LATE: Final = "CORE-2514"
REFUSED_CODE: Final = "99"
#: Refusals of a refund that come before the books are looked at.
_TRACELESS: Final = frozenset({GOING_ON, OTHER_CURRENCY})


@attrs.frozen
class Done:
    """An operation that was carried out: the order as it is now, and the transaction that changed or came."""

    order: Order
    line: TransactionLine


@attrs.frozen
class Refused:
    """
    An operation that was not carried out.

    Attributes:
        code: The gateway's error code.
        order: The order with the refusal noted in it; None where it leaves no trace.
    """

    code: str
    order: Order | None = None


Result: TypeAlias = Done | Refused


def capture(order: Order | None, amount: Money | None, *, at: datetime, rules: AccountRules) -> Result:
    """Take the authorized money, or *amount* of it; what is left over is released."""
    payment = order.payment if order else None
    if order is None or payment is None:
        return Refused(NOTHING_TO_CAPTURE)
    wanted = payment.amount if amount is None else amount
    flaw = _capture_flaw(payment, wanted, at - payment.authorized_at, rules)
    if flaw:
        return Refused(flaw)
    captured = attrs.evolve(payment, state=LineState.CAPTURED, captured=wanted, captured_at=at)
    return Done(order.with_line(captured), captured)


def void(order: Order | None, trans_id: str, *, at: datetime) -> Result:
    """
    Cancel one transaction whole.

    Args:
        order: The order, None when there is no such order.

        trans_id: The transaction. When empty, whichever can be voided, if only one can: after a refund that is the
            refund and not the payment, the trap of voiding by order.

        at: The current instant.
    """
    if order is None:
        return Refused(NOTHING_TO_VOID)
    if trans_id:
        found = order.find(trans_id)
        candidates: Sequence[TransactionLine] = () if found is None else (found,)
    else:
        candidates = _voidable(order)
    if len(candidates) > 1:
        return Refused(SEVERAL_TO_VOID)
    target = candidates[0] if candidates else None
    flaw = _void_flaw(order, target)
    if target is None or flaw:
        return Refused(flaw)
    voided = attrs.evolve(target, state=LineState.VOIDED, voided_at=at)
    return Done(order.with_line(voided), voided)


def refund(
    order: Order | None,
    amount: Money | None,
    *,
    at: datetime,
    rules: AccountRules,
    numbers: TransactionNumbers,
) -> Result:
    """
    Give back what is left of the captured money, or *amount* of it, as a new transaction with these *numbers*.

    A refusal is a transaction too, ``C D`` in the history, once it is about money of the order.
    """
    payment = order.payment if order else None
    if order is None or payment is None:
        return Refused(NO_PAYMENT)
    wanted = order.totals.net if amount is None else amount
    flaw = _refund_flaw(order, payment, wanted, at, rules)
    if flaw in _TRACELESS:
        return Refused(flaw)
    line = TransactionLine(
        kind=LineKind.REFUND,
        state=LineState.DECLINED if flaw else LineState.CAPTURED,
        amount=wanted,
        captured=wanted,
        trans_id=numbers.trans_id,
        auth_code="" if flaw else numbers.auth_code,
        host_ref_num="" if flaw else numbers.host_ref_num,
        code=REFUSED_CODE if flaw else "00",
        authorized_at=at,
        captured_at=at,
        card=CardTrace(masked_number=payment.card.masked_number, brand=payment.card.brand),
    )
    noted = order.with_line(line)
    return Refused(flaw, noted) if flaw else Done(noted, line)


def settle(order: Order, batch: int) -> tuple[Order, tuple[TransactionLine, ...]]:
    """Put every captured payment and refund of an order into a batch; what is still open waits for the next."""
    settled = [
        attrs.evolve(line, state=LineState.SETTLED, settle_id=batch)
        for line in order.transactions
        if line.state is LineState.CAPTURED and line.transient is None
    ]
    for line in settled:
        order = order.with_line(line)
    return order, tuple(settled)


def _capture_flaw(payment: TransactionLine, wanted: Money, age: timedelta, rules: AccountRules) -> str:
    if payment.transient:
        return GOING_ON
    if payment.state is not LineState.AUTHORIZED:
        return NOTHING_TO_CAPTURE
    if wanted.currency != payment.amount.currency:
        return OTHER_CURRENCY
    if not wanted.centimes:
        return ZERO_AMOUNT
    if wanted > payment.amount:
        return ABOVE_AUTHORIZED
    return CAPTURE_TOO_LATE if age > timedelta(days=rules.capture_days) else ""


def _voidable(order: Order) -> tuple[TransactionLine, ...]:
    """Give the transactions that a void by order chooses from; what can only be refused when there is none."""
    open_ones = [line for line in order.transactions if _void_flaw(order, line) == ""]
    if open_ones:
        return tuple(open_ones)
    return () if order.payment is None else (order.payment,)


def _void_flaw(order: Order, line: TransactionLine | None) -> str:
    if line is None:
        return NOTHING_TO_VOID
    if line.transient:
        return GOING_ON
    if line.state is LineState.DECLINED:
        return NOT_SUCCESSFUL
    if line.state is LineState.VOIDED:
        return NOTHING_TO_VOID
    if line.state is LineState.SETTLED:
        return SETTLED_ALREADY
    # Only where refunds are allowed before settlement: money would be given back that was never taken.
    is_refunded = line.kind is LineKind.PAYMENT and order.totals.refunded.centimes > 0
    return NOTHING_TO_VOID if is_refunded else ""


def _refund_flaw(  # noqa: PLR0911 - one line for each rule, in the order in which they are asked
    order: Order, payment: TransactionLine, wanted: Money, at: datetime, rules: AccountRules
) -> str:
    net = order.totals.net
    if payment.transient:
        return GOING_ON
    if payment.state is LineState.AUTHORIZED:
        return NOT_CAPTURED
    # A voided payment is answered so too: a published capture shows it.
    early = rules.refunds_before_settlement and payment.state is LineState.CAPTURED
    if payment.state is not LineState.SETTLED and not early:
        return NOT_SETTLED
    if wanted.currency != net.currency:
        return OTHER_CURRENCY
    if not net.centimes:
        return NOTHING_TO_REFUND
    if not wanted.centimes:
        return ZERO_AMOUNT
    if wanted > net:
        return ABOVE_NET
    return REFUND_TOO_LATE if _is_too_old(payment, at, rules) else ""


def _is_too_old(payment: TransactionLine, at: datetime, rules: AccountRules) -> bool:
    taken = payment.captured_at
    if rules.refund_days is None or taken is None:
        return False
    return at - taken > timedelta(days=rules.refund_days)
