"""What came back from the endpoint, and how it reads: by its meaning, and by its exact form."""

from __future__ import annotations

import re
from typing import Final

import attrs

from cmi_gateway.callback import Reply

_WORD: Final = re.compile(r"(?<![A-Za-z=_])(ACTION=POSTAUTH|APPROVED|FAILURE)(?![A-Za-z_])")
_MEDIA_TYPE: Final = re.compile(r"[a-z0-9.+\-]{1,40}/[a-z0-9.+\-]{1,40}")
_BOM: Final = b"\xef\xbb\xbf"
_OK: Final = 200
_REDIRECTS: Final = range(300, 400)
#: Unauthorized, forbidden, proxy sign-in, and Laravel's "page expired" for a missing token.
_WALLS: Final = frozenset({401, 403, 407, 419})
_CLIENT_ERRORS: Final = range(400, 500)


@attrs.frozen
class Answer:
    """
    One answer of the endpoint.

    Attributes:
        status: The HTTP status; None when no answer came.
        content_type: The header as it came.
        body: The first part of the body; what an answer may not have in full is not kept in full.
        seconds: From the first byte sent to the last byte read.
        problem: Why there is no answer, in English; empty when there is one.
        is_overdue: Whether it was waited for in vain.
    """

    status: int | None = None
    content_type: str = ""
    body: bytes = attrs.field(default=b"", repr=False)
    seconds: float = 0.0
    problem: str = ""
    is_overdue: bool = False

    @property
    def meaning(self) -> Reply | None:
        """
        The one word that the answer holds, whatever stands around it; None for none or several.

        Rows about decisions read the meaning, so that a wrong layout fails in its own row and nowhere else.
        """
        if self.status is None or self.is_redirect:
            return None
        words = set(_WORD.findall(self.body.decode("utf-8", "replace")))
        return Reply(words.pop()) if len(words) == 1 else None

    @property
    def is_exact(self) -> bool:
        """Whether the body is one word and at most one line end, byte for byte."""
        bare = self.body.removesuffix(b"\n").removesuffix(b"\r")
        return bare in _WORDS

    @property
    def is_bare(self) -> bool:
        """Whether the body is one word and nothing else."""
        return self.body in _WORDS

    @property
    def is_plain_text(self) -> bool:
        """Whether the header says ``text/plain``."""
        return self.media_type == "text/plain"

    @property
    def media_type(self) -> str:
        """The media type in lower case, fit to be printed; empty where there is none that can be."""
        stated = self.content_type.split(";")[0].strip().lower()
        return stated if _MEDIA_TYPE.fullmatch(stated) else ""

    @property
    def is_ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == _OK

    @property
    def is_redirect(self) -> bool:
        """Whether the answer sends elsewhere."""
        return self.status in _REDIRECTS

    @property
    def is_wall(self) -> bool:
        """Whether a sign-in or a missing token is what kept the callback out."""
        return self.status in _WALLS

    @property
    def is_turned_away(self) -> bool:
        """Whether the request was not taken at all: a 4xx status, a redirect or a closed connection, and no word."""
        is_closed = self.status is None and self.problem == CLOSED
        is_refused = is_closed or self.is_redirect or self.status in _CLIENT_ERRORS
        return is_refused and self.meaning is None

    def __str__(self) -> str:
        """Say what came without quoting it: error pages hold settings, and settings hold keys."""
        if self.status is None:
            return self.problem
        return f"{self._content()} (status {self.status}, {self.media_type or 'no content type'})"

    def _content(self) -> str:
        if self.is_redirect:
            return "a redirect"
        word = self.meaning
        if word is None:
            return self._strange_content()
        if self.is_exact:
            return word.value if self.is_bare else f"{word.value} and a line end"
        if self.body.startswith(_BOM):
            return f"{word.value} after a byte order mark"
        if self.body.strip().decode("ascii", "replace") == word.value:
            return f"{word.value} in white space"
        return f"{word.value} within other text"

    def _strange_content(self) -> str:
        if not self.body:
            return "an empty body"
        kind = "an HTML page" if b"<" in self.body[:200] else "a text"
        return f"{kind} without one of the three words"


_WORDS: Final = frozenset(word.value.encode("ascii") for word in Reply)
#: `Answer.problem` of a connection that the endpoint closed.
CLOSED: Final = "the connection was closed without an answer"
