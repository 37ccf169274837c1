"""
The port under the client: one document out, one answer in.

`cmi_gateway.api.http_transport.HttpTransport` speaks to the gateway; the simulator has one without a socket; a test
may bring its own.
"""

from __future__ import annotations

from typing import Protocol

import attrs


@attrs.frozen
class RawAnswer:
    """
    What came back, unread.

    Attributes:
        status: The HTTP status; the gateway says 200 also when it refuses.
        body: The bytes, decompressed, at most `cmi_gateway.api.safe_xml.LARGEST_DOCUMENT` of them.
        content_type: As the header says; nothing depends on it.
    """

    status: int = attrs.field(validator=attrs.validators.instance_of(int))
    body: bytes = attrs.field(repr=False, validator=attrs.validators.instance_of(bytes))
    content_type: str = ""


class Transport(Protocol):
    """
    Carries one request to the gateway.

    It must send an operation at most once, whatever happens, and end within *seconds*.
    """

    def __call__(self, body: bytes, /, *, content_type: str, is_query: bool, seconds: float) -> RawAnswer:
        """
        Send *body* and give what came back.

        Args:
            body: The document; it holds the API password, so it is neither logged nor kept.
            content_type: The header to send along.
            is_query: Whether the request changes nothing, and may therefore be sent again.
            seconds: How long all of it may take.

        Raises:
            RequestNotSentError: nothing left this machine.
            OutcomeUnknownError: something was sent, and no whole answer came back.
        """
        ...
