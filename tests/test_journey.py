"""The whole journey over HTTP: a portal and a gateway on this machine, and a customer who reads pages and fills in forms."""

from urllib.parse import parse_qsl, urlencode

import pytest

from cmi_gateway.money import Money
from cmi_gateway.simulator.orders import OrderState
from rak_billing.demo.journey import accept, choose, come_back, hand_over, pay_card
from rak_billing.demo.web_page import Form
from support.gateway_kit import signed_body
from support.journey_kit import CARD_PAGE, CHANGED, GUIDE, MANDATORY, NOTHING, RECEIPT, TWELVE, A, B, town
from support.simulator_kit import DECLINED_51, MASTERCARD, REFUSED_3DS

FEE = ("FRAIS", "Frais du service en ligne")
LINE_A = (A, "GERANCE:ELECTRICITE, PERIODE:01/02/2018, DATE ECHEANCE:14/04/2018", "113,02 DH")
LINE_B = (B, "GERANCE:ELECTRICITE, PERIODE:01/03/2018, DATE ECHEANCE:14/05/2018", "105,81 DH")


@pytest.fixture
def place(tmp_path):
    with town(tmp_path) as served:
        yield served


def test_one_invoice_is_paid(place):
    """Invoice A of the guide costs 113,02 + 1,24 = 114,26 DH, and its receipt holds the guide's fields."""
    page = come_back(place.customer, pay_card(place.customer, place.card_page([A])))
    assert (RECEIPT, "10000000001") == (page.heading, page.facts["Numéro de reçu de paiement"])
    assert "114,26 DH" == page.rows[-1][-1]
    assert ("10/09/2018 10:48:56", "11/09/2018") == (
        page.facts["Date de paiement"],
        page.facts["Paiement constaté en agence le"],
    )


def test_two_invoices_are_paid(place):
    """Both invoices of the guide cost 218,83 + 2,41 = 221,24 DH, in one payment."""
    recap = place.recap([A, B])
    assert (LINE_A, LINE_B, (*FEE, "2,41 DH"), ("Total général TTC", "221,24 DH")) == recap.rows[1:]
    result = pay_card(place.customer, accept(place.customer, recap))
    assert "221.24 MAD" == result.rows[-1][-1]
    assert "221,24 DH" == come_back(place.customer, result).rows[-1][-1]


def test_the_gateway_shows_what_was_accepted(place):
    """The gateway's page names merchant, contract, lines and total; name and address arrive masked."""
    page = place.card_page([A])
    assert ("RAK (600000099)", GUIDE) == (page.facts["Nom du marchand"], page.facts["NUM_CONTRAT"])
    assert ("M. B… A…", "client@example.com") == (page.facts["Nom"], page.facts["E-mail"])
    assert ((*FEE, "1.24 MAD"), ("Total", "114.26 MAD")) == page.rows[2:4]


def test_twelve_invoices_are_seven_lines_and_a_rest(place):
    """Of twelve invoices the gateway shows seven, one line for the other five, and the fee; they add up."""
    bills = place.bills_page(TWELVE)
    references = [row[1] for row in bills.rows[1:]]
    card_page = accept(place.customer, choose(place.customer, bills, references))
    shown = card_page.rows[1:11]
    assert [*references[:7], "AUTRES", "FRAIS", "Total"] == [row[0] for row in shown]
    amounts = [Money.parse(row[-1].removesuffix(" MAD")) for row in shown]
    assert amounts[-1] == sum(amounts[:-1])
    receipt = come_back(place.customer, pay_card(place.customer, card_page))
    assert [*references, "FRAIS"] == [row[0] for row in receipt.rows[1:-1]]


@pytest.mark.parametrize("refused", [DECLINED_51, REFUSED_3DS])
def test_a_decline_then_a_success_under_one_order_id(place, refused):
    """A refused card changes nothing; another card pays in the same visit, under the same order id."""
    card_page = place.card_page([A])
    again = pay_card(place.customer, card_page, refused)
    assert (CARD_PAGE, card_page.facts["Identifiant"]) == (again.heading, again.facts["Identifiant"])
    page = come_back(place.customer, pay_card(place.customer, again, MASTERCARD))
    assert (RECEIPT, "MASTERCARD") == (page.heading, page.facts["Méthode de paiement"])
    order = place.order(card_page)
    assert (OrderState.CAPTURED, 2) == (order.state, len(order.attempts))


def test_a_decline_then_a_new_attempt(place):
    """After a refusal the customer comes back, tries again under a new order id, and pays."""
    first = place.card_page([A])
    refused = place.customer.press(pay_card(place.customer, first, DECLINED_51), "Terminer sans payer")
    page = come_back(place.customer, refused)
    assert "Votre paiement n'a pas été accepté" == page.heading
    second = accept(place.customer, place.customer.follow(page, "Essayer de nouveau"))
    assert CARD_PAGE == second.heading
    assert first.facts["Identifiant"] != second.facts["Identifiant"]
    assert RECEIPT == come_back(place.customer, pay_card(place.customer, second)).heading
    assert [OrderState.UNPAID, OrderState.CAPTURED] == [place.order(page).state for page in (first, second)]


def test_two_attempts_that_both_succeed(place):
    """Of two successes for the same invoice one is captured; the other is acknowledged, and a person is told."""
    recap = place.recap([A])
    first = accept(place.customer, recap)
    asked = accept(place.customer, place.look_again(recap))
    assert "Un paiement est déjà ouvert" == asked.heading
    second = hand_over(place.customer, place.customer.press(asked, "Abandonner ce paiement et recommencer"))
    for page in (second, first):
        pay_card(place.customer, page)
    states = [place.order(page).state for page in (second, first)]
    assert [OrderState.CAPTURED, OrderState.AUTHORIZED] == states
    assert ["ACTION=POSTAUTH", "APPROVED"] == place.callbacks.replies
    assert ["duplicate_payment"] == place.reviews()
    assert 1 == len(place.mails())


def test_the_first_of_two_attempts_may_be_the_one_that_pays(place):
    """A superseded attempt that succeeds first is paid; its successor's success is then the duplicate."""
    recap = place.recap([A])
    first = accept(place.customer, recap)
    asked = accept(place.customer, place.look_again(recap))
    second = hand_over(place.customer, place.customer.press(asked, "Abandonner ce paiement et recommencer"))
    result = pay_card(place.customer, first)
    duplicate = pay_card(place.customer, second)
    assert ["ACTION=POSTAUTH", "APPROVED"] == place.callbacks.replies
    assert RECEIPT == come_back(place.customer, result).heading
    assert "Votre paiement demande une vérification" == come_back(place.customer, duplicate).heading


def test_a_repeated_callback_changes_nothing(place):
    """Every repeat of a callback gets the first answer: one receipt, one mail, nothing for a person."""
    page = come_back(place.customer, pay_card(place.customer, place.card_page([A])))
    place.mails()
    assert 3 * ["ACTION=POSTAUTH"] == [place.post_callback(place.callbacks.bodies[0]) for _ in range(3)]
    assert page.facts == place.look_again(page).facts
    assert (1, []) == (len(place.mails()), place.reviews())


def test_a_return_before_the_callback_is_pending(place):
    """Who is back before the callback is told to wait and not to pay twice; the receipt follows the callback."""
    place.callbacks.held = True
    pending = come_back(place.customer, pay_card(place.customer, place.card_page([A])))
    assert "Paiement en cours de vérification" == pending.heading
    assert "Ne payez pas une seconde fois" in pending.text
    assert "ACTION=POSTAUTH" == place.post_callback(place.callbacks.bodies[0])
    assert RECEIPT == place.look_again(pending).heading


def test_a_customer_who_never_returns_has_paid(place):
    """Without any return the payment is captured, and the mail leads to the receipt, in any browser."""
    card_page = place.card_page([A])
    pay_card(place.customer, card_page)
    (mail,) = place.mails()
    body = mail.get_body(("plain",)).get_content()
    link = next(line for line in body.splitlines() if "/recu/" in line)
    receipt = place.customer.open(link)
    assert (OrderState.CAPTURED, RECEIPT) == (place.order(card_page).state, receipt.heading)
    assert "client@example.com" == mail["To"]
    assert "constaté au niveau de votre agence RAK le 11/09/2018" in body


def test_a_return_alone_pays_nothing(place):
    """A browser that brings an approval nobody signed learns that nothing is known."""
    recap = place.recap([A])
    ok_url = place.customer.press(recap, "Payer", terms="yes").form("Continuer vers le paiement")["okUrl"]
    claim = (("Response", "Approved"), ("ProcReturnCode", "00"), ("AuthCode", "448788"))
    returned = place.customer.send(Form(ok_url, "post", claim))
    assert "Paiement en cours de vérification" == returned.heading
    assert [] == list(place.demo.mail_folder.iterdir())


def test_a_cancelled_payment_can_be_taken_up_again(place):
    """« Annuler » on the gateway's page leads back, says that nothing was paid, and lets the customer go on."""
    cancelled = place.customer.press(place.card_page([A]), "Annuler")
    assert "Vous avez quitté la page de paiement" == cancelled.heading
    recap = place.customer.follow(cancelled, "Essayer de nouveau")
    assert "Récapitulatif des factures à payer" == recap.heading


@pytest.mark.parametrize("change", [{}, {"amount": "1.00"}, {"oid": "RAK-0000000000000000"}])
def test_a_forged_callback_is_not_believed(place, change):
    """An approval signed with another key pays nothing, whatever it says."""
    place.callbacks.held = True
    pending = come_back(place.customer, pay_card(place.customer, place.card_page([A])))
    fields = dict(parse_qsl(place.callbacks.bodies[0].decode().rstrip("\n"), keep_blank_values=True))
    del fields["HASH"]
    assert "FAILURE" == place.post_callback(signed_body(fields | change, "ANOTHERKEY"))
    assert pending.heading == place.look_again(pending).heading
    assert {"signature": 1} == place.rejections()


def test_a_tampered_callback_is_not_believed(place):
    """A true callback with one value changed is refused; the true one is believed afterwards."""
    place.callbacks.held = True
    declined = pay_card(place.customer, place.card_page([A]), DECLINED_51)
    pending = come_back(place.customer, place.customer.press(declined, "Terminer sans payer"))
    true = place.callbacks.bodies[0]
    assert b"Response=Declined" in true
    assert "FAILURE" == place.post_callback(true.replace(b"Response=Declined", b"Response=Approved"))
    assert "Votre paiement n'est pas confirmé" == place.look_again(pending).heading
    assert "APPROVED" == place.post_callback(true)
    assert "Votre paiement n'a pas été accepté" == place.look_again(pending).heading


def test_our_own_form_is_no_callback(place):
    """The form that the customer carries to the gateway is signed by us: sent back, it proves nothing."""
    handed_over = place.customer.press(place.recap([A]), "Payer", terms="yes")
    form = handed_over.form("Continuer vers le paiement")
    assert "FAILURE" == place.post_callback(urlencode(form.fields).encode())
    disguised = [("HASH" if name == "hash" else name, value) for name, value in form.fields]
    assert "FAILURE" == place.post_callback(urlencode(disguised).encode())
    assert {"reflected_form": 2} == place.rejections()


def test_a_mandatory_invoice_cannot_be_left_out(place):
    """A hand-made form without the exigible invoice is refused, and the invoice is named."""
    page = place.recap(["383180218106"], MANDATORY)
    assert (422, "Liste des factures") == (page.status, page.heading)
    assert "La facture 383180117105 est exigible : son paiement est obligatoire" in page.text


def test_a_tampered_total_reaches_no_gateway(place):
    """A total other than the one that was shown is not accepted, and no form is signed for it."""
    page = place.customer.press(place.recap([A]), "Payer", terms="yes", accepted="1.00")
    assert (409, CHANGED) == (page.status, page.heading)
    assert "est3Dgate" not in str(page.soup)


def test_changed_invoices_are_shown_again(place):
    """When a bill changes after the recap, the customer sees it before paying, and pays the new total."""
    recap = place.recap([A])
    place.bills.change(GUIDE, A, amount=Money(20000))
    changed = accept(place.customer, recap)
    assert (409, CHANGED) == (changed.status, changed.heading)
    again = choose(place.customer, changed, [A])
    assert ("Total général TTC", "202,20 DH") == again.rows[-1]
    assert "202.20 MAD" == accept(place.customer, again).rows[3][-1]


def test_paid_invoices_are_not_offered_again(place):
    """What is paid and not posted yet is left out of the list; when nothing is left, there is nothing to pay."""
    pay_card(place.customer, place.card_page([A]))
    assert [B] == [row[1] for row in place.bills_page().rows[1:]]
    pay_card(place.customer, place.card_page([B]))
    assert "Aucune Facture à payer ou identifiants client inexistant" in place.bills_page().text


@pytest.mark.parametrize("customer_ref", [NOTHING, "999999999"])
def test_nothing_to_pay_and_unknown_read_alike(place, customer_ref):
    """A client without unpaid invoices and an unknown number get the guide's one message."""
    page = place.bills_page(customer_ref)
    assert (200, "Identifiants du client") == (page.status, page.heading)
    assert "Aucune Facture à payer ou identifiants client inexistant" in page.text
