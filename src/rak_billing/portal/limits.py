"""
How often bills may be looked up, per address and per client code.

Anyone who knows a client code may see what is owed under it, so nobody may try codes in bulk, and nobody may watch
one customer.
Both counts live in the journal's database, so that several processes share them; addresses and codes are kept as
keyed hashes only.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from ipaddress import IPv6Address, ip_address
from typing import Final

import attrs
from sqlalchemy import delete, insert, update
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from rak_billing.portal.keys import derive_key
from rak_billing.portal.schema import hits
from rak_billing.ports import Clock

__all__ = ["Allowance", "LookUpLimits"]

# An IPv6 customer owns a whole /64 and could change address at every request.
_IPV6_CUSTOMER_BITS: Final = 64


@attrs.frozen
class Allowance:
    """
    So many requests in so many seconds.

    Attributes:
        requests: How many are served in one window.
        seconds: Length of the window.
    """

    requests: int = attrs.field(validator=attrs.validators.ge(1))
    seconds: int = attrs.field(validator=attrs.validators.ge(1))


def _network(address: str) -> str:
    """Give the part of *address* that stands for one customer's connection."""
    try:
        parsed = ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is None:
        return str(int(parsed) >> _IPV6_CUSTOMER_BITS)
    return str(parsed)


@attrs.frozen
class LookUpLimits:
    """
    Counts look-ups and says when there were too many.

    Attributes:
        per_address: Allowance of one network address.
        per_customer: Allowance of one client code, whoever asks.
    """

    _engine: Engine
    _key: bytes = attrs.field(repr=False)
    _clock: Clock
    # Telephone networks put many customers behind one IPv4 address.
    per_address: Allowance = Allowance(requests=120, seconds=600)
    per_customer: Allowance = Allowance(requests=12, seconds=600)

    @classmethod
    def of(
        cls,
        engine: Engine,
        secret_key: str | bytes,
        clock: Clock,
        *,
        per_address: Allowance | None = None,
        per_customer: Allowance | None = None,
    ) -> LookUpLimits:
        """Build limits that hash with a key of their own, derived from *secret_key*."""
        limits = cls(engine, derive_key(secret_key, "limits"), clock)
        return attrs.evolve(
            limits,
            per_address=per_address or limits.per_address,
            per_customer=per_customer or limits.per_customer,
        )

    def count_address(self, address: str) -> int:
        """Count one request of *address*; give the seconds to wait, 0 when it may go on."""
        return self._count("address", _network(address), self.per_address)

    def count_customer(self, customer_ref: str) -> int:
        """Count one look-up of *customer_ref*; give the seconds to wait, 0 when it may go on."""
        return self._count("customer", customer_ref, self.per_customer)

    def _count(self, kind: str, value: str, allowance: Allowance) -> int:
        now = _seconds(self._clock())
        window = now // allowance.seconds
        end = (window + 1) * allowance.seconds
        text = "\0".join((kind, value, str(window)))
        key = hmac.new(self._key, text.encode(), hashlib.sha256).hexdigest()
        return 0 if self._hit(key, now, end) <= allowance.requests else max(1, end - now)

    def _hit(self, key: str, now: int, expires_at: int) -> int:
        try:
            return self._add(key, now, expires_at)
        except IntegrityError:
            # Another process wrote the first hit of this window in between; its row is there now.
            return self._add(key, now, expires_at)

    def _add(self, key: str, now: int, expires_at: int) -> int:
        more = update(hits).where(hits.c.key == key).values(count=hits.c.count + 1).returning(hits.c.count)
        with self._engine.begin() as connection:
            count = connection.execute(more).scalar()
            if count is not None:
                return int(count)
            connection.execute(delete(hits).where(hits.c.expires_at <= now))
            connection.execute(insert(hits).values(key=key, count=1, expires_at=expires_at))
            return 1


def _seconds(instant: datetime) -> int:
    return int(instant.timestamp())
