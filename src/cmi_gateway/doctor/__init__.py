"""
The hash doctor: why does this hash not match, and which one change mends it.

For developers at their desk. Nothing it says makes a message trustworthy: only `cmi_gateway.Merchant.verify` does.
"""

from __future__ import annotations

from cmi_gateway.doctor.cause_kinds import CauseKind
from cmi_gateway.doctor.causes import Cause
from cmi_gateway.doctor.diagnosing import diagnose
from cmi_gateway.doctor.diagnosis import Diagnosis, Explained, Healthy, Unexplained, Unreadable

__all__ = [
    "Cause",
    "CauseKind",
    "Diagnosis",
    "Explained",
    "Healthy",
    "Unexplained",
    "Unreadable",
    "diagnose",
]
