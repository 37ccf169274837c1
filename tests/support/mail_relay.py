"""A mail relay on this machine that takes every message, or none."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from email import message_from_bytes
from email.message import Message


class _Conversation(socketserver.StreamRequestHandler):
    server: MailRelay

    def handle(self) -> None:
        self._say("220 relay")
        while line := self.rfile.readline():
            verb = line[:4].strip().upper()
            if verb == b"DATA":
                self._say("354 go on")
                self._take()
            elif verb == b"RCPT" and self.server.is_full:
                self._say("452 full")
            else:
                self._say("221 bye" if verb == b"QUIT" else "250 ok")

    def _take(self) -> None:
        lines: list[bytes] = []
        while (line := self.rfile.readline()) not in {b".\r\n", b""}:
            lines.append(line)
        self.server.messages.append(message_from_bytes(b"".join(lines)))
        self._say("250 taken")

    def _say(self, words: str) -> None:
        self.wfile.write(words.encode() + b"\r\n")


class MailRelay(socketserver.ThreadingTCPServer):
    """What it took, and whether it takes anything."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Conversation)
        self.messages: list[Message] = []
        self.is_full = False

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self.server_address[1])


@contextmanager
def running_relay() -> Iterator[MailRelay]:
    """Serve a relay for as long as the block lasts."""
    with MailRelay() as relay:
        thread = threading.Thread(target=relay.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield relay
        finally:
            relay.shutdown()
            thread.join()
