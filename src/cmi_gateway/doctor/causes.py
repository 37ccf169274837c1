"""A cause as the doctor names it: one of the closed list, with what is particular to this body."""

from __future__ import annotations

import attrs

from cmi_gateway.doctor.cause_kinds import CauseKind
from cmi_gateway.doctor.explanations import EXPLANATIONS


@attrs.frozen
class Cause:
    """
    One change that takes part in making the hash match.

    Attributes:
        kind: Which cause of the closed list.
        detail: What exactly, such as the charset or the order; never a value, key or hash.
        fields: Names of the fields concerned, where they are few; names that could be personal are not shown.
    """

    kind: CauseKind
    detail: str = ""
    fields: tuple[str, ...] = ()

    @property
    def what(self) -> str:
        """What happened, in one sentence."""
        return EXPLANATIONS[self.kind].what

    @property
    def who(self) -> str:
        """Which middleware, language or habit does that."""
        return EXPLANATIONS[self.kind].who

    @property
    def remedy(self) -> str:
        """How to mend it."""
        return EXPLANATIONS[self.kind].remedy

    def __str__(self) -> str:
        detail = f" ({self.detail})" if self.detail else ""
        fields = f" Fields: {', '.join(self.fields)}." if self.fields else ""
        return f"{self.what}{detail}.{fields}\n  Who does that: {self.who}\n  Remedy: {self.remedy}"
