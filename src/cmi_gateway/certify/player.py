"""Plays one request to the endpoint over HTTP and gives what came: no proxy, no redirect, no long wait."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Final, Protocol

import attrs
import requests

from cmi_gateway.certify.addresses import Address
from cmi_gateway.certify.answers import CLOSED, Answer
from cmi_gateway.certify.callbacks import Message

#: An answer is some fifteen bytes; an HTML error page shows what it is by its beginning.
_MOST_READ: Final = 4096
_QUERY_METHODS: Final = frozenset({"GET"})


class Endpoint(Protocol):
    """What is certified; a test may put a function of its own here."""

    def __call__(self, message: Message, /) -> Answer:
        """Send *message* and give what came back; that nothing came is an answer too."""
        ...


@attrs.frozen
class HttpEndpoint:
    """
    The endpoint at an address.

    Attributes:
        address: Looked at by `cmi_gateway.certify.addresses.allowed_address`.
        patience: Seconds that one answer may take in all.
    """

    address: Address
    patience: float = 10.0
    clock: Callable[[], float] = attrs.field(default=time.monotonic, repr=False)

    def __call__(self, message: Message, /) -> Answer:
        """Send *message*; a connection of its own each time, as the gateway's."""
        begun = self.clock()
        try:
            with requests.Session() as session:
                session.trust_env = False
                return self._send(session, message, begun)
        except requests.Timeout:
            problem = f"no answer within {self.patience:g} s"
            return Answer(problem=problem, seconds=self.clock() - begun, is_overdue=True)
        except requests.ConnectionError as error:
            problem = CLOSED if _was_open(error) else "nobody listens at the address"
            return Answer(problem=problem, seconds=self.clock() - begun)
        except requests.RequestException as error:
            return Answer(
                problem=f"no readable answer ({type(error).__name__})", seconds=self.clock() - begun
            )

    def _send(self, session: requests.Session, message: Message, begun: float) -> Answer:
        headers = {
            "Content-Type": message.content_type,
            "Host": self.address.host,
            "Accept-Encoding": "identity",
        }
        url, body = self.address.url, message.body
        if message.method in _QUERY_METHODS:
            joint = "&" if "?" in url else "?"
            url, body = f"{url}{joint}{message.body.decode('ascii')}", b""
        with session.request(
            message.method,
            url,
            data=body,
            headers=headers,
            timeout=self.patience,
            allow_redirects=False,
            stream=True,
        ) as response:
            read = self._read(response, begun)
            stated = response.headers.get("Content-Type", "")
            return Answer(response.status_code, stated, read, self.clock() - begun)

    def _read(self, response: requests.Response, begun: float) -> bytes:
        read = bytearray()
        # Byte by byte: a chunk would wait for the rest of it, each byte with a time-out of its own.
        for byte in response.iter_content(1):
            read += byte
            if len(read) >= _MOST_READ:
                break
            if self.clock() - begun > self.patience:
                raise requests.Timeout
        return bytes(read)


def _was_open(error: requests.ConnectionError) -> bool:
    """Tell a connection that was closed on us from one that never was."""
    return "NewConnectionError" not in repr(error) and "Max retries" not in repr(error)
