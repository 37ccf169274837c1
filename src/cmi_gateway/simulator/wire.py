"""What goes over the wire: posted forms in, the callback's body out, the merchant's answer to it in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qsl, urlencode

from cmi_gateway.callback import Reply
from cmi_gateway.simulator.transaction import RandomSource

#: The gateway writes quotes as entities and leaves ``&`` alone; the hash is over the decoded values.
_QUOTES: Final = str.maketrans({"'": "&#39;", '"': "&#34;"})


def read_form(body: bytes, *, most_fields: int) -> tuple[tuple[str, str], ...]:
    """
    Read a form posted as UTF-8, empty fields included, in its order.

    Raises:
        ValueError: it is not UTF-8, or has more fields than *most_fields*.
    """
    return tuple(
        parse_qsl(
            body.decode("utf-8"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=most_fields,
        )
    )


def callback_body(fields: Iterable[tuple[str, str]], random: RandomSource) -> bytes:
    """
    Write the body of a callback the way the gateway does.

    The fields come in no particular order, quotes in values as entities, and one line feed closes the body: a form
    parser appends it to whichever field happens to be last.
    """
    shuffled = [(name, value.translate(_QUOTES)) for name, value in fields]
    random.shuffle(shuffled)
    return urlencode(shuffled).encode("ascii") + b"\n"


def read_reply(body: str) -> Reply | None:
    """Read the merchant's answer, white space around it forgiven; None for anything but the three known words."""
    try:
        return Reply(body.strip())
    except ValueError:
        return None
