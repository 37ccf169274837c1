"""``cmi simulator``: the gateway on this machine; what it needs comes with the extra of that name."""

from __future__ import annotations

import click

try:
    from cmi_gateway.simulator.command import main as command
except ModuleNotFoundError as error:
    if error.name is None or error.name.partition(".")[0] not in ("flask", "waitress", "jinja2", "werkzeug"):
        raise
    raise click.UsageError(
        f"the simulator needs {error.name}: pip install 'cmi-gateway[simulator]'"
    ) from None

__all__ = ["command"]
