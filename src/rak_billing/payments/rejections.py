"""
Callbacks that were not believed: counted by reason and day, a few kept with every value masked.

Anyone can send these, so they may neither fill the disk nor leave personal data behind.
"""

from datetime import datetime
from typing import Final
from urllib.parse import unquote_plus

import attrs
from sqlalchemy import Connection, func, insert, select

from cmi_gateway.field_names import is_reserved
from rak_billing.payments import schema
from rak_billing.payments.upserts import add_up

#: How many samples of one reason are kept for one day.
SAMPLES_PER_DAY: Final = 5
_SAMPLED_BYTES: Final = 2048


@attrs.frozen
class Rejections:
    """Counts and masked samples of what was refused, inside one transaction."""

    _connection: Connection = attrs.field(repr=False)

    def add(self, reason: str, raw: bytes, *, at: datetime) -> None:
        """Count one refused callback, and keep a masked sample of the first few of the day."""
        day = f"{at:%Y-%m-%d}"
        count = add_up(self._connection, schema.rejections, {"reason": reason, "day": day}, {"count": 1})
        if count <= SAMPLES_PER_DAY:
            self._connection.execute(
                insert(schema.rejection_samples).values(
                    reason=reason, day=day, position=count, received_at=at, masked=masked(raw)
                )
            )

    def counts(self) -> dict[str, int]:
        """Return how many callbacks were refused, by reason."""
        table = schema.rejections
        rows = self._connection.execute(
            select(table.c.reason, func.sum(table.c.count).label("total")).group_by(table.c.reason)
        )
        return {row.reason: int(row.total) for row in rows}


def masked(raw: bytes) -> str:
    """
    Show the shape of a form-encoded body and nothing of its content.

    Letters become ``a``, digits ``9``, signs stay; so do the names of the gateway's own fields. Any other name
    may be a person's, and is masked like a value.
    """
    text = raw[:_SAMPLED_BYTES].decode("utf-8", "replace")
    shown = "&".join(_masked_field(part) for part in text.split("&"))
    return shown if len(raw) <= _SAMPLED_BYTES else f"{shown}… ({len(raw)} bytes)"


def _masked_field(part: str) -> str:
    name, sign, value = part.partition("=")
    shown = name if sign and is_reserved(name) else _shape(unquote_plus(name))
    return f"{shown}{sign}{_shape(unquote_plus(value))}"


def _shape(value: str) -> str:
    return "".join(
        "9" if sign.isdigit() else "a" if sign.isalnum() else sign if sign.isprintable() else "?"
        for sign in value
    )
