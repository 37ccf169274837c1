"""Mistakes about moving money and about who may do it: records, leases, fences and clocks."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from pytest import MonkeyPatch  # noqa: PT013 - a type

from cmi_gateway.api.operation import Operation
from cmi_gateway.errors import OutcomeUnknownError
from rak_billing.billing_posting import Posted, Refused
from rak_billing.exactly_once import NextStep
from rak_billing.payments.inquiries import Inquiries
from rak_billing.payments.operations import Operations
from rak_billing.payments.outbox import Outbox
from rak_billing.payments.records import OperationOutcome
from rak_billing.posting_desk import PostingDesk
from rak_billing.recovery.gateway import PacedGateway
from rak_billing.recovery.moving import Mover
from rak_billing.recovery.sweeping import Sweep
from support.simulation.zoo import defect


def _unknown_ends_as(outcome: OperationOutcome) -> Any:
    right = Mover._failed

    def failed(self: Mover, error: Any, inquiry: Any, move: Any, key: str, *, was_kept: bool) -> Any:
        if isinstance(error, OutcomeUnknownError):
            return self._finish(key, move, inquiry.order_id, outcome)
        return right(self, error, inquiry, move, key, was_kept=was_kept)

    return failed


@defect
def an_unknown_capture_is_taken_for_done(patch: MonkeyPatch) -> None:
    """The connection ended, and the money was asked for, so it must be ours."""
    patch.setattr(Mover, "_failed", _unknown_ends_as(OperationOutcome.DONE))


@defect
def an_unknown_operation_is_taken_for_not_done(patch: MonkeyPatch) -> None:
    """The connection ended, so that it is sent again at the next look."""
    patch.setattr(Mover, "_failed", _unknown_ends_as(OperationOutcome.NOT_DONE))


@defect
def an_operation_is_sent_before_it_is_written_down(patch: MonkeyPatch) -> None:
    """The record follows the request: whoever dies in between knows nothing of it."""
    right = PacedGateway.move

    def move(self: PacedGateway, *facts: Any, key: str, remember: Any) -> Any:
        prepared: list[Operation] = []
        try:
            return right(self, *facts, key=key, remember=prepared.append)
        finally:
            for operation in prepared:
                remember(operation)

    patch.setattr(PacedGateway, "move", move)


@defect
def an_operation_is_never_looked_for(patch: MonkeyPatch) -> None:
    """What became of one that was under way is not asked."""
    patch.setattr(Operations, "open_of", lambda *_: None)


@defect
def machines_sweep_without_a_lease(patch: MonkeyPatch) -> None:
    """What one machine asks about stays due, and nobody looks whose it is."""
    patch.setattr("rak_billing.recovery.sweeping.LEASE", timedelta(seconds=-1))
    patch.setattr(Inquiries, "is_held", lambda *_: True)


@defect
def the_sweep_forgets_the_fence(patch: MonkeyPatch) -> None:
    """A machine that was held up writes what it learned long ago."""
    patch.setattr(Inquiries, "is_held", lambda *_: True)


@defect
def a_lease_begins_before_it_is_taken(patch: MonkeyPatch) -> None:
    """The clock is read, and then the transaction waits: the lease may be over before it began."""

    def claim(self: Sweep) -> Any:
        now = self.clock()
        until = now + timedelta(minutes=5)
        return self.journal.run(lambda tx: tx.inquiries.claim(self.tenant, now=now, lease_until=until))

    patch.setattr(Sweep, "_claim", claim)


@defect
def a_relieved_worker_posts_all_the_same(patch: MonkeyPatch) -> None:
    """Whether the entry is still its own is not asked before the books are written."""
    right = Outbox.begin

    def begin(self: Outbox, entry: Any, *, at: Any) -> bool:
        right(self, entry, at=at)
        return True

    patch.setattr(Outbox, "begin", begin)


@defect
def a_search_without_result_is_final_at_once(patch: MonkeyPatch) -> None:
    """What is not in the books yet may be on its way, and is posted again."""
    patch.setattr("rak_billing.posting_desk.after_search", lambda found, **_: found or NextStep.RETRY)


@defect
def a_posting_without_an_answer_is_taken_for_posted(patch: MonkeyPatch) -> None:
    """It was sent, so it must be in the books."""
    patch.setattr(PostingDesk, "_unknown", _done)


def _done(self: PostingDesk, entry: Any, _error: str) -> bool:
    self.journal.run(lambda tx: self._note(tx, entry, Posted()))
    return True


@defect
def a_refused_posting_is_taken_for_posted(patch: MonkeyPatch) -> None:
    """Billing answered, and nobody reads what."""
    right = PostingDesk._note

    def note(self: PostingDesk, tx: Any, entry: Any, answer: Any) -> None:
        right(self, tx, entry, Posted() if isinstance(answer, Refused) else answer)

    patch.setattr(PostingDesk, "_note", note)


@defect
def what_was_begun_is_forgotten(patch: MonkeyPatch) -> None:
    """An unknown outcome is put back like one that was never sent."""
    patch.setattr(PostingDesk, "_unknown", PostingDesk._put_back)


@defect
def a_clock_that_stood_ahead_strands_what_it_wrote(patch: MonkeyPatch) -> None:
    """Due in ten years is due in ten years."""

    def first_due(connection: Any, query: Any, due_at: Any, *, now: Any) -> Any:
        return connection.execute(query.where(due_at <= now)).first()

    for module in ("inquiries", "outbox"):
        patch.setattr(f"rak_billing.payments.{module}.first_due", first_due)
