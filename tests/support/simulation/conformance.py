"""The published conformance tests of a journal as one harness: does any of them notice?"""

from __future__ import annotations

from rak_billing.payments.journal import Journal
from rak_billing.testing.journal_conformance import JournalConformance
from support.simulation.invariants import Violation


def conform() -> None:
    """Run each conformance test that needs no second connection; a Violation names the first that fails."""
    for name in sorted(dir(JournalConformance)):
        if name.startswith("test_"):
            with Journal.open("sqlite:///:memory:") as journal:
                _run(name, journal)


def _run(name: str, journal: Journal) -> None:
    try:
        getattr(JournalConformance(), name)(journal)
    except (AssertionError, Exception) as error:
        raise Violation(f"{name}: {error}") from error
