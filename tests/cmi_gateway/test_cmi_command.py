"""The cmi command: the doctor, the codes, help, and how it is installed."""

import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from cmi_gateway import cli
from cmi_gateway.customer_messages import LANGUAGES
from support.command_kit import KEY, answer, run, run_json, write_form
from support.gateway_kit import APPROVED

COMMAND = Path(sysconfig.get_path("scripts")) / "cmi"


@pytest.fixture
def form(tmp_path):
    return write_form(tmp_path)


def test_the_doctor_finds_the_cause(form):
    """A callback whose empty fields were dropped is explained; nothing of it is printed but names."""
    body = answer(form, APPROVED)
    damaged = body.replace(b"&ErrMsg=&", b"&")
    said = run_json("doctor", body=damaged)
    assert "explained" == said["verdict"]
    assert said["causes"][0]["remedy"]
    assert 0 == run("doctor", body=damaged).exit_code


def test_the_doctor_finds_nothing_wrong(form):
    """A sound callback and a sound form are healthy."""
    assert "healthy" == run_json("doctor", body=answer(form, APPROVED))["verdict"]
    assert "healthy" == run_json("doctor", form)["verdict"]


def test_the_doctor_tries_other_keys(form, tmp_path):
    """A key of the other platform is recognized, by the name of its file."""
    (tmp_path / "production.key").write_text("Another-Key-1\n", encoding="utf-8")
    body = answer(form, APPROVED, key="Another-Key-1")
    result = run("doctor", "--other-key-file", tmp_path / "production.key", body=body)
    assert 0 == result.exit_code
    assert "production.key" in result.stdout
    assert "Another-Key-1" not in result.output


def test_the_doctor_gives_up_with_status_1(form):
    """What nothing explains, and what holds no hash, ends with status 1."""
    unknown = run("doctor", "--sent", form, body=answer(form, APPROVED, key="Another-Key-1"))
    assert (1, 1) == (unknown.exit_code, run("doctor", body="a=b").exit_code)
    assert "unexplained" == run_json("doctor", body=answer(form, APPROVED, key="Another-Key-1"))["verdict"]
    assert "unreadable" == run_json("doctor", body="a=b")["verdict"]
    assert "unreadable" == run_json("doctor", body="{nonsense")["verdict"]


def test_codes_explains_a_code():
    """A code is shown with its class, what may be done, and the message in three languages."""
    result = run("codes", "05")
    assert (0, "") == (result.exit_code, result.stderr)
    assert "bank" in result.stdout
    assert "Votre banque n'a pas accepté ce paiement." in result.stdout
    said = run_json("codes", "CORE-2508", "mdStatus=0")
    assert [("state", "query first"), ("card", "no")] == [
        (one["class"], one["server_may_repeat"]) for one in said
    ]
    assert set(LANGUAGES) == set(said[0]["messages"])


def test_codes_lists_all():
    """Without a code, all are listed."""
    assert 0 == run("codes").exit_code
    assert len(run("codes").stdout.splitlines()) == len(run_json("codes")) > 230


@pytest.mark.parametrize(
    ("code", "words"),
    [
        ("CORE-9999", "CORE-9999 is not in the catalogue"),
        ("2507", "Did you mean CORE-2507?"),
        ("992507", "Did you mean CORE-2507?"),
        ("5", "Did you mean 05, mdStatus=5?"),
        ("\x1b[2J", "\\x1b[2J is not in the catalogue"),
    ],
)
def test_codes_does_not_know_every_code(code, words):
    """An unknown code ends with status 1, is of class unknown, and near ones are named."""
    result = run("codes", code)
    assert 1 == result.exit_code
    assert words in result.stdout
    assert "unknown" in result.stdout


def test_codes_never_takes_0_for_00():
    """0 is not success, and 00 is not suggested."""
    assert 1 == run("codes", "0").exit_code
    assert "00" not in run("codes", "0").stdout


def test_codes_reads_an_error_text():
    """A code inside the gateway's text is found; white space around a code is forgiven."""
    assert ["3D-1004", "05"] == [
        one["code"] for one in run_json("codes", "3D-1004 Code de sécurité erronné", " 05 ")
    ]


def test_an_unknown_command_is_refused():
    """A mistyped command ends with status 2, and the one that was meant is named."""
    result = run("sing")
    assert 2 == result.exit_code
    assert "No such command 'sing'. Did you mean 'sign'?" in result.stderr
    assert "Did you mean" not in run("quittance").stderr


def test_help_lists_the_commands():
    """Help names every command."""
    result = run("--help")
    assert 0 == result.exit_code
    assert all(
        f"\n  {name} " in result.stdout for name in ("check-config", "codes", "doctor", "sign", "verify")
    )


def test_the_installed_command(form):
    """The installed command answers; what the library logs is not printed beside it."""
    done = subprocess.run(
        [sys.executable, COMMAND, "verify", "--sent", form],
        input=b"a=b", env={"CMI_STORE_KEY": KEY}, capture_output=True, check=False,
    )  # fmt: skip
    assert (1, b"") == (done.returncode, done.stderr)
    assert done.stdout.startswith(b"Not to be trusted: ")


def test_a_terminal_that_cannot_show_arabic():
    """Where the terminal has no letters for it, the customer's message is written out instead of a traceback."""
    done = subprocess.run(
        [sys.executable, COMMAND, "codes", "05"],
        env={"PYTHONIOENCODING": "latin-1"}, capture_output=True, check=False,
    )  # fmt: skip
    assert (0, b"") == (done.returncode, done.stderr)
    assert b"\\u0628\\u0646\\u0643" in done.stdout


def test_without_click_the_extra_is_named(monkeypatch, capsys):
    """Without click the command says what to install, and nothing else happens."""
    monkeypatch.setitem(sys.modules, "click", None)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert 1 == stopped.value.code
    assert "pip install 'cmi-gateway[cli]'" in capsys.readouterr().err
