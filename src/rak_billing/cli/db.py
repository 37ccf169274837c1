"""``rak-billing db``: the journal's database, looked at, brought up to date and cleared of what is old."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from rak_billing.cli import db_texts
from rak_billing.cli.db_refusals import sentence_of
from rak_billing.clock import utc_now
from rak_billing.errors import JournalError, JournalSettingError

if TYPE_CHECKING:
    from sqlalchemy import ClauseElement, Engine

    from rak_billing.payments.journal import Journal

_DATABASE: Final = click.option(
    "--database",
    metavar="URL",
    envvar="RAK_BILLING_DATABASE",
    show_envvar=True,
    required=True,
    help="sqlite:///rak.db ou postgresql://… ; par l'environnement si elle contient un mot de passe.",
)
_KEYS: Final = click.option(
    "--keys-file",
    metavar="FICHIER",
    envvar="RAK_BILLING_KEYS_FILE",
    show_envvar=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Clés de chiffrement du journal, une par ligne, la plus récente d'abord.",
)


class _Group(click.Group):
    """Ends a command with a sentence that says what to do, whatever the database or the library refused."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except Exception as error:
            if not _is_refusal(error):
                raise
            raise click.ClickException(sentence_of(error)) from None


def _is_refusal(error: Exception) -> bool:
    # The database's library is loaded where it is used, so its errors are told by where they are from.
    is_library = type(error).__module__ == "sqlalchemy.exc"
    return is_library or isinstance(error, (JournalError, sqlite3.Error))


def _look(database: str, *, may_be_new: bool = False) -> bool:
    from rak_billing.payments.databases import url_of  # noqa: PLC0415 - loaded when it is needed
    from rak_billing.payments.sqlite import file_of  # noqa: PLC0415 - as above
    from rak_billing.payments.sqlite_files import look_at_file  # noqa: PLC0415 - as above

    url = url_of(database)
    if url.get_backend_name() == "sqlite" and file_of(url) is None:
        raise JournalSettingError("url", "expected a file: what is in memory is gone when the command ends")
    return look_at_file(url, may_be_new=may_be_new)


@contextmanager
def _engine(database: str) -> Iterator[Engine]:
    from rak_billing.payments.databases import engine_of  # noqa: PLC0415 - as above

    engine = engine_of(database)
    try:
        yield engine
    finally:
        engine.dispose()


def _journal(database: str, keys_file: Path | None) -> Journal:
    from rak_billing.payments.journal import Journal  # noqa: PLC0415 - as above

    _look(database)
    keys = [] if keys_file is None else keys_file.read_text(encoding="ascii", errors="replace").split()
    return Journal.open(database, upgrade=False, keys=keys)


@click.group("db", cls=_Group)
def command() -> None:
    """La base de données du journal."""


@command.command()
@_DATABASE
@click.option("--sql", is_flag=True, help="Montrer les instructions au lieu de les exécuter.")
def upgrade(*, database: str, sql: bool) -> None:
    """Créer les tables, ou les amener à la version de ce programme."""
    from rak_billing.payments.preparing import prepare  # noqa: PLC0415 - as above
    from rak_billing.payments.versions import HEAD  # noqa: PLC0415 - as above
    from rak_billing.portal.schema import metadata  # noqa: PLC0415 - as above

    is_there = _look(database, may_be_new=True)
    # No file is made only to be looked at.
    with _engine("sqlite://" if sql and not is_there else database) as engine:
        if sql:
            click.echo(f"{_journal_statements(engine)}\n{_portal_statements(engine)}")
            return
        found = prepare(engine, metadata.create_all)
    click.echo(db_texts.upgraded(found, HEAD))


def _journal_statements(engine: Engine) -> str:
    """Give what would bring the journal's tables up to date."""
    from sqlalchemy import inspect  # noqa: PLC0415 - as above

    from rak_billing.payments.sqlite import READ_ONLY  # noqa: PLC0415 - as above
    from rak_billing.payments.upgrading import statements  # noqa: PLC0415 - as above
    from rak_billing.payments.versions import HEAD, VERSION_TABLE, version_of  # noqa: PLC0415 - as above

    with engine.connect() as connection:
        connection.execution_options(**{READ_ONLY: True})
        found, is_marked = version_of(connection), inspect(connection).has_table(VERSION_TABLE)
    if found == HEAD:
        return db_texts.NOTHING_TO_DO
    return statements(engine.dialect.name, found, is_marked=is_marked)


def _portal_statements(engine: Engine) -> str:
    """Give what would create the portal's two tables, which it makes itself where it may."""
    from sqlalchemy.schema import CreateIndex, CreateTable  # noqa: PLC0415 - as above

    from rak_billing.portal.schema import metadata  # noqa: PLC0415 - as above

    wanted: list[ClauseElement] = []
    for table in metadata.sorted_tables:
        wanted.append(CreateTable(table, if_not_exists=True))
        wanted += [CreateIndex(index, if_not_exists=True) for index in table.indexes]
    return "".join(f"\n{str(element.compile(dialect=engine.dialect)).strip()};\n" for element in wanted)


@command.command()
@_DATABASE
@click.option(
    "--integrity",
    is_flag=True,
    help="Lire chaque page d'un fichier SQLite et l'historique de chaque paiement ; peut durer.",
)
def check(*, database: str, integrity: bool) -> None:
    """
    Examiner la base : tables, réglages, disque, horloge.

    Le code de sortie est 0 si tout va bien ou mérite seulement attention, et 1 s'il y a une erreur.
    """
    from rak_billing.payments.checking import Level, check_database  # noqa: PLC0415 - as above

    _look(database)
    with _engine(database) as engine:
        findings = check_database(engine, now=utc_now(), integrity=integrity)
    for finding in findings:
        click.echo(db_texts.line_of(finding))
    if any(finding.level is Level.ERROR for finding in findings):
        raise SystemExit(1)


@command.command()
@_DATABASE
@_KEYS
@click.option("--dry-run", is_flag=True, help="Compter seulement ; rien n'est effacé.")
def purge(*, database: str, keys_file: Path | None, dry_run: bool) -> None:
    """Effacer ce qui a été gardé assez longtemps ; les totaux restent."""
    from rak_billing.payments import purging  # noqa: PLC0415 - as above

    work: Any = purging.due if dry_run else purging.purge
    with _journal(database, keys_file) as journal:
        counts = work(journal, now=utc_now())
    for kind, count in counts.items():
        click.echo(f"{db_texts.KINDS[kind]} : {count}")
    click.echo(db_texts.ONLY_COUNTED if dry_run else db_texts.PURGED)


@command.command()
@_DATABASE
@_KEYS
def reencrypt(*, database: str, keys_file: Path | None) -> None:
    """Chiffrer avec la clé la plus récente ce qui est en clair ou chiffré avec une ancienne."""
    from rak_billing.payments.resealing import reseal  # noqa: PLC0415 - as above

    with _journal(database, keys_file) as journal:
        counts = reseal(journal)
    for place, count in counts.items():
        click.echo(f"{place} : {count}")
