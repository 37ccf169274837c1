"""The callback's way to the merchant: one POST, to this machine unless told otherwise, and one answer read."""

from __future__ import annotations

import time
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Final, Protocol
from urllib.parse import urlsplit

import attrs
import requests

from cmi_gateway.callback import Reply
from cmi_gateway.simulator.wire import read_reply

_SECONDS: Final = 10.0
_LONGEST_ANSWER: Final = 4096
#: Seconds over which a body may drip in: a plan that asks for a day must not hold a thread that long.
_LONGEST_PACE: Final = 120.0
#: Pieces of a body that drips in.
_PIECES: Final = 20


@attrs.frozen
class CallbackAnswer:
    """
    What came back from a callback.

    Attributes:
        status: The HTTP status, or None when there was no answer.
        body: The answer's text; empty when there is none, or when it is far too long.
        problem: Why there is no usable answer, in French; empty when there is one.
    """

    status: int | None = None
    body: str = ""
    problem: str = ""

    @property
    def reply(self) -> Reply | None:
        """The merchant's reply; None unless the status is 200 and the text one of the three words."""
        return read_reply(self.body) if self.status == requests.codes.ok else None


class CallbackSender(Protocol):
    """Posts a callback; a test may put a function of its own here."""

    def __call__(self, url: str, body: bytes, /) -> CallbackAnswer:
        """Post *body* to *url* and give what came back; a failure to reach it is an answer too."""
        ...


@attrs.frozen
class Manner:
    """
    How a body goes over the network.

    Attributes:
        pace: Seconds over which it drips in; 0 for at once. Only a real network takes time: a function that stands
            for the merchant gets the whole body.
    """

    pace: float = 0


@attrs.frozen
class LoopbackSender:
    """
    Posts callbacks over HTTP, to addresses of this machine only.

    No proxy, no redirect, and no longer than *seconds* in all: like the real gateway, it does not wait for ever.

    Attributes:
        seconds: The longest wait for an answer, once the body is through.
        anywhere: Whether addresses beyond this machine are called too.
        manner: How bodies go.
    """

    seconds: float = _SECONDS
    anywhere: bool = False
    manner: Manner = attrs.Factory(Manner)

    def __call__(self, url: str, body: bytes, /) -> CallbackAnswer:
        """Post *body* to *url*; give the answer or say why there is none."""
        if not (self.anywhere or is_loopback(url)):
            return CallbackAnswer(
                problem="adresse hors de cette machine : le simulateur n'appelle que la boucle locale"
            )
        try:
            with requests.Session() as session:
                session.trust_env = False
                return self._post(session, url, body)
        except (requests.RequestException, UnicodeError) as error:
            return CallbackAnswer(problem=f"pas de réponse du marchand ({type(error).__name__})")

    def _post(self, session: requests.Session, url: str, body: bytes) -> CallbackAnswer:
        pace = min(self.manner.pace, _LONGEST_PACE)
        deadline = time.monotonic() + pace + self.seconds
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        data = _Drip(body, pace) if pace else body
        with session.post(
            url, data=data, headers=headers, timeout=self.seconds, allow_redirects=False, stream=True
        ) as response:
            text = bytearray()
            for byte in response.iter_content(1):
                text += byte
                if len(text) > _LONGEST_ANSWER:
                    return CallbackAnswer(response.status_code, problem="réponse trop longue")
                if time.monotonic() > deadline:
                    raise requests.Timeout
            return CallbackAnswer(response.status_code, text.decode("utf-8", "replace"))


class _Drip:
    """A body that is read piece by piece over *seconds*; its length is announced, as that of real callbacks is."""

    def __init__(self, body: bytes, seconds: float) -> None:
        self._body = body
        self._size = max(1, -(-len(body) // _PIECES))
        self._pause = seconds * self._size / max(1, len(body))
        self._read = 0

    def __len__(self) -> int:
        return len(self._body)

    def __iter__(self) -> Iterator[bytes]:
        """Give the pieces; without this method, requests would not take it for a stream."""
        return iter(self.read, b"")

    def read(self, _size: int = -1) -> bytes:
        """Give the next piece, after a pause; nothing at the end."""
        piece = self._body[self._read : self._read + self._size]
        self._read += len(piece)
        if piece:
            time.sleep(self._pause)
        return piece


def is_loopback(url: str) -> bool:
    """Tell whether *url* leads to this machine: a loopback address, or the name ``localhost``."""
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
