"""``rak-billing db`` meets what it does not expect: it says in French what to do, and changes nothing."""

import ast
import os
import sqlite3
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from click.testing import CliRunner

import rak_billing as rak_billing_package
from rak_billing.cli.db_refusals import SETTINGS, sentence_of
from rak_billing.cli.root import rak_billing
from rak_billing.errors import CommitUnknownError, JournalError, SealError
from rak_billing.payments import local_disk
from rak_billing.payments.journal import Journal
from rak_billing.payments.versions import HEAD, VERSION_TABLE

PASSWORD = "S3cret"
COMMANDS = (["check"], ["upgrade"], ["upgrade", "--sql"], ["purge", "--dry-run"], ["purge"], ["reencrypt"])
NOBODY = 65534


def run(arguments, url):
    result = CliRunner().invoke(rak_billing, ["db", *arguments, "--database", url])
    # An exception that is not the exit itself would be a traceback.
    assert isinstance(result.exception, SystemExit) or result.exception is None
    assert "Traceback" not in result.output
    assert PASSWORD not in result.output
    return result


def refused(url, words, commands=COMMANDS):
    for arguments in commands:
        result = run(arguments, url)
        assert (1, True) == (result.exit_code, words in result.output), (arguments, result.output)


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


@pytest.fixture
def kept(tmp_path):
    """A file with the journal's tables, closed."""
    path = tmp_path / "rak.db"
    Journal.open(f"sqlite:///{path}").close()
    return path


@pytest.mark.parametrize(
    "url",
    [
        "",
        "nonsense",
        "sqlite://",
        "sqlite:///:memory:",
        "sqlite:///file:rak.db?uri=true&nolock=1",
        "sqlite:///rak.db?vfs=unix-none",
        "sqlite://host/rak.db",
        "sqlite+aiosqlite:///rak.db",
        f"mysql://rak:{PASSWORD}@host/rak",
        f"postgresql+psycopg2://rak:{PASSWORD}@host/rak",
        f"postgresql://rak:{PASSWORD}@host:port/rak",
    ],
)
def test_a_wrong_address_is_refused(url, tmp_path, monkeypatch):
    """By a sentence with the right form of one; no file is made."""
    monkeypatch.chdir(tmp_path)
    refused(url, "sqlite:///rak.db ou postgresql://")
    assert {} == contents(tmp_path)


@pytest.mark.parametrize("options", ["", "?sslmode=bogus"])
def test_a_server_that_does_not_answer(options):
    """The operator checks the address, whose password is not shown."""
    refused(f"postgresql://rak:{PASSWORD}@127.0.0.1:1/rak{options}", "vérifiez l'hôte, le port")


def test_a_missing_database_of_a_server(postgres):
    """The server is there, the database is not."""
    refused(postgres.url("no_such_database"), "vérifiez l'hôte, le port, la base")


def test_a_missing_driver_is_named(monkeypatch):
    """And how to install it."""
    monkeypatch.setitem(__import__("sys").modules, "psycopg", None)
    refused(f"postgresql://rak:{PASSWORD}@host/rak", "pip install 'cmi-gateway[postgres]'")


def test_a_missing_file_is_not_made(tmp_path):
    """Only an upgrade makes one; a mistyped path would otherwise pass for an empty journal."""
    url = f"sqlite:///{tmp_path / 'typo.db'}"
    refused(url, "il n'y a pas de fichier", [["check"], ["purge", "--dry-run"], ["purge"], ["reencrypt"]])
    assert 0 == run(["upgrade", "--sql"], url).exit_code
    assert {} == contents(tmp_path)
    refused(f"sqlite:///{tmp_path / 'none' / 'rak.db'}", "le dossier existe", [["upgrade"]])


def test_a_folder_is_refused(tmp_path):
    """It is no file; nor is a device, or a name that no disk can hold."""
    for path in (tmp_path, "/dev/null", tmp_path / ("x" * 5000)):
        refused(f"sqlite:///{path}", "il n'y a pas de fichier")


def test_a_wrong_key_is_refused(kept, tmp_path):
    """Its line is not shown."""
    (tmp_path / "keys").write_text(f"{PASSWORD}\n")
    for command in ("purge", "reencrypt"):
        result = run([command, "--keys-file", str(tmp_path / "keys")], f"sqlite:///{kept}")
        assert (1, True) == (result.exit_code, "32 octets aléatoires" in result.output)
    refused(f"sqlite:///{kept}", "donnez --keys-file", [["reencrypt"]])


@pytest.mark.parametrize("data", [b"no database" * 100, b"\x00" * 8192])
def test_a_file_that_is_no_database(tmp_path, data):
    """It stays as it is."""
    (tmp_path / "rak.db").write_bytes(data)
    refused(f"sqlite:///{tmp_path / 'rak.db'}", "n'est pas une base SQLite")
    assert {"rak.db": data} == contents(tmp_path)


@pytest.mark.parametrize("size", [600, 4096, 5000, 50000])
def test_a_truncated_database(kept, size):
    """It is called damaged, or no database, and the way back is the backup."""
    kept.write_bytes(kept.read_bytes()[:size])
    refused(f"sqlite:///{kept}", "reprenez la dernière sauvegarde", [["check"], ["upgrade"], ["purge"]])


def test_a_damaged_page_is_found(kept):
    """Reading every page finds what the ordinary look does not meet."""
    with closing(sqlite3.connect(kept)) as connection:
        connection.execute("PRAGMA journal_mode = DELETE")
        root, size = connection.execute(
            "SELECT rootpage, (SELECT page_size FROM pragma_page_size) FROM sqlite_master "
            "WHERE name = 'ix_callbacks_order_id'"
        ).fetchone()
    whole = bytearray(kept.read_bytes())
    whole[(root - 1) * size : root * size] = os.urandom(8) + b"\xff" * (size - 8)
    kept.write_bytes(whole)
    result = run(["check", "--integrity"], f"sqlite:///{kept}")
    assert 1 == result.exit_code
    assert "✗ Intégrité du fichier" in result.output
    assert "reprenez la dernière sauvegarde" in result.output


def test_a_database_of_another_program(tmp_path):
    """Nothing of ours is in it: no command but the upgrade touches it."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE letters (id INTEGER PRIMARY KEY)")
    before = contents(tmp_path)
    refused(f"sqlite:///{path}", "aucune table du journal", [["check"], ["purge"], ["reencrypt"]])
    assert before == contents(tmp_path)


@pytest.mark.parametrize("name", ["orders", "invoices", "events", VERSION_TABLE])
def test_foreign_tables_of_our_names(name, tmp_path):
    """A table of another program is neither migrated nor taken for ours; the file stays as it is."""
    path = tmp_path / "other.db"
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE TABLE {name} (version_num TEXT, reference TEXT, amount REAL)")
        connection.execute("CREATE TABLE IF NOT EXISTS orders (id INTEGER PRIMARY KEY)")
    before = contents(tmp_path)
    refused(f"sqlite:///{path}", "tables d'un autre programme portent les noms du journal")
    assert before == contents(tmp_path)


def test_foreign_tables_of_our_names_on_postgresql(postgres):
    """There too."""
    url = postgres.empty_database()
    postgres.execute(
        "CREATE TABLE invoices (id bigint PRIMARY KEY)", database=url.split("/")[3].split("?")[0]
    )
    refused(url, "(invoices)")


def test_a_network_disk_is_refused(kept, monkeypatch, tmp_path):
    """Its locks do not hold."""
    mounts = tmp_path / "mounts"
    mounts.write_text("server:/x / nfs4 rw 0 0\n")
    monkeypatch.setattr(local_disk.check_local, "__kwdefaults__", {"mounts": mounts})
    refused(f"sqlite:///{kept}", "disque du réseau")


def test_a_later_version_is_refused(place):
    """The program that made the tables is the one to use."""
    with Journal.open(place.url) as journal, journal.writing() as tx:
        tx.connection.exec_driver_sql(f"UPDATE {VERSION_TABLE} SET version_num = '9999'")
    try:
        refused(place.url, "installez la version du programme", [*COMMANDS[1:]])
        assert "✗ Version des tables : 9999" in run(["check"], place.url).output
    finally:
        if place.dialect == "postgresql":
            place.drop()
            place.__dict__.pop("url")


@pytest.mark.parametrize(
    "broken", ["DROP INDEX uq_invoice_locks_held", "ALTER TABLE outbox DROP COLUMN begun_at"]
)
def test_check_finds_a_lost_key_or_column(place, broken):
    """The version says that all is well; the keys that carry the promise say otherwise."""
    with Journal.open(place.url) as journal, journal.writing() as tx:
        tx.connection.exec_driver_sql(broken)
    try:
        result = run(["check"], place.url)
        assert 1 == result.exit_code
        lost = "invoice_locks(invoice_reference, tenant)" if "INDEX" in broken else "outbox.begun_at"
        assert f"✗ Colonnes et clés uniques : {lost}" in result.output
    finally:
        if place.dialect == "postgresql":
            place.drop()
            place.__dict__.pop("url")


@contextmanager
def as_nobody():
    """Be a user without rights, where the tests run as root; a user who is not root has none to lose."""
    if os.geteuid():
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_reader_may_check_and_nothing_else(kept):
    """A file that may only be read can be looked at; everything else says which right is missing."""
    folder = kept.parent
    opened = [path for path in folder.parents if str(path).startswith("/tmp/")]
    modes = [(path, path.stat().st_mode) for path in (kept, folder, *opened)]
    url = f"sqlite:///{kept}"
    # Loads what the commands need, which the other user may not be able to read.
    run(["check"], url)
    for path in opened:
        path.chmod(0o755)
    kept.chmod(0o444)
    folder.chmod(0o555)
    (folder / "rak.db-gate").chmod(0o444)
    try:
        with as_nobody():
            refused(url, "droits", [["upgrade"], ["purge"]])
    finally:
        for path, mode in modes:
            path.chmod(mode)


def test_a_reader_of_a_server_may_check_and_nothing_else(postgres):
    """The same with a role that may only read."""
    url = postgres.database()
    name = url.split("/")[3].split("?")[0]
    postgres.execute(
        "CREATE ROLE reader LOGIN", f"GRANT CONNECT ON DATABASE {name} TO reader", "GRANT USAGE ON SCHEMA public TO reader",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO reader", database=name,
    )  # fmt: skip
    reading = url.replace("postgres@", "reader@")
    try:
        result = run(["check"], reading)
        assert f"✓ Version des tables : {HEAD}" in result.output
        assert 0 == run(["purge", "--dry-run"], reading).exit_code
        refused(reading, "n'a pas les droits", [["purge"]])
        postgres.execute(f"UPDATE {VERSION_TABLE} SET version_num = '0004'", database=name)
        refused(reading, "n'a pas les droits", [["upgrade"]])
    finally:
        postgres.drop(url)
        postgres.execute("DROP ROLE reader")


def test_every_setting_has_a_sentence():
    """Whatever setting the library finds wrong, the operator reads what to do about it; and no sentence is left over."""
    folder = Path(rak_billing_package.__file__).parent
    calls = [
        node.args[0].value
        for path in folder.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "JournalSettingError"
    ]
    assert set(SETTINGS) == set(calls)


def test_other_causes_have_sentences():
    """A cut connection, an altered value, a missing key, and what nobody foresaw."""
    assert "reprend où elle en était" in sentence_of(CommitUnknownError("x"))
    assert "orders.customer_name" in sentence_of(SealError("orders.customer_name", "altered"))
    assert "la clé 0a0b0c0d" in sentence_of(SealError("attempts.email", "x", "0a0b0c0d"))
    assert "rien n'a été changé : x" in sentence_of(JournalError("x"))
