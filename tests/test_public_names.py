"""The public names of both packages are complete, sorted, lazy and real."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import cmi_gateway
import rak_billing

PACKAGES = [cmi_gateway, rak_billing]


def typed_names(package):
    """Read the names imported under ``TYPE_CHECKING`` from the source."""
    tree = ast.parse(Path(package.__file__).read_text(encoding="utf-8"))
    guard = next(
        node for node in tree.body if isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
    )
    return [(alias.asname or alias.name, f"{node.module}") for node in guard.body for alias in node.names]


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_tables_agree(package):
    """The name table, the typed imports, ``__all__`` and ``__dir__`` hold the same names."""
    names = sorted(package._HOMES)
    assert names == sorted(name for name, _ in typed_names(package))
    assert names == sorted(package.__all__)
    assert set(names) <= set(dir(package))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_every_name_resolves_where_it_is_typed(package):
    """What a type checker sees is what a program gets."""
    for name, module in typed_names(package):
        assert module == f"{package.__name__}.{package._HOMES[name]}"
        assert getattr(package, name) is getattr(sys.modules[module], name)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda package: package.__name__)
def test_unknown_names_raise(package):
    """A name that does not exist raises the usual error, naming the package."""
    with pytest.raises(AttributeError, match=package.__name__):
        _ = package.no_such_name


def run(code):
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.split()


def test_importing_loads_almost_nothing():
    """Importing both packages loads neither attrs nor requests, SQLAlchemy or Flask."""
    loaded = run("import sys, cmi_gateway, rak_billing; print(*sys.modules)")
    assert not {
        "attr",
        "requests",
        "sqlalchemy",
        "flask",
        "cryptography",
        "zoneinfo",
        "cmi_gateway.money",
    } & set(loaded)


def test_signing_a_form_needs_no_network_library():
    """A process that signs loads neither requests nor SQLAlchemy nor a web framework."""
    loaded = run("import sys, cmi_gateway as cmi; cmi.Merchant, cmi.PaymentRequest; print(*sys.modules)")
    assert not {"requests", "urllib3", "sqlalchemy", "flask", "cryptography"} & set(loaded)


def test_the_conformance_kits_need_no_test_tool():
    """Whoever tests with something else than pytest imports them, and calls what they hold."""
    names = ("journal_conformance", "billing_conformance")
    imports = "; ".join(f"import rak_billing.testing.{name}" for name in names)
    loaded = run(f"import sys; {imports}; print(*sys.modules)")
    assert not {"pytest", "_pytest", "hypothesis", "flask", "psycopg"} & set(loaded)
