"""
What comes in: how much of a body is read, and what a browser brought back.

Adapters hand over the bytes as they arrived. A form parser before that point would trim, rename or drop values,
and the hash would match no longer.
"""

from __future__ import annotations

from typing import Final

from cmi_gateway.callback_body import MAX_BODY, parse_fields
from cmi_gateway.errors import CallbackError, ConfigurationError, MalformedCallbackError

__all__ = ["MAX_BODY", "body_read_early", "body_too_long", "declared_length", "fields_in", "unreadable_body"]

_LONGEST_NUMBER: Final = 18


def declared_length(header: str | None) -> int | None:
    """
    Read a ``Content-Length``; None when there is none, as with a chunked body.

    Raises:
        MalformedCallbackError: more is announced than a callback may hold; nothing was read of it.
    """
    if header is None or not (header.isascii() and header.isdigit()):
        return None
    if len(header) > _LONGEST_NUMBER or int(header) > MAX_BODY:
        raise body_too_long()
    return int(header)


def body_too_long() -> MalformedCallbackError:
    """Give the error for a body beyond what a callback may hold."""
    return MalformedCallbackError(f"the body is over {MAX_BODY} bytes")


def unreadable_body() -> MalformedCallbackError:
    """Give the error for a body that ended before it was whole."""
    return MalformedCallbackError("the body ended, or stopped coming, before it was whole")


def body_read_early(where: str) -> ConfigurationError:
    """Give the error for a body that somebody else has taken out of the request; *where* says who may have been."""
    return ConfigurationError(
        f"the body was read before the callback view could: look for {where} that reads the form of every "
        f"request, and let it leave this address alone"
    )


def fields_in(body: bytes) -> dict[str, str]:
    """Read what a browser brought back; nothing when it is no form, since a return page must show all the same."""
    try:
        return parse_fields(body)
    except CallbackError:
        return {}
