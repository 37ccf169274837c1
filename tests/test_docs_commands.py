"""Every command line in the documentation is one that the commands know."""

import re
from pathlib import Path

import click
import pytest

from cmi_gateway.cli.root import cmi
from rak_billing.cli.root import rak_billing

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
COMMANDS = {"cmi": cmi, "rak-billing": rak_billing}
#: A line of a block, or what stands between backticks in a sentence.
LINE = re.compile(r"(?:^|`|ExecStart=|&& )(?:[\w./-]*/)?((?:cmi|rak-billing) [a-z][^`\n>&|]*)", re.MULTILINE)


def command_lines():
    """Give each command line with the page that it stands on."""
    for page in PAGES:
        for line in LINE.findall(page.read_text(encoding="utf-8")):
            yield pytest.param(line.strip(), id=f"{page.stem}: {line.strip()[:60]}")


@pytest.mark.parametrize("line", sorted(set(command_lines()), key=lambda param: param.id))
def test_a_documented_command_exists(line):
    """Its name, and each option that is shown with it."""
    name, *words = line.split()
    command, context = COMMANDS[name], click.Context(COMMANDS[name])
    while isinstance(command, click.Group) and words and not words[0].startswith("-"):
        found = command.get_command(context, words.pop(0))
        assert found is not None
        command = found
    known = {"--help", *(option for parameter in command.params for option in parameter.opts)}
    shown = {word.strip("[].,;:)").partition("=")[0] for word in words if word.strip("[").startswith("--")}
    assert shown <= known
