"""What the bank lets one merchant do by itself: operations, addresses, delays. Banks differ; these are switches."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import time
from enum import StrEnum
from typing import Final

import attrs


class Operation(StrEnum):
    """What a request of the XML API asks for."""

    STATUS = "status"
    HISTORY = "history"
    CAPTURE = "capture"
    VOID = "void"
    REFUND = "refund"


class AnswerShape(StrEnum):
    """How refusals of the XML API look: acquirers of one platform differ, and nobody knows CMI's."""

    #: As most published captures.
    PLATFORM = "platform"
    #: As those of another acquirer: ``Declined``, and fields that are missing.
    OTHER = "other"


#: The platform knows a capture limit of 15 days (CORE-2513); CMI's own is not public.
_CAPTURE_DAYS: Final = 15


def _operations(names: Iterable[Operation | str]) -> frozenset[Operation]:
    return frozenset(map(Operation, names))


@attrs.frozen(kw_only=True)
class AccountRules:
    """
    What one account may do.

    Attributes:
        operations: What the API user has a right to; the rest is refused with CORE-2202.
        addresses: The IP addresses that requests may come from, any when empty; others get CORE-2254. A request
            whose address is not known, as in one process, passes.
        refunds_before_settlement: Whether captured money may be refunded before its batch is closed. Most banks
            refuse with CORE-2508; some allow it.
        capture_days: Age at which an authorization is lost (CORE-2513).
        refund_days: Age of a capture at which refunds end (CORE-2514); None for never. CMI's is not public.
        batch_closes_at: Moroccan time of day at which the clock closes the batch; None (the usual) leaves that
            to `SimulatedGateway.close_batch`. CMI's hour is not public.

        answers: How refusals look.

    Raises:
        ValueError: an operation or a shape is not known.
    """

    operations: frozenset[Operation] = attrs.field(default=frozenset(Operation), converter=_operations)
    addresses: frozenset[str] = attrs.field(default=frozenset(), converter=frozenset)
    refunds_before_settlement: bool = False
    capture_days: int = _CAPTURE_DAYS
    refund_days: int | None = None
    batch_closes_at: time | None = None
    answers: AnswerShape = attrs.field(default=AnswerShape.PLATFORM, converter=AnswerShape)

    def admits(self, address: str) -> bool:
        """Tell whether a request may come from *address*; one that is not known passes."""
        return not address or not self.addresses or address in self.addresses
