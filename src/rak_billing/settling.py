"""
One callback, from arrival to answer.

A signature that holds proves little by itself: it does not cover the names of the fields, it carries no time stamp, and our
own forms are signed with the same key. So before anything is decided:

* a callback with the hash of any form that we issued is that form, sent back to us by whoever saw it;
* a hash counts once: the same signed values under other names are a repeat for the same order, and refused for
  another;
* it must fit the very form that was sent for its order id;
* what the gateway told about one of its transactions, it told once: every repeat gets the first answer. Another
  outcome of the same transaction is no repeat: it is judged by itself, and a person looks.
"""

import logging
from datetime import datetime
from typing import Final

from cmi_gateway.callback import Callback, Reply
from cmi_gateway.errors import CallbackError, CallbackMismatchError, MalformedCallbackError
from cmi_gateway.merchant import Merchant
from cmi_gateway.outcome import Outcome, PaymentFacts
from rak_billing.business_day import deciding_instant
from rak_billing.confirmation import Confirmation
from rak_billing.errors import BillingError, JournalError
from rak_billing.payments.callbacks import UNMATCHED
from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import AttemptRecord, KnownCallback, OrderRecord, Review, ReviewKind
from rak_billing.payments.states import Event, OrderState
from rak_billing.settlement import decide

_log = logging.getLogger(__name__)

#: Who settled a review, where no person did.
CALLBACK: Final = "callback"
#: After these the gateway is asked at the next sweep, not by the calendar: money was moved, or perhaps was.
_WORTH_ASKING: Final = frozenset({Event.APPROVE, Event.DUPLICATE, Event.DOUBT})


def answer_callback(
    journal: JournalPort, merchant: Merchant, raw: bytes, *, at: datetime, confirmation: Confirmation | None
) -> Reply:
    """
    Return the answer to whatever was posted as a callback; `Reply.FAILURE` where anything is wrong.

    Args:
        journal: Where it is settled, in one transaction: by an error all of it is undone, and the callback alone
            is kept for a person.

        merchant: Verifies the signature.

        raw: The body as it came. Text or pairs that a framework made of it are a caller's slip: told in the log, and
            nothing is written.

        at: When it came.

        confirmation: Confirms an accepted payment at once; None leaves it accepted.
    """
    if not isinstance(raw, (bytes, bytearray, memoryview)):
        _log.error("expected the raw body as bytes, not %s: answered with FAILURE", type(raw).__name__)
        return Reply.FAILURE
    raw = bytes(raw)
    try:
        callback = merchant.verify(raw)
    except CallbackError as error:
        _count_rejection(journal, _reason(error), raw, at=at)
        return Reply.FAILURE
    try:
        # Repeatable: it begins by looking for the answer that this callback got.
        return journal.run(
            lambda tx: settle_callback(tx, callback, raw, at=at, confirmation=confirmation), repeatable=True
        )
    except BillingError:
        _log.exception("a callback could not be settled and was answered with FAILURE")
        _keep_unsettled(journal, callback, raw, at=at)
        return Reply.FAILURE


def _keep_unsettled(journal: JournalPort, callback: Callback, raw: bytes, *, at: datetime) -> None:
    """Keep what the gateway said though nothing came of it; without an answer on it, its repeat is a first time."""
    try:
        journal.run(lambda tx: _keep_for_review(tx, callback, raw, at=at), repeatable=True)
    except JournalError:
        _log.exception("a callback that could not be settled could not be kept either")


def _keep_for_review(tx: TransactionPort, callback: Callback, raw: bytes, *, at: datetime) -> None:
    is_new = _keep(tx, callback, raw, at=at)
    # Of an order that is not here, nobody could settle a review: its repeat is refused and counted.
    if is_new and tx.orders.attempt(callback.order_id) is not None:
        _review(tx, callback, ReviewKind.UNSETTLED, at=at)
        tx.inquiries.hasten(callback.order_id, at=at)


def _count_rejection(journal: JournalPort, reason: str, raw: bytes, *, at: datetime) -> None:
    try:
        journal.run(lambda tx: tx.rejections.add(reason, raw, at=at))
    except JournalError:
        _log.exception("a refused callback could not be counted")


def _reason(error: CallbackError) -> str:
    match error:
        case MalformedCallbackError():
            return "malformed"
        case CallbackMismatchError():
            return "other_merchant"
        case _:
            return "signature"


def settle_callback(
    tx: TransactionPort, callback: Callback, raw: bytes, *, at: datetime, confirmation: Confirmation | None
) -> Reply:
    """
    Process a verified callback once, and return the answer for the gateway.

    Args:
        tx: A transaction that may write; the answer counts only once it is committed.

        callback: Verified, not yet matched.

        raw: The body as it came.

        at: When it came.

        confirmation: Confirms an accepted payment at once; None leaves it accepted.
    """
    # Before the repeats are looked for: two deliveries at once must wait for each other here.
    found = tx.orders.locked(callback.order_id)
    known = tx.callbacks.known(
        digest=callback.digest,
        presented_hash=callback.hash,
        order_id=callback.order_id,
    )
    if known.is_our_form:
        tx.rejections.add("reflected_form", raw, at=at)
        return Reply.FAILURE
    if known.first_reply is not None:
        return Reply(known.first_reply)
    if found is None:
        return _refuse(tx, callback, raw, reason="unknown_order", at=at)
    order, attempt = found
    try:
        callback.must_match(order_id=attempt.order_id, amount=order.total, sent=attempt.form_fields)
    except CallbackMismatchError:
        return _refuse(tx, callback, raw, reason="mismatch", at=at, review=True)
    return _settle_matched(tx, callback, raw, order, attempt, known=known, at=at, confirmation=confirmation)


def _settle_matched(
    tx: TransactionPort,
    callback: Callback,
    raw: bytes,
    order: OrderRecord,
    attempt: AttemptRecord,
    *,
    known: KnownCallback,
    at: datetime,
    confirmation: Confirmation | None,
) -> Reply:
    same_values = known.same_values
    if same_values is not None:
        if same_values.order_id == attempt.order_id:
            return Reply(same_values.reply)
        return _refuse(tx, callback, raw, reason="reused_hash", at=at)
    # The last question before the first write: what is written then goes to the database together.
    paid_by_another = tx.locks.paid_by_another(order)
    if not _keep(tx, callback, raw, at=at):
        # Kept without an answer, when it could not be settled; from here on it is.
        why, kinds = "it came again", [ReviewKind.UNSETTLED]
        tx.reviews.settle(
            callback.order_id, by=CALLBACK, why=why, at=at, kinds=kinds, callback_digest=callback.digest
        )
    repeat = _repeat_of_transaction(tx, callback, known, at=at)
    if repeat is not None:
        return _answer(tx, callback, "repeat", repeat)
    outcome = callback.outcome
    decision = decide(
        outcome,
        callback.reply,
        order_state=order.state,
        paid_by_another=paid_by_another,
        is_its_payment=_is_its_payment(attempt, outcome.facts),
        is_another_payment=_is_another_payment(attempt, outcome.facts),
        has_ended=attempt.state.has_ended,
    )
    was_open = order.state is OrderState.OPEN
    order, attempt = tx.orders.apply(decision.event, order, attempt, at=at, callback_digest=callback.digest)
    if decision.review is not None:
        _review(tx, callback, decision.review, at=at)
    if decision.event is Event.APPROVE:
        attempt = _accept(tx, callback, order, attempt, outcome.facts, at=at, is_new=was_open)
        if confirmation is not None and order.state is OrderState.ACCEPTED:
            confirmation.trust(tx, order, attempt, at=at)
    if decision.event in _WORTH_ASKING:
        tx.inquiries.hasten(attempt.order_id, at=at)
    return _answer(tx, callback, _kind(outcome), decision.reply)


def _is_its_payment(attempt: AttemptRecord, facts: PaymentFacts) -> bool:
    if attempt.facts is None or not attempt.has_paid or facts.transaction_id is None:
        return False
    return attempt.facts.transaction_id == facts.transaction_id


def _is_another_payment(attempt: AttemptRecord, facts: PaymentFacts) -> bool:
    return attempt.facts is not None and attempt.facts.transaction_id != facts.transaction_id


def _accept(
    tx: TransactionPort,
    callback: Callback,
    order: OrderRecord,
    attempt: AttemptRecord,
    facts: PaymentFacts,
    *,
    at: datetime,
    is_new: bool,
) -> AttemptRecord:
    """
    Lock the invoices and keep what the receipt will say, with the instant that decides the posting date.

    Where the gateway was asked first, the invoices are locked; the callback says more of the card than the gateway did, and counts unless
    the receipt is out.
    """
    if is_new:
        tx.locks.take(order, at=at)
    elif order.state is not OrderState.ACCEPTED:
        return attempt
    deciding = deciding_instant(facts.gateway_time, at)
    if deciding.skew_flagged:
        _review(tx, callback, ReviewKind.CLOCK_SKEW, at=at)
    return tx.orders.keep_payment(attempt, facts, deciding.instant)


def _repeat_of_transaction(
    tx: TransactionPort, callback: Callback, known: KnownCallback, *, at: datetime
) -> Reply | None:
    """Return the first answer if this outcome of the transaction was told before; remember it if it is new."""
    transaction_id, outcome = callback.facts.transaction_id, _kind(callback.outcome)
    if transaction_id is None:
        return None
    told = known.told.get(transaction_id, {})
    if outcome in told:
        return Reply(told[outcome])
    if told:
        _review(tx, callback, ReviewKind.CONTRADICTION, at=at)
    tx.callbacks.keep_transaction(
        order_id=callback.order_id, transaction_id=transaction_id, outcome=outcome, digest=callback.digest
    )
    return None


def _refuse(
    tx: TransactionPort, callback: Callback, raw: bytes, *, reason: str, at: datetime, review: bool = False
) -> Reply:
    """Count it, and keep the first of its hash: whoever renames the fields of one cannot fill the disk."""
    tx.rejections.add(reason, raw, at=at)
    if not tx.callbacks.hash_is_known(callback.hash):
        _keep(tx, callback, raw, at=at)
        if review:
            _review(tx, callback, ReviewKind.MISMATCH, at=at)
        return _answer(tx, callback, UNMATCHED, Reply.FAILURE)
    return Reply.FAILURE


def _keep(tx: TransactionPort, callback: Callback, raw: bytes, *, at: datetime) -> bool:
    return tx.callbacks.keep(
        digest=callback.digest, presented_hash=callback.hash, order_id=callback.order_id, raw=raw, at=at
    )


def _answer(tx: TransactionPort, callback: Callback, outcome: str, reply: Reply) -> Reply:
    tx.callbacks.answer(callback.digest, outcome=outcome, reply=reply.value)
    return reply


def _review(tx: TransactionPort, callback: Callback, kind: ReviewKind, *, at: datetime) -> None:
    # One kind may come of one callback twice.
    tx.reviews.keep(Review(callback.order_id, kind, callback.digest, at))


def _kind(outcome: Outcome) -> str:
    return type(outcome).__name__
