"""Step 4: the recap, the terms, « Payer », and what may have changed meanwhile."""

import attrs
import pytest

from cmi_gateway.money import Money
from rak_billing.invoices import Statement
from rak_billing.selection.rules import GUIDE_RULES
from support.bills import INVOICE_A, STATEMENT
from support.portal_kit import A, B, gateway_answer, open_desk, sent_fields, soup, words


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as desk:
        yield desk


def rows(desk, table):
    with desk.checkout.journal.engine.connect() as connection:
        return connection.exec_driver_sql(f"select * from {table}").mappings().all()


def orders(desk):
    return rows(desk, "orders")


def test_the_recap_shows_what_will_be_paid_and_nothing_else(desk):
    """Rules R26 to R29: chosen invoices, the fee as a line, the total; what was not chosen is absent."""
    page = soup(desk.client.get(f"/recapitulatif/{desk.draft(chosen=[A])}"))
    assert "Récapitulatif des factures à payer" == page.h1.get_text()
    rows = [[cell.get_text(strip=True) for cell in row.select("td")] for row in page.select("tbody tr")]
    assert ["FRAIS", "Frais du service en ligne", "1,24\u00a0DH"] == rows[1]
    assert ["Total général TTC", "114,26\u00a0DH"] == [
        c.get_text(strip=True) for c in page.select("tfoot th, tfoot td")
    ]
    assert B not in page.get_text()
    assert "client@example.com" in page.get_text()


def test_the_recap_says_it_is_not_finished_and_can_be_changed(desk):
    """The customer can check and correct before paying."""
    token = desk.draft(chosen=[A])
    page = soup(desk.client.get(f"/recapitulatif/{token}"))
    links = {link["href"] for link in page.select("a") if link.get_text().startswith("Modifier")}
    assert {f"/identification/{token}", f"/factures/{token}"} == links
    assert "Rien n'est encore payé" in page.get_text()


def test_the_terms_box_is_not_ticked_and_links_to_the_terms(desk):
    """Rule R30."""
    page = soup(desk.client.get(f"/recapitulatif/{desk.draft(chosen=[A])}"))
    assert not page.find(id="terms").has_attr("checked")
    assert "/conditions" == page.select_one("form .choice a")["href"]
    assert "Version 2018-09" in words(desk.client.get("/conditions"))


@pytest.mark.parametrize("terms", ["", "no", "true"])
def test_nobody_pays_without_the_terms(desk, terms):
    """Rule R30: refused by the server, and no order is written."""
    answer = desk.pay(desk.draft(chosen=[A]), terms=terms)
    assert 422 == answer.status_code
    assert ["#terms"] == [link["href"] for link in soup(answer).select(".summary a")]
    assert [] == orders(desk)


def test_a_recap_without_a_choice_leads_back_to_the_list(desk):
    """Steps cannot be skipped."""
    token = desk.draft()
    answer = desk.client.get(f"/recapitulatif/{token}")
    assert (303, f"/factures/{token}") == (answer.status_code, answer.location)


def test_payer_hands_over_to_the_gateway(desk):
    """Rule R31: a form that posts itself, to the gateway and nowhere else; no card is typed here."""
    answer = desk.pay(desk.draft(chosen=[A, B]))
    form = soup(answer).form
    assert (200, "https://testpayment.cmi.co.ma/fim/est3Dgate") == (answer.status_code, form["action"])
    assert ("221.24", "123456789") == (sent_fields(answer)["amount"], sent_fields(answer)["NUM_CONTRAT"])
    assert "form-action https://testpayment.cmi.co.ma;" in answer.headers["Content-Security-Policy"]
    nonce = soup(answer).script["nonce"]
    assert f"'nonce-{nonce}'" in answer.headers["Content-Security-Policy"]


def test_the_order_is_written_before_the_customer_leaves(desk):
    """With the card type (rule R11) and the terms accepted (rule R30)."""
    desk.pay(desk.draft(chosen=[A]))
    (order,), (attempt,) = orders(desk), rows(desk, "attempts")
    assert ("moroccan", "2018-09") == (order["card"], attempt["terms_version"])
    assert "2018-09-10" in str(attempt["terms_accepted_at"])


@pytest.mark.parametrize("accepted", ["1.00", "114.27", "0", "-1", "", "114,26", "NaN", "1e9", "9" * 40])
def test_a_tampered_total_is_refused(desk, accepted):
    """The server's own total counts; another one shows the bill again and writes nothing."""
    answer = desk.pay(desk.draft(chosen=[A]), accepted=accepted)
    assert 409 == answer.status_code
    assert "Vos factures ont changé" in words(answer)
    assert [] == orders(desk)


def test_a_seal_of_another_customer_is_refused(desk):
    """What one page showed, no other page can accept."""
    other = desk.recap_fields(desk.draft("555", chosen=["77"]))["accepted"]
    answer = desk.pay(desk.draft(chosen=[A]), accepted=other)
    assert (409, []) == (answer.status_code, orders(desk))


def test_a_quote_that_expired_is_shown_again(desk):
    """An old page is not paid from, even while its draft is kept alive."""
    token = desk.draft(chosen=[A])
    fields = desk.recap_fields(token) | {"terms": "yes"}
    for _ in range(3):
        desk.clock.forward(1700)
        desk.client.get(f"/factures/{token}")
    answer = desk.client.post(f"/paiement/{token}", data=fields)
    assert (409, []) == (answer.status_code, orders(desk))


def test_the_recap_carries_no_amount_that_is_trusted(desk):
    """The seal holds the facts; a bare total is none."""
    fields = desk.recap_fields(desk.draft(chosen=[A]))
    assert fields["accepted"].startswith("cq1.")
    assert "114.26" not in fields.values()


def test_a_bill_that_changed_is_shown_again(desk):
    """The new list, with the ticks that still hold; nothing was paid."""
    token = desk.draft(chosen=[A])
    fields = desk.recap_fields(token)
    dearer = attrs.evolve(STATEMENT.invoices[0], amount=Money.parse("120.00"))
    desk.billing.statements["123456789"] = Statement(STATEMENT.account, [dearer, STATEMENT.invoices[1]])
    answer = desk.client.post(f"/paiement/{token}", data=fields | {"terms": "yes"})
    assert (409, []) == (answer.status_code, orders(desk))
    assert "120,00\u00a0DH" in answer.text
    assert [A] == [box["value"] for box in soup(answer).select("input[name=invoice][checked]")]
    assert f"/factures/{token}" == soup(answer).form["action"]


def accept_then(desk, chosen, change):
    """Show the recap, let something change, press « Payer »; give the words of the page that follows."""
    token = desk.draft(chosen=chosen)
    fields = desk.recap_fields(token) | {"terms": "yes"}
    change()
    answer = desk.client.post(f"/paiement/{token}", data=fields)
    assert (409, []) == (answer.status_code, orders(desk))
    return words(answer)


def bill_again(desk, *invoices):
    return lambda: desk.billing.statements.update({"123456789": Statement(STATEMENT.account, invoices)})


def test_the_customer_reads_what_changed(desk):
    """Balance, fee and total, before and after."""
    dearer = attrs.evolve(INVOICE_A, amount=Money.parse("120.00"))
    page = accept_then(desk, [A], bill_again(desk, dearer))
    assert f"La facture {A} est passée de 113,02 DH à 120,00 DH" in page
    assert "Les frais du service en ligne sont passés de 1,24 DH à 1,32 DH" in page
    assert "Le total est passé de 114,26 DH à 121,32 DH" in page


def test_the_customer_reads_which_invoice_is_gone(desk):
    """Paid at the agency meanwhile."""
    page = accept_then(desk, [A, B], bill_again(desk, INVOICE_A))
    assert f"La facture {B} ne fait plus partie du paiement" in page


def test_the_customer_reads_that_the_rules_changed(desk):
    """Once, however many facts say so."""
    tenant = attrs.evolve(desk.checkout.tenant, selection=attrs.evolve(GUIDE_RULES, version="2", rules=()))
    page = accept_then(desk, [A], lambda: object.__setattr__(desk.checkout, "tenant", tenant))
    assert 1 == page.count("Les règles de choix des factures ont changé")


def test_a_chosen_invoice_that_is_gone_is_shown_at_the_recap(desk):
    """Opening the recap again reads the bill again."""
    token = desk.draft(chosen=[A])
    desk.billing.statements["123456789"] = STATEMENT.without({A})
    answer = desk.client.get(f"/recapitulatif/{token}")
    assert (409, True) == (answer.status_code, "Vos factures ont changé" in words(answer))


def test_a_bill_that_is_gone_altogether(desk):
    """Paid at the agency meanwhile: said so, at the recap and at « Payer »."""
    token = desk.draft(chosen=[A])
    fields = desk.recap_fields(token) | {"terms": "yes"}
    desk.billing.statements.clear()
    for answer in (
        desk.client.get(f"/recapitulatif/{token}"),
        desk.client.post(f"/paiement/{token}", data=fields),
    ):
        assert (409, True) == (answer.status_code, "déjà payées" in words(answer))


def test_going_back_after_paying_never_says_that_nothing_was_paid(desk):
    """One of two invoices is paid: the old recap must not lead the customer to pay it again."""
    token = desk.draft(chosen=[A])
    desk.callback(desk.pay(token))
    answer = desk.client.get(f"/recapitulatif/{token}")
    assert (409, False) == (answer.status_code, "Rien n'a été payé" in words(answer))
    assert "Si vous venez de payer, les factures payées ont quitté la liste" in words(answer)
    assert [B] == [box["value"] for box in soup(answer).select("input[name=invoice]")]


def test_a_choice_changed_in_another_tab_is_noticed(desk):
    """« Payer » pays what its own page showed, or nothing."""
    token = desk.draft(chosen=[A])
    shown = desk.recap_fields(token)
    desk.post(f"/factures/{token}", invoice=[B], action="continue")
    answer = desk.client.post(f"/paiement/{token}", data=shown | {"terms": "yes"})
    assert (409, []) == (answer.status_code, orders(desk))


def test_a_second_start_asks_first(desk):
    """An open payment of the same invoices is named before it is superseded."""
    token = desk.draft(chosen=[A])
    desk.pay(token)
    question = desk.pay(token)
    assert "Un paiement est déjà ouvert" in words(question)
    assert "114,26 DH, commencé le 10/09/2018 10:14:42" in words(question)
    assert 1 == len(orders(desk))


def test_a_second_start_goes_on_when_the_customer_says_so(desk):
    """The page's own button carries everything that « Payer » needs, and a fresh order id follows."""
    token = desk.draft(chosen=[A])
    first = desk.pay(token)
    fields = {
        field["name"]: field["value"] for field in soup(desk.pay(token)).select("form input[type=hidden]")
    }
    second = desk.client.post(f"/paiement/{token}", data=fields)
    assert 200 == second.status_code
    assert sent_fields(first)["oid"] != sent_fields(second)["oid"]


def test_what_was_paid_a_moment_ago_cannot_be_paid_again(desk):
    """Going back after paying shows that there is nothing left of it."""
    token = desk.draft(chosen=[A, B])
    fields = desk.recap_fields(token) | {"terms": "yes"}
    desk.callback(desk.client.post(f"/paiement/{token}", data=fields))
    answer = desk.client.post(f"/paiement/{token}", data=fields)
    assert (409, True) == (answer.status_code, "déjà payées" in words(answer))


def test_bills_that_the_gateway_would_refuse_have_a_page(desk):
    """It says calmly that nothing was paid and whom to ask, never that something broke."""
    odd = attrs.evolve(INVOICE_A, reference="&nbsp;")
    desk.billing.statements["888"] = Statement(attrs.evolve(STATEMENT.account, customer_ref="888"), (odd,))
    answer = desk.pay(desk.draft("888", chosen=[odd.reference]))
    assert (422, True) == (answer.status_code, "Rien n'a été payé" in words(answer))


def test_personal_data_are_masked_in_what_is_signed(desk):
    """The gateway's page shows no more than ours."""
    assert "BENALI" not in desk.pay(desk.draft(chosen=[A])).text


def test_the_callback_of_the_page_settles_the_payment(desk):
    """The whole way: what the portal sent is what the gateway signed, and it is captured."""
    page = desk.pay(desk.draft(chosen=[A]))
    assert b"oid=RAK-" in gateway_answer(page)
    assert "ACTION=POSTAUTH" == desk.callback(page).text


def test_more_invoices_than_a_quote_can_hold_have_a_calm_page(desk, monkeypatch):
    """That says what helps; here the limit is small instead of the bill being long."""
    token = desk.draft(chosen=[A])
    monkeypatch.setattr("rak_billing.quote_seal._LONGEST", 100)
    answer = desk.client.get(f"/recapitulatif/{token}")
    assert (422, True) == (answer.status_code, "choisissez-en moins" in words(answer))
    assert not orders(desk)
