"""Which account of the XML API a command works with: from the environment or a file, never an argument."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from pathlib import Path
from secrets import token_urlsafe
from typing import TYPE_CHECKING, Any, BinaryIO, Final, TypeVar

import click

from cmi_gateway.api.client import ApiClient
from cmi_gateway.cli.merchant_options import merchant_options, settings_of
from cmi_gateway.cli.settings import merchant_of
from cmi_gateway.secret import Secret, hide_key

if TYPE_CHECKING:
    from cmi_gateway.cli.root import Surroundings

#: Environment variables with the API user and its password.
USER_VARIABLE: Final = "CMI_API_USER"
PASSWORD_VARIABLE: Final = "CMI_API_PASSWORD"  # noqa: S105 - a name
_LARGEST: Final = 10_000
_LINES: Final = 2

_Command = TypeVar("_Command", bound=Callable[..., Any])


def api_options(function: _Command) -> _Command:
    """Add the options that say whom to ask, and as whom."""
    return merchant_options(
        click.option(
            "--data-field",
            is_flag=True,
            help="Send the document as the form field DATA, should CMI ask for it.",
        )(
            click.option(
                "--api-account-file",
                type=click.Path(exists=True, dir_okay=False, path_type=Path),
                help=f"File with the API user on the first line and its password on the second. Otherwise {USER_VARIABLE} "
                f"and {PASSWORD_VARIABLE}.",
            )(function)
        )
    )


def client_of(
    surroundings: Surroundings,
    *,
    config: BinaryIO | None,
    client_id: str | None,
    gateway: str | None,
    data_field: bool,
    api_account_file: Path | None,
    operations: Collection[str] = (),
) -> ApiClient:
    """
    Make the client.

    Raises:
        click.UsageError: user or password are missing.
        ConfigurationError: one of them, or the merchant, cannot be right.
    """
    user, password = _account(api_account_file)
    # Asking needs no store key, and a merchant has one: nothing is ever signed with this one.
    unused = (Secret(token_urlsafe()),)
    merchant = merchant_of(settings_of(config), unused, client_id=client_id, gateway=gateway)
    return ApiClient(
        merchant,
        user=user,
        password=password,
        operations=operations,
        body_mode="data_field" if data_field else "raw",
        transport=surroundings.transport,
        clock=surroundings.now,
        sleep=surroundings.sleep,
    )


def _account(file: Path | None) -> tuple[str, Secret]:
    account = _from_file(file) if file else _from_environment()
    if account is None:
        raise click.UsageError(
            f"no API account: set {USER_VARIABLE} and {PASSWORD_VARIABLE} in the environment, or name a file with "
            "--api-account-file. Arguments are seen by everybody on the machine, so no option takes them."
        )
    user, (password, flaw) = account
    if flaw:
        raise click.UsageError(f"the API password {flaw}")
    return user, password


def _from_environment() -> tuple[str, tuple[Secret, str | None]] | None:
    user = os.environ.get(USER_VARIABLE)
    return (
        (user, hide_key(os.environ[PASSWORD_VARIABLE]))
        if user and os.environ.get(PASSWORD_VARIABLE)
        else None
    )


def _from_file(file: Path) -> tuple[str, tuple[Secret, str | None]]:
    problem = "it must hold two lines: the API user, and its password"
    try:
        if file.stat().st_size <= _LARGEST:
            # Hidden as they are read: a traceback may print local variables.
            lines = [
                hide_key(line) for line in file.read_text(encoding="utf-8-sig").splitlines() if line.strip()
            ]
            if len(lines) == _LINES:
                return lines[0][0]._raw.decode("utf-8"), lines[1]  # noqa: SLF001 - the user is no secret
    except OSError as error:
        problem = error.strerror or "unreadable"
    except ValueError:
        problem = "it is not UTF-8 text"
    raise click.UsageError(f"{file} cannot be read: {problem}")
