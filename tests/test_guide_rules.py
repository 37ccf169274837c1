"""Rules of the guide that concern the whole journey rather than one page of it."""

import pytest

from rak_billing.demo.journey import accept, choose, come_back, identification, identify, pay_card
from support.journey_kit import GUIDE, RECEIPT, A, town

#: How the gateway names its card fields, and how browsers mark such fields.
CARD_FIELDS = (
    "pan",
    "cv2",
    "cardHolderName",
    "Ecom_Payment_Card_ExpDate_Month",
    "Ecom_Payment_Card_ExpDate_Year",
)


@pytest.fixture
def place(tmp_path):
    with town(tmp_path) as served:
        yield served


def portal_pages(place):
    """Walk to the receipt; give every page of the portal on the way."""
    customer = place.customer
    yield customer.open(f"{place.demo.portal_url}/")
    yield (form := identification(customer, place.demo.portal_url))
    yield (bills := identify(customer, form, GUIDE))
    yield (recap := choose(customer, bills, [A]))
    yield (handed_over := customer.press(recap, "Payer", terms="yes"))
    card_page = customer.press(handed_over, "Continuer vers le paiement")
    yield come_back(customer, pay_card(customer, card_page))


def test_no_account_and_no_card_on_our_pages(place):
    """Rules R01, R31, R34: from the welcome to the receipt nobody logs in, and no page of ours asks for a card."""
    pages = list(portal_pages(place))
    assert "Bienvenue au site de paiement en ligne des factures" in pages[0].text
    assert RECEIPT == pages[-1].heading
    for page in pages:
        assert [] == page.soup.select("input[type=password], [autocomplete^=cc-]")
        assert [] == [name for name in CARD_FIELDS if page.soup.find(attrs={"name": name})]


def test_the_card_form_asks_what_the_guide_shows(place):
    """Rule R34: five inputs, a second terms box and « Valider le paiement », all on the gateway's side."""
    page = place.card_page([A])
    form = page.soup.find("form", id="card-form")
    named = {field["name"] for field in form.find_all(["input", "select"]) if field.get("type") != "hidden"}
    assert {*CARD_FIELDS, "choix1"} == named
    assert not page.url.startswith(place.demo.portal_url)


def test_the_recap_names_the_customer(place):
    """Rule R27: name, address and e-mail under the guide's labels, the e-mail as it was typed."""
    facts = place.recap([A]).facts
    assert ("M. B… A…", "12 RUE … KENITRA") == (facts["Nom & Prenom"], facts["Adresse"])
    assert "client@example.com" == facts["E-mail"]


@pytest.mark.parametrize("card", ["moroccan", "international"])
def test_the_card_type_is_kept_with_the_order(place, card):
    """Rule R11: what the customer said of the card is written down with the order, whatever it costs."""
    form = identification(place.customer, place.demo.portal_url)
    page = accept(
        place.customer, choose(place.customer, identify(place.customer, form, GUIDE, card=card), [A])
    )
    with place.demo.checkout.journal.reading() as tx:
        attempt = tx.orders.attempt(page.facts["Identifiant"])
        assert card == tx.orders.order(attempt.order_reference).card


def test_the_mail_repeats_the_receipt(place):
    """Rules R41, R42: one mail to the typed address, with the figures of the receipt and the day of posting."""
    receipt = come_back(place.customer, pay_card(place.customer, place.card_page([A])))
    (mail,) = place.mails()
    text = mail.get_body(("plain",)).get_content()
    assert "client@example.com" == mail["To"]
    shown = ("Numéro de reçu de paiement", "N° transaction", "Paiement constaté en agence le")
    assert [] == [label for label in shown if receipt.facts[label] not in text]
