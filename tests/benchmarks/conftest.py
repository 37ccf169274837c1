"""Ratios to a yardstick that is timed in the same run: a figure that survives a change of machine."""

import gc
from collections.abc import Callable
from time import perf_counter_ns

import pytest

_MEASURED = pytest.StashKey[list[str]]()
_PAIRS = 60
_BATCH_NS = 2_000_000


def pytest_configure(config):
    config.stash[_MEASURED] = []


def pytest_terminal_summary(terminalreporter, config):
    if config.stash[_MEASURED]:
        terminalreporter.section("measured against a yardstick")
        for line in config.stash[_MEASURED]:
            terminalreporter.write_line(line)


@pytest.fixture
def measured(request, benchmark):
    """Keep a figure with the benchmark and print it at the end of the run."""

    def keep(name: str, value: float, *, aim: str) -> None:
        benchmark.extra_info[name] = round(value, 3)
        request.config.stash[_MEASURED].append(f"{name}: {value:.2f} (aim: {aim})")

    return keep


@pytest.fixture
def ratio(measured):
    """Time *subject* against *yardstick* in alternating batches and keep the ratio of the fastest."""

    def compare(
        name: str, subject: Callable[[], object], yardstick: Callable[[], object], *, aim: str
    ) -> None:
        measured(name, _paired_ratio(subject, yardstick), aim=aim)

    return compare


def _paired_ratio(subject: Callable[[], object], yardstick: Callable[[], object]) -> float:
    own, other = _calls_per_batch(subject), _calls_per_batch(yardstick)
    gc.collect()
    gc.disable()
    try:
        pairs = [(_time(subject, own), _time(yardstick, other)) for _ in range(_PAIRS)]
    finally:
        gc.enable()
    # On a busy machine most batches are interrupted; the fastest of each is the one that was not.
    return min(ours for ours, _ in pairs) / min(theirs for _, theirs in pairs)


def _calls_per_batch(call: Callable[[], object]) -> int:
    return max(1, int(_BATCH_NS / max(1.0, _time(call, 20))))


def _time(call: Callable[[], object], times: int) -> float:
    start = perf_counter_ns()
    for _ in range(times):
        call()
    return (perf_counter_ns() - start) / times
