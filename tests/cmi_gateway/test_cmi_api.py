"""`cmi status`, `history`, `capture`, `void`, `refund` and `resolve`: what they print, ask, and end with."""

import json
from datetime import timedelta

import pytest
from click.testing import CliRunner

import cmi_gateway as cmi
from cmi_gateway.cli.root import Surroundings
from cmi_gateway.cli.root import cmi as command
from support.api_kit import (
    NOW,
    OPEN,
    ORDER,
    PASSWORD,
    SALE,
    SETTLED,
    Clock,
    ScriptedTransport,
    done,
    fixture,
    history,
    line,
    refusal,
)

LOST = cmi.OutcomeUnknownError("ReadTimeout")
UNSENT = cmi.RequestNotSentError("refused")
ACCOUNT = {"CMI_API_USER": "API_USER", "CMI_API_PASSWORD": PASSWORD, "CMI_CLIENT_ID": "600000099"}
NOTHING = dict.fromkeys(("CMI_CONFIG", "CMI_GATEWAY", *ACCOUNT))


def run(*arguments, answers=(), typed=None, environment=ACCOUNT, clock=None):
    clock = clock or Clock()
    transport = ScriptedTransport(list(answers))
    around = Surroundings(now=clock, transport=transport, sleep=clock.sleep)
    result = CliRunner().invoke(
        command, [*map(str, arguments)], input=typed, obj=around, env=NOTHING | environment
    )
    assert PASSWORD not in result.output
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result, transport


@pytest.mark.parametrize(
    ("arguments", "answer", "status", "words"),
    [
        (["2024010354F1"], fixture("F11"), 0, "captured"),
        (["2024010354F1", "--expected", "1.01"], fixture("F11"), 0, "paid"),
        (["2024010354F1", "--expected", "1.02"], fixture("F11"), 1, "amount mismatch"),
        (["202401032AF3", "--expected", "2.05"], fixture("F10"), 1, "authorized"),
        (["2022103088D22"], fixture("F15"), 0, "not found"),
        (["OTHER"], fixture("F11"), 1, "about another order"),
        (["X-1"], refusal("CORE-2201"), 1, "The gateway's words: refus"),
        (["X-1"], LOST, 4, "QueryFailedError"),
        (["X-1"], UNSENT, 4, "RequestNotSentError"),
        (["no order"], b"", 2, "1 to 64 letters"),
        (["X-1", "--expected", "1,01"], b"", 2, "amount"),
    ],
)
def test_status(arguments, answer, status, words):
    """What an order's state is, and a status for scripts."""
    result, _ = run("status", *arguments, answers=[answer])
    assert status == result.exit_code
    assert words in result.output


def test_status_for_programs():
    """JSON names the state and the transaction, with amounts as text."""
    said = json.loads(
        run("status", "2024010354F1", "--json", "--expected", "1.01", answers=[fixture("F11")])[0].stdout
    )
    assert ("paid", True, "1.01", "captured") == (
        said["state"], said["is_paid"], said["transaction"]["captured"], said["transaction"]["state"],
    )  # fmt: skip
    said = json.loads(run("status", "X-1", "--json", answers=[refusal("CORE-2201")])[0].stdout)
    assert (False, "RequestRefusedError", "CORE-2201", False) == (
        said["ok"], said["error"], said["code"], said["safe_to_retry"],
    )  # fmt: skip


def test_history():
    """Lines the oldest first and their sums; an unknown order ends with 1."""
    lines = [
        line("C", "PN", 1, "T-3"),
        line("C", "C", 4000, "T-REF"),
        SETTLED,
        line("S", "D", "", "T-0", code="51"),
    ]
    result, _ = run("history", ORDER, answers=[history(*lines)])
    assert 0 == result.exit_code
    assert result.stdout.index("T-SALE") < result.stdout.index("T-REF")
    assert (
        "Captured 100.00, refunded 40.00, left 60.00 MAD; authorized and not captured 0.00." in result.stdout
    )
    assert "still on its way" in result.stdout
    assert "still on its way" not in run("history", ORDER, answers=[history(SETTLED)])[0].stdout
    result, _ = run("history", "20221030B3FF2", answers=[fixture("F18")])
    assert (1, "The gateway does not know 20221030B3FF2.\n") == (result.exit_code, result.stdout)
    said = json.loads(run("history", ORDER, "--json", answers=[history(SETTLED)])[0].stdout)
    assert ("100.00", "0.00", "T-SALE", "2024-01-01T21:15:27.511000+00:00") == (
        said["net"], said["refunded"], said["transactions"][0]["transaction_id"], said["transactions"][0]["authorized_at"],
    )  # fmt: skip
    assert 4 == run("history", ORDER, answers=[LOST])[0].exit_code


MOVES = [
    (("capture", ORDER, "100.00"), OPEN, "PostAuth"),
    (("void", ORDER), SALE, "Void"),
    (("void", ORDER, "--transaction", "T-SALE"), SALE, "Void"),
    (("refund", ORDER, "100.00"), SETTLED, "Credit"),
]


@pytest.mark.parametrize(("arguments", "before", "sent"), MOVES)
def test_money_is_asked_for_before_it_is_sent(arguments, before, sent):
    """Without --yes a person confirms; a no sends nothing."""
    result, transport = run(*arguments, answers=[history(before)], typed="n\n")
    assert (1, []) == (result.exit_code, transport.sent)
    assert "100.00 MAD of order FAC-2026-000123-1" in result.output
    result, transport = run(*arguments, answers=[history(before), history(before), done()], typed="y\n")
    assert (0, [sent]) == (result.exit_code, transport.sent)
    assert f"Done: {arguments[0]} of 100.00 MAD for {ORDER}, transaction T-NEW." in result.output


@pytest.mark.parametrize(("arguments", "before", "sent"), MOVES)
def test_a_dry_run_shows_what_would_be_sent(arguments, before, sent):
    """The history is checked and the request shown, with stars for user and password; nothing is sent."""
    result, transport = run(*arguments, "--dry-run", answers=[history(before)])
    assert (0, []) == (result.exit_code, transport.sent)
    for piece in (
        f"<Type>{sent}</Type>",
        "<Name>***</Name><Password>***</Password><ClientId>600000099</ClientId>",
    ):
        assert piece in result.stdout
    assert "API_USER" not in result.output
    said = json.loads(run(*arguments, "--dry-run", "--json", answers=[history(before)])[0].stdout)
    assert (True, arguments[0], "100.00") == (said["dry_run"], said["operation"], said["amount"])
    assert 1 == run(*arguments, "--dry-run", answers=[fixture("F18", ("20221030B3FF2", ORDER))])[0].exit_code


@pytest.mark.parametrize(
    ("answers", "status", "facts"),
    [
        ([history(SETTLED), done()], 0, {"ok": True, "result": "done", "transaction_id": "T-NEW"}),
        ([history(SETTLED), refusal("CORE-2508")], 1, {"error": "RequestRefusedError", "code": "CORE-2508"}),
        ([history(SALE)], 1, {"error": "OperationNotPossibleError", "instead": "void"}),
        ([history(SETTLED), LOST], 3, {"error": "OutcomeUnknownError", "safe_to_retry": False}),
        ([history(SETTLED), UNSENT], 4, {"error": "RequestNotSentError", "safe_to_retry": True}),
        ([LOST], 4, {"error": "QueryFailedError"}),
    ],
)
def test_each_end_of_a_refund_has_its_status(answers, status, facts):
    """Done, no, unknown and nothing learnt are told apart by status and facts."""
    result, _ = run("refund", ORDER, "100.00", "--yes", "--json", answers=answers)
    assert status == result.exit_code
    assert facts.items() <= json.loads(result.stdout).items()


@pytest.mark.parametrize(
    ("arguments", "held", "words"),
    [
        (("refund", ORDER, "100.00"), SALE, "`cmi void` instead"),
        (("refund", ORDER, "1.00"), SALE, "Wait, and ask again"),
        (("void", ORDER), SETTLED, "`cmi refund` instead"),
        (("capture", ORDER, "100.00"), SALE, "nothing left to do"),
    ],
)
def test_what_is_not_possible_names_the_command_that_is(arguments, held, words):
    """Where the history forbids it, a person is told what to do instead."""
    result, transport = run(*arguments, "--yes", answers=[history(held)])
    assert (1, []) == (result.exit_code, transport.sent)
    assert words in result.stderr


def test_a_lost_refund_is_resolved_from_its_record(tmp_path):
    """The record is written before the sending, never over another, and tells later what became of it."""
    file = tmp_path / "refund.json"
    result, transport = run(
        "refund", ORDER, "100.00", "--yes", "--record", file, answers=[history(SETTLED), LOST]
    )
    assert (3, ["Credit"]) == (result.exit_code, transport.sent)
    assert "do not repeat" in result.stderr
    assert file.read_text(encoding="utf-8") == result.stdout.strip()
    again, transport = run("refund", ORDER, "100.00", "--yes", "--record", file, answers=[history(SETTLED)])
    assert (2, []) == (again.exit_code, transport.sent)
    after = history(line("C", "C", 10000, "T-R"), SETTLED)
    result, _ = run("resolve", file, answers=[after])
    assert (0, f"Done: refund of 100.00 MAD for {ORDER}, transaction T-R.\n") == (
        result.exit_code,
        result.stdout,
    )
    result, _ = run("resolve", file, "--wait", answers=[history(SETTLED)] * 5)
    assert (1, f"Not done: refund of 100.00 MAD for {ORDER}. It may be tried again.\n") == (
        result.exit_code, result.stdout,
    )  # fmt: skip
    result, _ = run("resolve", file, answers=[history(SETTLED)])
    assert 3 == result.exit_code
    assert f"Ask again after {(NOW + timedelta(seconds=30)).isoformat()}." in result.stdout
    said = json.loads(
        run("resolve", file, "--json", answers=[history(line("C", "C", 1, "T-R"), SETTLED)])[0].stdout
    )
    assert ("unresolved", None) == (said["result"], said["ask_again_at"])
    assert 4 == run("resolve", file, answers=[LOST])[0].exit_code
    odd = run("resolve", file, answers=[history(line("C", "C", 1, "T-R"), SETTLED)])[0]
    assert "A person has to look" in odd.stdout


def test_a_file_that_is_no_record_is_refused(tmp_path):
    """`cmi resolve` says so, with status 2."""
    result, _ = run("resolve", "-", typed="{}")
    assert 2 == result.exit_code
    assert "no operation" in result.stderr


def test_json_needs_somebody_to_say_yes():
    """A question in the middle of JSON helps nobody."""
    result, transport = run("refund", ORDER, "1.00", "--json")
    assert (2, []) == (result.exit_code, transport.asked)


def test_the_account_may_come_from_a_file(tmp_path):
    """User and password, one on each line; the file wins over the environment."""
    file = tmp_path / "api"
    file.write_text(f"OTHER_USER\n{PASSWORD}\n", encoding="utf-8")
    _, transport = run("status", "2024010354F1", "--api-account-file", file, "--data-field", answers=[])
    result, transport = run("status", "2024010354F1", "--api-account-file", file, answers=[fixture("F11")])
    assert 0 == result.exit_code
    assert ("OTHER_USER", PASSWORD) == (transport.asked[0]["Name"], transport.asked[0]["Password"])


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"only one line", "two lines"),
        (b"a\nb\nc", "two lines"),
        (b"\xff\xfe\nx", "not UTF-8"),
        (b"x" * 10_001, "two lines"),
        (b"user\nwith space", "white space"),
    ],
)
def test_an_account_file_that_cannot_be_right(tmp_path, content, words):
    """A flaw is named, and nothing of the file is shown."""
    file = tmp_path / "api"
    file.write_bytes(content)
    result, _ = run("status", ORDER, "--api-account-file", file)
    assert 2 == result.exit_code
    assert words in result.stderr
    assert "with space" not in result.output


@pytest.mark.parametrize(
    "environment", [{}, ACCOUNT | {"CMI_API_PASSWORD": ""}, {"CMI_API_PASSWORD": PASSWORD}]
)
def test_without_an_account_nothing_is_asked(environment):
    """What is missing is said."""
    result, transport = run("status", ORDER, environment=environment)
    assert (2, []) == (result.exit_code, transport.asked)
    assert "no API account" in result.stderr


def test_an_account_file_that_cannot_be_opened(tmp_path, monkeypatch):
    """The system's reason is told."""
    file = tmp_path / "api"
    file.write_text("u\np", encoding="utf-8")

    def refuse(*_arguments, **_options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(type(file), "read_text", refuse)
    result, _ = run("status", ORDER, "--api-account-file", file)
    assert 2 == result.exit_code
    assert "Permission denied" in result.stderr
