"""What can be seen of a trap before the first callback falls into it."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Collection, Iterator
from typing import Final

import attrs

from cmi_gateway.callback_body import MAX_BODY

__all__ = ["Finding", "body_limit", "parts_read", "read_early", "redirected", "same_site", "unrouted"]

_NAMES_OF_REQUESTS: Final = ("request", "req")


@attrs.frozen
class Finding:
    """
    One thing that will go wrong, or may.

    Attributes:
        code: A fixed name, such as ``csrf``, to choose by.
        problem: What happens to a callback or to a returning payer.
        remedy: What to change.
    """

    code: str
    problem: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.code}: {self.problem} {self.remedy}"


def unrouted(path: str) -> Finding:
    """Nothing answers a POST at *path*."""
    return Finding("route", f"Nothing answers a POST to {path}.", "Give this very address its view.")


def redirected(path: str, why: str, remedy: str) -> Finding:
    """A POST to *path* is sent elsewhere, which the gateway's server does not follow."""
    return Finding("redirect", f"A POST to {path} is answered with a redirect: {why}.", remedy)


def body_limit(setting: str, limit: object) -> Iterator[Finding]:
    """Compare a limit on bodies with what a callback may hold."""
    if isinstance(limit, int) and limit < MAX_BODY:
        problem = f"{setting} is {limit}: a longer callback is refused before anybody has read it."
        yield Finding("body-limit", problem, f"Allow at least {MAX_BODY} bytes at this address.")


def same_site(setting: str, value: object) -> Iterator[Finding]:
    """Judge the session cookie's SameSite rule; ``Lax`` is right for a shop."""
    match str(value).lower():
        case "none" if value is not None:
            problem = f"{setting} is None: any site can post to yours in the payer's name."
            remedy = "Use 'Lax', find the order by its address, and answer the return with see_other()."
        case "strict":
            problem = (
                f"{setting} is Strict: after the gateway the payer is signed out, even on the page after."
            )
            remedy = "Use 'Lax'."
        case _:
            return
    yield Finding("samesite", problem, remedy)


def read_early(name: str, parts: Collection[str]) -> Finding:
    """Something before the view reads a part of every request that costs the callback its body."""
    problem = f"{name} seems to read the request's {', '.join(sorted(parts))} before the callback view can."
    return Finding("body-read-early", problem, "Let it leave the callback's address alone.")


def parts_read(thing: object, parts: Collection[str]) -> set[str]:
    """
    Give which attributes among *parts* the source of *thing* reads of a request; nothing where there is no source.

    It reads the text of the class or function only, so it can miss, and can be wrong: what it gives is a hint.
    """
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(thing)))  # type: ignore[arg-type]  # TypeError below
    except (OSError, TypeError, SyntaxError):
        return set()
    return {
        node.attr
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute)
        and node.attr in parts
        and ast.unparse(node.value).rpartition(".")[2] in _NAMES_OF_REQUESTS
    }
