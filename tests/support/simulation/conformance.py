"""The published conformance tests of a journal as one harness: does any of them notice?"""

from __future__ import annotations

from rak_billing.payments.journal import Journal
from rak_billing.testing.journal_conformance import JournalConformance
from support.simulation.invariants import Violation


def conform(*spoiling: str) -> None:
    """Run each conformance test, after the statements *spoiling*; a Violation names the first that fails."""
    for name in sorted(dir(JournalConformance)):
        if name.startswith("test_"):
            with Journal.open("sqlite:///:memory:") as journal:
                with journal.engine.begin() as connection:
                    for statement in spoiling:
                        connection.exec_driver_sql(statement)
                _run(name, journal)


def _run(name: str, journal: Journal) -> None:
    try:
        getattr(JournalConformance(), name)(journal)
    except Exception as error:
        raise Violation(f"{name}: {error}") from error
