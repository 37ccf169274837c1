"""No command of `cmi` shows a key, and none ends in a traceback, whatever comes in."""

import json
import traceback

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.command_kit import CONFIG, KEY, REQUEST, REQUEST_IN_TOML, answer, run, write_config, write_form
from support.gateway_kit import APPROVED


@pytest.fixture
def config(tmp_path):
    return write_config(tmp_path)


@pytest.fixture
def form(tmp_path):
    return write_form(tmp_path)


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
