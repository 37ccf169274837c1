"""
The facts of a status: each in an element of its own, and all of them once more in one composite field.

Gateways of the platform leave the one or the other out; where both stand, they must not contradict each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from cmi_gateway.api.safe_xml import MalformedDocumentError

#: In the order in which the composite field of a status lists them.
STATUS_FIELDS: Final = (
    "ORD_ID", "CHARGE_TYPE_CD", "ORIG_TRANS_AMT", "CAPTURE_AMT", "TRANS_STAT", "AUTH_DTTM", "CAPTURE_DTTM",
    "VOID_DTTM", "AUTH_CODE", "TRANS_ID", "PROC_RET_CD", "HOST_REF_NUM", "SETTLEID",
)  # fmt: skip
#: What an order's state hangs on: said twice, it must be the same.
_DECISIVE: Final = ("ORD_ID", "CHARGE_TYPE_CD", "TRANS_STAT", "ORIG_TRANS_AMT", "CAPTURE_AMT")
_CUT: Final = re.compile(rf"(?<![A-Z0-9_])({'|'.join(STATUS_FIELDS)}):")


def status_facts(extra: Mapping[str, str]) -> dict[str, str]:
    """Give the facts of a status: each from its own element, else from the composite field."""
    own = {name: extra[name] for name in STATUS_FIELDS if name in extra}
    composite = dict(_composite(extra.get("ORDERSTATUS", "")))
    contradicted = [name for name in _DECISIVE if name in own and composite.get(name, own[name]) != own[name]]
    if contradicted:
        raise MalformedDocumentError(f"{contradicted[0]} has two values in one status")
    return composite | own


def _composite(text: str) -> Iterator[tuple[str, str]]:
    """Give the names and values of ``ORD_ID:…TAB…``; without a TAB it is cut at the names, never at spaces."""
    if "\t" in text:
        pairs = [part.partition(":")[::2] for part in text.split("\t")]
    else:
        pieces = _CUT.split(text)
        pairs = list(zip(pieces[1::2], pieces[2::2], strict=True))
    seen = set()
    for name, value in pairs:
        if name not in STATUS_FIELDS:
            continue
        if name in seen:
            raise MalformedDocumentError(f"{name} stands more than once in the composite status")
        seen.add(name)
        if value.strip():
            yield name, value.strip()
