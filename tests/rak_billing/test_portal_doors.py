"""Hostile input at every door, and the headers of every answer."""

import re

import pytest

from support.portal_kit import A, open_desk, soup, words

PAGES = (
    "/",
    "/guide",
    "/conditions",
    "/confidentialite",
    "/identification",
    "/unknown",
    "/retour/x",
    "/recu/x",
)


@pytest.fixture
def desk(tmp_path):
    with open_desk(tmp_path) as desk:
        yield desk


@pytest.mark.parametrize("url", PAGES)
def test_every_page_is_locked_down(desk, url):
    """Nothing from outside, nothing framed, nothing kept, nothing told."""
    headers = desk.client.get(url).headers
    policy = headers["Content-Security-Policy"]
    for rule in ("default-src 'none'", "form-action 'self'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert rule in policy
    assert re.search(r"script-src 'nonce-[\w-]{40,}'", policy)
    assert "unsafe" not in policy
    expected = ("nosniff", "no-referrer", "same-origin", "no-store")
    names = ("X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Opener-Policy", "Cache-Control")
    assert expected == tuple(headers[name] for name in names)


def test_pages_hold_no_inline_script_style_or_handler(desk):
    """What the policy forbids is not there either."""
    token = desk.draft(chosen=[A])
    for url in (*PAGES, f"/factures/{token}", f"/recapitulatif/{token}"):
        page = soup(desk.client.get(url))
        assert all(script.get("src") and not script.string for script in page.select("script"))
        assert [] == page.select("style, [style], iframe, object")
        assert not re.search(r"\son[a-z]+=|javascript:", str(page))


def test_every_page_has_another_nonce(desk):
    """A nonce that repeats protects nothing."""
    policies = {desk.client.get("/").headers["Content-Security-Policy"] for _ in range(3)}
    assert 3 == len(policies)


def test_static_files_are_kept_for_a_year_under_their_version(desk):
    """Their address changes with their content; without it they are not kept."""
    url = soup(desk.client.get("/")).find("link", rel="stylesheet")["href"]
    assert "immutable" in desk.static(url)[1]
    assert "no-store" == desk.static(url.partition("?")[0])[1]


def test_over_https_the_cookie_is_bound_to_the_host_and_https_is_kept(tmp_path):
    """Secure, HttpOnly, Lax, `__Host-`, and HSTS for a year."""
    with open_desk(tmp_path, tenant={"portal_url": "https://paiement.rak.example"}) as desk:
        answer = desk.client.get("/identification", base_url="https://paiement.rak.example")
        cookie = answer.headers["Set-Cookie"]
        assert cookie.startswith("__Host-rak_billing=")
        assert {"Secure", "HttpOnly", "Path=/", "SameSite=Lax"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
        assert answer.headers["Strict-Transport-Security"].startswith("max-age=31536000")


def test_on_this_machine_plain_http_works(desk):
    """For the demo; without HSTS, which would outlive it."""
    answer = desk.client.get("/identification")
    assert {"HttpOnly", "SameSite=Lax"} <= set(answer.headers["Set-Cookie"].split("; "))
    assert "Strict-Transport-Security" not in answer.headers


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


@pytest.mark.parametrize("url", ["/identification", "/cmi/callback", "/factures/x"])
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
    monkeypatch.setattr(type(desk.checkout), "quote", lambda *a: 1 / 0)
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


def test_a_draft_ends_after_half_an_hour(desk):
    """Said calmly, with the way to start again."""
    token = desk.draft(chosen=[A])
    desk.clock.forward(1801)
    answer = desk.client.get(f"/recapitulatif/{token}")
    assert (404, True) == (answer.status_code, "Après 30 minutes" in words(answer))


@pytest.mark.parametrize("size", ["portal.css", "js"])
def test_styles_and_scripts_stay_small(desk, size):
    """Fast on a poor line: under 12 kB of style and 8 kB of script in all."""
    from importlib.resources import files

    static = files("rak_billing.portal").joinpath("static")
    total = sum(len(file.read_bytes()) for file in static.iterdir() if file.name.endswith(size))
    assert 0 < total < (12_000 if size == "portal.css" else 8_000)
