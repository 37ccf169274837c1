"""`cmi sign` and `cmi verify`: what they print and how they end."""

import json

import pytest

from support.command_kit import (
    CONFIG,
    KEY,
    REQUEST,
    REQUEST_IN_TOML,
    answer,
    run,
    run_json,
    write_config,
    write_form,
)
from support.gateway_kit import APPROVED, DECLINED, NOT_AUTHENTICATED


@pytest.fixture
def config(tmp_path):
    return write_config(tmp_path)


@pytest.fixture
def form(tmp_path):
    return write_form(tmp_path)


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


def test_whatever_a_request_takes_can_be_written_in_a_file(config):
    """Goods' destination, repetition and foreign display are tables of the document."""
    changes = {
        "ship_to": {"name": "Ali", "city": "Kénitra"},
        "recurring": {"payments": 12, "every": 1, "unit": "M"},
        "display_amount": {"amount": "10.50", "currency": "EUR"},
    }
    fields = run_json("sign", "--config", config, body=json.dumps(REQUEST | changes))["fields"]
    assert ("Ali", "Kénitra") == (fields["ShipToName"], fields["ShipToCity"])
    assert ("12", "M") == (fields["RecurringPaymentNumber"], fields["RecurringFrequencyUnit"])
    assert ("10.50", "EUR") == (fields["amountCur"], fields["symbolCur"])


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"ship_to": "here"}, "ship_to must be a table"),
        ({"recurring": {"payments": 12}}, "recurring: missing every, unit"),
        ({"display_amount": "10.50"}, "display_amount must be a table"),
        ({"display_amount": {"amount": "10.50", "currency": "ZZZ"}}, "unknown currency"),
        ({"auto_redirect": "false"}, "AutoRedirect"),
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
