"""
The way to the gateway over HTTPS.

Queries and operations go to one address by one method, and what retries them is mounted by address: nothing that is
mounted could tell them apart. So every request goes through an adapter of this file's own, made for it: one that
repeats for queries, one that never does for operations. Session-wide settings, which could repeat, redirect or
send elsewhere, have no say: neither mounted adapters nor environment variables, ``.netrc``, cookies or hooks.
"""

from __future__ import annotations

import socket
from typing import Any, Final

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, HTTPError
from urllib3.util import Retry

from cmi_gateway.api.deadline import Deadline
from cmi_gateway.api.safe_xml import LARGEST_DOCUMENT
from cmi_gateway.api.transport import RawAnswer
from cmi_gateway.errors import ConfigurationError, OutcomeUnknownError, RequestNotSentError

#: Longest wait for a connection, in seconds.
CONNECT_SECONDS: Final = 10.0

_CHUNK: Final = 8192
#: What a gateway in trouble answers, or the proxy before it; asking again often helps.
_PASSING_STATUSES: Final = (502, 503, 504)
_NO_RETRY: Final = Retry(total=0, read=False, redirect=False, status=False, other=False)


#: How an answer may be compressed: as was asked for. Other ways, or one inside another, could grow a few bytes into gigabytes before the limit on
#: what is read has a say.
_COMPRESSIONS: Final = frozenset({"", "identity", "gzip", "x-gzip"})


class _BrokenAnswerError(Exception):
    """The answer ended too late, does not end, or is compressed as nobody asked for; says which."""


class HttpTransport:
    """
    Sends documents to one address; see `cmi_gateway.api.transport.Transport`.

    Args:
        api_url: The gateway's XML API, as the merchant's `cmi_gateway.Gateway` names it.
        session: Lends its certificates (``verify``, ``cert``) and ``proxies``; nothing else of it is used, least of
            all the adapters mounted on it.

        accept: Kinds of documents that are understood.

    Raises:
        ConfigurationError: the session switches the check of certificates off.
    """

    def __init__(
        self,
        api_url: str,
        *,
        session: requests.Session | None = None,
        accept: str = "text/xml, application/xml",
    ) -> None:
        self._url = api_url
        self._accept = accept
        verify = True if session is None else session.verify
        self._cert = None if session is None else session.cert
        self._proxies = {} if session is None else dict(session.proxies)
        if not verify:
            raise ConfigurationError(
                "the session does not check certificates: anybody on the way could read the API password. "
                "Set session.verify to True, or to the file of your own authority's certificate"
            )
        self._verify: bool | str = verify

    def __call__(self, body: bytes, /, *, content_type: str, is_query: bool, seconds: float) -> RawAnswer:
        """Send *body* once, or for a query up to three times, and give the whole answer within *seconds*."""
        headers = {
            "Content-Type": content_type,
            "Accept": self._accept,
            "Accept-Encoding": "gzip",
            # A connection kept from before may be dead, which shows only once the request is on its way.
            "Connection": "close",
        }
        prepared = requests.Request("POST", self._url, data=body, headers=headers).prepare()
        with Deadline(seconds) as deadline:
            try:
                return self._exchange(
                    prepared, deadline, seconds, _patience(deadline) if is_query else _NO_RETRY
                )
            except (requests.RequestException, HTTPError, OSError, _BrokenAnswerError) as error:
                is_unsent = _is_unsent(deadline, error)
                told = str(error) if isinstance(error, _BrokenAnswerError) else type(error).__name__
                problem = "it took too long" if deadline.is_expired else told
        # Raised here and not above: the libraries' errors hold the request, and with it the password.
        if is_unsent:
            raise RequestNotSentError(f"no connection to the gateway: {problem}")
        raise OutcomeUnknownError(f"sent, but no whole answer came: {problem}")

    def __repr__(self) -> str:
        return f"HttpTransport({self._url!r})"

    def _exchange(
        self, prepared: requests.PreparedRequest, deadline: Deadline, seconds: float, retry: Retry
    ) -> RawAnswer:
        adapter = _WatchedAdapter(deadline, retry)
        try:
            response = adapter.send(
                prepared,
                stream=True,
                timeout=(min(CONNECT_SECONDS, seconds), seconds),
                verify=self._verify,
                cert=self._cert,
                proxies=self._proxies,
            )
            try:
                body = _read(response, deadline)
            finally:
                response.close()
        finally:
            adapter.close()
        return RawAnswer(response.status_code, body, response.headers.get("Content-Type", ""))


class _WatchedAdapter(HTTPAdapter):
    """Serves one exchange, with connections that tell its deadline how far they came."""

    def __init__(self, deadline: Deadline, retry: Retry) -> None:
        super().__init__(pool_connections=1, pool_maxsize=1, max_retries=retry)
        self._deadline = deadline

    def get_connection_with_tls_context(self, *args: Any, **options: Any) -> Any:
        pool: Any = super().get_connection_with_tls_context(*args, **options)
        pool.ConnectionCls = _watched(pool.ConnectionCls, self._deadline)
        return pool


def _patience(deadline: Deadline) -> Retry:
    """Give the retries of a query: it changes nothing, so that repeating it is harmless, whatever was sent."""

    class Patience(Retry):
        def is_exhausted(self) -> bool:
            return deadline.is_expired or super().is_exhausted()

    return Patience(
        total=2,
        backoff_factor=0.3,
        status_forcelist=_PASSING_STATUSES,
        allowed_methods=None,
        raise_on_status=False,
        respect_retry_after_header=False,
    )


def _watched(base: Any, deadline: Deadline) -> Any:
    class Watched(base):  # type: ignore[misc]  # HTTP or HTTPS, as the pool has it
        def _new_conn(self) -> socket.socket:
            deadline.is_connecting = True
            if deadline.is_expired:
                raise ConnectTimeoutError(self, "the time is over")
            connection: socket.socket = super()._new_conn()
            deadline.watch(connection)
            return connection

        def send(self, data: Any) -> None:
            # Connecting is part of the first send where there is no TLS: only what comes after it is sending.
            if self.sock is None:
                self.connect()
            deadline.is_sent = True
            super().send(data)

    return Watched


def _read(response: requests.Response, deadline: Deadline) -> bytes:
    """Read the body, decompressed, piece by piece: neither its size nor its end is taken on trust."""
    if response.headers.get("Content-Encoding", "").strip().lower() not in _COMPRESSIONS:
        raise _BrokenAnswerError("it is compressed in a way that was not asked for")
    body = bytearray()
    for chunk in response.raw.stream(_CHUNK, decode_content=True):
        body += chunk
        if len(body) > LARGEST_DOCUMENT:
            raise _BrokenAnswerError(f"it is longer than {LARGEST_DOCUMENT} bytes")
        if deadline.is_expired:
            break
    # A connection that the deadline shut down looks like an answer that has ended.
    if deadline.is_expired:
        raise _BrokenAnswerError("it took too long")
    return bytes(body)


def _is_unsent(deadline: Deadline, error: Exception) -> bool:
    if deadline.is_connecting:
        return not deadline.is_sent
    # No connection of ours was asked for one: only an error that can come from nowhere else proves it.
    return isinstance(error, requests.ConnectTimeout)
