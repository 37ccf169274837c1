"""A Chromium of this machine, and a customer who looks, clicks and types in it."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import attrs
import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

from rak_billing.portal.texts import Texts

DESKTOP, PHONE = (1280, 900), (375, 812)
EMAIL = "client@example.com"
AUDIT = Path(__file__).with_name("audit.js").read_text(encoding="utf-8")
_QUIET = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
#: What Chromium writes when a page that says « please correct » comes with the status that says so too.
_STATUS = re.compile(r"Failed to load resource: the server responded with a status of 4\d\d")
_MOST_TABS = 60
_FOCUS = """() => {
  const element = document.activeElement, style = getComputedStyle(element), place = element.getBoundingClientRect();
  const ring = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 || style.outlineStyle === "auto";
  const seen = ring && place.width > 0 && place.bottom > 0 && place.top < innerHeight;
  return { body: element === document.body, html: element.outerHTML.slice(0, 120), seen };
}"""


@contextmanager
def chromium() -> Iterator[Browser]:
    """Start the system's Chromium; without one, skip the tests, save where continuous integration promised it."""
    path = shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        if os.environ.get("CI"):
            pytest.fail("expected Chromium: CI is set, so the browser tests must run")
        pytest.skip("there is no Chromium on this machine")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_QUIET)
        try:
            yield browser
        finally:
            browser.close()


@attrs.define
class Visit:
    """One customer's window, with what the browser complained about while it was open."""

    page: Page
    folder: Path
    complaints: list[str] = attrs.Factory(list)

    def notice(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"} and not _STATUS.match(message.text):
            self.complaints.append(message.text)

    @property
    def heading(self) -> str:
        return self.page.locator("h1").inner_text()

    def shot(self, name: str) -> None:
        """Keep a picture of the whole page."""
        width = self.page.viewport_size["width"]
        self.page.screenshot(path=self.folder / f"{name}-{width}.png", full_page=True)

    def press(self, button: str) -> None:
        self.page.get_by_role("button", name=button, exact=True).click()

    def follow(self, words: str) -> None:
        self.page.get_by_role("link", name=words, exact=True).click()

    def arrive(self, heading: str) -> None:
        """Wait for the page with this heading."""
        self.page.get_by_role("heading", name=heading, level=1, exact=True).wait_for()

    def toggle(self, reference: str) -> None:
        """Click on the line of an invoice, anywhere on it, as one does."""
        self.page.get_by_role("row").filter(has_text=reference).click()

    def debts(self) -> list[str]:
        """Check the page against `audit.js`; give what is wrong."""
        return [f"{self.heading}: {debt}" for debt in self.page.evaluate(AUDIT)]

    def hidden_focus(self) -> list[str]:
        """Go through the page with the tabulator key; give what takes the focus without showing it."""
        found = []
        self.page.evaluate("() => document.activeElement.blur()")
        for _ in range(_MOST_TABS):
            self.page.keyboard.press("Tab")
            focus = self.page.evaluate(_FOCUS)
            if focus["body"]:
                break
            if not focus["seen"]:
                found.append(focus["html"])
        return found


@contextmanager
def visit(browser: Browser, folder: Path, *, size=DESKTOP, script=True) -> Iterator[Visit]:
    """Open a window of this size, with or without JavaScript, in a profile of its own."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height},
        java_script_enabled=script,
        locale="fr-FR",
        timezone_id="Africa/Casablanca",
        reduced_motion="reduce",
    )
    # The human check is work by chance, and a busy machine makes it long.
    context.set_default_timeout(30_000)
    try:
        opened = Visit(context.new_page(), folder)
        opened.page.on("console", lambda message: opened.notice(message))  # noqa: PLW0108 - a slotted method cannot be registered
        opened.page.on("pageerror", lambda error: opened.complaints.append(str(error)))
        yield opened
    finally:
        context.close()


def sum_of(question: str) -> str:
    """Answer « Combien font deux plus trois ? » as a person does."""
    numbers = Texts.load("fr").value("human.numbers")
    return str(sum(numbers.index(word) for word in re.findall(r"\w+", question) if word in numbers))


def identify(window: Visit, portal_url: str, customer_ref: str, *, script: bool = True) -> None:
    """Steps 1 and 2 of the guide, from the entry page on, until the form is sent."""
    window.page.goto(f"{portal_url}/")
    window.follow("Payez vos factures en ligne.")
    window.page.get_by_label("Code Client").fill(customer_ref)
    window.page.get_by_label("Email :", exact=True).fill(EMAIL)
    window.page.get_by_label("Confirmer votre email").fill(EMAIL)
    if script:
        window.page.get_by_label("Je ne suis pas un robot").check()
    else:
        question = window.page.locator(".question label").inner_text()
        window.page.get_by_label(question).fill(sum_of(question))
    window.press("Valider")


def fill_card(window: Visit, number: str) -> None:
    """Fill in the gateway's card form, and send it."""
    page = window.page
    page.get_by_label("Nom du porteur de la carte").fill("Ahmed Benali")
    page.get_by_label("Numéro de carte de paiement").fill(number)
    page.get_by_label("Mois").select_option("12")
    page.get_by_label("Année").select_option(index=5)
    page.get_by_label("Code de vérification").fill("987")
    page.get_by_label("Confirmer l'acceptation").check()
    window.press("Valider le paiement")
