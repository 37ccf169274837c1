"""The fee as a column of Spark, against the evaluation; and the command with Spark as its engine."""

from datetime import date
from fractions import Fraction

import duckdb
import pytest
from click.testing import CliRunner
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from cmi_gateway.money import MAX_CENTIMES
from rak_billing.bulk.invoice_columns import AmountUnit, InvoiceColumns
from rak_billing.bulk.simulation import simulate
from rak_billing.cli.root import rak_billing
from rak_billing.errors import InvoiceFileError, NotCompilableError
from rak_billing.fees.compiled.payments_query import payments_query, read_tariff
from rak_billing.fees.compiled.sql import SPARK
from rak_billing.fees.tariff import Tariff
from rak_billing.testing.fees import tariffs
from support.bulk import Payment, payments, truth
from support.counts import count
from support.fees import DAY, rule, schedule
from support.spark import needs_spark

pytestmark = needs_spark

RAK_2018 = Tariff.preset("rak-2018")
WIDE = Tariff.of(schedule(rule(percent=Fraction(123456789012345, 10**16), rounding={"mode": "half-even"})))
#: The largest quotient has 19 digits, as the largest number of 64 bits.
NEAR = Tariff.of(
    schedule(
        rule(
            percent=Fraction(100, 13),
            rounding={"mode": "half-even", "intermediate_quantum": Fraction(1, 10**11)},
        )
    )
)
TYPES = "payment string, amount bigint, day date, card string, brand string, channel string, customer_class string"


@pytest.fixture(scope="module")
def spark():
    from rak_billing.bulk.spark_engine import spark_engine

    with spark_engine() as engine:
        # A task for each of a few dozen rows costs more than their fees.
        engine.session.conf.set("spark.sql.shuffle.partitions", "1")
        yield engine


def check(spark, drawn_tariffs, drawn):
    """Price all payments by all tariffs in one query: a query costs Spark a second, however small it is."""
    rows = [row for number, payment in enumerate(drawn) for row in payment.rows(str(number))]
    spark.session.createDataFrame(rows, TYPES).createOrReplaceTempView("drawn")
    readings = [read_tariff(tariff, SPARK, f"t{place}_") for place, tariff in enumerate(drawn_tariffs)]
    answer = spark.session.sql(payments_query("drawn", readings, SPARK, is_grouped=True)).collect()
    found = {row["payment"]: row.asDict() for row in answer}
    for number, payment in enumerate(drawn):
        for place, tariff in enumerate(drawn_tariffs):
            names = [f"t{place}_{name}" for name in ("gross", "net", "merchant_gross", "merchant_net")]
            own = tuple(
                None if found[str(number)][name] is None else int(found[str(number)][name]) for name in names
            )
            assert truth(tariff, payment) == own, (tariff, payment)


@settings(max_examples=count(1, 24), phases=[Phase.generate])
@given(
    drawn_tariffs=st.lists(tariffs(most_schedules=2), min_size=2, max_size=2),
    drawn=st.lists(payments(), min_size=20, max_size=40),
)
def test_rows_cost_what_the_evaluation_says(spark, drawn_tariffs, drawn):
    """For any tariff and any payments: gross, net and who pays, to the centime."""
    check(spark, drawn_tariffs, drawn)


def test_numbers_of_more_than_64_bits_stay_exact(spark):
    """In decimals of 38 digits, where a division gives 64 bits."""
    check(spark, [WIDE, NEAR], [Payment((MAX_CENTIMES,), DAY, "moroccan"), Payment((5, 10), DAY, "moroccan")])


@pytest.mark.parametrize(
    ("facts", "digits"),
    [
        ({"percent": Fraction(10**40 + 1, 10**41)}, 50),
        # Small enough for 38 digits, but a quantum of a million-millionth leaves a quotient beyond 64 bits.
        (
            {
                "percent": Fraction(100, 13),
                "rounding": {"mode": "half-up", "intermediate_quantum": Fraction(1, 10**12)},
            },
            20,
        ),
    ],
)
def test_what_cannot_be_exact_is_refused_by_name(facts, digits):
    """Beyond 38 digits there is no whole number, and beyond 64 bits no quotient."""
    tariff, reason = Tariff.of(schedule(rule(**facts))), f"needs whole numbers of {digits} digits"
    with pytest.raises(NotCompilableError, match=reason) as caught:
        payments_query("drawn", [read_tariff(tariff, SPARK)], SPARK, is_grouped=True)
    assert "Spark" == caught.value.engine


@pytest.mark.parametrize(
    ("query", "name", "unit"),
    [
        ("SELECT 218.83::DECIMAL(9, 2) AS amount", "a.parquet", "dirhams"),
        ("SELECT '218,83' AS amount, '2018-09-10' AS date, 'a;b' AS note", "a.csv", "dirhams"),
        (
            "SELECT 21883::BIGINT AS amount, DATE '2018-09-10' AS date, 'moroccan' AS card",
            "a.parquet",
            "centimes",
        ),
    ],
)
def test_files_are_read_as_duckdb_reads_them(spark, tmp_path, query, name, unit):
    """The same columns, the same units, the same totals."""
    form = "(HEADER, DELIMITER ';')" if name.endswith("csv") else ""
    duckdb.sql(f"COPY ({query}) TO '{tmp_path / name}' {form}")
    columns = InvoiceColumns(on=date(2018, 9, 10), unit=AmountUnit(unit))
    answer = simulate(spark, RAK_2018, tmp_path / name, columns)
    assert [(1, 1, 21883, 241, 219)] == [
        (own.payments, own.invoices, own.total, own.gross, own.net) for own in answer.rules
    ]


@pytest.mark.parametrize("name", ["fees.parquet", "fees.csv"])
def test_the_output_is_a_folder_of_rows(spark, tmp_path, name):
    """As Spark's outputs are; one that exists is not overwritten."""
    invoices, output = tmp_path / "a.parquet", tmp_path / name
    duckdb.sql(f"COPY (SELECT 21883::BIGINT AS amount, '''x\\' AS reference) TO '{invoices}'")
    columns = InvoiceColumns(on=date(2018, 9, 10))
    simulate(spark, RAK_2018, invoices, columns, output)
    (row,) = duckdb.sql(f"SELECT payment, gross, schedule FROM '{output}/*{output.suffix}'").fetchall()
    assert ("'x\\", 241, "rak-2018") == (row[0], int(row[1]), row[2])
    with pytest.raises(InvoiceFileError, match=name):
        simulate(spark, RAK_2018, invoices, columns, output)


def test_what_is_no_file_of_invoices_is_refused(spark, tmp_path):
    """With its name; and floating point is refused here too."""
    (tmp_path / "none.parquet").write_bytes(b"none")
    with pytest.raises(InvoiceFileError, match="none"):
        spark.table(tmp_path / "none.parquet")
    (tmp_path / "empty.csv").touch()
    with pytest.raises(InvoiceFileError, match="is empty"):
        spark.table(tmp_path / "empty.csv")
    (tmp_path / "odd.csv").write_text("a,amount\nA,100\nB,200,300\n")
    with pytest.raises(InvoiceFileError, match=r"odd\.csv"):
        simulate(spark, RAK_2018, tmp_path / "odd.csv", InvoiceColumns(on=DAY))
    duckdb.sql(f"COPY (SELECT 1.5::DOUBLE AS amount, 1.555 AS other) TO '{tmp_path / 'a.parquet'}'")
    for column in ("amount", "other"):
        with pytest.raises(InvoiceFileError, match="exactly"):
            simulate(spark, RAK_2018, tmp_path / "a.parquet", InvoiceColumns(on=DAY, amount=column))


@pytest.mark.parametrize(("missing", "words"), [("module", "cmi-gateway[spark]"), ("java", "besoin de Java")])
def test_without_spark_or_java_the_command_says_so(monkeypatch, tmp_path, missing, words):
    """And which of the two it is."""
    if missing == "module":
        monkeypatch.setitem(__import__("sys").modules, "rak_billing.bulk.spark_engine", None)
    monkeypatch.setattr("rak_billing.cli.fees.invoice_options.shutil.which", lambda _name: None)
    (tmp_path / "a.csv").write_text("amount\n1\n")
    asked = ["fees", "simulate", "--tariff", "rak-2018", "--engine", "spark", str(tmp_path / "a.csv")]
    done = CliRunner().invoke(rak_billing, asked)
    assert (1, True) == (done.exit_code, words in done.output)
