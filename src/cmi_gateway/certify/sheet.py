"""The score sheet: what was scored, as text for people and as JSON for programs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import attrs

from cmi_gateway.certify.cases import GROUPS
from cmi_gateway.certify.judging import Judgement, Verdict, counts
from cmi_gateway.certify.rows import Row

#: Raised when a name in the JSON changes its meaning or goes; names may be added.
VERSION: Final = 1
_UNPROBED: Final = (
    "Whether a replay has one effect, and whether refused callbacks change nothing, was judged by the replies only: "
    "give --state-command or --state-url to have the order's state looked at."
)


@attrs.frozen
class ScoreSheet:
    """
    All verdicts of one play.

    Attributes:
        url: The endpoint, without query.
        judgements: One for each row, in the order of the table.
        is_probed: Whether states of orders were looked at.
    """

    url: str
    judgements: tuple[Judgement, ...]
    is_probed: bool = False

    @property
    def has_full_marks(self) -> bool:
        """Whether every mandatory row that was chosen passed."""
        return all(
            judged.verdict in (Verdict.PASSED, Verdict.NOT_APPLICABLE)
            for judged in self.of(is_mandatory=True)
        )

    @property
    def has_all_advice(self) -> bool:
        """Whether every advisory row that was chosen passed."""
        return all(
            judged.verdict in (Verdict.PASSED, Verdict.NOT_APPLICABLE)
            for judged in self.of(is_mandatory=False)
        )

    @property
    def failed(self) -> tuple[str, ...]:
        """Ids of the rows that failed."""
        return tuple([judged.row.id for judged in self.judgements if judged.verdict is Verdict.FAILED])

    def of(self, *, is_mandatory: bool) -> list[Judgement]:
        """Give the mandatory verdicts, or the advisory ones."""
        return [judged for judged in self.judgements if judged.row.is_mandatory is is_mandatory]

    def score(self, *, is_mandatory: bool) -> str:
        """Say how many rows passed of those that were chosen: ``38 of 40``."""
        tally = counts(self.of(is_mandatory=is_mandatory))
        return f"{tally[Verdict.PASSED]} of {sum(tally.values()) - tally[Verdict.NOT_APPLICABLE]}"

    @property
    def summary(self) -> tuple[str, ...]:
        """The result in a few sentences."""
        verdict = "Full marks" if self.has_full_marks else "Not full marks"
        scores = f"{self.score(is_mandatory=True)} mandatory rows passed, {self.score(is_mandatory=False)} advisory ones"
        told = (f"{verdict}: {scores}.",)
        return told if self.is_probed else (*told, _UNPROBED)

    @property
    def groups(self) -> Iterator[tuple[str, list[Judgement]]]:
        """Headings with the verdicts under them."""
        by_id = {judged.row.id: judged for judged in self.judgements}
        for heading, rows in GROUPS.items():
            yield heading, [by_id[row.id] for row in rows]


_MARKS: Final = {
    Verdict.PASSED: "pass",
    Verdict.FAILED: "FAIL",
    Verdict.UNJUDGED: "  ? ",
    Verdict.NOT_APPLICABLE: "  - ",
}


def line_of(judged: Judgement) -> str:
    """Give the one line that a row has in the text, and while playing."""
    advisory = "" if judged.row.is_mandatory else " (advisory)"
    return f"{_MARKS[judged.verdict]}  {judged.row.id}{advisory}: {judged.row.rule}"


def as_text(sheet: ScoreSheet) -> str:
    """Give the sheet as plain text; what did not pass is explained."""
    lines = [f"Score sheet of {sheet.url}", ""]
    for heading, judged in sheet.groups:
        lines += [heading, *(line for one in judged for line in _lines(one)), ""]
    return "\n".join([*lines, *sheet.summary])


def _lines(judged: Judgement) -> Iterator[str]:
    yield f"  {line_of(judged)}"
    if judged.verdict is Verdict.FAILED:
        facts = {
            "source": judged.row.source,
            "sent": judged.row.sent,
            "expected": judged.row.expected,
            "came": judged.came,
            "flaw": judged.note,
            "why": judged.row.why,
            "mend": judged.row.mend,
        }
        yield from (f"          {name + ':':<9} {text}" for name, text in facts.items())
    elif judged.verdict is Verdict.UNJUDGED:
        yield f"          {judged.note or judged.came}"


def as_table(sheet: ScoreSheet) -> dict[str, Any]:
    """Give the sheet as JSON values; ``docs/certify-your-endpoint.md`` says what each name means."""
    return {
        "version": VERSION,
        "url": sheet.url,
        "full_marks": sheet.has_full_marks,
        "all_advice": sheet.has_all_advice,
        "state_probed": sheet.is_probed,
        "counts": {
            "mandatory": {verdict.value: n for verdict, n in counts(sheet.of(is_mandatory=True)).items()},
            "advisory": {verdict.value: n for verdict, n in counts(sheet.of(is_mandatory=False)).items()},
        },
        "rows": [_row(judged) for judged in sheet.judgements],
    }


def _row(judged: Judgement) -> dict[str, Any]:
    return {
        **facts_of(judged.row),
        "verdict": judged.verdict.value,
        "came": judged.came,
        "note": judged.note,
    }


def facts_of(row: Row) -> dict[str, Any]:
    """Give what is known of a row before anything is played."""
    return {
        "id": row.id,
        "rule": row.rule,
        "source": row.source.value,
        "mandatory": row.is_mandatory,
        "sent": row.sent,
        "expected": row.expected,
        "why": row.why,
        "mend": row.mend,
    }
