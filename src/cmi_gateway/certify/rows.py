"""What a row of the score sheet is made of: a rule, what is sent, and which answers keep the rule."""

from __future__ import annotations

from collections.abc import Callable
from enum import Enum, StrEnum
from typing import Final

import attrs

from cmi_gateway.certify.answers import Answer
from cmi_gateway.certify.callbacks import Message, Scene

Build = Callable[[Scene], Message]


class Source(StrEnum):
    """Where a rule comes from."""

    #: In CMI's kits or documents.
    CMI = "CMI's rule"
    #: Sources are silent or disagree: what is safe whichever is right.
    SAFEST = "safest behaviour"


class Want(Enum):
    """Which answer keeps the rule."""

    #: The word for an approved payment: ``ACTION=POSTAUTH``, or ``APPROVED`` for a shop that captures later.
    TAKE = "take"
    #: ``APPROVED``: understood, nothing to capture.
    ACKNOWLEDGE = "acknowledge"
    #: ``FAILURE``.
    REFUSE = "refuse"
    #: ``FAILURE`` or ``APPROVED``: anything that does not take money.
    LEAVE = "leave"
    #: ``FAILURE``, or not taken at all: a 4xx status, a redirect or a closed connection.
    TURN_AWAY = "turn away"


class Effect(Enum):
    """What may become of the order, where its state can be asked for."""

    PAYS = "pays"
    NOTHING = "nothing"
    #: Shops may record such a callback or not.
    FREE = "free"


#: In words, for the sheet.
WANTED: Final = {
    Want.TAKE: "ACTION=POSTAUTH (APPROVED for a shop that captures later)",
    Want.ACKNOWLEDGE: "APPROVED",
    Want.REFUSE: "FAILURE",
    Want.LEAVE: "FAILURE or APPROVED, never ACTION=POSTAUTH",
    Want.TURN_AWAY: "FAILURE, a 4xx status, a redirect or a closed connection",
}


@attrs.frozen
class Step:
    """One callback of a row, the answer that it wants, and what it may do to the order."""

    build: Build
    want: Want
    effect: Effect


@attrs.frozen
class FormRule:
    """
    A rule about the form of all answers together.

    Attributes:
        breaks: Tells whether an answer breaks the rule.
        concerns: Tells whether an answer says anything about it.
    """

    breaks: Callable[[Answer, float], bool]
    concerns: Callable[[Answer], bool]


@attrs.frozen(kw_only=True)
class Row:
    """
    One rule.

    Attributes:
        id: Stable, for ``--row`` and for programs that read the sheet.
        rule: The rule in one sentence.
        source: Where it comes from.
        is_mandatory: Whether full marks need it.
        sent: What is sent, in words.
        why: Why it matters.
        mend: What to change where it fails.
        steps: What is played to one fresh order, one after the other.
        form: Judged from the answers of all rows, instead of steps.
        answer: What *form* expects, in words.
        needs_form: Whether the shop's signed form must be known.
    """

    id: str
    rule: str
    source: Source
    is_mandatory: bool = True
    sent: str
    why: str
    mend: str
    steps: tuple[Step, ...] = attrs.field(default=(), repr=False)
    form: FormRule | None = attrs.field(default=None, repr=False)
    answer: str = ""
    needs_form: bool = False

    @property
    def expected(self) -> str:
        """Say which answers keep the rule, step by step."""
        return self.answer or "; then ".join([WANTED[step.want] for step in self.steps])


def honest(label: str = "first", effect: Effect = Effect.PAYS) -> Step:
    """Give the approval that every order ends with: after a trap it shows that the order took no harm."""
    return Step(lambda scene: scene.post(scene.approved(label)), Want.TAKE, effect)


def accepted(build: Build) -> tuple[Step, ...]:
    """Give the one step of a legal approval in unusual dress."""
    return (Step(build, Want.TAKE, Effect.PAYS),)


def refused(*builds: Build, want: Want = Want.REFUSE) -> tuple[Step, ...]:
    """Give the steps of traps that must change nothing, and the honest approval after them."""
    return (*(Step(build, want, Effect.NOTHING) for build in builds), honest())
