"""
Asking the shop for the state of an order, where the user says how.

Only whether the answer changes is looked at, so it may be in any words. It should hold what matters and no more:
whether the order is paid, and how many times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, Protocol
from urllib.parse import quote

import attrs
import requests

from cmi_gateway.certify.addresses import allowed_address
from cmi_gateway.certify.order_sources import run_command
from cmi_gateway.errors import ConfigurationError

#: Stands for the order id in a command or address.
PLACE: Final = "{order_id}"
_PATIENCE: Final = 10.0
_LARGEST: Final = 64 * 1024


class Probe(Protocol):
    """Gives the state of an order as text."""

    def __call__(self, order_id: str, /) -> str:
        """Give the state; raises `cmi_gateway.ConfigurationError` when it cannot be learnt."""
        ...


@attrs.frozen
class CommandProbe:
    """
    Runs a command of the user's.

    Attributes:
        command: Program and arguments, ``{order_id}`` in one of them.
    """

    command: Sequence[str] = attrs.field()

    @command.validator
    def _names_the_order(self, _field: object, command: Sequence[str]) -> None:
        _must_name_the_order(" ".join(command), "the state command")

    def __call__(self, order_id: str, /) -> str:
        """Run it for this order."""
        return run_command(
            [part.replace(PLACE, order_id) for part in self.command], "the state command"
        ).strip()


@attrs.frozen
class PageProbe:
    """
    Gets an address of the shop.

    Attributes:
        template: The address, ``{order_id}`` in it.
        is_own_host: Whether hosts other than this machine may be called.
    """

    template: str = attrs.field()
    is_own_host: bool = False

    @template.validator
    def _names_the_order(self, _field: object, template: str) -> None:
        _must_name_the_order(template, "the state address")
        allowed_address(template.replace(PLACE, "x"), is_own_host=self.is_own_host)

    def __call__(self, order_id: str, /) -> str:
        """Get it for this order."""
        address = allowed_address(
            self.template.replace(PLACE, quote(order_id, safe="")), is_own_host=self.is_own_host
        )
        try:
            with requests.Session() as session:
                session.trust_env = False
                with session.get(
                    address.url,
                    headers={"Host": address.host},
                    timeout=_PATIENCE,
                    allow_redirects=False,
                    stream=True,
                ) as response:
                    text = next(response.iter_content(_LARGEST), b"").decode("utf-8", "replace")
        except requests.RequestException as error:
            raise ConfigurationError(f"the state address cannot be read ({type(error).__name__})") from None
        if response.status_code != requests.codes.ok:
            raise ConfigurationError(f"the state address answered with status {response.status_code}")
        return text.strip()


def _must_name_the_order(text: str, what: str) -> None:
    if PLACE not in text:
        raise ConfigurationError(f"{what} must hold {PLACE}, in whose place the order id is put")
