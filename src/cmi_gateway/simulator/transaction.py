"""
Numbers shaped like the real gateway's: transaction id, authorization code, retrieval reference.

A ``TransId`` holds the Moroccan time of its transaction: two digits of the year, three of the day in the year,
then hour, minute and second as one of sixty characters each (A is 0, Z 25, a 26, z 51, 2 is 52, 9 is 59), one character
that varies, and a number. Deduced from published ones, which begin up to some seconds before their payment is printed:
``24003Vl7F13152`` is 03/01/2024 21:37:57. Useful to make plausible values; nothing in production should read it.
"""

from __future__ import annotations

import string
from datetime import datetime, timedelta
from typing import Final, Protocol, TypeVar

import attrs

from cmi_gateway.moroccan_time import casablanca

_DIGITS: Final = string.ascii_uppercase + string.ascii_lowercase + string.digits[2:]
_CENTURY: Final = 2000

_Item = TypeVar("_Item")


class RandomSource(Protocol):
    """What the simulator asks of chance: ``secrets.SystemRandom()``, or a seeded `random.Random` in a test."""

    def randrange(self, start: int, /) -> int:
        """Give a number from 0 to *start* - 1."""
        ...

    def randbytes(self, n: int, /) -> bytes:
        """Give *n* bytes."""
        ...

    def shuffle(self, x: list[_Item], /) -> None:
        """Put a list in another order, in place."""
        ...


@attrs.frozen
class TransactionNumbers:
    """The references of one transaction at the gateway, under the names of its result fields."""

    trans_id: str
    tran_id: str
    auth_code: str
    acq_stan: str
    host_ref_num: str
    trx_date: str


def issue_numbers(at: datetime, serial: int, random: RandomSource) -> TransactionNumbers:
    """
    Issue the references of the transaction number *serial*, authorized *at* (an aware instant).

    *serial* keeps them apart: two transactions of one second differ in it.
    """
    local = at.astimezone(casablanca())
    stan = f"{serial % 1_000_000:06d}"
    return TransactionNumbers(
        trans_id=transaction_id(local, variable=_DIGITS[random.randrange(26)], serial=serial % 100_000),
        tran_id=f"{random.randrange(100_000_000):08d}",
        auth_code=f"{random.randrange(1_000_000):06d}",
        acq_stan=stan,
        host_ref_num=f"{local:%Y}"[-1] + f"{local:%j%H}{stan}",
        trx_date=f"{local:%d/%m/%Y %H:%M:%S}",
    )


def transaction_id(local: datetime, *, variable: str, serial: int) -> str:
    """Write the transaction id of Moroccan time *local*: ``24003Vl7F13152``."""
    clock = "".join(_DIGITS[unit] for unit in (local.hour, local.minute, local.second))
    return f"{local:%y%j}{clock}{variable}{serial:05d}"


def transaction_time(trans_id: str) -> datetime:
    """
    Read the Moroccan time out of a transaction id, exact to about a second.

    Raises:
        ValueError: *trans_id* does not have the known shape.
    """
    year, day, clock = trans_id[:2], trans_id[2:5], trans_id[5:8]
    if not (trans_id.isascii() and year.isdigit() and day.isdigit() and len(clock) == len("hms")):
        raise ValueError("expected two digits, three digits, and three characters of time")
    hour, minute, second = map(_DIGITS.index, clock)
    first = datetime(_CENTURY + int(year), 1, 1, hour, minute, second, tzinfo=casablanca())
    return first + timedelta(days=int(day) - 1)
