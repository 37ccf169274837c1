"""One try at paying: the signed answer to the merchant, and the line in the books."""

from __future__ import annotations

from datetime import datetime

from cmi_gateway.api.history import LineKind, LineState
from cmi_gateway.simulator.card_form import CardEntry
from cmi_gateway.simulator.orders import Attempt, AttemptResult, Order, Session
from cmi_gateway.simulator.results import attempt_fields
from cmi_gateway.simulator.transaction import RandomSource, TransactionNumbers
from cmi_gateway.simulator.transaction_line import CardTrace, TransactionLine
from cmi_gateway.simulator.verdicts import Verdict


def make_attempt(
    session: Session,
    entry: CardEntry,
    verdict: Verdict,
    *,
    serial: int,
    numbers: TransactionNumbers,
    batch: int,
    random: RandomSource,
) -> Attempt:
    """Make the attempt with its signed answer."""
    return Attempt(
        serial=serial,
        client_id=session.account.client_id,
        order_id=session.request.get("oid"),
        result=verdict.result,
        code=verdict.code,
        message=verdict.message,
        fields=attempt_fields(session, entry, verdict, numbers=numbers, batch=batch, random=random),
        callback_url=session.request.callback_url,
    )


def enter_attempt(order: Order, attempt: Attempt, session: Session, entry: CardEntry, at: datetime) -> Order:
    """
    Write an attempt into its order, and its transaction if it came as far as the bank.

    A failed 3-D Secure authentication did not; neither did a payment of an order that is paid.
    """
    noted = order.with_attempt(attempt)
    if attempt.result in (AttemptResult.NOT_AUTHENTICATED, AttemptResult.DUPLICATE):
        return noted
    return noted.with_line(_line(attempt, session, entry, at))


def _line(attempt: Attempt, session: Session, entry: CardEntry, at: datetime) -> TransactionLine:
    return TransactionLine(
        kind=LineKind.PAYMENT,
        state=LineState.AUTHORIZED if attempt.is_approved else LineState.DECLINED,
        amount=session.request.amount,
        trans_id=attempt.value("TransId"),
        auth_code=attempt.value("AuthCode"),
        host_ref_num=attempt.value("HostRefNum"),
        code=attempt.code,
        authorized_at=at,
        card=CardTrace(
            masked_number=entry.card.masked_number,
            brand=entry.card.brand,
            xid=session.xid,
            cavv=attempt.value("cavv"),
            eci=attempt.value("eci"),
            md_status=attempt.value("mdStatus"),
        ),
    )
