"""
Seeded defects: mistakes that payment code is known for, each put in for one run.

A harness that lets one of them pass proves nothing by passing. Each defect is small, is what somebody might write on a busy
day, and is put in by a monkeypatch: none of it exists outside of the tests.
"""

from __future__ import annotations

from collections.abc import Callable

from pytest import MonkeyPatch  # noqa: PT013 - a type

Defect = Callable[[MonkeyPatch], None]
DEFECTS: dict[str, Defect] = {}


def defect(put_in: Defect) -> Defect:
    """Keep a defect under its name."""
    DEFECTS[put_in.__name__] = put_in
    return put_in
