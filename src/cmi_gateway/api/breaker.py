"""
Stops asking once the gateway has shut the door.

A wrong password, a missing permission or a foreign address does not heal by asking again, and asking again can lock
the account. So the first such answer stops further requests until a person has mended the set-up.
"""

from __future__ import annotations

from typing import Final

from cmi_gateway.api.documents import RequestKind
from cmi_gateway.errors import OperationBlockedError

_EVERYTHING: Final = frozenset(RequestKind)
#: The password and the address serve every request, a permission one kind.
_SHUTS_ALL: Final = {
    "CORE-2201": "the API user or its password is wrong",
    "CORE-2254": "this server's IP address is not allowed",
}
_SHUTS_ONE: Final = {"CORE-2202": "the API user lacks the permission"}


class CircuitBreaker:
    """Remembers which kinds of requests were shut out, and why."""

    def __init__(self) -> None:
        self._shut: dict[RequestKind, str] = {}

    def check(self, kind: RequestKind, order_id: str) -> None:
        """Raise `OperationBlockedError` where the gateway shut *kind* out before."""
        reason = self._shut.get(kind)
        if reason:
            raise OperationBlockedError(
                f"not asked, because the gateway said before that {reason}; mend it, then call ApiClient.resume()",
                kind,
                order_id,
            )

    def note(self, kind: RequestKind, error_code: str) -> bool:
        """Take note of an answer's error code; true when it shuts the door."""
        if error_code in _SHUTS_ALL:
            self._shut.update(dict.fromkeys(_EVERYTHING, f"{_SHUTS_ALL[error_code]} ({error_code})"))
            return True
        if error_code in _SHUTS_ONE:
            self._shut[kind] = f"{_SHUTS_ONE[error_code]} ({error_code})"
            return True
        return False

    def reset(self) -> None:
        """Forget all of it."""
        self._shut.clear()
