"""What every answer tells the browser: what may run, load, be kept and be told to others."""

import re
from importlib.resources import files

import pytest

from support.portal_kit import A, open_desk, soup

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


def test_the_page_that_leaves_for_the_gateway_looks_as_meant(desk):
    """The policy names the nonce of its style and of its script."""
    sent = desk.pay(desk.draft(chosen=[A]))
    nonces = {element["nonce"] for element in soup(sent).select("style, script")}
    (nonce,) = nonces
    policy = sent.headers["Content-Security-Policy"]
    assert (True, True) == (
        f"style-src 'self' 'nonce-{nonce}'" in policy,
        f"script-src 'nonce-{nonce}'" in policy,
    )


def test_every_page_has_another_nonce(desk):
    """A nonce that repeats protects nothing."""
    policies = {desk.client.get("/").headers["Content-Security-Policy"] for _ in range(3)}
    assert 3 == len(policies)


def test_static_files_are_kept_for_a_year_under_their_version(desk):
    """Their address changes with their content; without it they are not kept."""
    url = soup(desk.client.get("/")).find("link", rel="stylesheet")["href"]
    assert "immutable" in desk.static(url)[1]
    assert "no-store" == desk.static(url.partition("?")[0])[1]


def test_the_icon_is_found_where_browsers_look_for_it(desk):
    """Also by pages that name none."""
    assert "<svg" in desk.static(desk.client.get("/favicon.ico").location)[0]


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


@pytest.mark.parametrize("size", ["portal.css", "js"])
def test_styles_and_scripts_stay_small(size):
    """Fast on a poor line: under 12 kB of style and 8 kB of script in all."""
    static = files("rak_billing.portal").joinpath("static")
    total = sum(len(file.read_bytes()) for file in static.iterdir() if file.name.endswith(size))
    assert 0 < total < (12_000 if size == "portal.css" else 8_000)
