"""The cmi command: what it prints, how it ends, and that no key is ever shown."""

import json
import subprocess
import sys
import sysconfig
import traceback
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import cli
from cmi_gateway.cli.root import Surroundings, cmi
from cmi_gateway.customer_messages import LANGUAGES
from support.gateway_kit import APPROVED, DECLINED, NOT_AUTHENTICATED, signed_body

COMMAND = Path(sysconfig.get_path("scripts")) / "cmi"
KEY = "Zq7Geheim9kw2"
CONFIG = {
    "client_id": "600000099",
    "name": "RAK",
    "gateway": "production",
    "ok_url": "https://paiement.rak.ma/retour",
    "fail_url": "https://paiement.rak.ma/retour/echec",
    "shop_url": "https://paiement.rak.ma/",
    "callback_url": "https://paiement.rak.ma/cmi/callback",
}
REQUEST = {
    "order_id": "RAK-7f3kq9z2mb4wx1t8",
    "amount": "114.26",
    "email": "client@example.com",
    "bill_to": {"name": "Amina Aït Ben"},
    "lines": [{"reference": "383180218210", "description": "GERANCE", "amount": "114.26"}],
    "custom": {"NUM_CONTRAT": "123456789"},
}
REQUEST_IN_TOML = """
order_id = "RAK-7f3kq9z2mb4wx1t8"
amount = "114.26"
email = "client@example.com"
[bill_to]
name = "Amina Aït Ben"
"""


def run(*arguments, body=None, key=KEY, now=None):
    surroundings = Surroundings(now=lambda: now) if now else Surroundings()
    environment = dict.fromkeys(("CMI_CONFIG", "CMI_CLIENT_ID", "CMI_GATEWAY"))
    return CliRunner().invoke(
        cmi, [*map(str, arguments)], input=body, obj=surroundings, env=environment | {"CMI_STORE_KEY": key}
    )


def run_json(*arguments, **options):
    result = run(*arguments, "--json", **options)
    assert "" == result.stderr
    return json.loads(result.stdout)


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "merchant.json"
    path.write_text(json.dumps(CONFIG), encoding="utf-8")
    return path


@pytest.fixture
def form(tmp_path, config):
    """Give the file that ``cmi sign --json`` printed."""
    path = tmp_path / "form.json"
    path.write_text(
        run("sign", "--json", "--config", config, body=json.dumps(REQUEST)).stdout, encoding="utf-8"
    )
    return path


def answer(form, results, key=KEY):
    """Give the raw callback that answers a form."""
    fields = json.loads(form.read_text(encoding="utf-8"))["fields"]
    echoed = {name: value for name, value in fields.items() if name not in ("hash", "rnd")}
    return signed_body(echoed | results, key)


# sign


@pytest.mark.parametrize("body", [json.dumps(REQUEST), REQUEST_IN_TOML], ids=["json", "toml"])
def test_sign_gives_the_fields(config, body):
    """A request in JSON or TOML becomes signed fields; URLs come from the configuration."""
    signed = run_json("sign", "--config", config, body=body)
    assert "https://payment.cmi.co.ma/fim/est3Dgate" == signed["action"]
    assert ("114.26", "Amina Aït Ben") == (signed["fields"]["amount"], signed["fields"]["BillToName"])
    assert CONFIG["callback_url"] == signed["fields"]["callbackUrl"]
    assert 88 == len(signed["fields"]["hash"])


def test_sign_reads_a_file_and_prints_lines(config, tmp_path):
    """Without --json the address and one field on each line are printed; the command line wins over the configuration."""
    (tmp_path / "request.toml").write_text(REQUEST_IN_TOML, encoding="utf-8")
    result = run("sign", tmp_path / "request.toml", "--config", config, "--gateway", "test")
    assert (0, "") == (result.exit_code, result.stderr)
    assert result.stdout.startswith("POST https://testpayment.cmi.co.ma/fim/est3Dgate\nclientid ")


def test_sign_gives_the_page(config):
    """The page is UTF-8 and posts itself to the gateway."""
    result = run("sign", "--page", "--config", config, body=json.dumps(REQUEST))
    assert 0 == result.exit_code
    assert result.stdout_bytes.decode("utf-8").startswith("<!DOCTYPE html>")
    assert "Amina Aït Ben".encode() in result.stdout_bytes


def test_the_request_wins_over_the_configuration(config):
    """A URL of the request replaces the configured one."""
    body = json.dumps(REQUEST | {"ok_url": "https://paiement.rak.ma/merci"})
    assert (
        "https://paiement.rak.ma/merci" == run_json("sign", "--config", config, body=body)["fields"]["okUrl"]
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"amount": 114.26}, "float"),
        ({"amount": "113,02"}, "is not an amount"),
        ({"ammount": "1.00"}, "did you mean 'amount'?"),
        ({"bill_to": "Amina"}, "bill_to must be a table"),
        ({"bill_to": {}}, "bill_to: missing name"),
        ({"lines": [{"reference": "A"}]}, "line 1: missing"),
        ({"lines": 3}, "lines"),
        ({"custom": []}, "custom"),
        ({"language": "de"}, "lang"),
        ({"store_key": KEY}, "'store_key' is a secret and has no place in this file"),
    ],
)
def test_sign_says_what_is_wrong_with_a_request(config, changes, words):
    """A request that cannot be signed is one sentence and status 2."""
    result = run("sign", "--config", config, body=json.dumps(REQUEST | changes))
    assert (2, "") == (result.exit_code, result.stdout)
    assert words in result.stderr


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ("", "is empty"),
        ("[1, 2]", "must hold a table"),
        ('{"a": 1, "a": 2}', "a name is given twice"),
        ('{"a": NaN}', "NaN is no JSON value"),
        ("{", "is not JSON"),
        ("a = ", "is not TOML"),
        ("[" * 100_000, "nested too deeply"),
        (b"\xff\xfe", "must be UTF-8"),
        ("#" * 1_000_001, "larger than"),
        ("order_id = 'A'", "missing amount, email, bill_to"),
    ],
)
def test_sign_says_what_is_wrong_with_a_document(config, body, words):
    """What is no document is said in one sentence, without a traceback."""
    result = run("sign", "--config", config, body=body)
    assert (2, SystemExit) == (result.exit_code, type(result.exception))
    assert words in result.stderr


def test_sign_prints_one_thing():
    """Page and JSON at once are refused."""
    assert 2 == run("sign", "--page", "--json", body="{}").exit_code


def test_a_command_without_a_key_says_where_keys_come_from(config):
    """The way to hand over a key is said, and that it is no argument."""
    result = run("sign", "--config", config, body=json.dumps(REQUEST), key=None)
    assert 2 == result.exit_code
    assert "CMI_STORE_KEY" in result.stderr
    assert "--store-key-file" in result.stderr


def test_a_command_without_a_client_id_says_where_it_comes_from():
    """The three ways to name the merchant are said."""
    result = run("sign", body=json.dumps(REQUEST))
    assert 2 == result.exit_code
    assert "--client-id, set CMI_CLIENT_ID, or name a --config file" in result.stderr


# verify


@pytest.mark.parametrize(
    ("results", "kind", "reply", "key"),
    [
        (APPROVED, "approved", "ACTION=POSTAUTH", None),
        (DECLINED, "declined", "APPROVED", "limit"),
        (NOT_AUTHENTICATED, "not authenticated", "APPROVED", "not_authenticated"),
        ({"Response": "Error", "ErrMsg": "3D-1004"}, "failed", "APPROVED", "unavailable"),
    ],
)
def test_verify_reads_every_outcome(form, results, kind, reply, key):
    """With the form that was sent, a genuine callback gives outcome, reply and message key; the status is 0."""
    body = answer(form, results)
    said = run_json("verify", "--sent", form, body=body)
    assert (True, kind, reply) == (said["trusted"], said["outcome"]["kind"], said["reply"])
    assert key == said["outcome"].get("message_key")
    printed = run("verify", "--sent", form, body=body)
    assert 0 == printed.exit_code
    assert "It answers the form that was sent." in printed.stdout
    assert f"  {kind}\n" in printed.stdout


def test_verify_without_the_form_keeps_the_outcome_closed(form):
    """A genuine signature alone says which order it names, and no more."""
    body = answer(form, APPROVED)
    said = run_json("verify", "--client-id", "600000099", body=body)
    assert ("RAK-7f3kq9z2mb4wx1t8", None) == (said["order_id"], said["outcome"])
    result = run("verify", "--client-id", "600000099", body=body)
    assert "give the signed form with --sent" in result.stdout
    assert "approved" not in result.stdout.lower()


def test_verify_compares_a_sealed_form_with_order_and_amount(config, tmp_path):
    """A form that was sealed is recognized by order id and amount alone; another amount is refused."""
    sealed = tmp_path / "sealed.json"
    sealed.write_text(run("sign", "--seal", "--json", "--config", config, body=json.dumps(REQUEST)).stdout)
    order = ("--client-id", "600000099", "--order-id", REQUEST["order_id"], "--amount")
    assert (
        "approved" == run_json("verify", *order, "114.26", body=answer(sealed, APPROVED))["outcome"]["kind"]
    )
    assert 1 == run("verify", *order, "1.00", body=answer(sealed, APPROVED)).exit_code


def test_verify_wants_order_and_amount_together(form):
    """Half a comparison is none, and two records of one order are one too many."""
    assert 2 == run("verify", "--order-id", "A", body=b"a=b").exit_code
    assert 2 == run("verify", "--sent", form, "--amount", "1.00", body=b"a=b").exit_code


def test_verify_does_not_trust_another_key(form):
    """A hash under another key ends with status 1 and points to the doctor."""
    result = run("verify", "--sent", form, body=answer(form, APPROVED, key="Another-Key-1"))
    assert 1 == result.exit_code
    assert result.stdout.startswith("Not to be trusted: ")
    assert "cmi doctor" in result.stdout


def test_verify_does_not_trust_another_order(form):
    """A genuine callback of another amount ends with status 1."""
    body = answer(form, APPROVED | {"amount": "1.00"})
    said = run_json("verify", "--sent", form, body=body)
    assert (False, "CallbackMismatchError") == (said["trusted"], said["error"])
    assert 1 == run("verify", "--sent", form, body=body).exit_code


@pytest.mark.parametrize(
    "sent", ["[]", "{}", "[3]", '{"fields": {"oid": 1}}', '[["oid", "A"]]', '{"fields": [3]}']
)
def test_verify_wants_a_whole_form(form, tmp_path, sent):
    """What is no signed form is refused before the callback is read."""
    (tmp_path / "sent.json").write_text(sent, encoding="utf-8")
    result = run("verify", "--sent", tmp_path / "sent.json", body=answer(form, APPROVED))
    assert 2 == result.exit_code
    assert "must hold a signed form" in result.stderr


def test_a_form_as_a_list_of_pairs_will_do(form, tmp_path):
    """`SignedForm.fields` in JSON is a list of pairs, which is read as well."""
    fields = json.loads(form.read_text(encoding="utf-8"))["fields"]
    (tmp_path / "pairs.json").write_text(json.dumps([*fields.items()]), encoding="utf-8")
    assert run_json("verify", "--sent", tmp_path / "pairs.json", body=answer(form, APPROVED))["trusted"]


def test_control_characters_of_a_stranger_are_written_out(form):
    """What the gateway sent does not steer the terminal."""
    result = run("verify", "--sent", form, body=answer(form, DECLINED | {"ErrMsg": "a\x1b[2Jb\u202ec"}))
    assert 0 == result.exit_code
    assert "a\\x1b[2Jb\\u202ec" in result.stdout


# doctor


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


# codes


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


# check-config


def findings(changes, tmp_path, *arguments, **options):
    path = tmp_path / "checked.json"
    settings = {name: value for name, value in {**CONFIG, **changes}.items() if value is not None}
    path.write_text(json.dumps(settings), encoding="utf-8")
    said = run_json("check-config", path, *arguments, **options)
    assert said["ok"] is not any(finding["level"] == "error" for finding in said["findings"])
    return [(finding["level"], finding["about"], finding["problem"]) for finding in said["findings"]]


def test_a_sound_configuration_has_no_findings(tmp_path, config):
    """Nothing is invented; the status is 0."""
    assert [] == findings({}, tmp_path)
    result = run("check-config", config)
    assert (0, "Nothing wrong was found.\n") == (result.exit_code, result.stdout)


@pytest.mark.parametrize(
    ("changes", "level", "about", "words"),
    [
        ({"callback_url": "http://127.0.0.1:8000/cmi"}, "error", "callback_url", "not public"),
        ({"callback_url": "https://10.0.0.7/cmi"}, "error", "callback_url", "not public"),
        ({"callback_url": "https://[::1]/cmi"}, "error", "callback_url", "not public"),
        ({"callback_url": "https://localhost/cmi"}, "error", "callback_url", "cannot reach it"),
        ({"callback_url": "https://portal/cmi"}, "error", "callback_url", "without a domain"),
        ({"callback_url": "https://portal.example/cmi"}, "error", "callback_url", "examples or local networks"),
        ({"callback_url": "https://paiement.rak.ma:8443/cmi"}, "error", "callback_url", "port 8443"),
        ({"callback_url": "https://paiement.rak.ma:80/cmi"}, "warning", "callback_url", "https on port 80"),
        ({"callback_url": "http://paiement.rak.ma/cmi"}, "error", "callback_url", "plain http"),
        ({"callback_url": "https://u:p@paiement.rak.ma/cmi"}, "error", "callback_url", "user name or password"),
        ({"callback_url": CONFIG["ok_url"]}, "error", "callback_url", "also a page of the payer's"),
        ({"callback_url": "/cmi/callback"}, "error", "callback_url", "absolute http or https URL"),
        ({"callback_url": None}, "error", "callback_url", "is missing"),
        ({"callback_url": 3}, "error", "callback_url", "must be text"),
        ({"ok_url": "https://paiement.rak.ma/documents/ok"}, "error", "ok_url", "document"),
        ({"ok_url": "https://paiement.rak.ma/#ok"}, "warning", "ok_url", "behind '#'"),
        ({"ok_url": "https://localhost/ok", "gateway": "test"}, "warning", "ok_url", "own network"),
        ({"ok_url": "https://localhost/ok"}, "error", "ok_url", "own network"),
        ({"gateway": "test"}, "warning", "gateway", "no money moves"),
        ({"gateway": "live"}, "error", "gateway", "must be 'test', 'production'"),
        ({"gateway": ["test"]}, "error", "gateway", "must be 'test', 'production'"),
        ({"gateway": {"url": 3, "api_url": None}}, "error", "gateway", "url must be an absolute https URL"),
        ({"gateway": {"url": "http://127.0.0.1:1/", "api_url": "http://127.0.0.1:1/"}}, "error", "gateway", "simulator"),
        ({"gateway": None}, "error", "gateway", "is missing"),
        ({"client_id": None}, "error", "client_id", "is missing"),
        ({"client_id": 600000099}, "error", "client_id", "1 to 15 letters and digits"),
        ({"client_id": "ABC"}, "warning", "client_id", "not nine digits"),
        ({"name": 3}, "error", "name", "must be text"),
        ({"language": "FR"}, "error", "language", "'fr', 'ar' or 'en'"),
        ({"language": []}, "error", "language", "'fr', 'ar' or 'en'"),
        ({"session_timeout": 29}, "error", "session_timeout", "from 30 to 2700"),
        ({"refresh_time": "5"}, "error", "refresh_time", "from 1 to 2700"),
        ({"auto_redirect": "yes"}, "error", "auto_redirect", "true or false"),
        ({"okurl": "x"}, "error", "okurl", "did you mean 'ok_url'?"),
        ({"store_key": KEY}, "error", "store_key", "has no place in this file"),
        ({"API-Password": KEY}, "error", "API-Password", "has no place in this file"),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_configuration(tmp_path, changes, level, about, words):
    """Each mistake is found, under the name of its setting, with what would be right."""
    found = findings(changes, tmp_path)
    assert [(level, about)] == [finding[:2] for finding in found if words in finding[2]]
    assert KEY not in repr(found)


@pytest.mark.parametrize(
    ("key", "level", "words"),
    [
        (None, "error", "is missing"),
        ("abc", "error", "shorter than 6"),
        ("Abcdef7", "warning", "shorter than 8"),
        (f"{KEY} ", "error", "white space"),
        (f"{KEY}\n", "error", "white space"),
        ("abSKSdef123", "error", "SKS"),
        ("absksdef123", "error", "SKS"),
        ("TEST1234", "error", "sample that everybody knows"),
        (f'"{KEY}"', "error", "quotation marks"),
        (f"{KEY}é", "warning", "beyond ASCII"),
    ],
)
def test_what_is_wrong_with_a_key(tmp_path, key, level, words):
    """The shape of the key is judged, and the key is not shown."""
    found = findings({}, tmp_path, key=key)
    assert [(level, "store_key")] == [finding[:2] for finding in found if words in finding[2]]
    assert not key or key not in repr(found)


def test_a_sample_key_will_do_for_a_test(tmp_path):
    """On the test platform a well-known key is a warning."""
    found = findings({"gateway": "test"}, tmp_path, key="TEST1234")
    assert ["warning", "warning"] == [level for level, _, _ in found]


def test_what_is_wrong_with_a_key_file(tmp_path):
    """A key file that others can read, and one key given twice, are warnings."""
    file = tmp_path / "cmi.key"
    file.write_text(f"{KEY}\n{KEY}\n", encoding="utf-8")
    file.chmod(0o644)
    found = findings({}, tmp_path, "--store-key-file", file, key=None)
    assert [("warning", "store_key"), ("warning", "store_key_file")] == [finding[:2] for finding in found]
    file.chmod(0o600)
    file.write_text(f"\ufeff{KEY}\n\n", encoding="utf-8")
    assert [] == findings({}, tmp_path, "--store-key-file", file, key=None)


def test_a_clock_that_stands_wrong_is_found(tmp_path):
    """A clock before this release is an error: certificates, receipts and posting dates hang on it."""
    found = findings({}, tmp_path, now=datetime(2020, 1, 1, tzinfo=UTC))
    assert [("error", "clock")] == [finding[:2] for finding in found]


def test_findings_are_counted(config):
    """People read one line for each finding and a sum."""
    config.write_text(json.dumps(CONFIG | {"gateway": "test", "language": "de"}), encoding="utf-8")
    result = run("check-config", config)
    assert 1 == result.exit_code
    assert result.stdout.endswith("1 error, 1 warning\n")


# keys


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"abc\n", "shorter than 6"),
        (f"{KEY} \n".encode(), "white space"),
        (b"\xff\xfe" + KEY.encode(), "not UTF-8"),
        (b"x" * 10_001, "too large"),
        (b"\n\n", "no store key"),
    ],
)
def test_a_key_file_that_cannot_be_right(config, tmp_path, content, words):
    """A bad key file is named with its flaw; nothing of it is shown."""
    (tmp_path / "cmi.key").write_bytes(content)
    result = run(
        "sign", "--config", config, "--store-key-file", tmp_path / "cmi.key", body=json.dumps(REQUEST)
    )
    assert 2 == result.exit_code
    assert words in result.stderr
    assert KEY not in result.output


def test_a_key_file_wins_over_the_environment_and_holds_older_keys(form, tmp_path):
    """During a rotation the file holds the newest key first; all verify."""
    (tmp_path / "cmi.key").write_text(f"Brand-New-Key-1\n{KEY}\n", encoding="utf-8")
    body = answer(form, APPROVED)
    assert (
        0
        == run(
            "verify", "--sent", form, "--store-key-file", tmp_path / "cmi.key", body=body, key="Wrong-1"
        ).exit_code
    )


COMMANDS = [
    ("sign",),
    ("sign", "--page"),
    ("sign", "--client-id", "600000099"),
    ("verify",),
    ("verify", "--client-id", "600000099"),
    ("verify", "--client-id", "600000099", "--order-id", "A", "--amount", "1.00"),
    ("doctor",),
    ("check-config", "-"),
    ("codes",),
    ("sign", f"--store-key={KEY}"),
    ("verify", f"--key={KEY}"),
    ("sing",),
]
#: Keys of every unfit shape, all of which hold the one that must not be seen.
UNFIT_KEYS = [KEY, f" {KEY}", f"{KEY}\n", f"'{KEY}'", f"{KEY}SKS", f"{KEY}\x00"[:-1] + "é", KEY * 200]
BODIES = [
    json.dumps(CONFIG | REQUEST),
    json.dumps(REQUEST | CONFIG | {"store_key": KEY}),
    REQUEST_IN_TOML,
    "",
    "a=b&HASH=x",
]


@pytest.mark.parametrize("as_json", [(), ("--json",)], ids=["text", "json"])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_no_command_shows_a_key(command, as_json):
    """Whatever the command, the input and the shape of the key: no output, error or traceback holds it."""
    for key in UNFIT_KEYS:
        for body in BODIES:
            result = run(*command, *as_json, body=body, key=key)
            shown = traceback.TracebackException(*result.exc_info, capture_locals=True)
            inside = [frame for frame in shown.stack if "cmi_gateway" in frame.filename]
            assert KEY not in result.output
            assert not [frame for frame in inside if KEY in repr(frame.locals) and "store_key" not in body]
            assert result.exit_code in (0, 1, 2)


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_input_ends_in_words(body):
    """Any bytes on standard input end every command without a traceback."""
    for command in [
        ("sign", "--client-id", "600000099"),
        ("verify", "--client-id", "600000099"),
        ("doctor",),
        ("check-config", "-"),
    ]:
        result = run(*command, body=body)
        assert result.exit_code in (0, 1, 2)
        assert type(result.exception) in (type(None), SystemExit)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=10), inner, max_size=3),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from([*CONFIG, *REQUEST, "language", "session_timeout", "auto_redirect"]), JSON
    )
)
def test_any_values_end_in_words(changes):
    """Values of any type under known names are judged or refused, never a traceback."""
    for command, table in [
        (("check-config", "-"), CONFIG),
        (("sign", "--client-id", "600000099"), CONFIG | REQUEST),
    ]:
        settings = {
            name: value
            for name, value in {**table, **changes}.items()
            if "sign" not in command or name not in ("client_id", "name", "gateway")
        }
        result = run(*command, body=json.dumps(settings))
        assert type(result.exception) in (type(None), SystemExit), result.exception


# the command itself


def test_an_unknown_command_is_refused():
    """A mistyped command ends with status 2."""
    result = run("sing")
    assert 2 == result.exit_code
    assert "No such command 'sing'" in result.stderr


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


def test_without_click_the_extra_is_named(monkeypatch, capsys):
    """Without click the command says what to install, and nothing else happens."""
    monkeypatch.setitem(sys.modules, "click", None)
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    assert 1 == stopped.value.code
    assert "pip install 'cmi-gateway[cli]'" in capsys.readouterr().err
