"""``rak-billing db``: what the operator reads, and how it ends."""

import base64
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner
from sqlalchemy import create_engine

from rak_billing.cli import db_texts
from rak_billing.cli.root import rak_billing
from rak_billing.errors import JournalError
from rak_billing.payments.checking import Check, Finding, Level, check_database
from rak_billing.payments.databases import engine_of
from rak_billing.payments.journal import Journal
from rak_billing.payments.purging import Kind
from rak_billing.payments.sqlite_versions import may_damage_the_log
from rak_billing.payments.versions import HEAD, VERSION_TABLE
from rak_billing.portal.schema import create_tables
from support.checkout_kit import A, till

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def run(*arguments, **environment):
    return CliRunner().invoke(rak_billing, ["db", *arguments], env=environment)


@pytest.fixture(params=["sqlite", "postgresql"])
def empty(request, tmp_path):
    """The address of a database without any table, on each."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'rak.db'}"
    return request.getfixturevalue("postgres").empty_database()


def test_upgrade_makes_the_tables_once(empty):
    """Then journal and portal can be used, and a second run has nothing to do."""
    first, second = run("upgrade", "--database", empty), run("upgrade", RAK_BILLING_DATABASE=empty)
    assert (0, f"Tables créées, version {HEAD}.\n") == (first.exit_code, first.output)
    assert (0, f"Les tables sont déjà à la version {HEAD}.\n") == (second.exit_code, second.output)
    with Journal.open(empty, upgrade=False) as journal:
        create_tables(journal.engine)


def test_sql_shows_and_does_nothing(empty):
    """A person who may not run programs on the database can run its statements."""
    shown = run("upgrade", "--sql", "--database", empty)
    assert 0 == shown.exit_code
    assert "CREATE TABLE orders" in shown.output
    assert "CREATE TABLE IF NOT EXISTS portal_hits" in shown.output
    engine = engine_of(empty)
    with engine.begin() as connection:
        for statement in shown.output.split(";"):
            lines = [
                line for line in statement.splitlines() if not line.startswith(("BEGIN", "COMMIT", "--"))
            ]
            if "".join(lines).strip():
                connection.exec_driver_sql("\n".join(lines))
    engine.dispose()
    again = run("upgrade", "--sql", "--database", empty)
    assert again.output.startswith(db_texts.NOTHING_TO_DO)


def test_check_says_what_it_looked_at(place):
    """A line for each, in French; attention is no failure, an error is."""
    with till(place):
        pass
    result = run("check", "--integrity", "--database", place.url)
    assert f"✓ Version des tables : {HEAD}" in result.output
    # The server of the tests does not wait for its disk, which is an error.
    is_careless = place.dialect == "postgresql"
    assert (1 if is_careless else 0) == result.exit_code
    assert is_careless == ("✗ Durabilité : fsync=off (attendu : fsync=on)" in result.output)


def test_check_of_an_empty_database_fails(empty):
    """And says what is to be done."""
    if empty.startswith("sqlite"):
        Path(empty.removeprefix("sqlite:///")).touch()
    result = run("check", "--database", empty)
    assert 1 == result.exit_code
    assert "✗ Version des tables : -" in result.output
    assert "Migrations à faire (rak-billing db upgrade) : 0001, 0002" in result.output


def found(engine, **arguments):
    findings = check_database(engine, now=arguments.pop("now", NOW), **arguments)
    return {finding.check: finding for finding in findings}


def test_findings_of_sqlite(tmp_path):
    """Tables of a later version, a memory map, a careless setting, a clock that stands wrong."""
    with Journal.open(f"sqlite:///{tmp_path / 'rak.db'}") as journal:
        with journal.writing() as tx:
            tx.connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
        careless = create_engine(journal.engine.url)
        looked = found(careless, now=datetime(2001, 1, 1, tzinfo=UTC), integrity=True)
        careless.dispose()
    assert (Level.ERROR, "9999") == (looked[Check.TABLES].level, looked[Check.TABLES].found)
    assert Check.PENDING not in looked
    assert (Level.WARNING, Level.NOTE) == (looked[Check.CLOCK].level, looked[Check.INTEGRITY].level)


def test_findings_of_sqlite_in_memory():
    """There is no file to look for."""
    with Journal.open("sqlite:///:memory:") as journal:
        assert Check.DISK not in found(journal.engine)


def test_findings_of_postgresql(postgres):
    """Settings as they should be, those that are not, and a server's clock that differs."""
    url = postgres.empty_database()
    engine = engine_of(url)
    looked = found(engine, now=datetime.now(UTC) - timedelta(seconds=60))
    assert {Level.WARNING, Level.NOTE} == {looked[Check.CLOCK].level, looked[Check.TIMEOUTS].level}
    assert Level.NOTE is looked[Check.POSTGRESQL_VERSION].level
    assert Check.STANDBY not in looked
    engine.dispose()


def test_a_database_that_does_not_answer_is_an_error(tmp_path):
    """Neither a traceback nor a password is shown."""
    (tmp_path / "rak.db").write_bytes(b"this is no database, whatever its name says" * 100)
    for command in ("check", "upgrade"):
        result = run(command, "--database", f"sqlite:///{tmp_path / 'rak.db'}")
        assert (1, "n'est pas une base SQLite" in result.output) == (result.exit_code, True)
    refused = run("check", "--database", "oracle://u:secret@host/db")
    assert (1, False) == (refused.exit_code, "secret" in refused.output)
    with pytest.raises(JournalError):
        check_database(create_engine(f"sqlite:///{tmp_path / 'rak.db'}"), now=NOW)


def test_purge_counts_before_it_deletes(place):
    """The dry run says what would go; then it goes."""
    with till(place) as shop:
        shop.pay(A)
    dry = run("purge", "--dry-run", "--database", place.url)
    assert (0, True) == (dry.exit_code, "Commandes jamais payées (90 jours) : 1" in dry.output)
    assert db_texts.ONLY_COUNTED in dry.output
    for expected in (1, 0):
        done = run("purge", "--database", place.url)
        assert f"Commandes jamais payées (90 jours) : {expected}" in done.output


def test_purge_of_old_tables_is_refused(empty):
    """It never migrates by the way."""
    if empty.startswith("sqlite"):
        Path(empty.removeprefix("sqlite:///")).touch()
    result = run("purge", "--database", empty)
    assert (1, True) == (result.exit_code, "db upgrade" in result.output)


def test_reencrypt_seals(place, tmp_path):
    """With keys from a file, which no output shows; without, it says what is missing."""
    with till(place) as shop:
        shop.pay(A)
    key = base64.urlsafe_b64encode(b"k" * 32).decode()
    (tmp_path / "keys").write_text(f"{key}\n")
    result = run("reencrypt", "--database", place.url, "--keys-file", str(tmp_path / "keys"))
    assert (0, True, False) == (
        result.exit_code,
        "orders.customer_name : 1" in result.output,
        key in result.output,
    )
    assert 1 == run("reencrypt", "--database", place.url).exit_code


def test_every_finding_and_kind_has_words():
    """Nothing is shown by its code."""
    assert set(Kind) == set(db_texts.KINDS)
    for check in Check:
        for level in Level:
            assert " : x" in db_texts.line_of(Finding(check, level, "x", "y"))
    assert f"Tables passées de 0001 à {HEAD}." == db_texts.upgraded("0001", HEAD)


@pytest.mark.parametrize(
    ("version", "expected"),
    [
        ((3, 6, 23), False),
        ((3, 7, 0), True),
        ((3, 40, 1), True),
        ((3, 44, 5), True),
        ((3, 44, 6), False),
        ((3, 45, 0), True),
        ((3, 50, 6), True),
        ((3, 50, 7), False),
        ((3, 51, 2), True),
        ((3, 51, 3), False),
        ((3, 53, 0), False),
    ],
)
def test_versions_that_may_damage_their_log(version, expected):
    """From 3.7.0 to 3.51.2, but for the branches that were mended."""
    assert expected is may_damage_the_log(version)


def test_an_old_sqlite_is_logged_at_each_start(tmp_path, caplog, monkeypatch):
    """One record, with the version; a new one says nothing."""
    for version, expected in (((3, 51, 2), 1), ((3, 51, 3), 0)):
        caplog.clear()
        monkeypatch.setattr("sqlite3.sqlite_version_info", version)
        Journal.open(f"sqlite:///{tmp_path / 'rak.db'}").close()
        assert expected == len(caplog.records)


def test_without_click_the_command_says_what_is_missing():
    """And ends with a status that scripts see."""
    script = "import sys; sys.modules['click'] = None; from rak_billing.cli import main; main()"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (1, "rak-billing : il manque click ; installez « cmi-gateway[portal] »\n") == (
        done.returncode,
        done.stderr,
    )


def test_a_missing_part_is_named(monkeypatch):
    """An extra that is not installed is a sentence, not a traceback."""
    monkeypatch.setitem(sys.modules, "rak_billing.payments.databases", None)
    result = run("check", "--database", "sqlite://")
    assert (1, True) == (result.exit_code, "cmi-gateway[portal]" in result.output)


def test_help_answers_at_once():
    """It loads neither database nor portal."""
    script = (
        "import sys; from rak_billing.cli import main; sys.argv = ['rak-billing', 'db', '--help']\n"
        "try: main()\nexcept SystemExit: print('sqlalchemy' in sys.modules, 'flask' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.endswith("False False\n")
    assert "no such command" in CliRunner().invoke(rak_billing, ["none"]).output.lower()
