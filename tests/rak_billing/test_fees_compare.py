"""`rak-billing fees compare`: what a change of tariff costs whom."""

from datetime import date

import duckdb
import pytest
from bs4 import BeautifulSoup
from click.testing import CliRunner

from rak_billing.bulk.comparison import BRACKETS, Comparison, Group, compare, total_of
from rak_billing.bulk.comparison_page import comparison_page
from rak_billing.bulk.duckdb_engine import duckdb_engine
from rak_billing.bulk.invoice_columns import InvoiceColumns
from rak_billing.cli.root import rak_billing
from rak_billing.errors import NotCompilableError
from rak_billing.fees.compiled.rule_numbers import Refusal
from rak_billing.fees.tariff import Tariff
from support.fees import changed, rule, schedule

DAY = date(2024, 6, 1)
RAK_2018 = Tariff.preset("rak-2018")
BILLS = """
SELECT * FROM (VALUES
  (11302, 'residential', 'moroccan'), (21883, 'residential', 'moroccan'), (1000000, 'business', 'moroccan'),
  (5000, NULL, 'moroccan'), (5000, NULL, 'nope')
) AS bills(amount, customer_class, card)"""


@pytest.fixture
def bills(tmp_path):
    duckdb.sql(f"COPY ({BILLS}) TO '{tmp_path / 'bills.parquet'}'")
    return tmp_path / "bills.parquet"


def plain(text):
    return " ".join(text.replace("\u00a0", " ").replace("\u202f", " ").split())


def absorbed():
    return Tariff.of(changed(RAK_2018.schedules[0], bearer="utility"))


def answer(bills, before=RAK_2018, after=None):
    with duckdb_engine() as engine:
        return compare(engine, before, after or absorbed(), bills, InvoiceColumns(on=DAY))


def test_who_pays_more_and_who_less_adds_up(bills):
    """What the customers save is what the operator pays, group by group, and nothing else changes."""
    found = answer(bills)
    assert [("business", 5), ("residential", 1), ("residential", 2), (None, 0)] == [
        (group.customer_class, group.bracket) for group in found.groups
    ]
    assert [-11000, -124, -241, -55] == [group.customer_change for group in found.groups]
    assert all(group.merchant_change == -group.customer_change for group in found.groups)
    assert {Refusal.RULE: 1} == found.refused


def test_a_total_adds_every_figure_up(bills):
    """The last line of the table is the sum of the others."""
    whole = total_of(answer(bills).groups)
    assert (4, 11302 + 21883 + 1000000 + 5000, 11420, 0) == (
        whole.payments, whole.total, whole.customer_before, whole.customer_after,
    )  # fmt: skip
    assert (0, 4) == (whole.dearer, whole.cheaper)


def test_a_bracket_ends_with_its_last_amount(tmp_path):
    """100,00 DH belong to the first bracket, a centime more to the second."""
    path = tmp_path / "a.parquet"
    amounts = [amount + more for amount in BRACKETS for more in (0, 1)]
    duckdb.sql(f"COPY (SELECT unnest({amounts}) AS amount) TO '{path}'")
    assert [(0, 1), (1, 2), (2, 2), (3, 2), (4, 2), (5, 1)] == [
        (group.bracket, group.payments) for group in answer(path).groups
    ]


def test_a_tariff_against_itself_changes_nothing(bills):
    """No group has a change."""
    found = answer(bills, after=RAK_2018)
    assert {(0, 0, 0, 0)} == {
        (group.customer_change, group.merchant_change, group.dearer, group.cheaper) for group in found.groups
    }


def test_two_currencies_are_not_compared(bills):
    """There is no rate of exchange here."""
    euros = Tariff.of(schedule(rule(percent=RAK_2018.schedules[0].rules[0].percent), currency="EUR"))
    with pytest.raises(NotCompilableError, match="in EUR cannot be compared with one in MAD"):
        answer(bills, after=euros)


def test_the_command_prints_the_table_and_writes_the_report(bills, tmp_path):
    """In French, with signs; a payment without a price shows in the exit code."""
    report = tmp_path / "ecart.html"
    asked = [
        "fees",
        "compare",
        "rak-2018",
        "ma-2024",
        str(bills),
        "--on",
        "2024-06-01",
        "--html",
        str(report),
    ]
    done = CliRunner().invoke(rak_billing, asked)
    assert 1 == done.exit_code, done.output
    text = plain(done.output)
    assert "residential jusqu'à 200,00 DH 1 113,02 DH 1,24 DH 0,00 DH -1,24 DH" in text
    assert "Écart pour les clients : -114,20 DH, TVA comprise." in text
    assert "Sans prix : 1 paiement, aucune règle" in text
    assert "de rak-2018 à ma-2024" in report.read_text(encoding="utf-8")


def test_without_a_refusal_the_command_ends_well(tmp_path):
    """Exit code 0."""
    (tmp_path / "a.csv").write_text("amount\n11302\n")
    asked = ["fees", "compare", "rak-2018", "rak-2018", str(tmp_path / "a.csv"), "--on", "2018-09-10"]
    assert 0 == CliRunner().invoke(rak_billing, asked).exit_code


def test_the_chart_is_beside_a_table_that_says_the_same(bills):
    """Every amount of the picture can be read without it; no script is needed."""
    page = BeautifulSoup(comparison_page(answer(bills), "rak-2018", "a < b"), "html.parser")
    cells = {cell.get_text() for cell in page.select("td")}
    drawn = [text.get_text() for text in page.select("svg text[text-anchor]")]
    assert (8, True) == (len(drawn), set(drawn) <= cells)
    assert page.svg["role"] == "img"
    for name in ("aria-labelledby", "aria-describedby"):
        assert page.find(id=page.svg[name]).get_text()
    assert not page.select("script")
    assert page.caption.get_text()
    assert all(head["scope"] for head in page.select("th"))
    assert "a < b" in page.h1.get_text()


def test_bars_stay_inside_the_picture(bills):
    """Whatever their sign and size."""
    page = BeautifulSoup(comparison_page(answer(bills), "a", "b"), "html.parser")
    width = int(page.svg["viewbox"].split()[2])
    for bar in page.select("svg rect"):
        assert 0 <= int(bar["x"]) <= int(bar["x"]) + int(bar["width"]) <= width


def test_words_of_the_file_are_only_words():
    """A class of customers with tags in its name shows them, and a long one is cut in the picture only."""
    name = "<script>alert(1)</script>" + "x" * 60
    group = Group(name, 0, 1, 100, 1, 1, 0, 0, 0, 0)
    text = comparison_page(Comparison("MAD", (group,), {}), "a", "b")
    assert "<script>" not in text
    page = BeautifulSoup(text, "html.parser")
    assert name == page.select("tbody th")[0].get_text()
    assert "…" in page.svg.get_text()


def test_nothing_to_compare_has_no_chart():
    """Only the sentences and an empty table."""
    page = BeautifulSoup(comparison_page(Comparison("MAD", (), {}), "a", "b"), "html.parser")
    assert (None, "Comparaison de 0 paiement") == (page.svg, page.p.get_text()[:25])


@pytest.mark.parametrize(
    ("name", "code", "reason"), [("a.csv", 2, "qui serait perdu"), ("nowhere/a.html", 1, "ne s'écrit pas")]
)
def test_a_report_that_would_be_a_mistake_is_refused(tmp_path, name, code, reason):
    """The invoices themselves, and a folder that is not there."""
    path = tmp_path / "a.csv"
    path.write_text("amount\n100\n")
    asked = ["fees", "compare", "rak-2018", "rak-2018", str(path), "--html", str(tmp_path / name)]
    done = CliRunner().invoke(rak_billing, asked)
    assert (code, True, "amount\n100\n") == (done.exit_code, reason in done.output, path.read_text())


EUROS = """
id = "euros"
version = "1"
follows = "a contract"
currency = "EUR"
valid_from = 2018-01-01
[[rules]]
bearer = "customer"
percent = "1"
vat = { mode = "exempt" }
rounding = { point = "gross", mode = "half-up", quantum = 1 }
"""


def test_two_currencies_are_refused_in_french(tmp_path):
    """As everything is that ends the command."""
    euros, path = tmp_path / "euros.toml", tmp_path / "a.csv"
    path.write_text("amount\n100\n")
    euros.write_text(EUROS)
    done = CliRunner().invoke(rak_billing, ["fees", "compare", "rak-2018", str(euros), str(path)])
    assert 1 == done.exit_code
    assert "en EUR ne se compare pas à un barème en MAD" in done.output


def test_the_chart_needs_no_colour(bills):
    """One kind of bar is filled, the other hollow, and the key says which."""
    page = BeautifulSoup(comparison_page(answer(bills), "a", "b"), "html.parser")
    key = [text.get_text() for text in page.select("svg text")][:2]
    assert ["clients (plein)", "opérateur (vide)"] == key
    assert ".operateur{fill:#fff" in page.style.get_text()
