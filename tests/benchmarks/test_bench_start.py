"""What a process pays before it does anything useful."""

import statistics
import subprocess
import sys
from time import perf_counter

import pytest

ROUNDS = 15
IMPORTS = "import cmi_gateway, rak_billing; print('done')"
SIGNS = """
import cmi_gateway as cmi
merchant = cmi.Merchant("600000099", "TEST1234", cmi.TEST, "RAK")
url = "https://portal.example/"
request = cmi.PaymentRequest(order_id="RAK-7f3kq9z2mb4wx1t8", amount=cmi.Money.parse("114.26"),
    email="client@example.com", bill_to=cmi.BillTo(name="Amina"), ok_url=url, fail_url=url, shop_url=url,
    callback_url=url)
assert len(merchant.sign(request).hash) == 88
print('done')
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def milliseconds(code):
    start = perf_counter()
    run(code)
    return (perf_counter() - start) * 1000


@pytest.mark.parametrize(
    ("name", "code", "aim"),
    [
        ("ms to import both packages, over a bare interpreter", IMPORTS, "under 15"),
        ("ms for a process that signs one form, over a bare interpreter", SIGNS, "under 150"),
    ],
    ids=["imports", "signs"],
)
def test_start(benchmark, measured, name, code, aim):
    """A fresh process does the work and ends well; its time over a bare one is kept."""
    assert "done\n" == benchmark.pedantic(run, args=(code,), rounds=3, iterations=1, warmup_rounds=1)
    over = [milliseconds(code) - milliseconds("print('done')") for _ in range(ROUNDS)]
    measured(name, statistics.median(over), aim=aim)
