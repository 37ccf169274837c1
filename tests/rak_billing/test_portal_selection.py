"""Step 3: the list, the ticks, the totals."""

from fractions import Fraction

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rak_billing.fees.schedule import FeeSchedule
from rak_billing.fees.selectors import Selector
from rak_billing.invoices import Statement
from rak_billing.portal.live_fee import live_fee_script
from rak_billing.testing.fees import fee_rules
from support.bills import PAYMENT_DAY, STATEMENT
from support.counts import count
from support.fees import changed, rule, schedule
from support.node import needs_node, running_calculator
from support.portal_kit import A, B, open_desk, soup, words

RAK_2018 = FeeSchedule.preset("rak-2018")


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as desk:
        yield desk


@pytest.fixture(scope="module")
def node():
    with running_calculator() as node:
        yield node


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


def fee_script(page):
    """Give the address of the tariff's script: the one that lies between the page's two others."""
    return [script["src"] for script in soup(page).select("script")][1]


def test_the_page_brings_the_tariff_as_a_script_of_its_own(desk):
    """From this site, kept as long as one likes under an address of its own content, and run before the totals' script."""
    address = fee_script(desk.client.get(f"/factures/{desk.draft()}"))
    answer = desk.client.get(address)
    assert (200, "text/javascript") == (answer.status_code, answer.mimetype)
    assert "immutable" in answer.headers["Cache-Control"]
    assert "total * 11n" in answer.text


@pytest.mark.parametrize(
    "address", ["/tarif/moroccan/0.js", "/tarif/amex/0.js", "/tarif/international/00.js"]
)
def test_another_version_of_the_script_is_not_found(desk, address):
    """A page of yesterday's tariff gets no script, and « Recalculer » stays."""
    answer = desk.client.get(address)
    assert (404, "no-store") == (answer.status_code, answer.headers["Cache-Control"])


def test_a_card_without_a_rule_has_no_script(tmp_path):
    """Nor does the portal take it."""
    only = changed(RAK_2018, when=Selector(cards=["international"]))
    with open_desk(tmp_path, tenant={"fee_schedule": only}) as desk:
        assert 404 == desk.client.get("/tarif/moroccan/0.js").status_code


def test_each_card_has_the_script_of_its_own_rule(tmp_path):
    """Where the operator bears the fee of Moroccan cards, theirs shows none."""
    rules = [
        rule(when=Selector(cards=["moroccan"]), percent=Fraction(3, 4), bearer="utility"),
        rule(when=Selector(cards=["international"]), percent=Fraction(2)),
    ]
    with open_desk(tmp_path, tenant={"fee_schedule": schedule(*rules)}) as desk:
        scripts = []
        for card in ("moroccan", "international"):
            token = desk.identify(card=card).location.rsplit("/", 1)[1]
            scripts.append(desk.client.get(fee_script(desk.client.get(f"/factures/{token}"))).text)
    assert [True, False] == ["const gross = 0n;" in text for text in scripts]


@needs_node
@settings(max_examples=count(20, 100))
@given(a_rule=fee_rules(), chosen=st.sampled_from([[A], [B], [A, B]]))
def test_what_the_script_shows_is_what_the_server_charges(node, a_rule, chosen):
    """For every tariff that can be written: no rule goes without live totals."""
    amounts = [invoice.amount for invoice in STATEMENT.invoices if invoice.reference in chosen]
    expected = schedule(a_rule).fee(sum(amounts), invoices=amounts, on=PAYMENT_DAY).gross.centimes
    script = live_fee_script(schedule(a_rule), "moroccan")
    question = f"(amounts) => {{ {script}; return feeOf(amounts); }}"
    assert expected == node.call(question, [amount.centimes for amount in amounts])["gross"]
