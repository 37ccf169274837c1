"""``cmi simulator``, which ``python -m cmi_gateway.simulator`` is too."""

import os
import signal
import subprocess
import sys
from functools import partial

import pytest
import requests
from click.testing import CliRunner

from cmi_gateway.simulator import command
from cmi_gateway.simulator.server import LoopbackServer


@pytest.fixture
def run(monkeypatch):
    """Give a runner of the command that does not stay to serve."""
    for name in ("CMI_STORE_KEY", "CMI_API_USER", "CMI_API_PASSWORD"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(LoopbackServer, "serve_forever", LoopbackServer.close)
    return lambda *arguments, **env: CliRunner().invoke(command.main, arguments, env=env)


def test_the_demo_account_comes_with_a_printed_key(run):
    """Without any setting the command says address, account, test key and cards."""
    told = run("--port", "0").output
    assert "RAK (600000099) at http://127.0.0.1:" in told
    assert "test store key TEST1234" in told
    assert "4000 0000 0000 0010" in told
    assert "77700.51  paiement refusé, code 51" in told


def test_a_key_from_the_environment_is_not_printed(run):
    """A merchant's own key is taken from CMI_STORE_KEY and shown nowhere."""
    told = run("--port", "0", "--client-id", "600001234", "--name", "Shop", CMI_STORE_KEY="MyOwnKey77")
    assert told.exit_code == 0
    assert "Shop (600001234)" in told.output
    assert "MyOwnKey77" not in told.output


def test_the_api_user_comes_from_the_environment(run):
    """The demo account has a user of its own; another's password is shown nowhere."""
    assert "API user simapi, password simapi-password" in run("--port", "0").output
    secrets = {"CMI_STORE_KEY": "MyOwnKey77", "CMI_API_USER": "rakapi", "CMI_API_PASSWORD": "MyOwnPassword"}
    told = run("--port", "0", **secrets).output
    assert "/fim/api, user rakapi" in told
    assert "MyOwnPassword" not in told
    assert "/fim/api" not in run("--port", "0", CMI_STORE_KEY="MyOwnKey77").output


def test_the_inspection_page_is_asked_for(run):
    """Without ``--inspect`` there is none; a virtual clock brings it along."""
    plain, asked, virtual = (
        run("--port", "0", *more).output for more in ([], ["--inspect"], ["--virtual-clock"])
    )
    assert "/simulateur/" not in plain
    assert "Inspection page: http://127.0.0.1:" in asked
    assert "Inspection page: http://127.0.0.1:" in virtual


def test_another_merchant_needs_its_key(run):
    """The test key belongs to the demo account only."""
    told = run("--client-id", "600001234")
    assert (1, True) == (told.exit_code, "set CMI_STORE_KEY" in told.output)


def test_an_unusable_key_is_explained_and_not_shown(run):
    """A key with a space is refused by a sentence that does not hold it."""
    told = run(CMI_STORE_KEY="bad key")
    assert (1, False) == (told.exit_code, "bad key" in told.output)


def test_a_taken_port_is_said(run):
    """The port that another program holds is named."""
    with LoopbackServer(lambda environ, start_response: []) as other:
        told = run("--port", str(other.port))
    assert (1, True) == (told.exit_code, f"cannot listen on port {other.port}" in told.output)


def test_a_fault_plan_is_read_and_said(run, tmp_path):
    """``--faults`` takes a file, and the command says what will go wrong."""
    plan = tmp_path / "plan.toml"
    plan.write_text('[[fault]]\nkind = "callback-late"\nseconds = 2\nnext = 3\n')
    assert "Fault: callback-late, next 3" in run("--port", "0", "--faults", str(plan)).output


def test_a_broken_fault_plan_is_explained(run, tmp_path):
    """What is wrong in the file is named, and nothing is served."""
    plan = tmp_path / "plan.toml"
    plan.write_text('[[fault]]\nkind = "callback-lost"\nseconds = 2\n')
    told = run("--port", "0", "--faults", str(plan))
    assert 2 == told.exit_code
    assert "--faults: fault 1: 'seconds': unknown" in told.output


def test_another_host_is_a_loud_choice(run):
    """Reachable from elsewhere, the command warns; this machine's other addresses need no warning."""
    loud, calm = run("--port", "0", "--host", "0.0.0.0"), run("--port", "0", "--host", "127.0.0.2")
    assert (0, True) == (loud.exit_code, "WARNING: other machines can reach" in loud.stderr)
    assert (0, "") == (calm.exit_code, calm.stderr)


def test_calling_other_machines_is_a_loud_choice(run):
    """Callbacks stay on this machine unless an option says otherwise, and the console says so."""
    told = run("--port", "0", "--callbacks-anywhere")
    assert (0, True) == (told.exit_code, "WARNING: callbacks go to whatever address" in told.stderr)


def test_a_host_that_is_no_address_is_refused(run):
    """Names and junk are no addresses to listen on."""
    told = run("--port", "0", "--host", "example.com")
    assert (1, True) == (told.exit_code, "cannot listen" in told.output)


def test_the_command_is_one_of_cmi(run):
    """``cmi simulator`` is the same command."""
    from cmi_gateway.cli.root import cmi

    told = CliRunner().invoke(cmi, ["simulator", "--help"])
    assert (0, True) == (told.exit_code, "Serve a simulated CMI on this machine" in told.output)


def test_a_missing_extra_is_named(monkeypatch):
    """Without Flask, ``cmi simulator`` says what to install; any other missing module is a fault of ours."""
    from cmi_gateway.cli.root import cmi

    for missing, told in (
        ("flask", "pip install 'cmi-gateway[simulator]'"),
        ("cmi_gateway.simulator.app", ""),
    ):
        for name in (
            "cmi_gateway.cli.simulator",
            "cmi_gateway.simulator.command",
            "cmi_gateway.simulator.app",
        ):
            monkeypatch.delitem(sys.modules, name, raising=False)
        monkeypatch.setitem(sys.modules, missing, None)
        result = CliRunner().invoke(cmi, ["simulator", "--help"])
        monkeypatch.undo()
        assert result.exit_code != 0
        assert told in result.output
        assert bool(told) is not isinstance(result.exception, ModuleNotFoundError)


def test_the_command_serves_until_interrupted():
    """Started as a module it answers over HTTP, and ends at Ctrl-C without a traceback."""
    with subprocess.Popen(
        [sys.executable, "-m", "cmi_gateway.simulator", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
        # Whatever runs in the background of a shell's script is deaf to Ctrl-C, and so would be its children.
        preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509 - nothing else runs in the child yet
    ) as process:
        url = next(line.split()[-1] for line in process.stdout if " at http" in line)
        with requests.Session() as session:
            session.trust_env = False
            assert "SIMULATEUR" in session.get(url).text
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=20)
    assert (0, False) == (process.returncode, "Traceback" in err)
