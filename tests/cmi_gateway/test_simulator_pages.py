"""The simulator's pages, in process: what the customer reads, what the browser takes back."""

import re
from html import unescape

import html5lib
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cmi_gateway import Approved, Declined, Money
from cmi_gateway.simulator.delivery import CallbackAnswer
from support.gateway_kit import MERCHANT, signed_form
from support.simulator_kit import (
    DECLINED_51,
    FORM_TYPE,
    MASTERCARD,
    Clock,
    Sender,
    card_form,
    client,
    fields_of,
    forms,
    gateway,
    open_page,
    press,
)

PAY, CANCEL, END = "Valider le paiement", "Annuler", "Terminer sans payer"
BACK = "Cliquez ici pour retourner au site marchand"
FORM = signed_form()
REAL_LOOKING = "4111111111111111"
#: Texts of step 5 of the guide (rules R33 to R39), in its order.
GUIDE = (
    "DEMANDE DE PAIEMENT",
    "DÉTAIL DE PAIEMENT",
    "lundi, septembre 10, 2018 10:48:56",
    "Méthode de paiement : <strong>Carte bancaire</strong>",
    "Nom du porteur de la carte",
    "Numéro de carte de paiement",
    "Date d'expiration",
    "Code de vérification (?)",
    "Confirmer l'acceptation des conditions générales d'utilisation du service",
    "Valider le paiement",
    "Les informations sur le paiement vous concernant resteront confidentielles.",
    "DÉTAIL MARCHAND",
    "Nom du marchand :</dt><dd>RAK (600000099)",
    "INFORMATIONS DU CLIENT",
    "Nom :</dt><dd>Amina Aït Ben",
    "Adresse :",
    "E-mail :</dt><dd>client@example.com",
    "DÉTAIL DE LA COMMANDE",
    "NUM_CONTRAT:</dt><dd>123456789",
    "113.02 MAD",
    "1.24 MAD",
    "Total",
    "114.26 MAD",
)


def pay(browser, page, number="4000000000000010", **typed):
    """Fill in the card form and press the pay button."""
    return press(browser, page, PAY, **card_form(number, **typed))


def verified(fields, form=FORM):
    """Verify what the browser would post, as the merchant does."""
    callback = MERCHANT.verify(fields.items())
    callback.must_match(order_id=form.order_id, amount=Money.parse("114.26"), sent=form.fields)
    return callback.outcome


def test_the_payment_page_has_every_text_of_the_guide_in_order():
    """Rules R33 to R39: titles, date, labels, notice, merchant, customer, contract, lines and total."""
    page = unescape(open_page(client(), FORM.fields).text)
    positions = [page.index(text) for text in GUIDE[:-1]] + [page.rindex(GUIDE[-1])]
    assert sorted(positions) == positions


@pytest.mark.parametrize("number", ["4000000000000010", DECLINED_51])
def test_every_page_is_marked_as_a_simulator_and_well_formed(number):
    """No page can be taken for the real one: the banner is on each, and each is sound HTML."""
    browser = client()
    opened = open_page(browser, FORM.fields)
    challenge = pay(browser, open_page(browser, signed_form(order_id="B").fields), MASTERCARD)
    refused = open_page(browser, [])
    for page in (
        browser.get("/"),
        opened,
        pay(browser, opened, number),
        challenge,
        refused,
        browser.get("/no"),
    ):
        html5lib.HTMLParser(strict=True).parse(page.text)
        assert 'class="simulator" role="note">SIMULATEUR' in page.text
        assert "<img" not in page.text


def test_pages_carry_the_security_headers():
    """Every answer is not stored and runs only what carries its nonce, and no two nonces are alike."""
    browser = client()
    first, second = browser.get("/"), browser.get("/")
    assert first.headers["Cache-Control"] == "no-store"
    assert re.search(r"script-src 'nonce-[\w-]{20,}'", first.headers["Content-Security-Policy"])
    assert first.headers["Content-Security-Policy"] != second.headers["Content-Security-Policy"]


def test_a_payment_goes_back_signed_and_the_callback_went_before():
    """The callback is sent and captured before the result page, whose form takes all fields to okUrl."""
    send = Sender()
    browser = client(send=send)
    result = pay(browser, open_page(browser, FORM.fields))
    assert ["https://portal.example/cmi/callback"] == [url for url, _body in send.sent]
    assert "REÇU DE PAIEMENT" in result.text
    assert "Votre paiement a été accepté" in result.text
    form = forms(result.text)[BACK]
    assert form.action == "https://portal.example/retour"
    assert isinstance(verified(form.fields), Approved)


def test_the_callback_and_the_return_hold_the_same_fields():
    """What the browser carries is what the server was told, whatever the names and quotes of the payer."""
    odd = signed_form(custom={"NUM_CONTRAT": """O'Hara "&" <b>"""})
    send = Sender()
    browser = client(send=send)
    result = pay(browser, open_page(browser, odd.fields))
    returned = forms(result.text)[BACK].fields
    assert isinstance(verified(returned, odd), Approved)
    assert MERCHANT.verify(send.bodies[0]).order_id == odd.order_id
    assert fields_of(send.bodies[0])["NUM_CONTRAT"] == "O&#39;Hara &#34;&&#34; <b>"
    assert send.bodies[0].endswith(b"\n")


def test_a_refusal_gives_another_try_on_the_same_page():
    """The customer reads why, and pays with another card under the same order."""
    send = Sender(["APPROVED", "ACTION=POSTAUTH"])
    browser = client(send=send)
    refused = pay(browser, open_page(browser, FORM.fields), DECLINED_51)
    assert "Provision insuffisante (51)" in refused.text
    assert "REÇU DE PAIEMENT" in pay(browser, refused).text
    assert [MERCHANT.verify(body).order_id for body in send.bodies] == [FORM.order_id] * 2


def test_giving_up_after_a_refusal_leads_to_fail_url():
    """« Terminer sans payer » shows the result and takes the refusal's fields to failUrl."""
    form = signed_form(fail_url="https://portal.example/echec")
    browser = client()
    refused = pay(browser, open_page(browser, form.fields), DECLINED_51)
    result = press(browser, refused, END)
    assert "Résultat de paiement" in result.text
    assert forms(result.text)[BACK].action == "https://portal.example/echec"
    assert isinstance(verified(forms(result.text)[BACK].fields, form), Declined)


def test_an_enrolled_card_is_asked_for_its_code():
    """The code 123 pays, and until it is given nothing is sent to the merchant."""
    send = Sender()
    browser = client(send=send)
    challenge = pay(browser, open_page(browser, FORM.fields), MASTERCARD)
    assert "Authentification 3-D Secure" in challenge.text
    assert send.sent == []
    assert "REÇU DE PAIEMENT" in press(browser, challenge, "Confirmer", code="123").text


def test_a_wrong_code_comes_back_to_the_card():
    """A wrong code is a refusal without a code number, and the card form is there again."""
    browser = client()
    challenge = pay(browser, open_page(browser, FORM.fields), MASTERCARD)
    refused = press(browser, challenge, "Confirmer", code="1234")
    assert "<p>Authentification 3-D Secure refusée</p>" in refused.text
    assert PAY in forms(refused.text)


def test_cancelling_goes_to_the_shop_without_fields():
    """« Annuler » leads to shopurl by a redirect that carries nothing, and the merchant hears nothing."""
    send = Sender()
    browser = client(send=send)
    action = forms(open_page(browser, FORM.fields).text)[CANCEL].action
    answer = browser.post(action)
    assert (303, "https://portal.example/") == (answer.status_code, answer.location)
    assert "Paiement annulé" in browser.get(action.removesuffix("/cancel")).text
    assert send.sent == []


@pytest.mark.parametrize(
    ("name", "value", "posts_itself"),
    [("AutoRedirect", "TRUE", True), ("AutoRedirect", "1", False), ("autoRedirect", "true", False)],
)
def test_the_result_posts_itself_only_when_asked_in_the_exact_spelling(name, value, posts_itself):
    """The name's spelling counts and the value's case does not, as on the real page; the button is always there."""
    form = signed_form(auto_redirect=False)
    sent = [(n, v) for n, v in form.fields if n not in ("AutoRedirect", "hash")] + [(name, value)]
    browser = client()
    result = pay(browser, open_page(browser, resigned(sent)))
    assert posts_itself is (".submit()" in result.text)
    assert BACK in forms(result.text)


def resigned(pairs):
    """Sign fields that the library would not send."""
    from cmi_gateway.signature import hash_ver3

    return [*pairs, ("hash", hash_ver3(pairs, MERCHANT.store_keys[0]))]


@pytest.mark.parametrize("answer", ["FAILURE", "<html>ok</html>"])
def test_a_merchant_that_does_not_confirm_gets_no_automatic_return(answer):
    """The page says authorized, not accepted, and waits for a click."""
    browser = client(send=Sender([answer]))
    result = pay(browser, open_page(browser, FORM.fields))
    assert "<h1>Reçu d&#39;autorisation de paiement" in result.text
    assert "Votre paiement a été accepté" not in result.text
    assert ".submit()" not in result.text


def test_an_answer_that_is_not_200_counts_for_nothing():
    """A redirect or error page is no answer, even when it holds the right word."""
    state = gateway()
    browser = client(state, send=lambda url, body: CallbackAnswer(302, "ACTION=POSTAUTH"))
    pay(browser, open_page(browser, FORM.fields))
    assert state.orders[0].state == "PRE"


def test_a_sender_that_breaks_leaves_a_calm_page_and_a_settled_session(caplog):
    """A fault while calling back is logged by its type, and the payment is authorized and unconfirmed."""

    def broken(url, body):
        raise OSError("secret of the customer")

    state = gateway()
    browser = client(state, send=broken)
    page = pay(browser, open_page(browser, FORM.fields))
    assert page.status_code == 500
    assert "Traceback" not in page.text
    assert "secret of the customer" not in caplog.text
    assert state.orders[0].attempts[0].is_unconfirmed


def test_form_errors_are_linked_to_their_inputs():
    """Each error is listed, linked and described, and neither number nor security code is shown again."""
    browser = client()
    page = pay(browser, open_page(browser, FORM.fields), "1234", cv2="99")
    assert page.status_code == 422
    assert '<a href="#pan">' in page.text
    assert 'aria-invalid="true" aria-describedby="pan-error pan-help"' in page.text
    assert 'value="Amina Ait Ben"' in page.text
    assert not re.search(r'value="(1234|99)"', page.text)


def test_a_real_looking_card_is_never_echoed_sent_or_logged(caplog):
    """Such a number is refused with its own message and is found nowhere afterwards."""
    caplog.set_level("DEBUG")
    send = Sender()
    browser = client(send=send)
    page = pay(browser, open_page(browser, FORM.fields), REAL_LOOKING)
    assert "vraie carte" in page.text
    assert REAL_LOOKING not in page.text + caplog.text
    assert send.sent == []


def test_the_terms_box_is_mandatory():
    """Without the tick nothing is paid."""
    browser = client()
    form = forms(open_page(browser, FORM.fields).text)[PAY]
    page = browser.post(form.action, data=form.fields | card_form(choix1=None))
    assert "Confirmez l&#39;acceptation" in page.text


def test_a_wrong_hash_shows_3d_1004_and_leads_to_fail_url():
    """The page names the code, and its button posts the minimal fields to failUrl."""
    page = open_page(client(), [*FORM.fields, ("added", "later")])
    assert page.status_code == 400
    assert "3D-1004 : Code de sécurité erronné" in page.text
    form = forms(page.text)[BACK]
    assert {
        "Response": "Error",
        "ErrMsg": "3D-1004 Code de sécurité erronné",
        "ErrCode": "3D-1004",
    } == form.fields


def test_a_paid_order_is_refused_on_the_next_request():
    """The duplicate's page leads back with ``ProcReturnCode`` 99."""
    browser = client()
    pay(browser, open_page(browser, FORM.fields))
    fields = forms(open_page(browser, FORM.fields).text)[BACK].fields
    assert ("Error", "99") == (fields["Response"], fields["ProcReturnCode"])


def test_an_expired_session_says_so():
    """After the merchant's time the page offers the way back to the shop only."""
    clock = Clock()
    browser = client(gateway(clock))
    page = open_page(browser, FORM.fields)
    clock.advance(hours=1)
    expired = pay(browser, page)
    assert (410, "Session expirée") == (expired.status_code, re.search("<h1>(.*)</h1>", expired.text)[1])


def test_a_page_asked_for_during_the_callback_says_to_wait():
    """While the merchant is being asked, a second look shows neither form nor result."""
    seen = []

    def look(url, body):
        seen.append(browser.get(address).text)
        return CallbackAnswer(200, "ACTION=POSTAUTH")

    browser = client(send=look)
    opened = open_page(browser, FORM.fields)
    address = forms(opened.text)[CANCEL].action.removesuffix("/cancel")
    pay(browser, opened)
    assert "en cours de traitement" in seen[0]


def test_looking_again_changes_nothing():
    """The result page can be looked at again, and a second press of pay sends no second callback."""
    send = Sender()
    browser = client(send=send)
    opened = open_page(browser, FORM.fields)
    assert pay(browser, opened).text.count(FORM.order_id) == pay(browser, opened).text.count(FORM.order_id)
    assert len(send.sent) == 1


def test_cancelling_after_paying_shows_the_receipt():
    """Going back in the browser and cancelling does not hide that the payment was made."""
    browser = client()
    opened = open_page(browser, FORM.fields)
    pay(browser, opened)
    assert "REÇU DE PAIEMENT" in press(browser, opened, CANCEL).text


def test_hostile_values_are_shown_as_text():
    """Markup in the merchant's fields is text on our page."""
    page = open_page(client(), signed_form(custom={"NOTE": "<script>alert(1)</script>"}).fields).text
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


@pytest.mark.parametrize(
    ("method", "path", "data", "content_type", "status"),
    [
        ("GET", "/fim/est3Dgate", b"", None, 405),
        ("POST", "/fim/est3Dgate", b"", None, 400),
        ("POST", "/fim/est3Dgate", b"a=%FF", FORM_TYPE, 400),
        ("POST", "/fim/est3Dgate", b"\xff\xfe", FORM_TYPE, 400),
        ("POST", "/fim/est3Dgate", b"{}", "application/json", 400),
        ("POST", "/fim/est3Dgate", b"a=1&" * 1000, FORM_TYPE, 400),
        ("POST", "/fim/est3Dgate", b"a" * 70_000, FORM_TYPE, 413),
        ("GET", "/fim/session/unknown", b"", None, 404),
        ("POST", "/fim/session/unknown/card", b"pan=1", FORM_TYPE, 404),
        ("POST", "/fim/session/unknown/code", b"", FORM_TYPE, 404),
        ("POST", "/fim/session/unknown/cancel", b"", FORM_TYPE, 404),
        ("POST", "/fim/session/unknown/give-up", b"", FORM_TYPE, 404),
        ("GET", "/fim/api", b"", None, 405),
    ],
)
def test_every_door_answers_calmly(method, path, data, content_type, status):
    """Junk at any address gets a page in French with the right status, never a traceback."""
    answer = client().open(path, method=method, data=data, content_type=content_type)
    assert status == answer.status_code
    assert "SIMULATEUR" in answer.text
    assert "Traceback" not in answer.text


def test_junk_in_our_own_forms_is_an_empty_form():
    """A card form that cannot be read gets the errors of an empty one."""
    browser = client()
    action = forms(open_page(browser, FORM.fields).text)[PAY].action
    assert browser.post(action, data=b"\xff", content_type=FORM_TYPE).status_code == 422


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(st.binary(max_size=200))
def test_any_body_at_the_payment_page_is_answered(body):
    """Bytes of a stranger always get a page."""
    answer = client().post("/fim/est3Dgate", data=body, content_type=FORM_TYPE)
    assert answer.status_code == 400


def test_an_indicative_amount_is_shown_beside_the_order():
    """``amountCur`` and ``symbolCur`` are displayed and charge nothing."""
    sent = [(n, v) for n, v in FORM.fields if n != "hash"] + [("amountCur", "10.50"), ("symbolCur", "EUR")]
    assert "Valeur approximative : 10.50 EUR" in open_page(client(), resigned(sent)).text


def test_browser_only_mode_sends_no_callback():
    """Without CallbackResponse the result page says that none was asked for."""
    send = Sender()
    sent = [(n, v) for n, v in FORM.fields if n not in ("hash", "CallbackResponse")]
    browser = client(send=send)
    result = pay(browser, open_page(browser, resigned(sent)))
    assert "non demandé" in result.text
    assert send.sent == []
