"""Steps 1 and 2: the way in, the form, and the one message of rule R15."""

import re

import pytest

from rak_billing.fees.selectors import Selector
from rak_billing.portal.answer_floor import AnswerFloor
from rak_billing.tenant import Tenant
from support.fees import changed
from support.portal_kit import open_desk, soup, words

NOTHING = "Aucune Facture à payer ou identifiants client inexistant"


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as desk:
        yield desk


def test_the_entry_page_leads_to_the_form_without_an_account(desk):
    """Rules R01, R03, R04: the guide's link text, the operator's site, no registration."""
    links = {link.get_text(): link["href"] for link in soup(desk.client.get("/")).select("main a")}
    assert "/identification" == links["Payez vos factures en ligne."]
    assert "https://www.rak.ma" == links["Site de la RAK"]


def test_the_banner_is_the_operators_on_every_page(desk):
    """Rule R13: from the tenant's configuration."""
    for url in ("/", "/guide", "/identification", "/conditions", "/unknown"):
        assert (
            "Régie Autonome de Distribution d'Eau d'Electricité"
            in soup(desk.client.get(url)).header.get_text()
        )


def test_the_guide_has_its_six_steps(desk):
    """Rules R02, R32: a page of the site, with the way to the gateway's own help."""
    page = soup(desk.client.get("/guide"))
    assert [f"Etape {n}" for n in range(1, 7)] == [h.get_text()[:7] for h in page.select("section h2")]
    assert page.find("a", string=re.compile("FAQ"))["href"].startswith("https://www.cmi.co.ma")


GUIDE = """
Guide de paiement en ligne par carte bancaire des Factures de la RAK
Bienvenue au site de paiement en ligne des factures d'eau et d'assainissement de la RAK. Cette page est un guide illustré des étapes à suivre pour payer ses factures en toute simplicité et en toute sécurité.
Etape 1 : Accès au site de la RAK
Accédez au site web de la RAK via le lien www.rak.ma.
Cliquer sur "Payez vos factures en ligne."
Etape 2 : Saisie de vos coordonnées
Munissez-vous de votre facture sur laquelle vous trouverez votre numéro de Police.
Saisissez votre numéro de Police dans le formulaire ainsi que votre adresse de messagerie pour recevoir les notifications de paiement, puis validez le formulaire.
Etape 3 : Visualisation de vos factures
Si vous n'avez pas de factures impayées ou si vous vous trompez dans la saisie de votre numéro de Police, vous aurez le message suivant :
Aucune Facture à payer ou identifiants client inexistant
Si vous avez des factures impayées, vous allez les constater comme suit :
Total des factures : 218,83 DH -- Frais du service en ligne : 2,41 DH
Total Général : 221,24 DH
Vous n'avez alors qu'à cocher les factures que vous voulez payer (les factures marquées comme exigibles dans la description, sont obligatoires dans le paiement).
Le montant total des factures ainsi que le montant des frais relatifs au paiement en ligne sont calculés automatiquement sur la base des montants des factures à payer choisies.
Il est à noter que le montant des frais du service de paiement en ligne est proportionnel au montant des factures choisies, et est ajouté au montant total payé par le client.
Etape 4 : Récapitulatif
Après validation de la page précédente, une page récapitulative vous montre les factures que vous avez choisie de payer, ainsi que le montant des frais du service de paiement en ligne.
Il faut cocher la mention « j'ai lu et j'accepte les conditions générales » avant de continuer.
Une fois vous cliquez sur le bouton « Payer », vous allez être redirigé vers la plateforme sécurisée du CMI pour effectuer votre paiement.
Etape 5 : Paiement par carte bancaire
Lorsque vous atterrissez sur la page de paiement du CMI, munissez-vous de votre carte bancaire et suivez les recommandations décrites dans la page « FAQ » sur le site du CMI.
Etape 6 : Reçu du paiement
Si votre paiement est accepté, la page suivante sera affichée, et vous recevrez un mail de confirmation du paiement. Votre paiement sera constaté au niveau de votre agence RAK le jour J+1 (ou J+2 si le paiement est effectué après 22h) après le paiement.
Vous pouvez imprimer le reçu et le garder comme preuve de paiement.
"""


def test_the_guide_is_the_guide_itself(desk):
    """Rule R02: its sentences to the letter and in its order, for support and customers quote them."""
    page = soup(desk.client.get("/guide"))
    shown = [" ".join(element.get_text().split()) for element in page.main.select("h1, h2, p")]
    wanted = GUIDE.strip().splitlines()
    assert wanted == [text for text in shown if text in wanted]


def test_the_form_says_what_the_guide_says(desk):
    """Rules R05, R06: the two sentences above the form are the guide's."""
    text = desk.client.get("/identification").text.replace("&#39;", "'")
    assert " ".join(GUIDE.strip().splitlines()[6:8]) in text


def test_the_form_asks_what_the_guide_asks(desk):
    """Rules R06 to R11 and R14: labels, types, and exactly one card type with a default."""
    page = soup(desk.client.get("/identification"))
    labels = [label.get_text(strip=True) for label in page.select("main label, main legend")]
    assert "Identifiants du client" == page.h1.get_text()
    for label in (
        "Code Client (numéro de Police) :",
        "Email :",
        "Confirmer votre email :",
        "Code de vérification :",
    ):
        assert label in labels
    assert {"Carte Bancaire Marocaine", "Carte Bancaire Internationale", "Je ne suis pas un robot"} <= set(
        labels
    )
    assert ["moroccan"] == [radio["value"] for radio in page.select("input[type=radio][checked]")]


def test_only_cards_that_the_tariff_prices_are_offered(tmp_path):
    """Rule R11 where a tariff is for one kind of card: nobody is led to a payment without a price."""
    schedule = changed(Tenant.preset("rak").fee_schedule, when=Selector(cards=["moroccan"]))
    with open_desk(tmp_path, tenant={"fee_schedule": schedule}) as desk:
        page = soup(desk.client.get("/identification"))
        assert ["moroccan"] == [radio["value"] for radio in page.select("input[type=radio]")]
        assert 422 == desk.identify(card="international").status_code


def test_pasting_and_filling_in_are_allowed(desk):
    """Rule R08: nothing stands in the way of paste, and browsers may complete the address."""
    page = desk.client.get("/identification")
    assert ["email", "email"] == [field["autocomplete"] for field in soup(page).select("input[type=email]")]
    assert "onpaste" not in page.text


def test_the_form_shows_where_the_number_is_printed(desk):
    """Rule R05: words and a drawing with a text for those who do not see it."""
    drawing = soup(desk.client.get("/identification")).select_one("details svg")
    assert "numéro de Police" in drawing["aria-label"]


@pytest.mark.parametrize("url", ["/identification", "list"])
def test_the_guide_opens_beside_the_entries(desk, url):
    """Rule R10: in a new tab, which is said, so that nothing typed is lost."""
    page = desk.client.get(f"/factures/{desk.draft()}" if url == "list" else url)
    link = soup(page).find("a", string="Guide de paiement en ligne des factures de la RAK")
    assert ("/guide", "_blank", ["noopener"]) == (link["href"], link["target"], link["rel"])
    assert "nouvel onglet" in link.parent.get_text()


def test_a_known_customer_goes_on_to_the_list(desk):
    """By a redirect, so that going back does not send the form again."""
    answer = desk.identify("123 456-789")
    assert 303 == answer.status_code
    assert re.fullmatch(r"/factures/[\w-]{40,}", answer.location)


def test_wrong_entries_come_back_with_what_was_typed(desk):
    """Rule R06: same page, entries kept, problems named and linked."""
    answer = desk.identify(email="a@x", email_again="b@x", card="international")
    page = soup(answer)
    assert 422 == answer.status_code
    assert ["#email"] == [link["href"] for link in page.select(".summary a")]
    assert ["123456789", "a@x", "b@x"] == [
        page.find(id=i)["value"] for i in ("customer_ref", "email", "email_again")
    ]
    assert "international" == page.select_one("input[type=radio][checked]")["value"]
    assert page.title.get_text().startswith("Erreur : ")


def test_billing_is_not_asked_before_everything_holds(desk):
    """Wrong entries cost the billing system nothing."""
    desk.identify(email="a@x")
    assert [] == desk.billing.asked


def _without_what_is_new_each_time(page):
    text = re.sub(r'(name="csrf_token" value=|nonce=)"[^"]*"', "", page.text)
    return page.status_code, text.replace("777777", "CODE").replace("999999", "CODE")


def test_unknown_and_nothing_to_pay_are_one_answer(desk):
    """Rule R15: the same bytes and the same status, save the code that the customer typed."""
    desk.billing.statements["777777"] = desk.billing.statements["777"]
    nothing, unknown = desk.identify("777777"), desk.identify("999999")
    assert NOTHING in words(nothing)
    assert _without_what_is_new_each_time(nothing) == _without_what_is_new_each_time(unknown)
    assert nothing.content_length == unknown.content_length


def test_both_take_the_same_time(tmp_path):
    """Rule R15: the answer leaves on a whole step of the clock, whatever billing took."""
    slept, now = [], [0.0]

    def passing_time():
        now[0] += 0.07 * len(slept) + 0.01
        return now[0]

    floor = AnswerFloor(0.5, monotonic=passing_time, sleep=slept.append)
    with open_desk(tmp_path, floor=floor) as desk:
        for customer_ref in ("777", "999"):
            desk.identify(customer_ref)
    assert [pytest.approx(0.49), pytest.approx(0.42)] == slept


def test_an_outage_is_another_page(desk):
    """Rule R15: not knowing is never « nothing to pay »."""
    desk.billing.is_down = True
    answer = desk.identify()
    assert (503, "120") == (answer.status_code, answer.headers["Retry-After"])
    assert NOTHING not in words(answer)
    assert "votre agence RAK" in words(answer)


def test_leaving_forgets_the_draft_and_goes_to_the_operator(desk):
    """Rule R12: silently."""
    token = desk.draft()
    answer = desk.client.get(f"/quitter/{token}")
    assert (303, "https://www.rak.ma") == (answer.status_code, answer.location)
    assert 404 == desk.client.get(f"/factures/{token}").status_code


def test_correcting_the_email_keeps_the_ticks(desk):
    """« Modifier » leads back with everything filled in."""
    token = desk.draft(chosen=["123456789"])
    page = soup(desk.client.get(f"/identification/{token}"))
    assert "client@example.com" == page.find(id="email")["value"]
    email = {"email": "b@x.ma", "email_again": "b@x.ma"}
    fields = {"customer_ref": "123456789", "card": "moroccan"} | email
    moved = desk.post(f"/identification/{token}", **fields).location
    page = desk.client.get(moved)
    assert "b@x.ma" in words(page)
    assert ["123456789"] == [box["value"] for box in soup(page).select("input[name=invoice][checked]")]


def test_nothing_of_a_stranger_is_written_before_payer(desk):
    """Until « Payer », the journal holds no order."""
    desk.client.get(f"/recapitulatif/{desk.draft(chosen=['123456789'])}")
    with desk.checkout.journal.engine.connect() as connection:
        tables = (
            connection.exec_driver_sql("select name from sqlite_master where type='table'").scalars().all()
        )
        for table in set(tables) - {"portal_hits", "portal_spent_checks", "rak_billing_version"}:
            assert 0 == connection.exec_driver_sql(f"select count(*) from {table}").scalar(), table
