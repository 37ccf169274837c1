"""
The ``cmi`` command: sign, verify, diagnose, look codes up, check a configuration.

Secrets enter by the environment variable ``CMI_STORE_KEY`` or by a file, never as an argument: arguments are seen by
everybody on the machine and stay in the shell's history. No command prints a key.

Each command is a file of this package that defines ``command``; `cmi_gateway.cli.root` lists them.
"""

from __future__ import annotations

import io
import logging
import sys

__all__ = ["main"]


def main() -> None:
    """Run the ``cmi`` command, or say what has to be installed first."""
    try:
        import click  # noqa: F401, PLC0415 - the command line is an extra
    except ModuleNotFoundError:
        sys.stderr.write("cmi: the command line needs click; install it: pip install 'cmi-gateway[cli]'\n")
        raise SystemExit(1) from None
    # Customers are told in Arabic too, which some terminals cannot show: written out is better than a traceback.
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")
    # What the library logs, the commands say in words; without any handler Python prints it.
    logging.getLogger("cmi_gateway").addHandler(logging.NullHandler())
    from cmi_gateway.cli.root import cmi  # noqa: PLC0415 - needs click

    cmi(prog_name="cmi")
