"""The ver3 hash equals the one made outside this project, byte for byte."""

import base64
import hashlib
import json
import random
import re
import shutil
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cmi_gateway import ConfigurationError
from cmi_gateway.natural_order import _compare, natural_order
from cmi_gateway.signature import (
    NameOrder,
    _remembered_picker,
    canonical_value,
    hash_ver3,
    matches,
    orders_agree,
)
from support.gateway_kit import VECTORS, vectors

ORDERS = {"plain_upper": NameOrder.PLAIN, "nat_ci": NameOrder.NATURAL}
PHP = json.loads((VECTORS / "php.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("vector", vectors()["published"], ids=lambda vector: vector["id"])
@pytest.mark.parametrize("order", ORDERS)
def test_published_hashes(vector, order):
    """Hashes published with their key, a real callback of CMI among them, come out the same."""
    digest = hash_ver3(vector["fields"].items(), vector["store_key"], ORDERS[order])
    assert vector["matches_by_order"][order] is (digest == vector["expected_hash"])


@pytest.mark.parametrize(
    "vector", [v for v in vectors()["plaintext"] if "fields" in v], ids=lambda vector: vector["id"]
)
@pytest.mark.parametrize("order", NameOrder)
def test_worked_examples(vector, order):
    """The worked examples of CMI's documents come out the same under both orders."""
    assert vector["hash_computed_here"] == hash_ver3(vector["fields"].items(), vector["store_key"], order)


@pytest.mark.parametrize("vector", vectors()["computed"], ids=lambda vector: vector["id"])
@pytest.mark.parametrize("order", ORDERS)
def test_computed_hashes(vector, order):
    """Hashes computed by PHP and Java, where the orders agree and where they do not, come out the same."""
    digest = hash_ver3(vector["fields"].items(), vector["store_key"], ORDERS[order])
    assert vector["hash_by_order"][order] == digest


@pytest.mark.parametrize(
    ("value", "expected"), next(v["pairs"] for v in vectors()["plaintext"] if v["id"] == "V9e")
)
def test_document_rule(value, expected):
    """The "document" rule rewrites the character behind the word, and is off unless asked for."""
    assert hash_ver3([("a", expected)], "K") == hash_ver3([("a", value)], "K", document_rule=True)
    assert (value == expected) is (hash_ver3([("a", expected)], "K") == hash_ver3([("a", value)], "K"))


def test_document_rule_is_asked_by_name():
    """A bare True behind the order of names would say nothing to a reader, so it is refused."""
    with pytest.raises(TypeError):
        hash_ver3([("a", "1")], "K", NameOrder.PLAIN, True)


def test_document_rule_folds_the_word():
    """The word becomes lower case and every occurrence is rewritten, with the character that follows."""
    rewritten = hash_ver3([("a", "document.b document. x")], "K")
    assert rewritten == hash_ver3([("a", "DOCUMENTab Document; x")], "K", document_rule=True)


def test_document_rule_stays_within_a_value():
    """At the end of a value the rule does nothing; an escaped pipe behind the word is what it rewrites."""
    unchanged = [("a", "my document"), ("b", "x")]
    assert hash_ver3(unchanged, "K") == hash_ver3(unchanged, "K", document_rule=True)
    text = b"document.||b|K"
    expected = base64.b64encode(hashlib.sha512(text).digest()).decode()
    assert expected == hash_ver3([("a", "document|"), ("b", "b")], "K", document_rule=True)


@pytest.mark.parametrize("name", ["hash", "HASH", "Hash", "encoding", "Encoding"])
def test_unhashed_names(name):
    """The hash itself and the encoding are left out in any case of letters."""
    assert hash_ver3([("a", "1")], "K") == hash_ver3([(name, "x"), ("a", "1")], "K")


@pytest.mark.parametrize("white", ["\n", " ", "\t", "\r\n", "\0", "\x0b", " \n"])
def test_values_are_trimmed_as_php_does(white):
    """A final line feed and outer white space do not count."""
    assert hash_ver3([("a", "1"), ("b", "2")], "K") == hash_ver3(
        [("a", f"{white}1{white}"), ("b", "2" + white)], "K"
    )


#: What the steps look for, and what could be taken for it: other white space, other letters, longer characters.
AWKWARD = st.lists(
    st.sampled_from(
        ["document", "DocuMENT", "doc", "|", "\\", " ", "\t", "\n", "\0", "\v", "\f", "\x1c", "\x1f", "\x85", "\u00a0", "\u2028",
         "é", "İ", "字", "😀", ".", "x"]
    ),
    max_size=8,
).map("".join)  # fmt: skip


def step_by_step(values, *, document_rule):
    """Hash as CMI's sources are written: value after value, step after step."""
    text = ""
    for value in values:
        plain = value.removesuffix("\n").strip(" \t\n\r\0\v").replace("\\", "\\\\").replace("|", "\\|")
        text += re.sub("document(.)", "document.", plain, flags=re.IGNORECASE) if document_rule else plain
        text += "|"
    return base64.b64encode(hashlib.sha512((text + "K").encode()).digest()).decode()


@given(st.lists(AWKWARD, min_size=1, max_size=5), st.booleans())
def test_all_steps_at_once_are_the_steps_one_by_one(values, document_rule):
    """Whatever the values need, hashing them together gives what each step in its turn would."""
    pairs = [(f"f{number}", value) for number, value in enumerate(values)]
    assert step_by_step(values, document_rule=document_rule) == hash_ver3(
        pairs, "K", document_rule=document_rule
    )


def test_no_break_spaces_stay():
    """PHP's trim leaves no-break spaces alone, so they are hashed."""
    assert "\u00a01" == canonical_value("\u00a01 ")
    assert hash_ver3([("a", "1")], "K") != hash_ver3([("a", "\u00a01")], "K")


def test_empty_slots_count():
    """An empty value keeps its slot; no field at all leaves the key alone."""
    assert hash_ver3([("a", ""), ("b", "x")], "K") != hash_ver3([("b", "x")], "K")
    assert 88 == len(hash_ver3([], "K")) == len(hash_ver3([("hash", "x")], "K"))


def test_repeated_names_are_hashed_in_their_order():
    """The hash does not judge repeated names; equal names keep the order they came in."""
    once, again = [("a", "1"), ("A", "2")], [("A", "2"), ("a", "1")]
    for order in NameOrder:
        assert hash_ver3(once, "K", order) != hash_ver3(again, "K", order)


@given(
    st.dictionaries(st.text("aAbB_1", min_size=1, max_size=4), st.text(max_size=6), max_size=6), st.randoms()
)
def test_field_order_does_not_matter(fields, shuffler):
    """Fields of distinct names hash alike in whatever order they arrive."""
    pairs = list({name.upper(): (name, value) for name, value in fields.items()}.values())
    shuffled = list(pairs)
    shuffler.shuffle(shuffled)
    try:
        expected = hash_ver3(pairs, "K")
    except ConfigurationError:
        return
    assert expected == hash_ver3(shuffled, "K")


@given(st.lists(st.text(st.characters(codec="utf-8"), max_size=8), max_size=5))
def test_the_fast_path_is_the_slow_path(values):
    """Joining at once gives the text that escaping value by value gives."""
    pairs = [(f"n{number}", value) for number, value in enumerate(values)]
    text = "".join(
        value.strip(" \t\n\r\0\x0b").replace("\\", "\\\\").replace("|", "\\|") + "|" for value in values
    )
    expected = base64.b64encode(hashlib.sha512((text + "K").encode()).digest()).decode()
    assert expected == hash_ver3(pairs, "K")


@pytest.mark.parametrize(
    "pairs",
    [
        [("a", 1)],
        [("a", None)],
        [(1, "a")],
        [("a", "\ud800")],
        ["abc"],
        [("a",)],
        [None],
        [("a", "b"), ("c", "d", "e")],
    ],
)
def test_values_that_are_not_text(pairs):
    """Anything but text raises a typed error."""
    with pytest.raises(ConfigurationError):
        hash_ver3(pairs, "K")


@pytest.mark.parametrize("order", ["natural", None, []])
def test_an_unknown_order_of_names_is_refused(order):
    """Anything but a `NameOrder` raises, instead of giving the hash of another order."""
    with pytest.raises(ConfigurationError, match="NameOrder"):
        hash_ver3([("a", "1")], "K", order)


@pytest.mark.parametrize("key", ["", " K", "K\n", "a b", None, 7, b"K"])
def test_unusable_keys(key):
    """An empty key, or one with white space, is refused without being shown."""
    with pytest.raises(ConfigurationError) as caught:
        hash_ver3([("a", "1")], key)
    assert not key or repr(key) not in str(caught.value)


def test_natural_order_is_phps():
    """The order of names equals natcasesort's on field names and on awkward ones, to the letter."""
    for names, expected in PHP["natcasesort"]:
        assert expected == natural_order([name.encode().upper() for name in names]), names
    for (left, right), sign in PHP["strnatcasecmp"]:
        verdict = _compare(left.encode().upper(), right.encode().upper())
        assert (sign > 0) - (sign < 0) == verdict, (left, right)


@pytest.mark.skipif(
    not shutil.which("php"), reason="the recorded answers above stand in where PHP is missing"
)
def test_natural_order_against_php():
    """Fresh random names sort as PHP sorts them."""
    dice = random.Random()  # a new set each time; the failing names are in the assertion
    names = [
        ["".join(dice.choices("aAbB019._-", k=dice.randint(1, 6))) for _ in range(9)] for _ in range(2000)
    ]
    script = (
        "$o=[];foreach(json_decode(stream_get_contents(STDIN)) as $l){natcasesort($l);$o[]=array_keys($l);}"
        "echo json_encode($o);"
    )
    answer = subprocess.run(
        ["php", "-r", script], input=json.dumps(names), capture_output=True, text=True, check=True
    )
    for listed, expected in zip(names, json.loads(answer.stdout), strict=True):
        assert expected == natural_order([name.encode().upper() for name in listed]), listed


def test_orders_agree():
    """Up to nine numbered names of a kind sort alike; the tenth sorts differently."""
    assert orders_agree(tuple(f"ItemNumber{number}" for number in range(1, 10)))
    ten = tuple(f"ItemNumber{number}" for number in range(1, 11))
    assert not orders_agree(ten)
    assert not orders_agree(ten[::-1])


@pytest.mark.parametrize(
    ("count", "length", "longer", "remembered"),
    [(1, 4, 0, 1), (200, 4, 0, 1), (201, 4, 0, 0), (200, 64, 0, 1), (200, 64, 1, 0), (2, 7000, 0, 0)],
)
def test_only_names_of_ordinary_size_are_remembered(count, length, longer, remembered):
    """Two hundred names of 64 characters are kept in memory; one more name or character is hashed without being kept."""
    names = [f"n{number}".ljust(length, "_") for number in range(count)]
    names[-1] += "x" * longer
    _remembered_picker.cache_clear()
    assert 88 == len(hash_ver3([(name, "x") for name in names], "K"))
    assert remembered == _remembered_picker.cache_info().currsize


@pytest.mark.parametrize(
    ("memory", "ask"),
    [(_remembered_picker, lambda name: hash_ver3([(name, "x")], "K")), (orders_agree, lambda name: orders_agree((name,)))],
    ids=["picked", "agreed"],
)  # fmt: skip
def test_few_sets_of_names_are_remembered(memory, ask):
    """However many sets of names strangers make up, 256 are kept in memory, and one of them is answered from there."""
    memory.cache_clear()
    for number in range(300):
        ask(f"n{number}")
    ask("n299")
    assert (256, 1) == (memory.cache_info().currsize, memory.cache_info().hits)


@pytest.mark.parametrize("presented", ["", "é" * 88, "\ud800", "A" * 88, "a" * 10_000])
def test_comparison_never_raises(presented):
    """Any text of a stranger compares as different, without an error."""
    assert not matches(presented, hash_ver3([("a", "1")], "K"))
