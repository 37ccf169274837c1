"""What import-linter cannot see: calls that read the clock, lists that must be complete, pictures that must be current."""

import ast
import re
import tomllib
from pathlib import Path

import pytest

import cmi_gateway
import rak_billing
from support.documented import documented

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src"
CONFIG = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
CONTRACTS = {contract["id"]: contract for contract in CONFIG["tool"]["importlinter"]["contracts"]}
PURE = sorted(
    {
        module
        for contract in ("gateway-pure", "api-pure", "billing-pure")
        for module in CONTRACTS[contract]["source_modules"]
    }
)

#: Reading the clock, the system's zone files, or the process-wide zone path.
CLOCKS = {
    "date.today",
    "datetime.now",
    "datetime.today",
    "datetime.utcnow",
    "time.localtime",
    "time.monotonic",
    "time.time",
}
SYSTEM_ZONES = {"ZoneInfo", "zoneinfo.ZoneInfo", "reset_tzpath", "zoneinfo.reset_tzpath"}


def path_of(module):
    return SOURCE.joinpath(*module.split(".")).with_suffix(".py")


def called(path):
    """Give the dotted names that a file calls or hands on, such as ``datetime.now``, by their last two parts."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute):
            yield ".".join(ast.unparse(node).split(".")[-2:])
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield node.func.id


def imported(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("module", PURE)
def test_pure_files_read_no_clock(module):
    """In a pure file the clock is an argument."""
    assert set() == CLOCKS & {*called(path_of(module)), *imported(path_of(module))}


@pytest.mark.parametrize("module", PURE)
def test_pure_files_open_no_connection(module):
    """`urllib.parse` is pure, `urllib.request` is not; the import contracts see only `urllib`."""
    assert not [name for name in imported(path_of(module)) if name.startswith("urllib.request")]


def test_the_zone_file_is_never_the_systems():
    """Moroccan time comes from the pinned tzdata everywhere: the system's may be a year old."""
    calls = {path.name: SYSTEM_ZONES & set(called(path)) for path in SOURCE.rglob("*.py")}
    assert {} == {name: found for name, found in calls.items() if found}


def test_every_file_of_the_gateway_core_is_held_pure():
    """Who adds a file to the gateway client adds it to the contract, or says here why not."""
    core = {f"cmi_gateway.{path.stem}" for path in (SOURCE / "cmi_gateway").glob("*.py")}
    assert core - {"cmi_gateway.__init__"} == set(CONTRACTS["gateway-pure"]["source_modules"])


def test_what_knows_only_money_is_held_pure_too():
    """The two contracts about the billing side name the same values."""
    assert set(CONTRACTS["billing-values"]["source_modules"]) <= set(
        CONTRACTS["billing-pure"]["source_modules"]
    )


def script(name):
    """Load a script of the documentation."""
    return documented(f"{name}.py")


def test_pictures_and_tables_are_current():
    """The architecture page shows today's files."""
    drawn = script("import_picture").documents()
    kept = {name: (ROOT / "docs" / "generated" / name).read_text(encoding="utf-8") for name in drawn}
    assert drawn == kept, "run: python docs/import_picture.py"


def test_the_table_of_states_is_current():
    """The architecture page shows today's states and edges."""
    for name, picture in script("state_picture").documents().items():
        drawn = (ROOT / "docs" / "generated" / name).read_text(encoding="utf-8")
        assert picture == drawn, "run: python docs/state_picture.py"
    states = script("state_table")
    assert states.document() == states.PAGE.read_text(encoding="utf-8"), "run: python docs/state_table.py"


def test_the_tables_of_codes_are_current():
    """The page of codes shows today's codes and messages."""
    tables = script("code_tables")
    assert tables.document() == tables.PAGE.read_text(encoding="utf-8"), "run: python docs/code_tables.py"


def test_the_table_of_the_certificate_is_current():
    """The page on certifying shows today's rows."""
    table = script("certificate_table")
    assert table.document() == table.PAGE.read_text(encoding="utf-8"), "run: python docs/certificate_table.py"


@pytest.mark.parametrize("package", [cmi_gateway, rak_billing], ids=["cmi_gateway", "rak_billing"])
def test_every_public_name_has_its_place_in_the_reference(package):
    """A name that is promised is explained."""
    pages = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
    named = set(re.findall(r"::\s+(\S+)", pages))
    errors = {name for name, home in package._HOMES.items() if home == "errors"}  # a page of their own
    assert {f"{package.__name__}.{name}" for name in set(package.__all__) - errors} <= named


def test_an_arrow_that_follows_from_others_is_left_out():
    """A → C is not drawn beside A → B → C."""
    graph = {"a": {"b", "c"}, "b": {"c"}, "c": set()}
    assert {"a": {"b"}, "b": {"c"}, "c": set()} == script("import_picture").reduced(graph)


def test_every_file_says_what_it_is_for():
    """A file without a first sentence has no line in the table of files."""
    silent = [
        path for path in SOURCE.rglob("*.py") if not ast.get_docstring(ast.parse(path.read_text("utf-8")))
    ]
    assert [] == silent
