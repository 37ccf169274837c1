"""
Payments handed over as files, for a back end that only collects files.

Each posting makes two: its content, and then a manifest with the content's size and SHA-256. Both names and both
contents follow from the posting alone, so that writing them again, after whatever crash, changes nothing.
The reader's part is short: take a content file only when its manifest is there and agrees, move it away if you like,
and never touch the manifests, which are how a repeat is known once the content is gone.
"""

from __future__ import annotations

import csv
import io
import json
from hashlib import sha256
from os import PathLike
from pathlib import Path
from typing import Final

from rak_billing.billing_posting import AlreadyPosted, Posted, Posting, PostingAnswer, Refused, RefusedReason
from rak_billing.durable_file import write_whole
from rak_billing.errors import PostingNotSentError
from rak_billing.exactly_once import ExactlyOnce

__all__ = ["PostingFolder"]

_COLUMNS: Final = (
    "key", "tenant", "receipt_number", "posting_date", "customer_ref", "invoice", "centimes", "currency",
)  # fmt: skip
#: A spreadsheet computes a cell that begins so.
_FORMULA_MARKS: Final = ("=", "+", "-", "@")


class PostingFolder:
    """
    A `rak_billing.ports.PostingReceiver` of the way `rak_billing.exactly_once.ExactlyOnce.FILE`.

    Args:
        folder: Where the files go, on a disk of this machine; made where it is missing.
    """

    exactly_once: Final = ExactlyOnce.FILE

    def __init__(self, folder: str | PathLike[str]) -> None:
        self.folder = Path(folder)

    def post(self, posting: Posting) -> PostingAnswer:
        """
        Write the two files of *posting*, unless its manifest is there.

        Raises:
            PostingNotSentError: They could not be written; without its manifest no reader takes the first.
        """
        content = _content(posting)
        name = f"{posting.tenant}_{posting.key}.csv"
        try:
            return self._write(name, content, _manifest(name, content, posting))
        except OSError as error:
            raise PostingNotSentError(
                posting.key, f"the folder of postings cannot be written to: {error.strerror}"
            ) from None

    def _write(self, name: str, content: bytes, manifest: bytes) -> PostingAnswer:
        self.folder.mkdir(parents=True, exist_ok=True)
        seal = self.folder / f"{name}.manifest"
        if seal.exists():
            if seal.read_bytes() == manifest:
                return AlreadyPosted(name)
            return Refused(RefusedReason.KEY_REUSED, f"{seal.name} is of another payment")
        write_whole(self.folder / name, content)
        # The last step, which makes the first one count.
        write_whole(seal, manifest)
        return Posted(name)

    def __repr__(self) -> str:
        return f"PostingFolder({str(self.folder)!r})"


def _content(posting: Posting) -> bytes:
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=";", lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for paid in posting.invoices:
        day, amount = posting.posting_date.isoformat(), paid.amount
        row = (posting.key, posting.tenant, posting.receipt_number, day, posting.customer_ref, paid.reference)
        writer.writerow([*(_cell(text) for text in row), amount.centimes, amount.currency])
    return text.getvalue().encode()


def _cell(text: str) -> str:
    # References are billing's own, and some begin with a sign: a quote keeps them text in a spreadsheet.
    return f"'{text}" if text.startswith(_FORMULA_MARKS) else text


def _manifest(name: str, content: bytes, posting: Posting) -> bytes:
    facts = {
        "file": name,
        "bytes": len(content),
        "sha256": sha256(content).hexdigest(),
        "lines": len(posting.invoices),
        "total": posting.total.centimes,
        "currency": posting.total.currency,
        "digest": posting.digest,
    }
    return json.dumps(facts, indent=1, sort_keys=True).encode() + b"\n"
