"""The example project of the documentation: its tests pass as a stranger runs them, and can fail."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "tested_shop"


@pytest.fixture
def project(tmp_path):
    """A copy of the example, away from this project's own settings."""
    return shutil.copytree(EXAMPLE, tmp_path / "tested_shop", ignore=shutil.ignore_patterns("__pycache__"))


def run_pytest(project, *options):
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", *options],
        cwd=project,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_its_tests_pass_as_they_are(project):
    """With nothing but the plugins that are found by entry point."""
    done = run_pytest(project)
    assert 0 == done.returncode, done.stdout
    assert "33 passed" in done.stdout


@pytest.mark.parametrize(
    ("sound", "broken", "caught_by"),
    [
        (
            "callback.must_match(order_id=callback.order_id, amount=PRICE, sent=order.form.fields)",
            "callback._checked = True",
            "test_only_an_approval_pays[other-amount]",
        ),
        (
            "if not isinstance(callback.outcome, cmi.Approved):",
            "if isinstance(callback.outcome, cmi.Failed):",
            "test_a_decline_leaves_the_order_open",
        ),
    ],
    ids=["matches nothing", "takes declines for payments"],
)
def test_its_tests_find_a_broken_shop(project, sound, broken, caught_by):
    """A shop that is made careless in one line fails the test that is about it."""
    shop = project / "shop.py"
    text = shop.read_text(encoding="utf-8")
    assert 1 == text.count(sound)
    shop.write_text(text.replace(sound, broken), encoding="utf-8")
    done = run_pytest(project, "-k", caught_by.split("[")[0])
    assert 1 == done.returncode
    assert f"FAILED test_shop.py::{caught_by}" in done.stdout


def test_a_project_that_does_not_use_the_kit_is_left_alone(tmp_path):
    """Its tests load no file of the package but the two that lead to the plugin."""
    (tmp_path / "test_other.py").write_text(
        "import sys\n"
        "def test_other():\n"
        "    loaded = sorted(name for name in sys.modules if name.startswith('cmi_gateway'))\n"
        "    assert loaded == ['cmi_gateway', 'cmi_gateway.testing', 'cmi_gateway.testing.pytest_plugin']\n"
        "    assert not {'flask', 'requests', 'waitress'} & set(sys.modules)\n",
        encoding="utf-8",
    )
    done = run_pytest(tmp_path)
    assert 0 == done.returncode, done.stdout
