"""What a diagnosis costs: from a body that is healthy to one that nothing explains."""

import re
import statistics
from time import perf_counter
from urllib.parse import parse_qs

import pytest

from cmi_gateway.doctor import Diagnosis, diagnose
from support.gateway_kit import real_callback

ROUNDS = 3
#: The real callback of 100 fields: as it is; as Python's parse_qs gives it; with a value that nobody can guess.
BODIES = {
    "healthy": real_callback(),
    "explained": parse_qs(real_callback().decode("ascii").rstrip("\n")),
    "unexplained": re.sub(rb"oid=[^&]*", b"oid=changed", real_callback()),
}


def seconds(body):
    start = perf_counter()
    diagnose(body, "TEST1234")
    return perf_counter() - start


@pytest.mark.parametrize("verdict", BODIES)
def test_diagnosis(benchmark, measured, verdict):
    """A body of a hundred fields is diagnosed while one waits, even where every supposition has to be tried."""
    body = BODIES[verdict]

    diagnosis = benchmark.pedantic(
        diagnose, args=(body, "TEST1234"), rounds=ROUNDS, iterations=1, warmup_rounds=1
    )

    assert isinstance(diagnosis, Diagnosis)
    assert verdict == diagnosis.verdict
    measured(
        f"seconds for a body of 100 fields that is {verdict}",
        statistics.median(seconds(body) for _ in range(ROUNDS)),
        aim="under 2",
    )
