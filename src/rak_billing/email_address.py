"""Which texts are taken for an e-mail address that a receipt can be sent to."""

import re
from typing import Final

from rak_billing.errors import EmailError

#: The gateway takes no longer one.
LONGEST: Final = 64

# What mail systems in use accept, less the quoted and bracketed forms that nobody types on a payment page.
_LOCAL: Final = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL: Final = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_ADDRESS: Final = re.compile(rf"{_LOCAL}@({_LABEL}\.)+[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])")


def checked_email(text: str) -> str:
    """
    Return the address without outer spaces and with its domain in lower case.

    Raises:
        EmailError: This is no address, it is longer than the gateway takes, or the gateway would alter it.
    """
    if not isinstance(text, str):
        raise EmailError(f"expected text, not {type(text).__name__}")
    local, _, domain = text.strip().rpartition("@")
    address = f"{local}@{domain.lower()}"
    if len(address) > LONGEST:
        raise EmailError(f"expected at most {LONGEST} characters, got {len(address)}")
    if not _ADDRESS.fullmatch(address):
        raise EmailError("expected an address such as nom@example.com")
    if "document" in address.lower():
        # The gateway's firewall rewrites the word wherever it stands, and the payment would fail.
        raise EmailError("expected an address without the word 'document', which the card gateway refuses")
    return address
