"""A customer without a browser: opens pages, presses buttons, follows links, over HTTP and nothing else."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import count
from types import TracebackType
from typing import Final, Self

import requests

from rak_billing.demo.web_page import Form, JourneyError, Page

__all__ = ["Customer", "find_work"]

_SECONDS: Final = 20.0


class Customer:
    """
    One customer with a cookie jar. Use it in a ``with`` statement.

    Every method gives the page that is shown at the end, after redirects.

    Raises:
        JourneyError: a server does not answer.
    """

    def __init__(self) -> None:
        self._session = requests.Session()
        # A proxy of the environment would be asked for this machine's own addresses.
        self._session.trust_env = False

    def open(self, url: str) -> Page:
        """Open an address."""
        return self._page("get", url, ())

    def follow(self, page: Page, words: str) -> Page:
        """Follow the link with these words."""
        return self.open(page.link(words))

    def press(self, page: Page, button: str, **values: str | Iterable[str] | None) -> Page:
        """Fill in fields of the form that has this button, and press it; None leaves a field out."""
        return self.send(page.form(button).filled(values))

    def send(self, form: Form) -> Page:
        """Send a form as it is."""
        return self._page(form.method, form.action, form.fields)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def _page(self, method: str, url: str, fields: Iterable[tuple[str, str]]) -> Page:
        where = {"data": list(fields)} if method == "post" else {"params": list(fields)}
        try:
            answer = self._session.request(method, url, timeout=_SECONDS, **where)  # type: ignore[arg-type]
        except requests.RequestException as error:
            raise JourneyError(f"pas de réponse de {url} ({type(error).__name__})") from error
        answer.encoding = "utf-8"
        return Page.read(answer.url, answer.status_code, answer.text)


def find_work(token: str, difficulty: int) -> str:
    """Do the work that the portal's script does: find a number whose SHA-256 with *token* starts with enough zero bits."""
    limit = 1 << (256 - difficulty)
    start = hashlib.sha256(f"{token}:".encode())
    return next(str(number) for number in count() if _hash(start, number) < limit)


def _hash(start: hashlib._Hash, number: int) -> int:
    whole = start.copy()
    whole.update(str(number).encode())
    return int.from_bytes(whole.digest(), "big")
