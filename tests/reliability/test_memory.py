"""A process that settles callbacks for weeks does not grow."""

import gc
import os
import sys
from pathlib import Path

import pytest

from support.callbacks import declined
from support.checkout_kit import till
from support.counts import count
from support.many_invoices import invoices

_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096
pytestmark = pytest.mark.timeout(2_400)


def resident():
    """Give the memory that this process holds, in bytes."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the memory of a process is read from /proc")
def test_memory_is_flat(tmp_path):
    """Over so many callbacks, each of its own transaction, less than 100 bytes a callback stay behind."""
    number = count(300, 20_000)
    with till(tmp_path) as shop:
        shop.bills.invoices = invoices(50)
        forms = [shop.pay(invoice) for invoice in shop.bills.invoices]
        for position in range(200):
            shop.settle(declined(forms[position % 50]))
        before = resident()
        for position in range(number):
            assert "APPROVED" == shop.settle(declined(forms[position % 50]))
        growth = resident() - before
        # Caches of the driver and the allocator fill up once: two megabytes, however many callbacks follow.
        assert growth < 2_000_000 + 100 * number, growth
