"""``python -m cmi_gateway.simulator``."""

import os
import signal
import subprocess
import sys

import pytest
import requests
from click.testing import CliRunner

from cmi_gateway.simulator import __main__ as command
from cmi_gateway.simulator.server import LoopbackServer


@pytest.fixture
def run(monkeypatch):
    """Give a runner of the command that does not stay to serve."""
    monkeypatch.delenv("CMI_STORE_KEY", raising=False)
    monkeypatch.setattr(LoopbackServer, "serve_forever", LoopbackServer.close)
    return lambda *arguments, **env: CliRunner().invoke(command.main, arguments, env=env)


def test_the_demo_account_comes_with_a_printed_key(run):
    """Without any setting the command says address, account, test key and cards."""
    told = run("--port", "0").output
    assert "RAK (600000099) at http://127.0.0.1:" in told
    assert "test store key TEST1234" in told
    assert "4000 0000 0000 0010" in told


def test_a_key_from_the_environment_is_not_printed(run):
    """A merchant's own key is taken from CMI_STORE_KEY and shown nowhere."""
    told = run("--port", "0", "--client-id", "600001234", "--name", "Shop", CMI_STORE_KEY="MyOwnKey77")
    assert told.exit_code == 0
    assert "Shop (600001234)" in told.output
    assert "MyOwnKey77" not in told.output


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


def test_the_command_serves_until_interrupted():
    """Started as a module it answers over HTTP, and ends at Ctrl-C without a traceback."""
    with subprocess.Popen(
        [sys.executable, "-m", "cmi_gateway.simulator", "--port", "0"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONIOENCODING": "utf-8"},
    ) as process:
        url = next(line.split()[-1] for line in process.stdout if " at http" in line)
        with requests.Session() as session:
            session.trust_env = False
            assert "SIMULATEUR" in session.get(url).text
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=20)
    assert (0, False) == (process.returncode, "Traceback" in err)
