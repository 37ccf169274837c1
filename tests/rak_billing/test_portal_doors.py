"""Hostile input at every door."""

import pytest

from rak_billing.portal.app import create_app
from support.portal_kit import A, open_desk, soup, words


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as desk:
        yield desk


@pytest.mark.parametrize("url", ["/identification", "/factures/{}", "/paiement/{}"])
@pytest.mark.parametrize("token", [None, "", "forged"])
def test_no_form_without_its_token(desk, url, token):
    """Whatever is posted from elsewhere is refused, calmly."""
    draft = desk.draft(chosen=[A])
    fields = {} if token is None else {"csrf_token": token}
    answer = desk.client.post(url.format(draft), data=fields | {"invoice": A, "terms": "yes"})
    assert 400 == answer.status_code
    assert "La demande n'a pas pu être lue" in words(answer)


def test_a_form_token_of_another_session_is_refused(desk):
    """One's own token does not open another's session."""
    stranger = desk.app.test_client()
    stranger.get("/identification")
    assert 400 == stranger.post("/identification", data={"csrf_token": desk.csrf()}).status_code


def test_the_portal_needs_no_key_of_its_own(desk):
    """Without one every process seals alike, by a key derived from the merchant's store key for this alone."""
    keys = [create_app(desk.checkout).config["SECRET_KEY"] for _ in range(2)]
    assert keys[0] == keys[1] != desk.app.config["SECRET_KEY"]
    assert desk.checkout.merchant.derive_key("rak_billing portal") not in keys


def test_a_form_that_the_browser_says_is_foreign_is_refused(desk):
    """Even with a token."""
    token = desk.csrf()
    answer = desk.client.post(
        "/identification", data={"csrf_token": token}, headers={"Sec-Fetch-Site": "cross-site"}
    )
    assert 400 == answer.status_code


@pytest.mark.parametrize("url", ["/factures/{}", "/recapitulatif/{}", "/identification/{}"])
def test_another_browsers_draft_does_not_exist_here(desk, url):
    """The token alone opens nothing: the entries are in the other browser's cookie."""
    draft = desk.draft(chosen=[A])
    answer = desk.app.test_client().get(url.format(draft))
    assert 404 == answer.status_code
    assert "client@example.com" not in answer.text
    assert "Votre saisie n'est plus disponible" in words(answer)


def test_another_browsers_draft_cannot_be_paid_or_changed(desk):
    """Nor posted to."""
    draft = desk.draft(chosen=[A])
    stranger = desk.app.test_client()
    token = soup(stranger.get("/identification")).find(attrs={"name": "csrf_token"})["value"]
    for url in (f"/factures/{draft}", f"/paiement/{draft}"):
        assert 404 == stranger.post(url, data={"csrf_token": token, "invoice": A, "terms": "yes"}).status_code


def test_a_forged_cookie_is_an_empty_one(desk):
    """What is not signed with our key is not read."""
    draft = desk.draft(chosen=[A])
    cookie = desk.client.get_cookie("rak_billing").value
    stranger = desk.app.test_client()
    stranger.set_cookie("rak_billing", cookie[:-4] + "AAAA")
    assert 404 == stranger.get(f"/factures/{draft}").status_code


@pytest.mark.parametrize("url", ["/identification", "/factures/x"])
def test_a_body_of_a_megabyte_is_refused(desk, url):
    """413 before anything is parsed."""
    answer = desk.client.post(url, data={"customer_ref": "1" * 1_000_000})
    assert answer.status_code in {400, 413}
    assert b"1" * 100 not in answer.data


def test_a_thousand_fields_are_refused_or_harmless(desk):
    """A form of many small parts costs little."""
    fields = {"csrf_token": desk.csrf()} | {f"f{n}": "1" for n in range(5000)}
    assert desk.client.post("/identification", data=fields).status_code in {400, 413, 422}


@pytest.mark.parametrize(
    ("method", "url"),
    [
        ("POST", "/"),
        ("POST", "/guide"),
        ("GET", "/paiement/x"),
        ("POST", "/recu/x"),
        ("PUT", "/identification"),
    ],
)
def test_a_wrong_method_is_a_page_too(desk, method, url):
    """405, what is allowed, and a way on."""
    answer = desk.client.open(url, method=method, data={"csrf_token": desk.csrf()})
    assert 405 == answer.status_code
    assert answer.headers["Allow"]
    assert "votre agence RAK" in words(answer)


def test_bills_with_markup_stay_text(desk):
    """Name, address, reference and service come from outside."""
    token = desk.draft("666", chosen=["<b>9</b>"])
    for url in (f"/factures/{token}", f"/recapitulatif/{token}"):
        page = desk.client.get(url)
        assert 200 == page.status_code
        for markup in ("<script>alert", "<b>9", "<i>", "<img"):
            assert markup not in page.text
    assert 200 == desk.pay(token).status_code


@pytest.mark.parametrize(
    "typed", ['"><script>alert(1)</script>', "{{ 7*7 }}", "' onfocus='x", "{0.__class__}"]
)
def test_what_is_typed_comes_back_as_text(desk, typed):
    """In the field where it was typed, and nowhere as markup or template."""
    page = desk.identify(typed, email=typed, card=typed)
    assert 422 == page.status_code
    assert typed == soup(page).find(id="customer_ref")["value"]
    assert "<script>alert" not in page.text
    assert "49" not in soup(page).main.get_text()


@pytest.mark.parametrize(
    "query", ["?next=https://evil.example", "?url=//evil.example", "?return_to=https:evil.example"]
)
def test_no_redirect_leads_where_a_stranger_wants(desk, query):
    """Targets are our own pages, the operator's site and the receipt; parameters are not read."""
    for url in ("/quitter", "/", "/identification"):
        answer = desk.client.get(url + query, headers={"Host": "evil.example"})
        assert "evil.example" not in answer.headers.get("Location", "") + answer.text


@pytest.mark.parametrize(
    "email", ["a@x.ma\r\nBcc: b@x.ma", "a@x.ma\n", "a@x.ma%0d%0aBcc:b@x.ma", "a@x.ma\u2028b"]
)
def test_an_email_carries_no_header(desk, email):
    """Trimmed to one address, or refused."""
    answer = desk.identify(email=email, email_again=email)
    expected = 303 if email.strip() == "a@x.ma" else 422
    assert expected == answer.status_code


def test_a_failure_inside_is_a_calm_page(desk, monkeypatch, caplog):
    """No trace, no personal data; what to do if one was paying, and whom to ask."""
    monkeypatch.setattr(type(desk.checkout), "preview", lambda *a: 1 / 0)
    answer = desk.client.get(f"/factures/{desk.draft()}")
    assert 500 == answer.status_code
    assert "ne payez pas une seconde fois" in words(answer)
    assert "ZeroDivisionError" not in answer.text
    assert "a page could not be made" in caplog.text


def test_drafts_of_two_tabs_do_not_mix(desk):
    """Two customers, or two choices, side by side in one browser."""
    first, second = desk.draft("123456789"), desk.draft("555")
    assert "77" not in [
        box["value"] for box in soup(desk.client.get(f"/factures/{first}")).select("input[name=invoice]")
    ]
    assert "77" in [
        box["value"] for box in soup(desk.client.get(f"/factures/{second}")).select("input[name=invoice]")
    ]


def test_the_end_of_a_draft_is_announced(desk):
    """Five minutes before, by script, with one press to go on (WCAG 2.2.1)."""
    token = desk.draft(chosen=[A])
    for url in (f"/factures/{token}", f"/recapitulatif/{token}"):
        notice = soup(desk.client.get(url)).select_one("[data-expiry]")
        assert ("alert", True) == (notice["role"], notice.has_attr("hidden"))
        assert notice.select_one("a, button")


def test_a_draft_ends_after_half_an_hour(desk):
    """Said calmly, with the way to start again."""
    token = desk.draft(chosen=[A])
    desk.clock.forward(1801)
    answer = desk.client.get(f"/recapitulatif/{token}")
    assert (404, True) == (answer.status_code, "Après 30 minutes" in words(answer))
