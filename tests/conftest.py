"""
How much Hypothesis searches, chosen by the environment variable ``HYPOTHESIS_PROFILE``, and in how many processes.

Plain runs stay short; ``ci`` draws ten times as many examples. Neither watches the clock: a slow machine is no bug.
The whole suite runs in a process for each core; whoever names files or tests wants their output and a debugger, in one.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

from support.place import PostgresPlace, SqlitePlace
from support.postgres_kit import running_postgres

# A busy machine draws slowly too; that says nothing about the property.
_PATIENT = {"deadline": None, "print_blob": True, "suppress_health_check": [HealthCheck.too_slow]}

settings.register_profile("modest", max_examples=50, **_PATIENT)
settings.register_profile("ci", max_examples=500, **_PATIENT)
# Named here, since Hypothesis would otherwise load a profile of its own wherever CI is set.
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "modest"))


def pytest_xdist_auto_num_workers(config):
    """Give 0 processes beside this one to whoever names tests; None leaves it to the count of cores."""
    return None if config.args_source is pytest.Config.ArgsSource.TESTPATHS else 0


@pytest.fixture(scope="session")
def postgres():
    """A real PostgreSQL, started when the first test asks for it and stopped after the last."""
    with running_postgres() as server:
        server.hurry()
        yield server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request, tmp_path):
    """A place for a journal, once on each database."""
    if request.param == "sqlite":
        yield SqlitePlace(tmp_path)
        return
    chosen = PostgresPlace(request.getfixturevalue("postgres"))
    yield chosen
    chosen.clear()
