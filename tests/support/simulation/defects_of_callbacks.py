"""Mistakes about the gateway's callbacks and our answers."""

from __future__ import annotations

from typing import Any

import attrs
from pytest import MonkeyPatch  # noqa: PT013 - a type

from cmi_gateway.callback import Callback, Reply
from cmi_gateway.money import Money
from rak_billing import settlement, settling
from rak_billing.errors import JournalError
from rak_billing.payments import states
from rak_billing.payments.callbacks import Callbacks
from rak_billing.payments.locks import InvoiceLocks
from rak_billing.payments.records import KnownCallback, ReviewKind
from rak_billing.payments.states import AttemptState, Event, OrderState
from rak_billing.settlement import Decision
from support.simulation.faulty_journal import FaultyJournal
from support.simulation.zoo import defect


@defect
def repeats_are_processed_again(patch: MonkeyPatch) -> None:
    """Nobody looks whether a callback was there before."""
    right = Callbacks.known

    def known(self: Callbacks, **keys: str) -> KnownCallback:
        found = right(self, **keys)
        return KnownCallback(is_our_form=found.is_our_form, first_reply=None, same_values=None, told={})

    patch.setattr(Callbacks, "known", known)
    patch.setattr(Callbacks, "keep_transaction", lambda *_, **__: None)
    patch.setattr(settling, "_is_its_payment", lambda *_: False)


@defect
def the_answer_is_not_kept(patch: MonkeyPatch) -> None:
    """What was answered is forgotten, so that a repeat is judged by what is true by then."""
    patch.setattr(Callbacks, "answer", lambda *_, **__: None)
    patch.setattr(Callbacks, "keep_transaction", lambda *_, **__: None)
    patch.setattr(settling, "_is_its_payment", lambda *_: False)


@defect
def the_first_callback_wins(patch: MonkeyPatch) -> None:
    """Once an order id has been heard of, whatever else is said of it is a repeat."""
    right = settling._settle_matched
    first: dict[str, Reply] = {}

    def settle(tx: Any, callback: Callback, *others: Any, **how: Any) -> Reply:
        if callback.order_id not in first:
            first[callback.order_id] = right(tx, callback, *others, **how)
        return first[callback.order_id]

    patch.setattr(settling, "_settle_matched", settle)


@defect
def a_late_decline_undoes_an_approval(patch: MonkeyPatch) -> None:
    """The last word counts."""
    for state in (AttemptState.CAPTURE_REQUESTED, AttemptState.CAPTURED):
        patch.setitem(states.EDGES, (state, Event.DECLINE), (AttemptState.DECLINED, "wrong"))


@defect
def a_decline_is_the_end(patch: MonkeyPatch) -> None:
    """An approval after a decline is taken for a mistake."""
    patch.setitem(states.EDGES, (AttemptState.DECLINED, Event.APPROVE), (AttemptState.DECLINED, "wrong"))


@defect
def a_superseded_attempt_cannot_pay(patch: MonkeyPatch) -> None:
    """The older tab is ignored, though its card was charged."""
    patch.setitem(states.EDGES, (AttemptState.SUPERSEDED, Event.APPROVE), (AttemptState.SUPERSEDED, "wrong"))


@defect
def the_answer_leaves_before_the_commit(patch: MonkeyPatch) -> None:
    """The gateway is told to take the money, and then the database refuses."""
    right = FaultyJournal.run

    def run(self: FaultyJournal, work: Any, *, repeatable: bool = False) -> Any:
        heard: list[Any] = []

        def listening(tx: Any) -> Any:
            heard.append(work(tx))
            return heard[-1]

        try:
            return right(self, listening, repeatable=repeatable)
        except JournalError:
            if heard and isinstance(heard[-1], Reply):
                return heard[-1]
            raise

    patch.setattr(FaultyJournal, "run", run)


@defect
def trouble_is_answered_with_a_capture(patch: MonkeyPatch) -> None:
    """An error becomes "all well", so that the gateway stops asking."""
    right = settling.answer_callback

    def answer(*facts: Any, **how: Any) -> Reply:
        reply = right(*facts, **how)
        return Reply.CAPTURE if reply is Reply.FAILURE else reply

    patch.setattr("rak_billing.checkout.answer_callback", answer)


@defect
def a_second_approval_is_captured_too(patch: MonkeyPatch) -> None:
    """Every approval is answered alike, whoever paid the invoices before."""
    right = settlement.decide

    def decide(*facts: Any, **how: Any) -> Decision:
        decision = right(*facts, **how)
        is_second = decision.event is Event.DUPLICATE
        return attrs.evolve(decision, reply=Reply.CAPTURE) if is_second else decision

    patch.setattr(settling, "decide", decide)


@defect
def an_order_can_be_paid_twice(patch: MonkeyPatch) -> None:
    """The second approval of the same order is accepted as the first was."""
    right = settlement.decide

    def decide(outcome: Any, usual: Reply, **how: Any) -> Decision:
        return right(outcome, usual, **(how | {"order_state": OrderState.OPEN, "paid_by_another": False}))

    patch.setattr(settling, "decide", decide)
    patch.setattr(InvoiceLocks, "take", lambda *_, **__: None)


@defect
def money_is_a_float(patch: MonkeyPatch) -> None:
    """128.14 times 100 is 12813.999999999998, and the rest is cut off."""
    patch.setattr(Money, "parse", classmethod(_parsed_as_float))


def _parsed_as_float(cls: Any, text: str, currency: str = "MAD") -> Money:
    return cls(int(float(text) * 100), currency)


@defect
def the_amount_is_not_compared(patch: MonkeyPatch) -> None:
    """A true signature is taken for proof of everything."""
    patch.setattr(Callback, "must_match", _believing)


def _believing(self: Callback, **_: Any) -> None:
    self._checked = True


@defect
def a_failure_frees_the_invoices(patch: MonkeyPatch) -> None:
    """A late decline opens the order again, which is then paid once more."""
    patch.setitem(states.EDGES, (OrderState.PAID, Event.DECLINE), (OrderState.OPEN, "wrong"))


@defect
def a_doubtful_failure_is_a_payment(patch: MonkeyPatch) -> None:
    """Any answer that is no decline is taken for a yes."""
    right = settlement.decide

    def decide(outcome: Any, usual: Reply, **how: Any) -> Decision:
        decision = right(outcome, usual, **how)
        is_no_decline = decision.event in (Event.FAIL, Event.DOUBT) and how["order_state"] is OrderState.OPEN
        return Decision(Event.APPROVE, Reply.CAPTURE) if is_no_decline else decision

    patch.setattr(settling, "decide", decide)


@defect
def nobody_is_told_of_a_second_payment(patch: MonkeyPatch) -> None:
    """A payment too many is neither given back nor shown to anybody."""
    right = settling._review

    def review(tx: Any, callback: Any, kind: ReviewKind, *, at: Any) -> None:
        if kind is not ReviewKind.DUPLICATE_PAYMENT:
            right(tx, callback, kind, at=at)

    patch.setattr(settling, "_review", review)
