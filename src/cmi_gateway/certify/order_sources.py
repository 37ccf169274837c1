"""Where fresh orders come from: a command, a file, or a page of the shop that holds the signed form."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from html.parser import HTMLParser
from typing import Final, Protocol

import attrs
import requests

from cmi_gateway.certify.addresses import Address
from cmi_gateway.certify.orders import Fields, Order, order_from, order_from_form
from cmi_gateway.errors import ConfigurationError

#: Seconds for a command or page.
_PATIENCE: Final = 30.0
_LARGEST: Final = 256 * 1024


class OrderSource(Protocol):
    """Makes an unpaid order each time it is called."""

    def __call__(self) -> Order:
        """Give a fresh order; raises `cmi_gateway.ConfigurationError` when there is none."""
        ...


@attrs.frozen
class CommandOrders:
    """
    Runs a command of the user's for each order; it prints a JSON table.

    Attributes:
        command: Program and arguments; no shell reads them.
    """

    command: Sequence[str]

    def __call__(self) -> Order:
        """Run the command and read what it prints."""
        printed = run_command(self.command, "the order command")
        try:
            return order_from(json.loads(printed))
        except (ValueError, RecursionError) as error:
            if isinstance(error, ConfigurationError):
                raise
            raise ConfigurationError("the order command must print one JSON table") from None


class ListedOrders:
    """Hands out the orders of a file, each once."""

    def __init__(self, tables: Iterable[object]) -> None:
        self._left: Iterator[Order] = iter([order_from(table) for table in tables])

    def __call__(self) -> Order:
        """Give the next order."""
        order = next(self._left, None)
        if order is None:
            raise ConfigurationError("the file holds no more orders: every row needs one of its own")
        return order


@attrs.frozen
class PageOrders:
    """
    Opens a page of the shop that answers with the signed form, as a customer's browser would get it.

    Attributes:
        address: Looked at by `cmi_gateway.certify.addresses.allowed_address`.
        posted: A form body to post there; empty to get the page.
    """

    address: Address
    posted: str = ""

    def __call__(self) -> Order:
        """Get the page and read its hidden fields."""
        return order_from_form(hidden_fields(self._page()))

    def _page(self) -> str:
        headers = {"Host": self.address.host, "Content-Type": "application/x-www-form-urlencoded"}
        method = "POST" if self.posted else "GET"
        try:
            with (
                requests.Session() as session,
                _untouched(session).request(
                    method,
                    self.address.url,
                    data=self.posted.encode(),
                    headers=headers,
                    timeout=_PATIENCE,
                    allow_redirects=False,
                    stream=True,
                ) as response,
            ):
                if response.status_code != requests.codes.ok:
                    raise ConfigurationError(f"the order page answered with status {response.status_code}")
                return next(response.iter_content(_LARGEST), b"").decode("utf-8", "replace")
        except requests.RequestException as error:
            raise ConfigurationError(f"the order page cannot be read ({type(error).__name__})") from None


def run_command(command: Sequence[str], what: str) -> str:
    """
    Run a command of the user's and give what it prints.

    Raises:
        ConfigurationError: it cannot be run, fails, takes too long or prints too much. Nothing of what it printed is
            told: it may hold a key.
    """
    try:
        done = subprocess.run(  # noqa: S603 - the user's own command, and no shell
            list(command), capture_output=True, timeout=_PATIENCE, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise ConfigurationError(f"{what} took over {_PATIENCE:g} seconds") from None
    except OSError as error:
        raise ConfigurationError(f"{what} cannot be run: {error.strerror}") from None
    if done.returncode:
        raise ConfigurationError(f"{what} ended with status {done.returncode}")
    if len(done.stdout) > _LARGEST:
        raise ConfigurationError(f"{what} printed over {_LARGEST} bytes")
    return done.stdout.decode("utf-8", "replace")


def hidden_fields(page: str) -> Fields:
    """Give name and value of the hidden inputs of the form that holds an ``oid``."""
    reader = _FormReader()
    reader.feed(page)
    forms = [form for form in reader.forms if any(name.lower() == "oid" for name, _ in form)]
    return tuple(forms[0]) if forms else ()


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[list[tuple[str, str]]] = [[]]

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attributes}
        if tag == "form":
            self.forms.append([])
        elif tag == "input" and given.get("type", "").lower() == "hidden" and given.get("name"):
            self.forms[-1].append((given["name"], given.get("value", "")))


def _untouched(session: requests.Session) -> requests.Session:
    session.trust_env = False
    return session
