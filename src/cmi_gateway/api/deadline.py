"""
A limit on the whole of one exchange: connecting, TLS, sending, headers and body together.

A time-out of a socket counts from the last byte, so that a peer that sends one byte now and then is never late. Here a
timer shuts the connection down instead, wherever it is being waited for. Along the way it is noted how far the
exchange came: whether a byte of the request can have left this machine decides what may be done after a failure.
"""

from __future__ import annotations

import socket
from contextlib import suppress
from threading import Lock, Timer
from types import TracebackType
from typing import Self


class Deadline:
    """
    Ends an exchange after *seconds*; use it as a context manager around all of it.

    Attributes:
        is_expired: Whether the time is over; what was read since is no answer.
        is_connecting: Whether a connection was tried.
        is_sent: Whether a byte of the request may have left.
    """

    def __init__(self, seconds: float) -> None:
        self.is_expired = False
        self.is_connecting = False
        self.is_sent = False
        self._lock = Lock()
        self._handles: list[socket.socket] = []
        self._timer = Timer(seconds, self._end)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, frames: TracebackType | None
    ) -> None:
        self._timer.cancel()
        with self._lock:
            for handle in self._handles:
                handle.close()
            self._handles.clear()

    def watch(self, connection: socket.socket) -> None:
        """Shut *connection* down when the time is over; at once, when it is."""
        with self._lock:
            # A handle of its own: TLS takes the first one over, and shutting down works through any.
            self._handles.append(connection.dup())
            if self.is_expired:
                _shut_down(self._handles[-1])

    def _end(self) -> None:
        with self._lock:
            self.is_expired = True
            for handle in self._handles:
                _shut_down(handle)


def _shut_down(handle: socket.socket) -> None:
    # The peer may have gone already, which is just as well.
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
