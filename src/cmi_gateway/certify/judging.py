"""From the answers to the verdicts: one for each row, and never a pass that shows nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final, assert_never

import attrs

from cmi_gateway.callback import Reply
from cmi_gateway.certify.answers import Answer
from cmi_gateway.certify.rows import Effect, Row, Step, Want


class Verdict(StrEnum):
    """What became of a row."""

    PASSED = "passed"
    FAILED = "failed"
    #: Nothing was shown, one way or the other.
    UNJUDGED = "could not be judged"
    #: The user left the row out.
    NOT_APPLICABLE = "not applicable"


@attrs.frozen
class Play:
    """
    One step as it went.

    Attributes:
        step: What was sent, and what was wanted.
        answer: What came.
        before: State of the order before, where it can be asked for.
        after: State of the order after.
    """

    step: Step
    answer: Answer
    before: str | None = attrs.field(default=None, repr=False)
    after: str | None = attrs.field(default=None, repr=False)


@attrs.frozen
class Judgement:
    """
    The verdict on one row.

    Attributes:
        row: The rule.
        verdict: What became of it.
        came: What came, in words that quote nothing but the three replies.
        note: Why it failed or could not be judged; or that effects were judged by the replies only.
    """

    row: Row
    verdict: Verdict
    came: str = ""
    note: str = ""


_DOOR_CLOSED: Final = (
    "not played: the honest approval got none of the three words, so other answers would show nothing"
)
_NOT_ACCEPTED: Final = "the honest approval is not accepted, so this shows nothing; mend that row first"
_BY_REPLIES: Final = "effects judged by the replies only: no state command or address was given"


@attrs.frozen
class Judge:
    """
    Knows what the shop does by choice.

    Attributes:
        captures_later: Whether the shop answers approvals with APPROVED and captures by hand.
        limit: Seconds within which each answer must come.
    """

    captures_later: bool = False
    limit: float = 5.0

    def opens(self, plays: Sequence[Play]) -> bool:
        """Tell whether the opening got any word at all."""
        return any(play.answer.meaning is not None for play in plays)

    def steps(self, row: Row, plays: Sequence[Play], *, is_accepting: bool) -> Judgement:
        """Judge a row by its plays; *is_accepting* says whether the honest approval was accepted."""
        flaws = [(play, self.flaw(play)) for play in plays]
        came = "; then ".join(str(play.answer) for play in plays)
        telling = [flaw for play, flaw in flaws if flaw and (is_accepting or play.step.want is not Want.TAKE)]
        if telling:
            return Judgement(row, Verdict.FAILED, came, telling[0])
        # Who refuses everything keeps every rule about refusing; that is not to be praised.
        if not is_accepting and any(play.step.want is not Want.ACKNOWLEDGE for play in plays):
            return Judgement(row, Verdict.UNJUDGED, came, _NOT_ACCEPTED)
        return Judgement(row, Verdict.PASSED, came, "" if _is_probed(plays) else _BY_REPLIES)

    def is_taken(self, answer: Answer) -> bool:
        """Tell whether this is the word for an approved payment."""
        return answer.meaning is self._taking

    def flaw(self, play: Play) -> str:
        """Say how an answer breaks its rule; empty where it keeps it."""
        if not self._is_wanted(play.step.want, play.answer):
            return f"expected {self._wanted(play.step.want)}, got {play.answer}"
        if play.before is None or play.after is None:
            return ""
        match play.step.effect:
            case Effect.PAYS:
                return (
                    ""
                    if play.before != play.after
                    else "the reply is right, but the order's state did not change"
                )
            case Effect.NOTHING:
                return (
                    "" if play.before == play.after else "the reply is right, but the order's state changed"
                )
            case Effect.FREE:
                return ""
            case _:
                assert_never(play.step.effect)

    def form(self, row: Row, answers: Sequence[Answer]) -> Judgement:
        """Judge a rule about the form of answers."""
        rule = row.form
        assert rule is not None, "only rows about the form of answers come here"
        concerned = [answer for answer in answers if rule.concerns(answer)]
        if not concerned:
            return Judgement(row, Verdict.UNJUDGED, "no answer that this rule speaks of")
        broken = [answer for answer in concerned if rule.breaks(answer, self.limit)]
        slowest = max(answer.seconds for answer in concerned)
        came = f"{len(concerned) - len(broken)} of {len(concerned)} answers keep the rule; the slowest took {slowest:.2f} s"
        if broken:
            return Judgement(row, Verdict.FAILED, came, f"the first that does not: {broken[0]}")
        return Judgement(row, Verdict.PASSED, came)

    def _wanted(self, want: Want) -> str:
        return {
            Want.TAKE: self._taking.value,
            Want.ACKNOWLEDGE: "APPROVED",
            Want.REFUSE: "FAILURE",
            Want.LEAVE: "FAILURE or APPROVED",
            Want.TURN_AWAY: "FAILURE or a refusal",
        }[want]

    @property
    def _taking(self) -> Reply:
        return Reply.ACKNOWLEDGE if self.captures_later else Reply.CAPTURE

    def _is_wanted(self, want: Want, answer: Answer) -> bool:
        match want:
            case Want.TAKE:
                return self.is_taken(answer)
            case Want.ACKNOWLEDGE:
                return answer.meaning is Reply.ACKNOWLEDGE
            case Want.REFUSE:
                return answer.meaning is Reply.FAILURE
            case Want.LEAVE:
                return answer.meaning in {Reply.FAILURE, Reply.ACKNOWLEDGE}
            case Want.TURN_AWAY:
                return answer.meaning is Reply.FAILURE or answer.is_turned_away
            case _:
                assert_never(want)


def not_played(row: Row, why: str = _DOOR_CLOSED) -> Judgement:
    """Give the verdict on a row that was not played."""
    return Judgement(row, Verdict.UNJUDGED, "", why)


def left_out(row: Row) -> Judgement:
    """Give the verdict on a row that the user left out."""
    return Judgement(row, Verdict.NOT_APPLICABLE, "", "left out by you")


def counts(judgements: Sequence[Judgement]) -> Mapping[Verdict, int]:
    """Count the verdicts."""
    return {verdict: sum(1 for judged in judgements if judged.verdict is verdict) for verdict in Verdict}


def _is_probed(plays: Sequence[Play]) -> bool:
    return all(play.before is not None for play in plays)
