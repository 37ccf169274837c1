"""``rak-billing fees``: what a treasurer reads."""

from importlib import resources

import pytest
from click.testing import CliRunner

from rak_billing.cli.root import rak_billing

GUIDE = resources.files("rak_billing.fees").joinpath("presets", "rak-2018.toml").read_text("utf-8")


def run(*arguments):
    result = CliRunner().invoke(rak_billing, ["fees", *map(str, arguments)])
    return result.exit_code, result.output.replace("\u202f", " ").replace("\u00a0", " ")


def test_the_commands_are_listed():
    """Help names them without loading a schedule."""
    code, output = run("--help")
    assert 0 == code
    assert "check" in output
    assert "explain" in output
    assert (2, True) == (run("nothing")[0], "No such command" in run("nothing")[1])


def test_check_shows_what_a_schedule_costs():
    """Sample amounts, the border amounts of the rounding mode, and the law."""
    code, output = run("check", "rak-2018")
    assert 0 == code
    assert "218,83 DH   2,41 DH   2,19 DH   0,22 DH    0,00 DH" in output
    assert "15,00 DH  0,17 DH    0,16 DH    0,16 DH" in output
    assert "Circulaire du ministère de l'Intérieur n° 1017" in output


def test_check_shows_other_amounts():
    """Amounts are typed as they are written."""
    output = run("check", "rak-2018", "--amount", "1 234,56", "--amount", "99.90")[1]
    assert "1 234,56 DH  13,58 DH" in output
    assert "99,90 DH   1,10 DH" in output


def test_check_shows_several_invoices_where_their_number_counts(tmp_path):
    """Four are one block and five are two; a fee on the total alone needs no such table."""
    output = run("check", "per-4-invoices")[1]
    assert "4 × 100,00 DH  0,00 DH  0,00 DH   0,00 DH    1,80 DH" in output
    assert "5 × 100,00 DH  0,00 DH  0,00 DH   0,00 DH    3,60 DH" in output
    assert "Plusieurs factures" not in run("check", "rak-2018")[1]
    (tmp_path / "t.toml").write_text(GUIDE.replace('point = "gross"', 'point = "gross-per-invoice"'), "utf-8")
    assert "113,02 DH + 105,81 DH  2,40 DH" in run("check", tmp_path / "t.toml")[1]


def test_check_shows_the_given_amounts_together_too():
    """A single one has no company."""
    output = run("check", "per-4-invoices", *["--amount", "10"] * 5)[1]
    assert "5 × 10,00 DH" in output
    assert "Plusieurs factures" not in run("check", "per-4-invoices", "--amount", "10")[1]


def test_check_describes_each_rule_of_each_schedule():
    """Whom it is for and who bears the fee."""
    code, output = run("check", "ma-2024", "--strict")
    assert 0 == code
    assert "Règle 1 : cartes moroccan ; à la charge de : opérateur" in output
    assert "Aucun texte connu ne s'oppose à ce barème" in output
    assert "Le mode d'arrondi ne change rien jusqu'à" in run("check", "fixed")[1]
    assert "jusqu'au 31/12/2023" in run("check", "fixed")[1]


def test_strict_fails_on_a_finding():
    """For a script that guards a deployment."""
    assert 1 == run("check", "rak-2018", "--strict")[0]


def test_a_file_that_is_no_tariff_fails_with_file_key_and_reason(tmp_path):
    """The answer is no: status 1."""
    (tmp_path / "t.toml").write_text(GUIDE.replace('percent = "1.1"', "percent = 1.1"), "utf-8")
    code, output = run("check", tmp_path / "t.toml")
    assert 1 == code
    assert "t.toml, clé « rules[1].percent » : expected an exact number as text" in output
    assert (1, True) == (run("check", "rak-1918")[0], "expected one of" in run("check", "rak-1918")[1])


def test_a_file_that_cannot_be_read_is_a_wrong_use(tmp_path):
    """Status 2, with the system's reason."""
    assert 2 == run("check", tmp_path / "none.toml")[0]


def test_a_fee_beyond_all_amounts_is_said(tmp_path):
    """No traceback for an absurd tariff."""
    absurd = GUIDE.replace('percent = "1.1"', 'fixed = "9999999.99"').replace('"included"', '"added"')
    (tmp_path / "t.toml").write_text(absurd, "utf-8")
    code, output = run("check", tmp_path / "t.toml")
    assert (1, True) == (code, "dépassent tout montant" in output)


def test_explain_shows_every_step():
    """The guide's payment, in French and in English."""
    code, output = run("explain", "rak-2018", "113,02", "105,81", "--date", "2018-09-10")
    assert 0 == code
    assert "Part proportionnelle : 218,83 × 1,1 ÷ 100 = 2,40713" in output
    assert output.endswith("Frais du client : 2,41 DH\n")
    assert "« … » : d'autres décimales suivent" in output
    assert "« … »" not in run("explain", "percent-min", "100", "--card", "international")[1]
    assert output.startswith("Factures : 113,02 + 105,81 = 218,83 DH\n")
    english = run("explain", "rak-2018", "218,83", "--date", "2018-09-10", "--language", "en")[1]
    assert "Rounded to 0.01 DH" in english
    assert english.startswith("Schedule rak-2018")
    assert english.endswith("The customer's fee: 2.41 DH\n")


def test_explain_speaks_the_currency_of_the_schedule(tmp_path):
    """An amount without a unit is one of the tariff's."""
    (tmp_path / "t.toml").write_text(
        GUIDE.replace('version = "1"', 'version = "1"\ncurrency = "EUR"'), "utf-8"
    )
    output = run("explain", tmp_path / "t.toml", "100", "18,83", "--language", "en")[1]
    assert output.startswith("Invoices: 100.00 + 18.83 = 118.83 EUR\n")
    assert output.endswith("The customer's fee: 1.31 EUR\n")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (("rak-2018", "1,234"), 2, "n'est pas un montant"),
        (("rak-2018",), 2, "MONTANT"),
        (("rak-2018", "10", "--date", "10/09/2018"), 2, "--date"),
        (
            ("rak-2018", "10", "--date", "2017-01-01"),
            1,
            "ne vaut pas le 01/01/2017 : il vaut du 01/01/2018 sans fin connue",
        ),
        (("fixed", "10", "--date", "2024-01-01"), 1, "il vaut du 01/01/2020 au 31/12/2023"),
        (
            ("ma-2024", "10", "--card", "international"),
            1,
            "aucune règle du barème ma-2024 n'est pour ce paiement",
        ),
        (("rak-2018", "9999999,99", "9999999,99"), 1, "9,999,999.99"),
    ],
)
def test_what_cannot_be_explained_is_said(arguments, code, words):
    """Wrong use is status 2, no fee is status 1."""
    status, output = run("explain", *arguments)
    assert (code, True) == (status, words in output)
