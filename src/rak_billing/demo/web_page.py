"""A web page as a customer without a browser reads it: headings, facts, tables, and forms as a browser posts them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from urllib.parse import urljoin

import attrs
from bs4 import BeautifulSoup, Tag

from rak_billing.errors import BillingError

__all__ = ["Form", "JourneyError", "Page"]

Pairs = tuple[tuple[str, str], ...]
_UNSENT_TYPES = frozenset({"submit", "button", "reset", "image", "file"})


class JourneyError(BillingError):
    """A page was not what this step of the journey needs; the message says which, in French."""


@attrs.frozen
class Form:
    """
    A form as the page shows it.

    Attributes:
        action: Where it goes, an absolute address.
        method: ``get`` or ``post``.
        fields: What a browser sends if nothing is changed and the button is pressed.
    """

    action: str
    method: str
    fields: Pairs = attrs.field(repr=False)

    def filled(self, values: Mapping[str, str | Iterable[str] | None]) -> Form:
        """Give the form with the fields of these names set: to a text, to several, or to None to leave it out."""
        kept = [pair for pair in self.fields if pair[0] not in values]
        return attrs.evolve(self, fields=(*kept, *_pairs(values)))

    def __getitem__(self, name: str) -> str:
        return dict(self.fields)[name]


@attrs.frozen
class Page:
    """
    One answer of a server, read.

    Attributes:
        url: Its address, after redirects.
        status: The HTTP status.
        soup: The document.
    """

    url: str
    status: int
    soup: BeautifulSoup = attrs.field(repr=False)

    @classmethod
    def read(cls, url: str, status: int, html: str) -> Page:
        """Parse a page."""
        return cls(url, status, BeautifulSoup(html, "html.parser"))

    @property
    def heading(self) -> str:
        """The page's one heading."""
        found = self.soup.find("h1")
        return _text(found) if found else ""

    @property
    def text(self) -> str:
        """All words of the page, every run of spaces as one space."""
        return _text(self.soup)

    @property
    def facts(self) -> dict[str, str]:
        """The values of its definition lists, by label, the colon left out."""
        terms = self.soup.find_all("dt")
        values = ((_text(term).rstrip(" :"), term.find_next("dd")) for term in terms)
        return {label: _text(value) for label, value in values if value}

    @property
    def rows(self) -> tuple[tuple[str, ...], ...]:
        """The rows of its tables, cell by cell."""
        return tuple(tuple(map(_text, row.find_all(["th", "td"]))) for row in self.soup.find_all("tr"))

    def link(self, words: str) -> str:
        """
        Give the address of the link with these words.

        Raises:
            JourneyError: there is none.
        """
        for anchor in self.soup.find_all("a", href=True):
            if _text(anchor) == words:
                return urljoin(self.url, str(anchor["href"]))
        raise self._without(f"lien « {words} »")

    def form(self, button: str) -> Form:
        """
        Give the form that has a button with these words, as if that button were pressed.

        Raises:
            JourneyError: there is none.
        """
        for pressed in self.soup.select("form button, form input[type=submit]"):
            form = pressed.find_parent("form")
            if form and (_text(pressed) or pressed.get("value")) == button:
                return self._form(form, pressed)
        raise self._without(f"bouton « {button} »")

    def _form(self, form: Tag, pressed: Tag) -> Form:
        action = urljoin(self.url, str(form.get("action") or self.url))
        named = (
            pair for control in form.find_all(["input", "select", "textarea"]) for pair in _sent(control)
        )
        button = ((str(pressed["name"]), str(pressed.get("value", ""))),) if pressed.get("name") else ()
        return Form(action, str(form.get("method", "get")).lower(), (*named, *button))

    def _without(self, what: str) -> JourneyError:
        return JourneyError(f"la page « {self.heading} » (HTTP {self.status}) n'a pas de {what}")


def _text(tag: Tag) -> str:
    return " ".join(tag.get_text(" ").split())


def _pairs(values: Mapping[str, str | Iterable[str] | None]) -> Iterable[tuple[str, str]]:
    for name, value in values.items():
        if value is not None:
            yield from ((name, one) for one in ((value,) if isinstance(value, str) else value))


def _sent(control: Tag) -> Pairs:
    """Give what a browser sends for one control, which may be nothing."""
    name, kind = str(control.get("name", "")), str(control.get("type", "text")).lower()
    if not name or control.has_attr("disabled") or kind in _UNSENT_TYPES:
        return ()
    if control.name == "select":
        chosen = control.find("option", selected=True) or control.find("option")
        return ((name, str(chosen.get("value", ""))),) if isinstance(chosen, Tag) else ()
    if kind in {"checkbox", "radio"}:
        return ((name, str(control.get("value", "on"))),) if control.has_attr("checked") else ()
    return ((name, control.get_text() if control.name == "textarea" else str(control.get("value", ""))),)
