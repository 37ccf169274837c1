"""The table of everything that is played, in the order of the sheet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cmi_gateway.certify.form_cases import FORM_OF_ANSWERS
from cmi_gateway.certify.hostile_cases import MATCHING, RESULTS, SIGNATURE
from cmi_gateway.certify.legal_cases import LEGAL, OPENING
from cmi_gateway.certify.renamed_cases import RENAMED
from cmi_gateway.certify.rows import Row
from cmi_gateway.certify.unreadable_cases import UNREADABLE

__all__ = ["GROUPS", "OPENING", "ROWS"]

#: Heading → rows.
GROUPS: Final[Mapping[str, tuple[Row, ...]]] = {
    "Callbacks of the gateway": LEGAL,
    "Signature": SIGNATURE,
    "Which order it answers": MATCHING,
    "Renamed fields": RENAMED,
    "Results that contradict themselves": RESULTS,
    "Unreadable, oversized and repeated": UNREADABLE,
    "The form of the answers": FORM_OF_ANSWERS,
}
ROWS: Final[Mapping[str, Row]] = {row.id: row for rows in GROUPS.values() for row in rows}
