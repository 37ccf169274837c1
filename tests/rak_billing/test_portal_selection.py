"""Step 3: the list, the ticks, the totals."""

from fractions import Fraction

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway.money import Money
from rak_billing.fees.rounding import Rounding, RoundingMode
from rak_billing.fees.schedule import FeeSchedule
from rak_billing.invoices import Statement
from rak_billing.portal.live_fee import LiveFee, live_fee
from rak_billing.portal.texts import Texts
from rak_billing.selection import SelectionRule
from rak_billing.selection.rules import AtMostInvoices, NotDisputed, OldestFirst, SelectionRules
from support.bills import PAYMENT_DAY, STATEMENT
from support.fees import changed
from support.portal_kit import A, B, open_desk, soup, words

RAK_2018 = FeeSchedule.preset("rak-2018")


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as desk:
        yield desk


def ticked(page):
    return [box["value"] for box in soup(page).select("input[name=invoice][checked]")]


def totals(page):
    return " ".join(soup(page).output.get_text(" ").split())


def test_the_list_has_the_guides_four_columns(desk):
    """Rules R16, R18 to R20: a box in the header too, the guide's description, the French amount."""
    page = soup(desk.client.get(f"/factures/{desk.draft()}"))
    heads = [head.get_text(strip=True) for head in page.select("thead th")]
    assert ["Tout sélectionner", "Référence", "Description", "Montant TTC"] == heads
    cells = [cell.get_text(strip=True) for cell in page.select("tbody tr")[0].select("td")]
    assert "GERANCE:ELECTRICITE, PERIODE:01/02/2018, DATE ECHEANCE:14/04/2018" == cells[2]
    assert [A, "113,02\u00a0DH"] == [cells[1], cells[3]]


def test_name_and_address_are_masked_and_the_email_is_the_typed_one(desk):
    """Rule R17: whoever knows a code does not read who lives where."""
    text = words(desk.client.get(f"/factures/{desk.draft()}"))
    assert "M. B… A…" in text
    assert "BENALI" not in text
    assert "MOHAMED" not in text
    assert "client@example.com" in text


def test_an_operator_may_show_them_in_full(tmp_path):
    """Only by its own configuration."""
    with open_desk(tmp_path, tenant={"mask_personal_data": False}) as desk:
        assert "M. BENALI AHMED" in words(desk.client.get(f"/factures/{desk.draft()}"))


def test_nothing_is_ticked_at_first_but_what_is_mandatory(desk):
    """Rules R22, R23: the choice is the customer's."""
    assert [] == ticked(desk.client.get(f"/factures/{desk.draft()}"))
    assert ["77"] == ticked(desk.client.get(f"/factures/{desk.draft('555')}"))


def test_a_mandatory_line_is_locked_and_says_so(desk):
    """Rule R23: marked in the description, locked by presentation, still part of the form."""
    page = soup(desk.client.get(f"/factures/{desk.draft('555')}"))
    box = page.find("input", value="77")
    assert ("true", False) == (box["aria-disabled"], box.has_attr("disabled"))
    assert "obligatoire" == page.find(id=box["aria-describedby"]).get_text()
    assert "EXIGIBLE (paiement obligatoire)" in page.get_text()


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([A], "113,02 DH -- Frais du service en ligne : 1,24 DH Total Général : 114,26 DH"),
        ([A, B], "218,83 DH -- Frais du service en ligne : 2,41 DH Total Général : 221,24 DH"),
        ([], "0,00 DH -- Frais du service en ligne : 0,00 DH Total Général : 0,00 DH"),
    ],
)
def test_recalculate_shows_the_totals_of_what_is_ticked(desk, chosen, expected):
    """Rules R21, R24, I05, without any script."""
    token = desk.draft()
    answer = desk.post(f"/factures/{token}", invoice=chosen, action="recalc")
    assert (303, f"/factures/{token}") == (answer.status_code, answer.location)
    page = desk.client.get(answer.location)
    assert f"Total des factures : {expected}" == totals(page).replace("\u00a0", " ")
    assert chosen == ticked(page)


def test_the_header_box_chooses_all_where_no_script_runs(desk):
    """« Tout sélectionner » is part of the form until the script takes it over."""
    token = desk.draft()
    desk.post(f"/factures/{token}", all="yes", action="recalc")
    assert [A, B] == ticked(desk.client.get(f"/factures/{token}"))


def test_the_header_box_is_never_ticked_by_the_server(desk):
    """Else whoever unticks one line without script would pay it nevertheless."""
    token = desk.draft(chosen=[A, B])
    assert not soup(desk.client.get(f"/factures/{token}")).find(id="all").has_attr("checked")


def test_leaving_a_mandatory_invoice_out_is_refused_by_name(desk):
    """Rule R23: a hand-made form is refused, not silently completed."""
    token = desk.draft("555")
    answer = desk.post(f"/factures/{token}", invoice=["88"], action="continue")
    assert 422 == answer.status_code
    assert "La facture 77 est exigible : son paiement est obligatoire" in words(answer)
    assert 303 == desk.client.get(f"/recapitulatif/{token}").status_code


@pytest.mark.parametrize(
    ("chosen", "expected"),
    [
        ([], "Cochez au moins une facture"),
        (["nope"], "La facture nope ne figure plus parmi vos factures"),
        ([A, A], f"La facture {A} figure plusieurs fois"),
        (["77"], "La facture 77 ne figure plus"),
        (["FRAIS", A], "La facture FRAIS ne figure plus"),
    ],
)
def test_what_cannot_be_paid_is_refused(desk, chosen, expected):
    """Nothing chosen, unknown, twice, another customer's, the fee line itself."""
    answer = desk.post(f"/factures/{desk.draft()}", invoice=chosen, action="continue")
    assert 422 == answer.status_code
    assert expected in words(answer)


def test_a_choice_longer_than_a_cookie_is_refused(desk):
    """The customer is asked to choose fewer, and loses nothing."""
    invoices = [attrs.evolve(STATEMENT.invoices[0], reference=f"{number:032}") for number in range(120)]
    desk.billing.statements["123456789"] = Statement(STATEMENT.account, invoices)
    token = desk.draft()
    answer = desk.post(f"/factures/{token}", all="yes", action="continue")
    assert 422 == answer.status_code
    assert "choisissez-en moins" in words(answer)


def test_a_bill_paid_meanwhile_says_so(desk):
    """When nothing is left, the list is a page that says so."""
    token = desk.draft()
    desk.billing.statements.clear()
    for answer in (desk.client.get(f"/factures/{token}"), desk.post(f"/factures/{token}", invoice=[A])):
        assert (409, True) == (answer.status_code, "Vos factures ont changé" in words(answer))


def test_the_script_gets_the_schedules_own_rate(desk):
    """The live totals use whole centimes and the tariff as data."""
    form = soup(desk.client.get(f"/factures/{desk.draft()}")).find("form")
    assert ("11", "1000") == (form["data-numerator"], form["data-denominator"])
    assert ["11302", "10581"] == [box["data-centimes"] for box in form.select("input[name=invoice]")]


def script_fee(live, total):
    """Compute as totals.js does."""
    return (2 * total * live.numerator + live.denominator) // (2 * live.denominator)


@given(st.integers(0, 999_999_99))
def test_the_scripts_formula_is_the_schedules(total):
    """What is shown while ticking is what the server charges."""
    expected = RAK_2018.fee(Money(total), invoices=1, on=PAYMENT_DAY).gross.centimes
    assert expected == script_fee(live_fee(RAK_2018, "moroccan"), total)


def test_a_tariff_that_the_operator_bears_shows_no_fee():
    """The customer pays the invoices and nothing else."""
    assert LiveFee(0, 1) == live_fee(changed(RAK_2018, bearer="utility"), "moroccan")


@pytest.mark.parametrize(
    "changes",
    [
        {"rounding": Rounding(RoundingMode.HALF_EVEN)},
        {"rounding": Rounding(RoundingMode.HALF_UP, 5)},
        {"fixed": Money(100)},
        {"minimum": Money(300)},
        {"gross_up": "closed-form"},
        {"bearer": "shared", "customer_share": Fraction(50)},
    ],
)
def test_a_tariff_that_the_script_cannot_say_has_no_live_totals(changes):
    """Then « Recalculer » stays."""
    assert live_fee(changed(RAK_2018, **changes), "moroccan") is None


def test_a_rate_too_fine_for_a_browsers_numbers_has_no_live_totals():
    """Better no figure than one that is a centime off."""
    rate = Fraction(11, 10) + Fraction(11, 10**10)
    assert live_fee(changed(RAK_2018, percent=rate), "moroccan") is None


STRICT = SelectionRules("strict", "1", (OldestFirst(), NotDisputed(), AtMostInvoices(1)))


@pytest.fixture
def strict_desk(tmp_path):
    with open_desk(tmp_path, tenant={"selection": STRICT}) as desk:
        yield desk


def test_the_operators_own_rules_are_said_on_the_page(strict_desk):
    """Every refusal at once, by name, and what to change."""
    answer = strict_desk.post(f"/factures/{strict_desk.draft()}", invoice=[B], action="continue")
    assert 422 == answer.status_code
    assert f"La facture {A} est plus ancienne que d'autres" in words(answer)
    assert f"Cochez aussi : {A}" in words(answer)
    assert f"Décochez : {B}" in words(answer)
    both = strict_desk.post(f"/factures/{strict_desk.draft()}", invoice=[A, B], action="continue")
    assert "Un paiement comprend 1 facture(s) au plus" in words(both)


def test_the_totals_are_those_of_the_ticks_even_when_refused(strict_desk):
    """Rule I05 holds before the operator's rules do."""
    answer = strict_desk.post(f"/factures/{strict_desk.draft()}", invoice=[A, B], action="continue")
    assert "221,24" in totals(answer)


def test_an_invoice_that_cannot_be_chosen_says_why(strict_desk):
    """Its box is off and described by the reason; « Tout sélectionner » leaves it out, a hand-made form is refused."""
    disputed = attrs.evolve(STATEMENT.invoices[1], is_disputed=True)
    strict_desk.billing.statements["123456789"] = Statement(
        STATEMENT.account, [STATEMENT.invoices[0], disputed]
    )
    token = strict_desk.draft()
    page = soup(strict_desk.client.get(f"/factures/{token}"))
    box = page.find("input", value=B)
    assert box.has_attr("disabled")
    assert "réclamation" in page.find(id=box["aria-describedby"]).get_text()
    strict_desk.post(f"/factures/{token}", all="yes", action="recalc")
    assert [A] == ticked(strict_desk.client.get(f"/factures/{token}"))
    assert 422 == strict_desk.post(f"/factures/{token}", invoice=[A, B], action="continue").status_code


def test_what_no_change_can_mend_has_no_advice(strict_desk):
    """Then only the reasons stand there."""
    disputed = [attrs.evolve(invoice, is_disputed=True) for invoice in STATEMENT.invoices]
    strict_desk.billing.statements["123456789"] = Statement(STATEMENT.account, disputed)
    answer = strict_desk.post(f"/factures/{strict_desk.draft()}", invoice=[A], action="continue")
    assert (422, False) == (answer.status_code, "Cochez aussi" in words(answer))


def test_every_refusal_has_its_words():
    """No rule can be broken without the customer reading why."""
    texts = Texts.load("fr")
    for rule in SelectionRule:
        assert texts.text(f"refusal.{rule}", reference="1", references="2", limit="3")
