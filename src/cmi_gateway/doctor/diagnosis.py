"""The answer of the doctor: a closed union of four kinds."""

from __future__ import annotations

from typing import ClassVar, Literal

import attrs

from cmi_gateway.doctor.cause_kinds import CauseKind
from cmi_gateway.doctor.causes import Cause
from cmi_gateway.reading import Reading


@attrs.frozen
class Healthy:
    """
    The hash matches as it is, and `cmi_gateway.Merchant.verify` accepts the message.

    Attributes:
        reading: Under which of the known readings it matches.
        remarks: What makes other programs fail on the very same body.
    """

    verdict: ClassVar[Literal["healthy"]] = "healthy"
    reading: Reading
    remarks: tuple[Cause, ...] = ()

    def __str__(self) -> str:
        lines = ["The hash matches as it is."]
        lines += [f"Other programs may fail on this body. {remark}" for remark in self.remarks]
        return "\n".join(lines)


@attrs.frozen
class Explained:
    """
    The hash matches once these changes are made.

    Attributes:
        causes: The smallest set of changes that was found, in the order in which they happened.
        alternatives: Other sets, equally small, that explain this body just as well.
    """

    verdict: ClassVar[Literal["explained"]] = "explained"
    causes: tuple[Cause, ...]
    alternatives: tuple[tuple[Cause, ...], ...] = ()

    @property
    def kinds(self) -> tuple[CauseKind, ...]:
        """The kinds of the causes."""
        return tuple([cause.kind for cause in self.causes])

    def __str__(self) -> str:
        number = "one change" if len(self.causes) == 1 else f"{len(self.causes)} changes together"
        lines = [f"The hash matches after {number}.", *[f"- {cause}" for cause in self.causes]]
        for causes in self.alternatives:
            lines.append("Equally possible on this body:")
            lines += [f"- {cause}" for cause in causes]
        return "\n".join(lines)


@attrs.frozen
class Unexplained:
    """
    No known change makes the hash match.

    Attributes:
        excluded: The kinds of cause that were tried, alone and in all likely pairs, and do not explain it. A key, a
            field or a value that nobody here knows can never be excluded, so these kinds are not among them.
        hints: What strikes about the message all the same.
        is_complete: Whether all of them were tried; large messages end the search at its bound.
    """

    verdict: ClassVar[Literal["unexplained"]] = "unexplained"
    excluded: tuple[CauseKind, ...]
    hints: tuple[str, ...] = ()
    is_complete: bool = True

    def __str__(self) -> str:
        lines = [
            "No known change makes the hash match. Most often the key is another one, or a value was changed.",
            "Give the keys of your other environments and the form that was sent, if you have not.",
        ]
        lines += [f"- {hint}" for hint in self.hints]
        if not self.is_complete:
            lines.append("The search ended at its bound before all combinations were tried.")
        lines.append("Excluded: " + ", ".join(self.excluded) + ".")
        return "\n".join(lines)


@attrs.frozen
class Unreadable:
    """
    The body is nothing that holds a hash.

    Attributes:
        reason: Why, without showing the body.
    """

    verdict: ClassVar[Literal["unreadable"]] = "unreadable"
    reason: str

    def __str__(self) -> str:
        return f"Nothing to diagnose: {self.reason}."


Diagnosis = Healthy | Explained | Unexplained | Unreadable
