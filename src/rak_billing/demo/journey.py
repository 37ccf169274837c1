"""
The guide's six steps, walked by a `rak_billing.demo.customer.Customer`: what ``rak-billing demo --headless`` does.

Each step takes the page that the one before led to, does what the guide tells a customer to do there, and gives
the next page. `pay_bill` does them all.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from rak_billing.demo.customer import Customer, find_work
from rak_billing.demo.servers import RunningDemo
from rak_billing.demo.web_page import JourneyError, Page
from rak_billing.display import amount_text, date_text
from rak_billing.receipt import Receipt

__all__ = [
    "accept",
    "card_values",
    "choose",
    "come_back",
    "identification",
    "identify",
    "pay_bill",
    "pay_card",
]

VISA: Final = "4000 0000 0000 0010"
EMAIL: Final = "client@example.com"

_CARD_PAGE: Final = "DEMANDE DE PAIEMENT"
_CODE_PAGE: Final = "Authentification 3-D Secure"
_RECEIPT: Final = "REÇU DE PAIEMENT"
#: What the gateway shows when its callback was not answered: the portal may hear of the payment later.
_UNCONFIRMED: Final = "Reçu d'autorisation de paiement"
_PAUSE: Final = 0.1


def identification(customer: Customer, portal_url: str) -> Page:
    """Step 1: from the entry page to the form."""
    return customer.follow(customer.open(f"{portal_url}/"), "Payez vos factures en ligne.")


def identify(
    customer: Customer, form: Page, customer_ref: str, *, email: str = EMAIL, card: str = "moroccan"
) -> Page:
    """Step 2: say who pays, and do the work that keeps programs out."""
    check = form.soup.select_one("#check")
    if check is None:
        raise JourneyError(f"la page « {form.heading} » n'a pas de vérification « Je ne suis pas un robot »")
    work = find_work(str(check["data-token"]), int(str(check["data-difficulty"])))
    return customer.press(
        form,
        "Valider",
        customer_ref=customer_ref,
        email=email,
        email_again=email,
        card=card,
        check_work=work,
    )


def choose(customer: Customer, bills: Page, references: Iterable[str]) -> Page:
    """Step 3: tick invoices and go on to the recap."""
    return customer.press(bills, "Valider", invoice=tuple(references))


def accept(customer: Customer, recap: Page) -> Page:
    """Step 4: accept the terms and press « Payer »; gives the gateway's page, or whatever the portal shows instead."""
    handed_over = customer.press(recap, "Payer", terms="yes")
    return hand_over(customer, handed_over)


def hand_over(customer: Customer, page: Page) -> Page:
    """Press the button of a page that posts itself where scripts run; any other page is given back as it is."""
    form = page.soup.find("form", action=lambda action: bool(action) and "est3Dgate" in str(action))
    button = form.find("button") if form else None
    return customer.press(page, " ".join(button.get_text(" ").split())) if button else page


def pay_card(customer: Customer, card_page: Page, number: str = VISA, *, code: str = "123") -> Page:
    """Step 5: fill in the gateway's card form, and the 3-D Secure code where it is asked for."""
    page = customer.press(card_page, "Valider le paiement", **card_values(card_page, number))
    if page.heading == _CODE_PAGE:
        page = customer.press(page, "Confirmer", code=code)
    return page


def card_values(card_page: Page, number: str) -> dict[str, str]:
    """Give what a customer types into the card form: the latest year that the page offers, and any code."""
    years = [str(year["value"]) for year in card_page.soup.select("[name$=ExpDate_Year] option")]
    if not years:
        raise JourneyError(f"la page « {card_page.heading} » n'est pas celle du paiement par carte")
    return {
        "cardHolderName": "Ahmed Benali",
        "pan": number,
        "Ecom_Payment_Card_ExpDate_Month": "12",
        "Ecom_Payment_Card_ExpDate_Year": years[-1],
        "cv2": "987",
        "choix1": "on",
    }


def come_back(customer: Customer, result: Page) -> Page:
    """Step 6: from the gateway's result page back to the portal."""
    return customer.press(result, "Cliquez ici pour retourner au site marchand")


def pay_bill(
    demo: RunningDemo,
    customer_ref: str,
    references: Iterable[str],
    *,
    say: Callable[[str], None] = lambda _: None,
    patience: float = 15.0,
) -> Receipt:
    """
    Walk the whole journey over HTTP, and give the receipt that its last page shows.

    Args:
        demo: The servers.

        customer_ref: Who pays.

        references: What.

        say: Is told each step that succeeded, in French.

        patience: Seconds to wait for the confirmation and its mail.

    Raises:
        JourneyError: a step failed; says which and why.
    """
    with Customer() as customer:
        form = _at(identification(customer, demo.portal_url), "Identifiants du client")
        bills = _at(identify(customer, form, customer_ref), "Liste des factures")
        say("identification : les factures du client sont affichées")
        recap = _at(choose(customer, bills, references), "Récapitulatif des factures à payer")
        say(f"récapitulatif : {recap.rows[-1][-1]} à payer, frais compris")
        card_page = _at(accept(customer, recap), _CARD_PAGE)
        say("page de paiement du simulateur ouverte")
        result = _at(pay_card(customer, card_page), _RECEIPT, _UNCONFIRMED)
        say("carte acceptée par le simulateur")
        page = _wait(customer, come_back(customer, result), patience)
        say("retour sur le portail : le reçu est affiché")
    receipt = _receipt(demo, page)
    _await_mail(demo, receipt, patience)
    say("mail de confirmation reçu")
    return receipt


def _at(page: Page, *headings: str) -> Page:
    """Check that the journey is where it should be."""
    if page.heading in headings:
        return page
    problem = page.soup.select_one("[role=alert]:not([hidden])") or page.soup.select_one(".note")
    reason = f" : {' '.join(problem.get_text(' ').split())}" if problem else ""
    raise JourneyError(
        f"page « {headings[0]} » attendue, « {page.heading} » reçue (HTTP {page.status}){reason}"
    )


def _wait(customer: Customer, page: Page, patience: float) -> Page:
    """Look again, as the pending page asks, until the receipt is there."""
    deadline = time.monotonic() + patience
    while page.heading != _RECEIPT and time.monotonic() < deadline:
        time.sleep(_PAUSE)
        page = customer.open(page.url)
    return _at(page, _RECEIPT)


def _receipt(demo: RunningDemo, page: Page) -> Receipt:
    """Find the receipt behind the page's secret link, and check that the page shows what it says."""
    receipt = demo.checkout.receipt(page.url.rpartition("/")[2])
    if receipt is None:
        raise JourneyError("le lien de la dernière page n'est pas celui d'un reçu")
    for shown in (receipt.number, date_text(receipt.posting_date), amount_text(receipt.total)):
        if " ".join(shown.split()) not in page.text:
            raise JourneyError(f"la page du reçu ne montre pas {shown}")
    return receipt


def _await_mail(demo: RunningDemo, receipt: Receipt, patience: float) -> None:
    # The mail goes out after the gateway has its answer, so it may come later than the page.
    deadline = time.monotonic() + patience
    while not any(receipt.number.encode() in mail.read_bytes() for mail in demo.mail_folder.glob("*.eml")):
        if time.monotonic() > deadline:
            raise JourneyError("le mail de confirmation n'est pas arrivé")
        time.sleep(_PAUSE)
