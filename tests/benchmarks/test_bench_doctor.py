"""What a diagnosis costs: from a body that is healthy to one that nothing explains."""

import re
import statistics
from time import process_time
from urllib.parse import parse_qs, parse_qsl, urlencode

import pytest

from cmi_gateway.doctor import Diagnosis, diagnose
from support.gateway_kit import real_callback

ROUNDS = 3
HEALTHY = real_callback()


def laden(mark):
    """Give the real callback with *mark* before every value but those that say how it was signed."""
    pairs = parse_qsl(HEALTHY.decode("ascii").rstrip("\n"), keep_blank_values=True)
    kept = ("HASH", "hashAlgorithm")
    return urlencode([(name, value if name in kept else mark + value) for name, value in pairs]).encode()


#: The real callback of 100 fields: as it is; as Python's parse_qs gives it; with a value that nobody can guess;
#: and with values that are dear to hash, in as many readings as there are.
BODIES = {
    "healthy": ("healthy", HEALTHY),
    "explained": ("explained", parse_qs(HEALTHY.decode("ascii").rstrip("\n"))),
    "unexplained": ("unexplained", re.sub(rb"oid=[^&]*", b"oid=changed", HEALTHY)),
    "unexplained, entities and accents": ("unexplained", laden("é&#39; ")),
    "unexplained, every step in every value": ("unexplained", laden(" &amp;|\\document ")),
}


def seconds(body):
    """Give the seconds of computing: what others do on the machine meanwhile is not the doctor's."""
    start = process_time()
    diagnose(body, "TEST1234")
    return process_time() - start


@pytest.mark.parametrize("name", BODIES)
def test_diagnosis(benchmark, measured, name):
    """A body of a hundred fields is diagnosed while one waits, even where every supposition has to be tried."""
    verdict, body = BODIES[name]

    diagnosis = benchmark.pedantic(
        diagnose, args=(body, "TEST1234"), rounds=ROUNDS, iterations=1, warmup_rounds=1
    )

    assert isinstance(diagnosis, Diagnosis)
    assert verdict == diagnosis.verdict
    measured(
        f"seconds for a body of 100 fields that is {name}",
        statistics.median(seconds(body) for _ in range(ROUNDS)),
        aim="under 2",
    )
