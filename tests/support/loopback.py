"""A server of the tests' own that does what no honest server does: reset, drip, cut, hang, and count."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Self

import attrs

#: Plays one connection after its request was read; what it returns is sent as it is.
Play = Callable[[socket.socket], bytes]


def ok(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Give a whole HTTP answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", "Connection: close", *headers]
    return "\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body


def reset(connection: socket.socket) -> None:
    """Close so that the peer gets a reset."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


@attrs.define
class LoopbackServer:
    """Plays a list of connections, the last of them again and again; keeps the requests that it got."""

    plays: list[Play | bytes]
    requests: list[bytes] = attrs.Factory(list)
    stopped: threading.Event = attrs.Factory(threading.Event)
    _listener: socket.socket = attrs.field(init=False)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopped.set()
        self._listener.close()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}/fim/api"

    def _serve(self) -> None:
        while not self.stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            play = self.plays.pop(0) if len(self.plays) > 1 else self.plays[0]
            threading.Thread(target=self._play, args=(connection, play), daemon=True).start()

    def _play(self, connection: socket.socket, play: Play | bytes) -> None:
        connection.settimeout(10)
        with connection, suppress(OSError):
            self.requests.append(_request(connection))
            answer = play if isinstance(play, bytes) else play(connection)
            if answer:
                connection.sendall(answer)


def _request(connection: socket.socket) -> bytes:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += connection.recv(65536)
    head, _, body = raw.partition(b"\r\n\r\n")
    length = next(
        int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += connection.recv(65536)
    return head + b"\r\n\r\n" + body
