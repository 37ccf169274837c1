"""
What an operator should know about the journal's database, as values.

Looks and changes nothing; what each finding means to an operator is worded where it is shown.
"""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from enum import StrEnum, unique
from itertools import islice
from typing import Final

import attrs
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from rak_billing.errors import JournalError
from rak_billing.payments.constraints import missing_parts
from rak_billing.payments.histories import broken_histories
from rak_billing.payments.local_disk import check_local
from rak_billing.payments.postgresql import SETTINGS
from rak_billing.payments.sqlite import READ_ONLY, file_of
from rak_billing.payments.sqlite_versions import may_damage_the_log
from rak_billing.payments.upgrading import versions
from rak_billing.payments.versions import HEAD, version_of

#: A clock before this stands wrong: this release did not exist yet.
_RELEASED: Final = datetime(2026, 11, 23, tzinfo=UTC)
_TOLERATED: Final = timedelta(seconds=5)
_OLDEST_POSTGRESQL: Final = 130000
_FULL: Final = 2
_MOST_FLAWS: Final = 20


@unique
class Level(StrEnum):
    """How bad a finding is."""

    ERROR = "error"  # the journal cannot be used, or may lose what it acknowledged
    WARNING = "warning"  # it works, and should be seen to
    NOTE = "note"  # as it should be


@unique
class Check(StrEnum):
    """What was looked at."""

    TABLES = "tables"
    PENDING = "pending"
    PARTS = "parts"
    SQLITE_VERSION = "sqlite_version"
    MEMORY_MAP = "memory_map"
    WRITE_AHEAD_LOG = "write_ahead_log"
    DISK = "disk"
    INTEGRITY = "integrity"
    HISTORIES = "histories"
    POSTGRESQL_VERSION = "postgresql_version"
    DURABILITY = "durability"
    TIMEOUTS = "timeouts"
    STANDBY = "standby"
    CLOCK = "clock"


@attrs.frozen
class Finding:
    """
    One thing that was looked at.

    Attributes:
        check: What.
        level: How bad it is.
        found: What was found, in few words.
        expected: What should have been found.
    """

    check: Check
    level: Level
    found: str
    expected: str = ""


def check_database(engine: Engine, *, now: datetime, integrity: bool = False) -> tuple[Finding, ...]:
    """
    Look at a database.

    Args:
        engine: As the journal makes it.
        now: By the clock of this machine.
        integrity: Whether every page of an SQLite file is read too, and the history of every order walked; takes long
            on a large one.

    Raises:
        JournalError: The database does not answer.
    """
    try:
        with engine.connect() as connection:
            connection.execution_options(**{READ_ONLY: True})
            return (
                *_tables(connection),
                *(
                    _sqlite(connection, integrity=integrity)
                    if engine.dialect.name == "sqlite"
                    else _postgresql(connection)
                ),
                *(_histories(connection) if integrity else ()),
                _clock(connection, now),
            )
    except SQLAlchemyError as error:
        raise JournalError(f"the journal's database did not answer: {type(error).__name__}") from error


def _tables(connection: Connection) -> Iterator[Finding]:
    found = version_of(connection)
    level = Level.NOTE if found == HEAD else Level.ERROR
    yield Finding(Check.TABLES, level, found or "-", HEAD)
    known = versions()
    if found is None or (found in known and found != HEAD):
        pending = known if found is None else known[known.index(found) + 1 :]
        yield Finding(Check.PENDING, Level.WARNING, ", ".join(pending))
    if found == HEAD:
        missing = ", ".join(missing_parts(connection))
        yield Finding(Check.PARTS, Level.ERROR if missing else Level.NOTE, missing or "ok")


def _pragma(connection: Connection, name: str) -> object:
    return connection.exec_driver_sql(f"PRAGMA {name}").scalar()


def _sqlite(connection: Connection, *, integrity: bool) -> Iterator[Finding]:
    version = sqlite3.sqlite_version_info
    level = Level.WARNING if may_damage_the_log(version) else Level.NOTE
    yield Finding(Check.SQLITE_VERSION, level, sqlite3.sqlite_version, "3.51.3")
    mapped = _pragma(connection, "mmap_size") or 0
    yield Finding(Check.MEMORY_MAP, Level.WARNING if mapped else Level.NOTE, str(mapped), "0")
    mode, synchronous = _pragma(connection, "journal_mode"), _pragma(connection, "synchronous")
    is_durable = mode in {"wal", "memory"} and synchronous == _FULL
    yield Finding(
        Check.WRITE_AHEAD_LOG,
        Level.NOTE if is_durable else Level.ERROR,
        f"{mode}, {synchronous}",
        f"wal, {_FULL}",
    )
    file = file_of(connection.engine.url)
    if file is not None:
        kind = check_local(file)
        yield Finding(Check.DISK, Level.WARNING if kind is None else Level.NOTE, kind or "?")
    if integrity:
        said = _said_of_integrity(connection)
        yield Finding(Check.INTEGRITY, Level.NOTE if said == "ok" else Level.ERROR, said, "ok")


def _said_of_integrity(connection: Connection) -> str:
    try:
        said = str(_pragma(connection, f"integrity_check({_MOST_FLAWS})"))
    except DBAPIError as error:
        # Damaged so badly that not even the check can read it.
        return type(error).__name__
    return " ".join(said.split())


def _histories(connection: Connection) -> Iterator[Finding]:
    if version_of(connection) != HEAD:
        return
    try:
        flaws = list(islice(broken_histories(connection), _MOST_FLAWS))
    except DBAPIError as error:
        yield Finding(Check.HISTORIES, Level.ERROR, type(error).__name__, "ok")
        return
    if not flaws:
        yield Finding(Check.HISTORIES, Level.NOTE, "ok", "ok")
    for flaw in flaws:
        place = flaw.order_reference if flaw.position is None else f"{flaw.order_reference}/{flaw.position}"
        yield Finding(Check.HISTORIES, Level.ERROR, f"{place}: {flaw.problem}", "ok")


def _postgresql(connection: Connection) -> Iterator[Finding]:
    def show(setting: str) -> str:
        return str(connection.exec_driver_sql(f"SHOW {setting}").scalar_one())

    number = int(show("server_version_num"))
    level = Level.WARNING if number < _OLDEST_POSTGRESQL else Level.NOTE
    yield Finding(Check.POSTGRESQL_VERSION, level, show("server_version"), "13")
    for setting in ("synchronous_commit", "fsync", "full_page_writes"):
        is_off = show(setting) == "off"
        level = Level.ERROR if is_off else Level.NOTE
        yield Finding(Check.DURABILITY, level, f"{setting}={show(setting)}", f"{setting}=on")
    for setting, expected in SETTINGS.items():
        found = show(setting)
        level = Level.NOTE if found == expected else Level.WARNING
        yield Finding(Check.TIMEOUTS, level, f"{setting}={found}", f"{setting}={expected}")
    if connection.exec_driver_sql("SELECT pg_is_in_recovery()").scalar_one():
        yield Finding(Check.STANDBY, Level.ERROR, "pg_is_in_recovery")


def _clock(connection: Connection, now: datetime) -> Finding:
    theirs = now
    if connection.dialect.name == "postgresql":
        theirs = connection.exec_driver_sql("SELECT clock_timestamp()").scalar_one()
    is_wrong = now < _RELEASED or abs(theirs - now) > _TOLERATED
    return Finding(
        Check.CLOCK, Level.WARNING if is_wrong else Level.NOTE, now.isoformat(), theirs.isoformat()
    )
