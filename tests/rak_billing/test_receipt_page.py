"""The receipt as the customer reads it."""

import html as html_module

import html5lib
import pytest
from bs4 import BeautifulSoup
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.errors import ReceiptError
from rak_billing.quote import QuoteLine
from support.bills import guide_receipt

FACTS = [
    ("Date de paiement", "10/09/2018 10:48:58"),
    ("N° de paiement", "032437"),
    ("Code d'autorisation", "448788"),
    ("Méthode de paiement", "VISA"),
    ("N° de carte de paiement", "**** **** **** 0010"),
    ("N° transaction", "18253Kw4H12730"),
    ("Nom", "M. B… A…"),
    ("Email", "client@example.com"),
    ("Nom du marchand", "RAK (600000099)"),
    ("NUM_CONTRAT", "123456789"),
    ("Numéro de reçu de paiement", "10000764160"),
    ("Paiement constaté en agence le", "11/09/2018"),
]
WORDS = [
    "REÇU DE PAIEMENT",
    "Votre paiement a été accepté",
    "DÉTAIL DE PAIEMENT",
    "INFORMATIONS DU CLIENT",
    "DÉTAIL DE LA COMMANDE",
    "Référence",
    "Description",
    "Montant",
    "Total",
    "Votre paiement sera constaté au niveau de votre agence RAK le jour J+1",
    "(ou J+2 si le paiement est effectué après 22h) après le paiement.",
    "Vous pouvez imprimer le reçu et le garder comme preuve de paiement.",
    "GERANCE:ELECTRICITE, PERIODE:01/02/2018, DATE ECHEANCE:14/04/2018",
    "Frais du service en ligne (dont TVA 0,11 DH)",
    "Régie Autonome de Distribution d'Eau d'Electricité",
    "ICE 000000000000000",
]


def page(receipt=None, **options):
    return BeautifulSoup((receipt or guide_receipt()).html(**options), "html5lib")


def folded(text):
    return " ".join(text.split())


@pytest.mark.parametrize(("label", "value"), FACTS)
def test_the_text_states_every_fact(label, value):
    """Each label of the guide stands beside its value (rules R45 to R52)."""
    facts = dict(line.split(" : ", 1) for line in guide_receipt().text().splitlines() if " : " in line)
    assert value == {name.strip(): fact for name, fact in facts.items()}[label]


def test_the_page_states_every_fact():
    """The page holds the same labels and values, in the same order."""
    rows = [(row.dt.text, row.dd.text) for row in page().select("dl div")]
    assert FACTS == rows


@pytest.mark.parametrize("words", WORDS)
def test_text_and_page_use_the_guides_words(words):
    """Titles, headings, promise and lines read the same in both."""
    assert words in folded(guide_receipt().text())
    assert words in folded(page().get_text(" "))


def test_the_lines_are_those_of_the_order():
    """References, descriptions and amounts as paid, in dirhams (rule R53)."""
    rows = [
        [folded(cell.text) for cell in row.select("th,td")] for row in page().select("tbody tr, tfoot tr")
    ]
    assert [
        ["123456789", "GERANCE:ELECTRICITE, PERIODE:01/02/2018, DATE ECHEANCE:14/04/2018", "113,02 DH"],
        ["FRAIS", "Frais du service en ligne (dont TVA 0,11 DH)", "1,24 DH"],
        ["Total", "114,26 DH"],
    ] == rows


def test_the_text_lists_amounts_in_a_column():
    """Amounts end in one column, with ordinary spaces that can be searched for."""
    lines = guide_receipt().text().splitlines()
    amounts = [line for line in lines if line.endswith(" DH")]
    assert ["123456789  113,02 DH", "FRAIS        1,24 DH", "Total      114,26 DH"] == amounts


def test_unknown_facts_show_a_dash():
    """A label stays even where the gateway gave nothing."""
    receipt = guide_receipt(
        payment_number=None,
        authorization_code=None,
        method=None,
        last_four=None,
        transaction_id=None,
        customer_name="",
    )
    assert 6 == receipt.text().count(": —\n")
    assert 6 == [row.dd.text for row in page(receipt).select("dl div")].count("—")


def test_the_address_shows_when_there_is_one():
    """It is optional on a receipt."""
    assert "Adresse" not in guide_receipt().text()
    assert (
        "Adresse                        : 12 RUE … KENITRA"
        in guide_receipt(customer_address="12 RUE … KENITRA").text()
    )


def test_vat_shows_only_where_it_is_known():
    """A fee without its parts is shown alone."""
    assert "TVA" not in guide_receipt(fee_net=None, fee_vat=None).text()


def test_the_page_is_valid_html():
    """A strict parser finds nothing to correct."""
    parser = html5lib.HTMLParser(strict=True)
    parser.parse(
        guide_receipt().html(return_url="https://www.rak.ma/", print_script_url="/static/p.js", nonce="n0")
    )


def test_the_page_needs_nothing_else():
    """No script, no file, no remote address."""
    bare = page()
    assert [] == bare.select("script, link, img, iframe, [src], [href], [onclick]")
    assert "url(" not in bare.style.string


def test_the_page_prints_and_fits_a_phone():
    """A4 in print, the screen's width on a phone, links left out on paper."""
    made = page(return_url="/")
    assert "@page{size:A4" in made.style.string
    assert "@media print{.ecran{display:none}" in made.style.string
    assert "width=device-width, initial-scale=1" == made.select_one("meta[name=viewport]")["content"]
    assert "ecran" in made.select_one("a").parent["class"]


def test_the_page_can_be_read_aloud():
    """Language, one main title, and headers for every row and column."""
    made = page()
    assert ("fr", 1) == (made.html["lang"], len(made.select("main h1")))
    assert ["col", "col", "col"] == [cell["scope"] for cell in made.select("thead th")]
    assert all(cell["scope"] == "row" for cell in made.select("tbody th, tfoot th"))


def test_the_page_keeps_its_address_to_itself():
    """The secret link of a receipt leaks neither to other sites nor to search engines."""
    made = page()
    assert "no-referrer" == made.select_one("meta[name=referrer]")["content"]
    assert "noindex" == made.select_one("meta[name=robots]")["content"]


def test_the_way_back_is_offered():
    """The guide's link leads to the operator (rule R44)."""
    link = page(return_url="https://www.rak.ma/?a=1&b=2").select_one("a")
    assert ("Cliquez ici pour retourner au site marchand", "https://www.rak.ma/?a=1&b=2") == (
        link.text,
        link["href"],
    )


def test_a_portal_can_bring_its_print_button():
    """With a script the button waits hidden for it; without, the page says how to print (rule R43)."""
    made = page(print_script_url="/static/imprimer.js")
    assert ("Imprimer", True) == (made.button.text, made.button.has_attr("hidden"))
    assert "/static/imprimer.js" == made.script["src"]
    assert "Imprimer : Ctrl + P" in page().text


def test_a_button_that_no_script_wakes_is_replaced_by_words():
    """A browser that runs no script shows how to print instead (rule R43)."""
    assert (
        "Imprimer : Ctrl + P, ou le menu de votre navigateur." == page(print_script_url="/p.js").noscript.text
    )


def test_a_nonce_is_for_style_and_script():
    """A strict content policy can let the page's own style and the portal's script in, and no other."""
    made = page(nonce="abc123", print_script_url="/p.js")
    assert ("abc123", "abc123") == (made.style["nonce"], made.script["nonce"])


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "www.rak.ma", "https://a b", "/\\evil"]
)
@pytest.mark.parametrize("option", ["return_url", "print_script_url"])
def test_only_web_addresses_become_links(option, url):
    """No configuration can put a script behind a link."""
    with pytest.raises(ReceiptError, match=option):
        guide_receipt().html(**{option: url})


@given(st.text(alphabet=st.sampled_from("<>&\"'{}/script=oné ")))
def test_whatever_is_in_the_facts_stays_text(hostile):
    """No name, description or footer can add an element to the page."""
    receipt = guide_receipt(
        customer_name=hostile,
        email=hostile,
        method=hostile,
        contract_label=hostile,
        merchant_name=hostile,
        operator_name=hostile,
        operator_footer=hostile,
        lines=(QuoteLine(hostile, hostile, Money(11302)), QuoteLine("FRAIS", hostile, Money(124))),
    )
    assert guide_receipt().html().count("<") == receipt.html().count("<")
    assert html_module.escape(hostile) in receipt.html()


def test_text_cannot_command_a_terminal():
    """Escape sequences and line feeds in a fact become spaces."""
    shown = guide_receipt(customer_name="M. \x1b[2JB…\r\nBcc: x").text()
    assert "\x1b" not in shown
    assert "Nom                            : M.  [2JB…  Bcc: x\n" in shown
