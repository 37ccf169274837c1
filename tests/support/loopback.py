"""A server of the tests' own that does what no honest server does: reset, drip, cut, hang, and count."""

from __future__ import annotations

import socket
import ssl
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Self

import attrs
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

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
    tls: ssl.SSLContext | None = None
    requests: list[bytes] = attrs.Factory(list)
    stopped: threading.Event = attrs.Factory(threading.Event)
    _listener: socket.socket = attrs.field(init=False)

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._serve, daemon=True).start()
        return self

    def __exit__(self, *_error: object) -> None:
        self.stopped.set()
        # Closing alone would leave the thread waiting for one more connection.
        with suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    @property
    def url(self) -> str:
        """Where it answers."""
        return f"{'https' if self.tls else 'http'}://127.0.0.1:{self._listener.getsockname()[1]}/fim/api"

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
        with suppress(OSError), connection:
            if self.tls is None:
                self._answer(connection, play)
                return
            with self.tls.wrap_socket(connection, server_side=True) as secured:
                self._answer(secured, play)

    def _answer(self, connection: socket.socket, play: Play | bytes) -> None:
        self.requests.append(_request(connection))
        answer = play if isinstance(play, bytes) else play(connection)
        if answer:
            connection.sendall(answer)


def _request(connection: socket.socket) -> bytes:
    raw = b""
    while b"\r\n\r\n" not in raw:
        raw += _received(connection)
    head, _, body = raw.partition(b"\r\n\r\n")
    length = next(
        int(row.split(b":")[1]) for row in head.split(b"\r\n") if row.lower().startswith(b"content-length")
    )
    while len(body) < length:
        body += _received(connection)
    return head + b"\r\n\r\n" + body


def _received(connection: socket.socket) -> bytes:
    piece = connection.recv(65536)
    if not piece:
        raise ConnectionError("the peer went away")
    return piece


def own_certificate(folder: Path) -> tuple[ssl.SSLContext, Path]:
    """Make a certificate for this machine that nobody vouches for; give the server's side of it, and its file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file, secret = folder / "own.pem", folder / "own.key"
    file.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    secret.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file, secret)
    return context, file
