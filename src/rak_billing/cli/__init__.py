"""
The ``rak-billing`` command: the demonstration and the operator's tools.

Its words are French, as the operators' are; amounts show as on every page, 113,02 DH.

Each command is a file of this package that defines ``command``; `rak_billing.cli.root` lists them. What a command needs
beyond the command line is imported when it runs, so that ``--help`` answers at once.
"""

from __future__ import annotations

import logging
import sys

__all__ = ["main"]


def main() -> None:
    """Run the ``rak-billing`` command, or say what has to be installed first."""
    try:
        import click  # noqa: F401, PLC0415 - the command line is an extra
    except ModuleNotFoundError:
        sys.stderr.write("rak-billing : il manque click ; installez « cmi-gateway[portal] »\n")
        raise SystemExit(1) from None
    # What the library logs about the version of SQLite at each start, `rak-billing db check` says in words.
    logging.getLogger("rak_billing.payments.sqlite").addHandler(logging.NullHandler())
    # And what it logs of the law at each start, `rak-billing fees check` and the demo say.
    logging.getLogger("rak_billing.law").addHandler(logging.NullHandler())
    from rak_billing.cli.root import rak_billing  # noqa: PLC0415 - needs click

    rak_billing(prog_name="rak-billing")
