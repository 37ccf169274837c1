"""`cmi check-config`: each mistake is found, and nothing is invented."""

import json
from datetime import UTC, datetime

import pytest

from support.command_kit import CONFIG, KEY, run, run_json, write_config


@pytest.fixture
def config(tmp_path):
    return write_config(tmp_path)


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
        ({"callback_url": "http://localhost:81/document"}, "error", "callback_url", "document"),
        ({"callback_url": "http://localhost:81/document"}, "error", "callback_url", "port 81"),
        ({"callback_url": "http://localhost:81/document"}, "error", "callback_url", "plain http"),
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
