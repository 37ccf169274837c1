"""The return pages: what the journal says, in calm words, and nothing decided."""

import pytest

from support.gateway_kit import APPROVED, DECLINED
from support.portal_kit import FORM, A, gateway_answer, open_desk, return_path, sent_fields, soup, words

VERIFYING = "Votre paiement est en cours de vérification. Ne payez pas une seconde fois."


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as desk:
        yield desk


@pytest.fixture
def sent(desk):
    """A customer who is at the gateway."""
    return desk.pay(desk.draft(chosen=[A]))


def heading(page):
    return soup(page).h1.get_text()


def test_the_pages_stand_where_the_signed_form_says(sent):
    """The form's own addresses lead to the three doors."""
    fields, path = sent_fields(sent), return_path(sent)
    assert fields["failUrl"].endswith(f"{path}/echec")
    assert fields["shopurl"].endswith(f"{path}/annulation")


@pytest.mark.parametrize("door", ["", "/echec", "/annulation"])
def test_a_posted_return_is_answered_with_a_page_to_open(desk, sent, door):
    """303 to the same address; the fields are not read, and no session is needed."""
    url = return_path(sent) + door
    stranger = desk.app.test_client()
    answer = stranger.post(
        url, data=gateway_answer(sent), content_type=FORM, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert (303, url) == (answer.status_code, answer.location)
    assert 200 == stranger.get(url).status_code


def test_a_return_never_decides(desk, sent):
    """A signed approval that comes through the browser changes nothing: the callback's door is another."""
    url = return_path(sent)
    desk.client.post(url, data=gateway_answer(sent), content_type=FORM)
    assert VERIFYING in words(desk.client.get(url))


@pytest.mark.parametrize(
    ("door", "expected"),
    [
        ("", "Paiement en cours de vérification"),
        ("/echec", "Votre paiement n'est pas confirmé"),
        ("/annulation", "Vous avez quitté la page de paiement"),
    ],
)
def test_before_the_callback_each_door_has_its_words(desk, sent, door, expected):
    """Nothing is known yet; the door only chooses how that is said."""
    page = desk.client.get(return_path(sent) + door)
    assert expected == heading(page)
    assert "114,26 DH" in words(page)


def test_the_pending_page_asks_again_by_itself_and_can_be_stopped(desk, sent):
    """Politely: a link first, twenty seconds, and no more than the customer wants."""
    url = return_path(sent)
    page = soup(desk.client.get(url))
    assert f"20; url={url}?n=1" == page.find("meta", attrs={"http-equiv": "refresh"})["content"]
    assert url == page.select_one("main a.button")["href"]
    for calm in ("?auto=non", "?n=30", "?n=-1"):
        assert 'http-equiv="refresh"' not in desk.client.get(url + calm).text


@pytest.mark.parametrize("door", ["", "/echec", "/annulation"])
def test_once_paid_every_door_leads_to_the_receipt(desk, sent, door):
    """Rule R40: the receipt is shown because the journal says paid, whatever door the browser took."""
    desk.callback(sent)
    answer = desk.client.get(return_path(sent) + door)
    assert 303 == answer.status_code
    assert answer.location.startswith("http://127.0.0.1:5000/recu/")


def test_a_refused_payment_can_be_tried_again_where_the_customer_was(desk):
    """With the same choice, or from the start on another machine."""
    token = desk.draft(chosen=[A])
    sent = desk.pay(token)
    desk.callback(sent, DECLINED)
    page = desk.client.get(return_path(sent) + "/echec")
    assert "Votre paiement n'a pas été accepté" == heading(page)
    assert f"/recapitulatif/{token}" == soup(page).find("a", string="Essayer de nouveau")["href"]
    elsewhere = soup(desk.app.test_client().get(return_path(sent)))
    assert "/identification" == elsewhere.find("a", string="Essayer de nouveau")["href"]


def test_a_payment_that_was_started_anew_says_so(desk, sent):
    """The older tab tells that the newer one counts."""
    token = desk.draft(chosen=[A])
    desk.pay(token, restart="yes")
    assert "Ce paiement a été remplacé" == heading(desk.client.get(return_path(sent)))


def test_paid_by_another_attempt_shows_no_receipt_of_it(desk, sent):
    """The older tab learns that the bill is paid; the receipt belongs to whoever paid."""
    desk.callback(desk.pay(desk.draft(chosen=[A]), restart="yes"))
    page = desk.client.get(return_path(sent))
    assert "Votre paiement a été accepté" == heading(page)
    assert "/recu/" not in page.text


def test_a_second_success_asks_for_patience(desk, sent):
    """Paid twice: the second page says that people look at it, and not to pay again."""
    token = desk.draft(chosen=[A])
    second = desk.pay(token, restart="yes")
    desk.callback(second)
    desk.callback(sent, APPROVED | {"TransId": "18253Kw4H12731"})
    page = desk.client.get(return_path(sent))
    assert "Votre paiement demande une vérification" == heading(page)
    assert "Ne payez pas une seconde fois" in words(page)


def test_received_and_paid_are_two_things(desk, sent):
    """Accepted by the callback, not yet confirmed: received, without a receipt."""
    object.__setattr__(desk.checkout, "confirm_on", "later")
    desk.callback(sent)
    page = desk.client.get(return_path(sent))
    assert "Votre paiement a été reçu" == heading(page)
    assert "/recu/" not in page.text
    desk.checkout.confirm(sent_fields(sent)["oid"])
    assert 303 == desk.client.get(return_path(sent)).status_code


@pytest.mark.parametrize("door", ["", "/echec", "/annulation"])
def test_an_unknown_token_is_an_unknown_page(desk, door):
    """404, and nothing about anybody."""
    assert 404 == desk.client.get(f"/retour/{'x' * 32}{door}").status_code
    assert 404 == desk.client.get(f"/retour/%00{door}").status_code


def test_the_page_needs_no_cookie(desk, sent):
    """A customer who comes back in another browser sees the same."""
    assert VERIFYING in words(desk.app.test_client().get(return_path(sent)))


def test_the_page_shows_no_name_and_no_code(desk, sent):
    """The link proves nothing about who opens it."""
    text = desk.app.test_client().get(return_path(sent)).text
    assert "client@example.com" not in text
    assert "B… A…" not in text
