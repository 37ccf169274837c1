"""What a customer sees and does in a real browser: with and without JavaScript, on a desk and on a phone."""

import os
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path

import attrs
import pytest

from cmi_gateway.money import Money
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import Selector
from rak_billing.tenant import Tenant
from support.browser_kit import AUDIT, DESKTOP, PHONE, chromium, fill_card, identify, visit
from support.fees import changed
from support.journey_kit import CARD_PAGE, CHANGED, GUIDE, MANDATORY, NOTHING, RECEIPT, A, B, town
from support.simulator_kit import DECLINED_51, MASTERCARD, VISA, Clock

pytestmark = pytest.mark.browser

PICTURE = Path(__file__).parent.parent / "docs" / "images" / "portal.png"
SUMS_A = (
    "Total des factures : 113,02 DH -- Frais du service en ligne : 1,24 DH",
    "Total Général : 114,26 DH",
)
SUMS_AB = (
    "Total des factures : 218,83 DH -- Frais du service en ligne : 2,41 DH",
    "Total Général : 221,24 DH",
)
NOTHING_YET = (
    "Total des factures : 0,00 DH -- Frais du service en ligne : 0,00 DH",
    "Total Général : 0,00 DH",
)
BILLS, RECAP = "Liste des factures", "Récapitulatif des factures à payer"


@pytest.fixture(scope="module")
def browser():
    with chromium() as started:
        yield started


@pytest.fixture
def place(tmp_path):
    with town(tmp_path / "demo") as served:
        yield served


@pytest.fixture
def window(browser, place, tmp_path, request):
    """Open a window, closed before the servers stop; at the end the browser must not have complained of anything."""
    asked = getattr(request, "param", {})
    with visit(browser, tmp_path, **asked) as opened:
        yield opened
    assert [] == opened.complaints


@pytest.fixture
def bills(window, place):
    """Stand before the list of the guide's two invoices."""
    identify(window, place.demo.portal_url, GUIDE)
    window.arrive(BILLS)
    return window


def totals(window, expected):
    """Wait until the totals read so."""
    for words in expected:
        window.page.locator("#totaux").get_by_text(words, exact=True).wait_for()


def paid(window, sums):
    """Check that the receipt's total is the one that was shown before paying."""
    total = sums[1].removeprefix("Total Général : ")
    assert window.page.locator("tfoot").get_by_text(total, exact=True).is_visible()


def header(window):
    """Tell the header box's state: ticked, not, or between."""
    box = window.page.locator("#all")
    return "between" if box.evaluate("box => box.indeterminate") else box.is_checked()


def to_the_gateway(window):
    window.press("Valider")
    window.arrive(RECAP)
    window.page.get_by_label("J'ai lu et j'accepte les").check()
    window.press("Payer")


@pytest.mark.parametrize("window", [{"size": DESKTOP}, {"size": PHONE}], indirect=True, ids=["desk", "phone"])
@pytest.mark.parametrize(("chosen", "sums"), [([A], SUMS_A), ([A, B], SUMS_AB)], ids=["A", "AB"])
def test_a_customer_pays_with_script(window, place, chosen, sums):
    """A customer clicks from the entry page to the receipt; totals follow the ticks, and pages forward themselves."""
    identify(window, place.demo.portal_url, "123 456.789")
    window.arrive(BILLS)
    for reference in chosen:
        window.toggle(reference)
    totals(window, sums)
    window.shot("selection")
    to_the_gateway(window)
    window.arrive(CARD_PAGE)
    window.shot("gateway")
    fill_card(window, VISA)
    window.arrive(RECEIPT)
    window.shot("receipt")
    paid(window, sums)


@pytest.mark.parametrize("tariff", ["per-4-invoices", "percent-min", "ma-2024"])
def test_live_totals_are_the_servers_whatever_the_tariff(browser, tmp_path, tariff):
    """What the ticks show is what « Recalculer » shows to a customer without JavaScript, to the letter."""
    day = Clock(datetime(2024, 9, 10, 9, 48, tzinfo=UTC))
    for_any_card = changed(FeeSchedule.preset(tariff), when=Selector())
    tenant = attrs.evolve(Tenant.preset("rak"), fee_schedule=for_any_card)
    shown = []
    with town(tmp_path / "demo", clock=day, tenant=tenant) as place:
        for script in (True, False):
            with visit(browser, tmp_path, script=script) as window:
                identify(window, place.demo.portal_url, GUIDE, script=script)
                window.arrive(BILLS)
                window.page.get_by_role("row").filter(has_text=A).get_by_role("checkbox").check()
                window.page.get_by_role("row").filter(has_text=B).get_by_role("checkbox").check()
                if not script:
                    window.press("Recalculer")
                    window.page.wait_for_load_state()
                window.page.locator("#totaux").get_by_text("Total des factures : 218,83 DH").wait_for()
                shown.append(window.page.locator("#totaux").inner_text())
    assert shown[0] == shown[1]


@pytest.mark.parametrize(
    "window",
    [{"size": DESKTOP, "script": False}, {"size": PHONE, "script": False}],
    indirect=True,
    ids=["desk", "phone"],
)
@pytest.mark.parametrize(("chosen", "sums"), [([A], SUMS_A), ([A, B], SUMS_AB)], ids=["A", "AB"])
def test_a_customer_pays_without_script(window, place, chosen, sums):
    """Without JavaScript the same way leads to the same receipt: a sum to answer, « Recalculer », and two more buttons."""
    identify(window, place.demo.portal_url, GUIDE, script=False)
    totals(window, NOTHING_YET)
    for reference in chosen:
        window.toggle(reference)
    window.press("Recalculer")
    totals(window, sums)
    window.shot("selection-plain")
    to_the_gateway(window)
    window.press("Continuer vers le paiement")
    fill_card(window, VISA)
    window.press("Cliquez ici pour retourner au site marchand")
    window.arrive(RECEIPT)
    paid(window, sums)
    assert window.page.get_by_role("button", name="Imprimer").is_hidden()


def test_the_header_box_ticks_and_unticks_all(bills):
    """The header box selects all and none, and stands between while some are ticked; totals follow at once."""
    totals(bills, NOTHING_YET)
    assert header(bills) is False
    bills.toggle(A)
    totals(bills, SUMS_A)
    assert "between" == header(bills)
    bills.page.locator("#all").click()
    totals(bills, SUMS_AB)
    assert header(bills) is True
    bills.page.locator("#all").click()
    totals(bills, NOTHING_YET)
    assert bills.page.get_by_role("button", name="Recalculer").is_hidden()


def test_the_keyboard_does_what_the_mouse_does(bills):
    """Ticks, totals and « Valider » work from the keyboard alone."""
    bills.page.locator("#facture-1").focus()
    bills.page.keyboard.press("Space")
    totals(bills, SUMS_A)
    bills.page.get_by_role("button", name="Valider").focus()
    bills.page.keyboard.press("Enter")
    bills.arrive(RECAP)


def test_a_mandatory_line_stays_ticked(window, place):
    """An exigible invoice cannot be unticked: by its line, by the header box, or from the keyboard."""
    identify(window, place.demo.portal_url, MANDATORY)
    window.arrive(BILLS)
    locked = window.page.locator("[data-locked]")
    window.toggle("383180117105")
    window.page.locator("#all").click()
    window.page.locator("#all").click()
    locked.press("Space")
    assert locked.is_checked()
    assert window.page.get_by_text("EXIGIBLE (paiement obligatoire)").is_visible()


def test_the_guide_opens_beside_the_entries(window, place):
    """The guide opens in a tab of its own; what was typed is still there."""
    window.page.goto(f"{place.demo.portal_url}/identification")
    window.page.get_by_label("Code Client").fill("123456789")
    with window.page.expect_popup() as opened:
        window.follow("Guide de paiement en ligne des factures de la RAK")
    title = "Guide de paiement en ligne par carte bancaire des Factures de la RAK"
    assert title == opened.value.locator("h1").inner_text()
    assert "123456789" == window.page.get_by_label("Code Client").input_value()


def test_an_old_page_pays_nothing_twice(bills):
    """Whoever opens the recap again after paying is told that the invoices have changed."""
    bills.toggle(A)
    bills.press("Valider")
    bills.arrive(RECAP)
    recap = bills.page.url
    bills.page.get_by_label("J'ai lu et j'accepte les").check()
    bills.press("Payer")
    bills.arrive(CARD_PAGE)
    fill_card(bills, VISA)
    bills.arrive(RECEIPT)
    bills.page.goto(recap)
    assert CHANGED == bills.heading
    assert 0 == bills.page.get_by_text(A, exact=True).count()


def test_a_declined_card_may_be_followed_by_another(bills):
    """A refusal is told on the gateway's page; a card with 3-D Secure then leads to the receipt."""
    bills.toggle(A)
    to_the_gateway(bills)
    bills.arrive(CARD_PAGE)
    fill_card(bills, DECLINED_51)
    bills.page.get_by_text("Provision insuffisante (51)").wait_for()
    fill_card(bills, MASTERCARD)
    bills.page.get_by_label("Code reçu de votre banque").fill("123")
    bills.press("Confirmer")
    bills.arrive(RECEIPT)


def test_the_receipt_prints(bills):
    """« Imprimer » prints; on paper, links and buttons are gone and the facts stay."""
    bills.page.add_init_script("window.print = () => { document.title = 'printed'; }")
    bills.toggle(A)
    to_the_gateway(bills)
    bills.arrive(CARD_PAGE)
    fill_card(bills, VISA)
    bills.arrive(RECEIPT)
    bills.press("Imprimer")
    assert "printed" == bills.page.title()
    bills.page.emulate_media(media="print")
    assert 0 == bills.page.locator("a:visible, button:visible").count()
    assert bills.page.get_by_text("10000000001").is_visible()


def plain_pages(window, portal_url):
    """Open the pages that need no entry."""
    for path in ("/", "/guide", "/conditions", "/confidentialite", "/identification", "/nulle-part"):
        window.page.goto(portal_url + path)
        yield path.strip("/") or "entry"
    window.page.goto(f"{portal_url}/identification")
    window.press("Valider")
    window.page.locator(".summary").wait_for()
    yield "identification-errors"
    identify(window, portal_url, NOTHING)
    window.page.get_by_text("Aucune Facture à payer").first.wait_for()
    yield "nothing-to-pay"


def paying_pages(window, place):
    """Walk to the receipt with every mistake on the way."""
    identify(window, place.demo.portal_url, MANDATORY)
    window.arrive(BILLS)
    yield "bills"
    window.press("Valider")
    window.arrive(RECAP)
    yield "recap"
    window.press("Payer")
    window.page.locator(".summary").wait_for()
    yield "recap-errors"
    place.bills.change(MANDATORY, "383180117105", amount=Money(12345))
    window.page.get_by_label("J'ai lu et j'accepte les").check()
    window.press("Payer")
    window.arrive(CHANGED)
    yield "changed"
    to_the_gateway(window)
    window.arrive(CARD_PAGE)
    yield "gateway"
    yield from gateway_pages(window)
    window.arrive(RECEIPT)
    yield "receipt"


def gateway_pages(window):
    """Go on from the card form: its errors, a refusal, a new try, the code."""
    window.press("Valider le paiement")
    window.page.get_by_text("À corriger").wait_for()
    yield "gateway-errors"
    fill_card(window, DECLINED_51)
    window.page.get_by_text("Provision insuffisante (51)").wait_for()
    yield "gateway-refusal"
    window.press("Terminer sans payer")
    window.arrive("Votre paiement n'a pas été accepté")
    yield "refused"
    window.follow("Essayer de nouveau")
    window.arrive(RECAP)
    window.page.get_by_label("J'ai lu et j'accepte les").check()
    window.press("Payer")
    window.arrive(CARD_PAGE)
    window.press("Annuler")
    window.arrive("Vous avez quitté la page de paiement")
    yield "cancelled"
    window.follow("Essayer de nouveau")
    window.arrive(RECAP)
    window.page.get_by_label("J'ai lu et j'accepte les").check()
    window.press("Payer")
    window.arrive("Un paiement est déjà ouvert")
    yield "open-payment"
    window.press("Abandonner ce paiement et recommencer")
    window.arrive(CARD_PAGE)
    fill_card(window, MASTERCARD)
    window.arrive("Authentification 3-D Secure")
    yield "gateway-code"
    window.page.get_by_label("Code reçu de votre banque").fill("123")
    window.press("Confirmer")


@pytest.mark.parametrize("window", [{"size": DESKTOP}, {"size": PHONE}], indirect=True, ids=["desk", "phone"])
def test_every_page_can_be_used_by_everybody(window, place):
    """Every page has its labels, one heading, its language, contrast, targets of 24 pixels, and fits the window."""
    debts = []
    for name in chain(plain_pages(window, place.demo.portal_url), paying_pages(window, place)):
        window.shot(name)
        debts += window.debts()
        debts += [f"{name}: focus not seen: {element}" for element in window.hidden_focus()]
    assert [] == debts


BAD_PAGE = """
<html><body style="color: #777"><h1>Un</h1><h1>Deux</h1><h3 id="x">Trois</h3><p id="x" style="color: #999">pâle</p>
<input style="inline-size: 1900px; border: 1px solid #ddd"><button style="inline-size: 20px; padding: 0"></button>
<img src="data:,"><p aria-describedby="nobody">a</p><table><tr><th>b</th></tr></table></body></html>
"""


def test_the_audit_finds_what_is_wrong(window):
    """The audit itself is no rubber stamp: each of its checks speaks up before a bad page."""
    window.page.set_content(BAD_PAGE)
    found = " ".join(window.page.evaluate(AUDIT))
    expected = (
        "no language|no title|2 headings|no main|id x twice|level of headings|without label|nothing to read out|"
        "without words|of nothing|without scope|contrast 2.85|border contrast|a target of|wider than the window"
    )
    assert [] == [words for words in expected.split("|") if words not in found]


def test_the_readme_shows_the_portal(bills):
    """The README's picture is the list of invoices as it is today; UPDATE_PICTURES=1 takes it anew."""
    bills.toggle(A)
    totals(bills, SUMS_A)
    bills.page.mouse.move(0, 0)
    target = PICTURE if os.environ.get("UPDATE_PICTURES") else bills.folder / "portal.png"
    target.parent.mkdir(exist_ok=True)
    bills.page.set_viewport_size({"width": 1000, "height": 900})
    bills.page.screenshot(path=target, full_page=True)
    assert 200_000 > target.stat().st_size
