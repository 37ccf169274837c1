"""The catalogue: the guide's words to the letter, and no sentence anywhere else."""

import re
from importlib.resources import files

import pytest

from rak_billing.portal.texts import Texts

PORTAL = files("rak_billing.portal")
TEMPLATES = [file for file in PORTAL.joinpath("templates").iterdir() if file.name.endswith((".html", ".svg"))]
FRENCH = Texts.load("fr")

VERBATIM = """
site.service = Service de paiement en ligne
identification.title = Identifiants du client
identification.email = Email
identification.email_again = Confirmer votre email
identification.check = Code de vérification
human.robot = Je ne suis pas un robot
identification.card = Type Carte Bancaire
identification.card_moroccan = Carte Bancaire Marocaine
identification.card_international = Carte Bancaire Internationale
identification.nothing = Aucune Facture à payer ou identifiants client inexistant
customer.name = Nom & Prenom
customer.address = Adresse
customer.email = E-mail
selection.title = Liste des factures
selection.reference = Référence
selection.description = Description
selection.amount = Montant TTC
recap.title = Récapitulatif des factures à payer
recap.total = Total général TTC
recap.pay = Payer
outcome.paid_title = Votre paiement a été accepté
entry.start = Payez vos factures en ligne.
"""


@pytest.mark.parametrize("line", VERBATIM.strip().splitlines())
def test_the_guides_words_are_kept_to_the_letter(line):
    """What support quotes from the guide stands on the pages exactly so."""
    key, _, expected = line.partition(" = ")
    assert expected == FRENCH.value(key)


@pytest.mark.parametrize(
    ("expected", "key"),
    [
        ("Guide de paiement en ligne des factures de la RAK", "site.guide_link"),
        ("Retour au site de la RAK", "site.return_link"),
    ],
)
def test_the_operators_name_comes_from_its_configuration(expected, key):
    """The two links that name the operator are the guide's once RAK fills them in."""
    assert expected == FRENCH.text(key, operator="RAK")


def test_the_three_totals_are_worded_as_in_the_guide():
    """Rule R21, with the figures of the guide."""
    text = FRENCH.text("selection.totals", invoices="218,83 DH", fee="2,41 DH")
    assert "Total des factures : 218,83 DH -- Frais du service en ligne : 2,41 DH" == text
    assert "Total Général : 221,24 DH" == FRENCH.text("selection.grand_total", total="221,24 DH")


def test_templates_ask_only_for_texts_that_exist():
    """A missing text fails here, not on a customer's page."""
    keys = {
        key
        for file in TEMPLATES
        for key in re.findall(r"(?:\bt|texts\.value)\('([a-z_.]+)'[,)]", file.read_text())
    }
    assert len(keys) > 50
    for key in keys:
        FRENCH.value(key)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda file: file.name)
def test_templates_hold_no_sentence(template):
    """Another language is another catalogue, so templates hold markup only."""
    bare = re.sub(
        r'\{[{%#].*?[}%#]\}|<[^>]*>|&nbsp;|[a-z-]+="[^"]*"',
        " ",
        template.read_text(encoding="utf-8"),
        flags=re.DOTALL,
    )
    assert not re.findall(r"[^\W\d_]{2,}", bare)


@pytest.mark.parametrize("name", [f.name for f in PORTAL.iterdir() if f.name.endswith(".py")])
def test_code_holds_no_french(name):
    """Strings of the code carry no accented letter: French stands in the catalogue, and in docstrings as quotations."""
    source = PORTAL.joinpath(name).read_text(encoding="utf-8")
    code = re.sub(r'""".*?"""|#.*', "", source, flags=re.DOTALL if '"""' in source else 0)
    assert not re.findall(r'"[^"\n]*[àâçéèêîôûÀÉ«][^"\n]*"', re.sub(r"#[^\n]*", "", code))


def test_what_fills_a_text_is_escaped():
    """A bill with markup in it stays text on the page."""
    assert "Payer la facture &lt;b&gt;" == str(FRENCH.markup("selection.select_one", reference="<b>"))


def test_an_unknown_key_names_itself():
    """A typing error in a key is found by its name."""
    with pytest.raises(KeyError, match=r"recap\.nonsense"):
        FRENCH.text("recap.nonsense")


def test_every_number_of_the_question_has_a_word():
    """The human check asks in words for terms up to twelve."""
    assert 13 == len(FRENCH.value("human.numbers"))
