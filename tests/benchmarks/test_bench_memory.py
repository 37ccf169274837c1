"""
A process that settles callbacks for weeks does not grow: 100,000 of them, and what it holds after each half.

They come as they do in life: an order is declined some times and then approved, the gateway repeats itself, strangers forge.
The first half warms everything up; over the second, the memory that the process holds must stay where it is.
"""

import gc
import logging
import os
import sys
from collections import Counter, deque
from itertools import count
from pathlib import Path
from random import Random

import attrs
import pytest

from support.callbacks import approved, declined
from support.checkout_kit import A, till
from support.place import folder_in_memory

CALLBACKS = 100_000
#: What may come over the second half, in bytes: of 50,000 callbacks, less than 42 for each.
BOUND = 2 * 2**20
ANSWERS = {
    "approved": "ACTION=POSTAUTH",
    "repeated": "ACTION=POSTAUTH",
    "declined": "APPROVED",
    "forged": "FAILURE",
}
pytestmark = [
    pytest.mark.timeout(2_400),
    pytest.mark.skipif(
        not sys.platform.startswith("linux"), reason="the memory of a process is read from /proc"
    ),
]


@pytest.fixture
def shop():
    with folder_in_memory() as folder, till(folder) as shop:
        # pytest keeps what is logged: not the shop's memory.
        logging.disable(logging.CRITICAL)
        yield shop
        logging.disable(logging.NOTSET)


def resident():
    """Give the memory that this process holds, in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


class Gateway:
    """Gives callbacks one after the other, and remembers no more than it needs for the next."""

    def __init__(self, shop):
        self._shop, self._chance, self._numbers = shop, Random(1), count(100_000_000)
        self._total = shop.total(A)
        self._settled = deque(maxlen=50)
        self._open = deque(self._start() for _ in range(20))

    def _start(self):
        bill = attrs.evolve(A, reference=str(next(self._numbers)))
        self._shop.bills.invoices = [bill]
        return self._shop.pay(bill, accepted=self._total)

    def next(self):
        """Give the kind of the next callback, and its body."""
        (kind,) = self._chance.choices(list(ANSWERS), [2, 34, 34, 30])
        if kind == "approved" or not self._settled:
            self._settled.append(approved(self._open.popleft()))
            self._open.append(self._start())
            return "approved", self._settled[-1]
        if kind == "repeated":
            return kind, self._chance.choice(self._settled)
        body = declined(self._chance.choice(self._open))
        return kind, body.replace(b"=Declined", b"=Approved") if kind == "forged" else body


def settle(shop, gateway, number):
    """Settle so many callbacks; give how many there were of each kind."""
    kinds = Counter()
    for _ in range(number):
        kind, body = gateway.next()
        assert ANSWERS[kind] == shop.settle(body)
        kinds[kind] += 1
    return kinds


def growth(shop, number):
    """Settle so many callbacks; give what the process holds after them more than after half of them, and the kinds."""
    gateway = Gateway(shop)
    kinds = settle(shop, gateway, number // 2)
    before = resident()
    kinds += settle(shop, gateway, number // 2)
    return resident() - before, kinds


def test_memory_is_flat(benchmark, measured, shop):
    """Over the second half of 100,000 callbacks of every kind the process grows by less than two megabytes."""
    grown, kinds = benchmark.pedantic(lambda: growth(shop, CALLBACKS), rounds=1)
    measured("kilobytes that 50,000 callbacks leave in memory", grown / 1024, aim="below 2048")
    assert set(ANSWERS) == set(kinds)
    assert min(kinds.values()) > CALLBACKS // 100
    assert grown < BOUND


def test_a_leak_is_seen(benchmark, shop, monkeypatch):
    """A shop that keeps what was posted to it is found out by a twentieth of that."""
    kept, right = [], shop.settle

    def keep(body):
        answer = right(body)
        kept.append(bytearray(body))
        return answer

    monkeypatch.setattr(shop, "settle", keep)
    grown, _ = benchmark.pedantic(lambda: growth(shop, 5_000), rounds=1)
    assert grown > BOUND
