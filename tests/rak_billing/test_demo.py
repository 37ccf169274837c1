"""The customer without a browser: reads pages as a browser does, and says which step failed."""

import pytest

from cmi_gateway.simulator.faults import BrowserFirst, FaultPlan
from rak_billing.demo.bills import GUIDE_CLIENT, demo_billing, demo_clients
from rak_billing.demo.customer import Customer, find_work
from rak_billing.demo.journey import card_values, hand_over, identify, pay_bill
from rak_billing.demo.servers import running_demo
from rak_billing.demo.web_page import JourneyError, Page
from rak_billing.portal.human_check import solves
from support.journey_kit import A

HTML = """
<h1> Une
 page </h1>
<p>Bonjour <b>Amina</b></p>
<dl><dt>Nom :</dt><dd>A…</dd><dt>Vide</dt></dl>
<table><tr><th>Réf</th><td>1</td></tr></table>
<a href="/guide">Le guide</a>
<form action="envoi" method="post">
  <input name="csrf" value="x"><input type="hidden" name="empty">
  <input type="checkbox" name="box" value="1" checked><input type="checkbox" name="box" value="2">
  <input type="radio" name="card" value="m"><input type="radio" name="card" value="i" checked>
  <input type="checkbox" name="plain" checked><input name="off" value="x" disabled><input value="unnamed">
  <select name="month"><option value="">-</option><option value="12">12</option></select>
  <select name="year"><option value="27">27</option><option value="28" selected>28</option></select>
  <select name="none"></select>
  <textarea name="words">deux mots</textarea>
  <button name="action" value="go">Valider</button><button>Autre</button>
</form>
<form><input type="submit" value="Chercher"></form>
"""


@pytest.fixture
def page():
    return Page.read("http://127.0.0.1:1/a/b", 200, HTML)


def test_a_page_is_read_as_people_read_it(page):
    """Heading, words, facts, rows and links come without the layout of the source."""
    assert "Une page" == page.heading
    assert "Bonjour Amina" in page.text
    assert {"Nom": "A…"} == page.facts
    assert (("Réf", "1"),) == page.rows
    assert "http://127.0.0.1:1/guide" == page.link("Le guide")


def test_a_form_sends_what_a_browser_sends(page):
    """Ticked boxes, chosen options, hidden fields and the pressed button; nothing disabled or unnamed."""
    form = page.form("Valider")
    assert ("http://127.0.0.1:1/a/envoi", "post") == (form.action, form.method)
    expected = "csrf=x empty= box=1 card=i plain=on month= year=28 words=deux mots action=go"
    assert expected == " ".join(f"{name}={value}" for name, value in form.fields)


def test_a_button_sends_its_own_name_only(page):
    """Of two buttons the other one is not sent."""
    assert "action" not in dict(page.form("Autre").fields)


def test_a_form_without_action_goes_to_its_own_page(page):
    """As in a browser, and by GET."""
    form = page.form("Chercher")
    assert ("http://127.0.0.1:1/a/b", "get", ()) == (form.action, form.method, form.fields)


def test_filling_in_replaces_adds_and_leaves_out(page):
    """One value, several of one name, and None."""
    form = page.form("Valider").filled({"csrf": "y", "box": ("2", "3"), "card": None, "new": "z"})
    sent = [pair for pair in form.fields if pair[0] in ("csrf", "box", "card", "new")]
    assert [("csrf", "y"), ("box", "2"), ("box", "3"), ("new", "z")] == sent


def test_what_a_page_lacks_is_named(page):
    """A missing button or link says on which page, and with which status."""
    with pytest.raises(JourneyError, match=r"« Une page » \(HTTP 200\) n'a pas de bouton « Payer »"):
        page.form("Payer")
    with pytest.raises(JourneyError, match="n'a pas de lien « Ailleurs »"):
        page.link("Ailleurs")


def test_a_step_on_the_wrong_page_says_so(page):
    """Neither the human check nor the card form is looked for in vain without a word."""
    with Customer() as customer:
        with pytest.raises(JourneyError, match="Je ne suis pas un robot"):
            identify(customer, page, GUIDE_CLIENT)
        with pytest.raises(JourneyError, match="paiement par carte"):
            card_values(page, "4000")
        assert page is hand_over(customer, page)


def test_a_page_without_heading_has_an_empty_one():
    """Whatever a server answers is a page."""
    assert "" == Page.read("http://127.0.0.1/", 500, "").heading


def test_the_work_is_what_the_portal_checks():
    """The number found is one that the server accepts, and a larger difficulty is honest work."""
    assert all(solves("a token", find_work("a token", bits), bits) for bits in (1, 8, 12))


def test_every_client_of_the_demo_can_be_looked_up(tmp_path):
    """Each number on the list has a statement; another has none."""
    billing = demo_billing(tmp_path)
    counts = [len(billing.statement(client.customer_ref).invoices) for client in demo_clients()]
    assert [2, 3, 12, 0] == counts
    assert billing.statement("999999999") is None


def test_the_customer_waits_for_a_late_callback(tmp_path):
    """A callback that comes after the return is waited for: the pending page becomes the receipt."""
    with running_demo(tmp_path) as demo:
        demo.simulator.courier.faults.set(FaultPlan.of(BrowserFirst(seconds=0.3)))
        receipt = pay_bill(demo, GUIDE_CLIENT, [A], patience=15)
    assert ("10000000001", "114.26") == (receipt.number, receipt.total.wire)


def test_a_lost_mail_is_a_failed_step(tmp_path):
    """The journey is not over before the confirmation has arrived."""
    with running_demo(tmp_path) as demo:
        demo.mail_folder.rmdir()
        demo.mail_folder.write_text("in the way of the mails")
        with pytest.raises(JourneyError, match="le mail de confirmation n'est pas arrivé"):
            pay_bill(demo, GUIDE_CLIENT, [A], patience=0.2)


def test_the_key_is_read_again(tmp_path):
    """A folder that was used before has the same links to its receipts."""
    with running_demo(tmp_path) as demo:
        number = pay_bill(demo, GUIDE_CLIENT, [A]).number
        (mail,) = demo.mail_folder.glob("*.eml")
        secret = mail.read_text().partition("/recu/")[2].split()[0]
    with running_demo(tmp_path) as demo:
        assert number == demo.checkout.receipt(secret).number
