"""What every page owes to those who read it with ears, keyboard or a small screen (WCAG 2.2 AA)."""

import itertools

import attrs
import pytest
from html5lib import HTMLParser

from rak_billing.invoices import Statement
from rak_billing.selection.rules import AtMostInvoices, MandatoryIncluded, NotDisputed, SelectionRules
from support.bills import STATEMENT
from support.portal_kit import A, B, open_desk, return_path, soup

#: Two invoices of which one cannot be chosen, and two of which only one may be.
ONE = SelectionRules("one", "1", (MandatoryIncluded(), NotDisputed(), AtMostInvoices(1)))
DISPUTED = Statement(
    attrs.evolve(STATEMENT.account, customer_ref="444"),
    [attrs.evolve(invoice, is_disputed=invoice.reference == A) for invoice in STATEMENT.invoices],
)


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path, tenant={"selection": ONE}) as desk:
        desk.billing.statements["444"] = DISPUTED
        yield desk


def every_page(desk):
    """Give each kind of page once, with its problems where it can have some."""
    token, mandatory = desk.draft(chosen=[A]), desk.draft("555")
    yield from (
        desk.client.get(url)
        for url in ("/", "/guide", "/conditions", "/confidentialite", "/identification", "/404")
    )
    yield desk.identify("999")
    yield desk.identify("", email="x", card="x")
    yield desk.client.get(f"/factures/{mandatory}")
    yield desk.post(f"/factures/{mandatory}", invoice=["88"], action="continue")
    yield desk.post(f"/factures/{desk.draft('444')}", invoice=[A], action="continue")
    yield desk.post(f"/factures/{desk.draft()}", invoice=[A, B], action="continue")
    yield desk.client.get(f"/recapitulatif/{token}")
    yield desk.pay(token, terms="")
    yield desk.pay(token, accepted="1.00")
    sent = desk.pay(token)
    yield desk.pay(token)
    yield from (desk.client.get(return_path(sent) + door) for door in ("", "/echec", "/annulation"))


def test_every_page_is_whole(desk):
    """Language, one heading, a title, a way to the content, a contact, unique ids, valid HTML."""
    for answer in every_page(desk):
        page, where = soup(answer), answer.request.path
        assert ("fr", "ltr") == (page.html["lang"], page.html["dir"]), where
        assert 1 == len(page.select("h1")), where
        assert page.title.get_text().endswith("Service de paiement en ligne — RAK"), where
        assert "#main" == page.select_one("body > a")["href"], where
        assert "votre agence RAK" in page.footer.get_text(), where
        ids = [element["id"] for element in page.select("[id]")]
        assert len(ids) == len(set(ids)), where
        HTMLParser(strict=True).parse(answer.get_data(as_text=True))


def test_headings_descend_step_by_step(desk):
    """No level is left out, so that readers can jump."""
    for answer in every_page(desk):
        levels = [
            int(heading.name[1])
            for heading in soup(answer).main.select("h1, h2, h3")
            if not heading.find_parent(class_="summary")
        ]
        assert 1 == levels[0], answer.request.path
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels))


def test_every_field_has_a_label_and_every_group_a_legend(desk):
    """By ``for``, or around it."""
    for answer in every_page(desk):
        page = soup(answer)
        for field in page.select("input:not([type=hidden])"):
            label = page.find("label", attrs={"for": field.get("id")}) if field.get("id") else None
            assert (label or field.find_parent("label")).get_text(strip=True), (answer.request.path, field)
        assert all(group.legend for group in page.select("fieldset"))


def test_every_reference_between_elements_holds(desk):
    """Descriptions, headings and links within the page point at something."""
    for answer in every_page(desk):
        page = soup(answer)
        wanted = [link["href"][1:] for link in page.select('a[href^="#"]')]
        for name in ("aria-describedby", "aria-labelledby"):
            wanted += [anchor for element in page.select(f"[{name}]") for anchor in element[name].split()]
        assert [] == [anchor for anchor in wanted if page.find(id=anchor) is None], answer.request.path


def test_problems_are_summed_up_first_and_shown_at_their_field(desk):
    """The summary takes the focus, links to each field, and the title says so."""
    page = soup(desk.identify("", email="x"))
    summary = page.select_one(".summary")
    assert ("alert", "-1", True) == (summary["role"], summary["tabindex"], summary.has_attr("autofocus"))
    # The browser's own way works without script; a second one makes Chromium complain of the first.
    assert ".focus(" not in desk.static("/static/portal.js")[0]
    assert ["#customer_ref", "#email"] == [link["href"] for link in summary.select("a")]
    assert page.title.get_text().startswith("Erreur : ")
    field = page.find(id="email")
    assert "true" == field["aria-invalid"]
    assert "email-error" in field["aria-describedby"].split()


def test_the_totals_are_announced(desk):
    """The live region is there before the script changes it."""
    output = soup(desk.client.get(f"/factures/{desk.draft()}")).output
    assert ("status", "polite") == (output["role"], output["aria-live"])
    assert output.get_text(strip=True)


def test_links_to_a_new_tab_say_so(desk):
    """And cannot reach back."""
    for answer in every_page(desk):
        for link in soup(answer).select("a[target=_blank]"):
            assert ["noopener"] == link["rel"]
            assert "nouvel onglet" in link.parent.get_text()


def test_the_way_out_is_on_every_step(desk):
    """Rules R12, I28: the same label on identification, its error, selection and recap; no guide link on the recap."""
    token = desk.draft(chosen=[A])
    steps = [desk.client.get("/identification"), desk.identify("999")]
    steps += [desk.client.get(f"/{step}/{token}") for step in ("factures", "recapitulatif")]
    for answer in steps:
        assert soup(answer).find("a", string="Retour au site de la RAK")["href"].startswith("/quitter")
    assert "/guide" not in steps[-1].text


def test_the_style_works_in_both_directions():
    """Logical properties only, so that Arabic needs no second style sheet."""
    import re
    from importlib.resources import files

    style = files("rak_billing.portal").joinpath("static", "portal.css").read_text(encoding="utf-8")
    assert not re.findall(
        r"(?:margin|padding|border)-(?:left|right)|text-align: (?:left|right)|[{; ](?:left|right):", style
    )
    assert ":focus-visible" in style
    assert "@media print" in style
