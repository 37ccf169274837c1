"""`rak-billing fees simulate`: files in, totals and rows out."""

from datetime import date

import click
import duckdb
import pytest
from click.testing import CliRunner

from rak_billing.bulk.duckdb_engine import duckdb_engine
from rak_billing.bulk.invoice_columns import InvoiceColumns, reading_query
from rak_billing.bulk.simulation import simulate
from rak_billing.cli.root import rak_billing
from rak_billing.errors import InvoiceFileError
from rak_billing.fees.compiled.rule_numbers import Refusal
from rak_billing.fees.tariff import Tariff

DAY = date(2018, 9, 10)
GUIDE = "SELECT * FROM (VALUES ('A', 11302), ('A', 10581), ('B', 11302)) AS bills(paiement, amount)"


def run(*arguments):
    return CliRunner().invoke(rak_billing, ["fees", "simulate", *map(str, arguments)])


def plain(text):
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


@pytest.fixture
def write(tmp_path):
    """Write the rows of a query to a file, Parquet or CSV by its name."""

    def write(query, name="invoices.parquet"):
        duckdb.sql(f"COPY ({query}) TO '{tmp_path / name}'")
        return tmp_path / name

    return write


def test_the_guides_bills_cost_what_the_guide_says(write):
    """Grouped by payment: 2,41 DH for both together and 1,24 DH for the one; the customer pays."""
    done = run("--tariff", "rak-2018", "--payment", "paiement", "--on", "2018-09-10", write(GUIDE))
    assert 0 == done.exit_code, done.output
    assert "rak-2018 1 2 3 331,85 DH 3,65 DH 3,32 DH 0,33 DH 0,00 DH 0,00 DH 0,00 DH" in plain(done.output)


def test_each_row_is_a_payment_unless_told_otherwise(write):
    """Rounding each row by itself: 1,24 + 1,16 + 1,24."""
    done = run("--tariff", "rak-2018", "--on", "2018-09-10", write(GUIDE))
    assert "rak-2018 1 3 3 331,85 DH 3,64 DH" in plain(done.output)


@pytest.mark.parametrize(
    ("query", "name", "unit"),
    [
        ("SELECT 21883 AS amount", "a.parquet", "centimes"),
        ("SELECT 21883::SMALLINT AS amount", "a.parquet", "centimes"),
        ("SELECT 21883::UBIGINT AS amount", "a.parquet", "centimes"),
        ("SELECT 218.83::DECIMAL(9, 2) AS amount", "a.parquet", "dirhams"),
        ("SELECT '218,83' AS amount", "a.parquet", "dirhams"),
        ("SELECT '218.83' AS amount", "a.csv", "dirhams"),
        ("SELECT '21883' AS amount, '2018-09-10' AS date", "a.csv", "centimes"),
        ("SELECT 21883 AS amount, DATE '2018-09-10' AS date", "a.parquet", "centimes"),
    ],
)
def test_amounts_come_in_every_exact_form(write, query, name, unit):
    """Whole centimes of any width, decimals, and text with a comma or a point."""
    done = run("--tariff", "rak-2018", "--on", "2018-09-10", "--unit", unit, write(query, name))
    assert 0 == done.exit_code, done.output
    assert "rak-2018 1 1 1 218,83 DH 2,41 DH" in plain(done.output)


@pytest.mark.parametrize(
    ("query", "unit", "reason"),
    [
        (
            "SELECT 218.83::DOUBLE AS amount",
            "dirhams",
            "« amount » n'est pas d'un type exact : attendu, des dirhams",
        ),
        (
            "SELECT 218.83::DOUBLE AS amount",
            "centimes",
            "« amount » n'est pas d'un type exact : attendu, des centimes",
        ),
        (
            "SELECT 218.83 AS amount",
            "centimes",
            "« amount » n'est pas d'un type exact : attendu, des centimes",
        ),
        (
            "SELECT 218.830::DECIMAL(9, 3) AS amount",
            "dirhams",
            "« amount » n'est pas d'un type exact : attendu, des dirhams",
        ),
        ("SELECT 1 AS montant", "centimes", "pas de colonne « amount » ; il y a : montant"),
        (
            "SELECT 1 AS amount, TIMESTAMPTZ '2018-09-10 23:30:00+01' AS date",
            "centimes",
            "heure légale du Maroc",
        ),
    ],
)
def test_what_cannot_be_exact_is_refused_with_the_column(write, query, unit, reason):
    """Floating point, a third decimal, an instant whose day depends on a zone."""
    done = run("--tariff", "rak-2018", "--unit", unit, write(query))
    assert 1 == done.exit_code
    assert reason in done.output


@pytest.mark.parametrize(
    "option", ["--date", "--card", "--brand", "--channel", "--customer-class", "--reference"]
)
def test_a_column_that_is_named_must_be_there(write, option):
    """A slip must not price all payments alike."""
    done = run("--tariff", "rak-2018", option, "nope", write("SELECT 1 AS amount"))
    assert (1, True) == (done.exit_code, "pas de colonne « nope »" in done.output)


def test_payments_without_a_price_are_counted_by_reason(write):
    """The rest is priced, and the exit code says that something is left."""
    query = "SELECT * FROM (VALUES ('21883', 'moroccan'), ('abc', 'moroccan'), ('-5', 'moroccan'), ('1', 'x')) AS t(amount, card)"
    done = run("--tariff", "rak-2018", "--on", "2018-09-10", write(query, "a.csv"))
    assert 1 == done.exit_code
    assert "Total 1 1 218,83 DH 2,41 DH" in plain(done.output)
    assert "Sans prix : 2 paiements, montant absent, illisible" in plain(done.output)
    assert "Sans prix : 1 paiement, aucune règle pour cette carte" in plain(done.output)


@pytest.mark.parametrize("name", ["fees.parquet", "fees.csv"])
def test_the_output_has_a_row_for_each_payment(write, tmp_path, name):
    """With its rule, its parts in centimes and who pays."""
    output = tmp_path / name
    query = (
        "SELECT '''x\\' AS reference, * FROM (VALUES (21883, 'moroccan'), (21883, 'nope')) AS t(amount, card)"
    )
    done = run("--tariff", "rak-2018", "--on", "2018-09-10", "--output", output, write(query))
    assert f"Paiements écrits dans {output}" in done.output
    rows = duckdb.sql(f"SELECT * FROM '{output}' ORDER BY refusal NULLS FIRST")
    names = rows.columns
    priced, refused = (dict(zip(names, row, strict=True)) for row in rows.fetchall())
    assert ("'x\\", 1, 21883) == (priced["payment"], priced["invoices"], priced["total"])
    assert (241, 219, 22) == (priced["gross"], priced["net"], priced["vat"])
    assert (0, 0, 0) == (priced["merchant_cost"], priced["merchant_net"], priced["merchant_vat"])
    assert ("rak-2018", "1") == (priced["schedule"], str(priced["version"]))
    assert ("rule", None) == (refused["refusal"], refused["gross"])


def test_whole_dirhams_are_amounts_too(write):
    """100 DH are 10 000 centimes; what would overflow is refused, not wrapped."""
    query = "SELECT unnest([100, 9223372036854775807]) AS amount"
    done = run("--tariff", "rak-2018", "--on", "2018-09-10", "--unit", "dirhams", write(query))
    assert (1, True) == (done.exit_code, "Total 1 1 100,00 DH 1,10 DH" in plain(done.output))
    assert "Sans prix : 1 paiement, montant absent" in plain(done.output)


def test_a_dated_tariff_is_picked_row_by_row(write):
    """Each day has its schedule, in one run."""
    query = (
        "SELECT 10000 AS amount, day AS date FROM (VALUES (DATE '2023-12-31'), (DATE '2024-01-01')) AS t(day)"
    )
    tariff = Tariff.of(Tariff.preset("rak-2018").schedules[0])
    with duckdb_engine() as engine:
        answer = simulate(engine, tariff, write(query), InvoiceColumns(on=DAY))
    assert [(2, 20000, 220)] == [(own.payments, own.total, own.gross) for own in answer.rules]
    early = write("SELECT 10000 AS amount, DATE '2017-12-31' AS date")
    with duckdb_engine() as engine:
        assert {Refusal.DAY: 1} == simulate(engine, tariff, early, InvoiceColumns(on=DAY)).refused


def test_a_hostile_column_name_is_only_a_name(write):
    """Quotes in it end nothing."""
    done = run(
        "--tariff",
        "rak-2018",
        "--on",
        "2018-09-10",
        "--amount",
        'a"; DROP',
        write('SELECT 21883 AS "a""; DROP"'),
    )
    assert 0 == done.exit_code, done.output


@pytest.mark.parametrize("name", ["empty.parquet", "empty.csv"])
def test_a_file_that_is_none_is_refused(tmp_path, name):
    """With its name."""
    (tmp_path / name).write_bytes(b"\x00\xff\x00")
    done = run("--tariff", "rak-2018", tmp_path / name)
    assert (1, True) == (done.exit_code, name in done.output), done.output


def test_an_output_that_cannot_be_written_says_so(write, tmp_path):
    """And names the file."""
    with duckdb_engine() as engine, pytest.raises(InvoiceFileError, match=r"fees\.csv"):
        engine.write("SELECT 1", tmp_path / "nowhere" / "fees.csv")


def test_memory_is_a_size(write):
    """And nothing else reaches the engine's settings."""
    done = run("--tariff", "rak-2018", "--memory", "lots", write("SELECT 1 AS amount"))
    assert (2, True) == (done.exit_code, "512MB" in done.output)


def test_an_unnamed_fact_stays_unknown(write):
    """What no column says fits no list of words."""
    with duckdb_engine() as engine:
        table = engine.table(write("SELECT 1 AS amount"))
        (row,) = engine.rows(f"SELECT * FROM {reading_query(table, InvoiceColumns(on=DAY))}", table)
    assert (None, 1, DAY, "moroccan", None, None, None) == row


def test_without_the_extra_the_command_names_it(monkeypatch, write):
    """Whoever installed less learns what is missing."""
    monkeypatch.setitem(__import__("sys").modules, "rak_billing.bulk.duckdb_engine", None)
    done = run("--tariff", "rak-2018", write("SELECT 1 AS amount"))
    assert (1, True) == (done.exit_code, "cmi-gateway[bulk]" in done.output)
    assert isinstance(done.exception, SystemExit | click.ClickException)


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_a_spreadsheets_csv_is_read_as_it_comes(tmp_path, separator):
    """With its mark of UTF-8, its separator, its quotes around what contains one, and its line ends."""
    path = tmp_path / "a.csv"
    rows = [
        ["paiement", "montant", "note"],
        ["A", '"113,02"', f'"a{separator}b"'],
        ["A", '"105,81"', '"dit ""x"""'],
    ]
    path.write_bytes("\ufeff".encode() + "".join(f"{separator.join(row)}\r\n" for row in rows).encode())
    asked = ["--payment", "paiement", "--amount", "montant", "--unit", "dirhams", "--on", "2018-09-10"]
    done = run("--tariff", "rak-2018", *asked, path)
    assert 0 == done.exit_code, done.output
    assert "rak-2018 1 1 2 218,83 DH 2,41 DH" in plain(done.output)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "ce fichier est vide"),
        (b"a,amount\nA,100\nB,200,300\n", "autant de colonnes"),
        (b"a,amount\n" + b"A,100\n" * 30_000 + b"B,200,300\n", "autant de colonnes"),
        ("a,amount\né,100\n".encode("latin-1"), "UTF-8"),
    ],
    ids=["empty", "odd row", "odd row far down", "Latin-1"],
)
def test_a_file_that_breaks_off_prices_nothing(tmp_path, content, reason):
    """However far down it breaks: the reason in French, and no output that looks whole."""
    path, output = tmp_path / "a.csv", tmp_path / "fees.csv"
    path.write_bytes(content)
    done = run("--tariff", "rak-2018", "--output", output, path)
    assert (1, True, False) == (done.exit_code, reason in done.output, output.exists()), done.output


@pytest.mark.parametrize(
    ("name", "reason"), [("a.csv", "qui serait perdu"), ("b.txt", "ni par .parquet ni par .csv")]
)
def test_an_output_that_would_be_a_mistake_is_refused(tmp_path, name, reason):
    """The invoices themselves, and a file whose ending says neither of the two forms."""
    path = tmp_path / "a.csv"
    path.write_text("amount\n100\n")
    done = run("--tariff", "rak-2018", "--output", tmp_path / name, path)
    assert (2, True, "amount\n100\n") == (done.exit_code, reason in done.output, path.read_text())


def test_an_output_of_an_earlier_run_is_replaced(write, tmp_path):
    """As long as it is not the invoices."""
    output = tmp_path / "fees.csv"
    output.write_text("old")
    done = run("--tariff", "rak-2018", "--on", "2018-09-10", "--output", output, write(GUIDE))
    assert (0, True) == (done.exit_code, output.read_text().startswith("payment,"))
