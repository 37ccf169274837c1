"""
Moving money after a look: the record is in the journal before anything is sent, and nothing is ever sent twice.

While an operation is open nothing else is done about its attempt. A machine that dies leaves it open; whichever machine
looks next asks the gateway's history what became of it.
"""

import logging
from datetime import datetime, timedelta
from typing import Final

import attrs

from cmi_gateway.api.operation import Operation, OperationDone
from cmi_gateway.api.resolving import OperationNotDone, OperationUnresolved
from cmi_gateway.errors import (
    ApiError,
    OperationNotPossibleError,
    OutcomeUnknownError,
    RequestRefusedError,
)
from cmi_gateway.money import Money
from rak_billing.errors import JournalError
from rak_billing.payments.look_times import SHORTEST_PAUSE
from rak_billing.payments.port import JournalPort, TransactionPort
from rak_billing.payments.records import (
    Inquiry,
    OperationOutcome,
    OperationRecord,
    Review,
    ReviewKind,
)
from rak_billing.payments.states import AttemptState, Event
from rak_billing.ports import Clock
from rak_billing.recovery.deciding import Move
from rak_billing.recovery.findings import Holds
from rak_billing.recovery.gateway import PacedGateway
from rak_billing.recovery.learning import Learned, Learning, happen, remind

_log = logging.getLogger(__name__)

#: How often one kind of operation is tried on an attempt; a refund never more than once.
_MOST: Final = {Move.CAPTURE: 3, Move.VOID: 3, Move.REFUND: 1}
_TROUBLE: Final = {
    Move.CAPTURE: ReviewKind.NOT_CAPTURED,
    Move.VOID: ReviewKind.NOT_VOIDED,
    Move.REFUND: ReviewKind.NOT_VOIDED,
}
#: The states in which the money of an attempt may be moved so, once more looked at just before it is sent.
_MOVABLE: Final = {
    Move.CAPTURE: AttemptState.AUTHORIZED,
    Move.VOID: AttemptState.DUPLICATE,
    Move.REFUND: AttemptState.DUPLICATE,
}
#: Between two looks at what became of an operation.
_LONGEST_PAUSE: Final = timedelta(days=1)
_UNDER_WAY: Final = frozenset({AttemptState.AUTHORIZED, AttemptState.CAPTURE_REQUESTED, AttemptState.UNKNOWN})
_IN_HAND: Final = _UNDER_WAY | {AttemptState.DUPLICATE, AttemptState.NEEDS_PERSON}
#: What became of an operation whose trace the history lost, by what the gateway holds now.
_SHOWN: Final = {
    (Move.CAPTURE, Holds.TAKEN): OperationOutcome.DONE,
    (Move.CAPTURE, Holds.PART_RETURNED): OperationOutcome.DONE,
    (Move.CAPTURE, Holds.RETURNED): OperationOutcome.DONE,
    (Move.CAPTURE, Holds.VOIDED): OperationOutcome.NOT_DONE,
    (Move.VOID, Holds.VOIDED): OperationOutcome.DONE,
    (Move.VOID, Holds.RETURNED): OperationOutcome.NOT_DONE,
    (Move.REFUND, Holds.RETURNED): OperationOutcome.DONE,
    (Move.REFUND, Holds.VOIDED): OperationOutcome.NOT_DONE,
}


@attrs.frozen
class Mover:
    """Moves money for one operator."""

    gateway: PacedGateway
    learning: Learning

    @property
    def journal(self) -> JournalPort:
        """Where all is written."""
        return self.gateway.journal

    @property
    def clock(self) -> Clock:
        """The present instant."""
        return self.gateway.clock

    def move(self, inquiry: Inquiry, learned: Learned) -> OperationOutcome | None:
        """Do what was decided; return what became of it, None where nobody knows yet or nothing was sent."""
        move, order_id = learned.move, inquiry.order_id
        assert move is not None
        with self.journal.reading() as tx:
            earlier = tx.operations.count(order_id, move.value)
        if earlier >= _MOST[move]:
            self._refer(order_id, move)
            return None
        key = f"{move.value}/{order_id}/{earlier + 1}"
        kept: list[Operation] = []

        def remember(operation: Operation) -> None:
            self.journal.run(lambda tx: self._keep(tx, inquiry, move, operation))
            kept.append(operation)

        try:
            self.gateway.move(
                move, order_id, learned.total, learned.transaction_id, key=key, remember=remember
            )
        except ApiError as error:
            return self._failed(error, inquiry, move, key, was_kept=bool(kept))
        except JournalError:
            # Another machine was faster, or a callback came: nothing was sent.
            _log.info("%s was not sent: the journal had moved on", key)
            return None
        return self._finish(key, move, order_id, OperationOutcome.DONE)

    def _keep(self, tx: TransactionPort, inquiry: Inquiry, move: Move, operation: Operation) -> None:
        found = tx.orders.locked(inquiry.order_id)
        if found is None or not tx.inquiries.is_held(inquiry):
            raise JournalError("nothing is sent: the inquiry is another machine's by now")
        order, attempt = found
        if attempt.state is not _MOVABLE[move]:
            raise JournalError(f"nothing is sent: the attempt is {attempt.state.value} by now")
        at = self.clock()
        tx.operations.add(
            OperationRecord(operation.key, inquiry.order_id, move.value, operation.to_text(), at)
        )
        if move is Move.CAPTURE:
            tx.orders.apply(Event.CAPTURE, order, attempt, at=at, facts={"operation": operation.key})

    def _failed(
        self, error: ApiError, inquiry: Inquiry, move: Move, key: str, *, was_kept: bool
    ) -> OperationOutcome | None:
        _log.warning("%s: %s", key, error)
        order_id = inquiry.order_id
        match error:
            case OutcomeUnknownError():
                self._unsure(inquiry, key, move)
                return None
            case RequestRefusedError() if was_kept:
                return self._finish(key, move, order_id, OperationOutcome.REFUSED)
            case OperationNotPossibleError() if not self._may_change(error):
                self._refer(order_id, move)
            case _:
                # It may be on its way, captured already or settled by now; or the gateway cannot be asked at all.
                self._again(inquiry)
        return self._finish(key, move, order_id, OperationOutcome.NOT_SENT) if was_kept else None

    def _may_change(self, error: OperationNotPossibleError) -> bool:
        if error.instead == "refund":
            return Move.REFUND in self.learning.switched_on
        return error.instead in {"wait", "nothing"}

    def _again(self, inquiry: Inquiry) -> None:
        due_at = self.clock() + SHORTEST_PAUSE
        self.journal.run(lambda tx: tx.inquiries.finish(inquiry, asked_at=None, due_at=due_at))

    def _unsure(self, inquiry: Inquiry, key: str, move: Move) -> None:
        at = self.clock()

        def write(tx: TransactionPort) -> None:
            found = tx.orders.locked(inquiry.order_id)
            if move is Move.CAPTURE and found is not None and found[1].state in _UNDER_WAY:
                tx.orders.apply(Event.UNSURE, *found, at=at, facts={"operation": key})
            tx.inquiries.finish(inquiry, asked_at=None, due_at=at + SHORTEST_PAUSE)

        self.journal.run(write)

    def _refer(self, order_id: str, move: Move) -> None:
        at = self.clock()
        self.journal.run(lambda tx: refer(tx, order_id, _TROUBLE[move], {"operation": move.value}, at=at))

    def resolve(
        self, inquiry: Inquiry, operation: OperationRecord, expected: Money
    ) -> OperationOutcome | None:
        """
        Ask what became of an open operation; None where the gateway does not tell yet.

        Args:
            inquiry: Claimed before.
            operation: Of which nobody knows what became of it.
            expected: What the order charges.

        Raises:
            ApiError: The gateway gave no answer.
        """
        resolution = self.gateway.resolve(Operation.from_text(operation.record))
        move = Move(operation.kind)
        match resolution:
            case OperationDone():
                return self._finish(operation.key, move, operation.order_id, OperationOutcome.DONE)
            case OperationNotDone():
                return self._finish(operation.key, move, operation.order_id, OperationOutcome.NOT_DONE)
            case OperationUnresolved(ask_again_at=at):
                pause = _LONGEST_PAUSE if at is None else max(at - self.clock(), SHORTEST_PAUSE)
                if at is None or pause > _LONGEST_PAUSE:
                    # Or it was prepared by a clock that stood ahead, and would show nothing for years.
                    return self._ended_otherwise(inquiry, operation, move, expected)
                self._later(inquiry, pause)
        return None

    def _ended_otherwise(
        self, inquiry: Inquiry, operation: OperationRecord, move: Move, expected: Money
    ) -> OperationOutcome | None:
        """Ask what the gateway holds now: somebody may have done it, or undone it, in its back office."""
        finding = self.gateway.look(operation.order_id, expected)
        outcome = _SHOWN.get((move, finding.holds))
        if outcome is None:
            self._refer(operation.order_id, move)
            self._later(inquiry, _LONGEST_PAUSE)
            return None
        at = self.clock()

        def write(tx: TransactionPort) -> None:
            # The attempt first, as everywhere: who wants it waits here.
            tx.orders.locked(operation.order_id)
            if tx.operations.resolve(operation.key, outcome, at=at):
                self.learning.learn(tx, inquiry, finding, at=at)
                tx.inquiries.bring_forward(operation.order_id, due_at=at + SHORTEST_PAUSE)

        self.journal.run(write, repeatable=True)
        return outcome

    def _later(self, inquiry: Inquiry, pause: timedelta) -> None:
        now = self.clock()

        def write(tx: TransactionPort) -> None:
            remind(tx, inquiry, since=inquiry.since, at=now)
            tx.inquiries.finish(inquiry, asked_at=now, due_at=now + pause)

        self.journal.run(write)

    def _finish(self, key: str, move: Move, order_id: str, outcome: OperationOutcome) -> OperationOutcome:
        """Write what became of an operation, once, whoever finds out, and look again soon."""
        at = self.clock()
        self.journal.run(lambda tx: self._write(tx, key, move, order_id, outcome, at=at), repeatable=True)
        return outcome

    def _write(
        self,
        tx: TransactionPort,
        key: str,
        move: Move,
        order_id: str,
        outcome: OperationOutcome,
        *,
        at: datetime,
    ) -> None:
        found = tx.orders.locked(order_id)
        if found is None or not tx.operations.resolve(key, outcome, at=at):
            return
        order, attempt = found
        facts = {"operation": key, "outcome": outcome.value}
        if outcome is OperationOutcome.REFUSED:
            refer(tx, order_id, _TROUBLE[move], facts, at=at)
        elif move is Move.CAPTURE and attempt.state in _UNDER_WAY:
            event = Event.CONFIRM if outcome is OperationOutcome.DONE else Event.AUTHORIZE
            happen(tx, self.learning.confirmation, event, order, attempt, facts=facts, at=at)
        # What came of it is looked at once more: after a void the gateway may show the authorization again.
        tx.inquiries.bring_forward(order_id, due_at=at + SHORTEST_PAUSE)


def refer(
    tx: TransactionPort, order_id: str, why: ReviewKind, facts: dict[str, str], *, at: datetime
) -> None:
    """Put an attempt before a person, unless it was settled meanwhile, by a person or by what the gateway showed."""
    found = tx.orders.locked(order_id)
    if found is None or found[1].state not in _IN_HAND:
        return
    if found[1].state is not AttemptState.NEEDS_PERSON:
        tx.orders.apply(Event.REFER, *found, at=at, facts=facts)
    tx.reviews.keep(Review(order_id, why, "", at))
