"""
For how long what is kept, and what is left of it after that.

Books and their proof: ten years after the accounting year (Code général des impôts, art. 211; law 9-88, art. 22). What serves no
purpose any more goes earlier (law 09-08). No database is needed here.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from urllib.parse import unquote_plus

import attrs

#: Fields of a callback that say nothing about a person; the proof of a payment needs them.
_IMPERSONAL: Final = frozenset(
    {
        "acqbin", "amount", "authcode", "cavvalgorithm", "clientid", "currency", "dsid", "eci", "encoding", "errcode",
        "errmsg", "extra.cardbrand", "extra.cardissuer", "extra.hostdate", "extra.hostmsg", "extra.trxdate", "hash",
        "hashalgorithm", "hostrefnum", "lang", "mdstatus", "oid", "orderid", "procreturncode", "response", "returnoid",
        "rnd", "settleid", "storetype", "terminalid", "transid", "trantype", "txstatus", "xid",
    }
)  # fmt: skip
_REMOVED: Final = "-"


@attrs.frozen
class Retention:
    """
    How long each kind is kept.

    Attributes:
        unpaid: Orders that nobody paid, after the last attempt at them.
        samples: Masked samples of callbacks that were not believed.
        mails: That a mail was sent. What it said is in the receipt.
        personal_fields: What callbacks that were believed say about a person: for disputes.
        years: Paid orders, receipts and the rest of the callbacks, after the end of the accounting year.
    """

    unpaid: timedelta = timedelta(days=90)
    samples: timedelta = timedelta(days=30)
    mails: timedelta = timedelta(days=397)
    personal_fields: timedelta = timedelta(days=397)
    years: int = 10

    def books_before(self, now: datetime) -> datetime:
        """Return the instant before which books may go: the start of the oldest accounting year that is kept."""
        # A day earlier than in UTC: an accounting year begins at midnight in Morocco.
        return datetime(now.year - self.years, 1, 1, tzinfo=UTC) - timedelta(days=1)


def without_personal_fields(raw: bytes) -> bytes:
    """Return a form-encoded body in which only fields that say nothing about a person keep their value."""
    parts = raw.decode("utf-8", "replace").split("&")
    return "&".join(_reduced(part) for part in parts).encode()


def _reduced(part: str) -> str:
    name, sign, _ = part.partition("=")
    return part if unquote_plus(name).strip().lower() in _IMPERSONAL else f"{name}{sign}{_REMOVED}"
