"""Every cause is found on a body on which the mistake was really made."""

import hashlib
import hmac
import html
import pickle
import re
import traceback
import unicodedata
from pathlib import Path
from urllib.parse import parse_qs, parse_qsl, quote, quote_plus, urlencode

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cmi_gateway.doctor import CauseKind, Explained, Healthy, Unexplained, Unreadable, diagnose, variants
from cmi_gateway.errors import ConfigurationError
from cmi_gateway.natural_order import natural_order
from cmi_gateway.secret import Secret
from cmi_gateway.signature import NameOrder, hash_ver3
from support.doctor_kit import (
    FIELDS,
    KEY,
    OTHER_KEY,
    PERSONAL,
    base64_text,
    body_of,
    escaped,
    naive_hash,
    pairs_with,
    trimmed,
)
from support.gateway_kit import real_callback, vectors

PAIRS = pairs_with()
#: The same without the name in brackets, which `Merchant.verify` does not accept.
PLAIN = pairs_with(**{"a[0]": None})
#: True pluses, which no form means as a space: of a telephone number and of base64.
PLUSES = pairs_with(
    email="a@b.example", tel="+212612345678", xid="AAIBBgAAAAAAAAAAAAAAAA+AAAA=", **{"a[0]": None}
)
K = CauseKind


def signed(pairs=PLAIN, **knobs):
    """Give the body of *pairs* and the hash that a signer with *knobs* makes."""
    return body_of(pairs, naive_hash(pairs, **knobs))


def arrived(changed, pairs=PLAIN, **knobs):
    """Give what arrived, *changed*, after *pairs* were signed."""
    return [*changed, ("HASH", naive_hash(pairs, **knobs))]


def every(edit, pairs=PLAIN):
    """Edit every value."""
    return [(name, edit(value)) for name, value in pairs]


def renamed(edit, pairs=PAIRS):
    return [(edit(name), value) for name, value in pairs]


def hashed_over(edit, pairs=PLAIN):
    """Give *pairs* with the hash of edited values."""
    return body_of(pairs, naive_hash(every(edit, pairs)))


def with_hash(edit, pairs=PLAIN):
    """Give a right body whose hash was edited on the way."""
    return [*pairs, ("HASH", edit(naive_hash(pairs)))]


def amounting(amount):
    return [(name, amount if name == "amount" else value) for name, value in PLAIN]


def icu_rank(name):
    order = "_-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789"
    return [order.index(c) if c in order else 100 + ord(c.lower()) for c in name]


def icu_numeric_rank(name):
    return [
        [40, int(part)] if part.isdigit() else [icu_rank(part)[0], 0] for part in re.findall(r"\d+|\D", name)
    ]


def version_1(fields, key=KEY, names="clientid oid amount okUrl failUrl TranType Instalment rnd"):
    text = "".join(fields.get(name, "") for name in names.split()) + key
    return base64_text(hashlib.sha1(text.encode()).digest())


def version_2(fields, key=KEY):
    names = "clientid oid amount okUrl failUrl TranType Instalment rnd - - - currency"
    text = "|".join([*(escaped(fields.get(name, "")) for name in names.split()), escaped(key)])
    return base64_text(hashlib.sha512(text.encode()).digest())


def natural_rank(names):
    ordered = natural_order([name.encode() for name in names])
    return {names[place]: rank for rank, place in enumerate(ordered)}.__getitem__


WORD = pairs_with(**{"a[0]": None, "okUrl": "https://shop.example/Documents/ok"})
LINES = pairs_with(**{"a[0]": None, "BillToStreet1": "12 rue\ndes Fleurs"})
LINES_CR = pairs_with(**{"a[0]": None, "BillToStreet1": "12 rue\r\ndes Fleurs"})
PADDED = pairs_with(**{"a[0]": None, "BillToStreet1": " 12 rue "})
ODD_PADDED = pairs_with(**{"a[0]": None, "BillToStreet1": "12 rue\u00a0"})
REQUEST = pairs_with(**{"a[0]": None, "TranType": "PreAuth", "hashAlgorithm": None})
ANSWER_1 = dict(pairs_with(**{"a[0]": None, "HASHPARAMS": "clientid:oid:ProcReturnCode:"}))
ANSWER_2 = dict(pairs_with(**{"a[0]": None, "HASHPARAMS": "clientid|oid|ProcReturnCode|"}))
LOST = [(name, value) for name, value in PLAIN if value]
DOTTED = pairs_with(**{"a[0]": None, "x_a": None, "EXTRAX": "z", "XaX": "y"})
MAGIC = pairs_with(**{"a[0]": None, "BillToStreet1": "12 rue"})
TWICE = [*PLAIN[:-1], ("x1", "again"), PLAIN[-1]]

#: name → kind of cause, the body, and what else is given to the doctor.
CASES = {
    # white space and line breaks
    "signer trims no-break spaces": (K.VALUES_TRIMMED, signed(ODD_PADDED, trim=str.strip)),
    "signer trims as Java": (
        K.VALUES_TRIMMED,
        signed(
            pairs_with(**{"a[0]": None, "x1": "four\x0c"}), trim=lambda v: v.strip("".join(map(chr, range(33))))
        ),
    ),
    "framework trims a no-break space": (K.VALUES_TRIMMED, arrived(every(str.strip, ODD_PADDED), ODD_PADDED)),
    "framework trims, gateway does not": (
        K.VALUES_TRIMMED,
        arrived(PLAIN, pairs_with(**{"a[0]": None, "x1": "four "}), trim=str),
    ),
    "signer folds spaces": (
        K.VALUES_TRIMMED,
        signed(pairs_with(**{"a[0]": None, "x1": "a  b"}), trim=lambda v: " ".join(v.split())),
    ),
    "signer does not trim": (K.VALUES_NOT_TRIMMED, signed(PADDED, trim=str)),
    "signer removes a final line feed only": (
        K.VALUES_NOT_TRIMMED,
        arrived(
            [*PADDED, ("x3", "z\n")], [*PADDED, ("x3", "z\n")], trim=lambda v: v.removesuffix("\n")
        ),
    ),
    "final line feed in the last field": (
        K.FINAL_LINE_FEED,
        urlencode([*arrived([], [*PLAIN, ("zz", "last\n")], trim=str), *PLAIN, ("zz", "last")]).encode() + b"\n",
    ),
    "final line feed in pairs": (K.FINAL_LINE_FEED, arrived(*[[*PLAIN, ("zz", "last\n")]] * 2, trim=str)),
    "CR LF for LF": (K.LINE_BREAKS, arrived(LINES_CR, LINES)),
    "LF for CR LF": (K.LINE_BREAKS, arrived(LINES, LINES_CR)),
    "signer removes line breaks": (K.LINE_BREAKS, hashed_over(lambda v: re.sub("[\r\n]", "", v), LINES_CR)),
    "line breaks became spaces": (K.LINE_BREAKS, hashed_over(lambda v: v.replace("\n", " "), LINES)),
    "CR alone": (K.LINE_BREAKS, hashed_over(lambda v: v.replace("\n", "\r"), LINES)),
    # empty and typed values
    "empty became null": (K.EMPTY_AS_NULL, arrived([(n, v or None) for n, v in PLAIN])),
    "empty became 'None'": (K.EMPTY_AS_NULL, arrived(every(lambda v: v or "None"))),
    "signer hashes 'null'": (K.EMPTY_AS_NULL, hashed_over(lambda v: v or "null")),
    "signer drops empty fields": (K.EMPTY_DROPPED, body_of(PLAIN, naive_hash(LOST))),
    "signer drops zeros too": (
        K.EMPTY_DROPPED,
        body_of([*PLAIN, ("failCount", "0")], naive_hash(LOST)),
    ),
    "framework drops empty fields": (K.EMPTY_DROPPED, arrived(LOST)),
    "framework drops one empty field": (
        K.EMPTY_DROPPED,
        arrived([pair for pair in PLAIN if pair[0] != "BillToCity"]),
    ),
    "framework drops the first": (
        K.EMPTY_DROPPED,
        arrived(PLAIN, [("A", ""), *PLAIN]),
    ),
    "parse_qs of the real callback": (K.EMPTY_DROPPED, parse_qs(real_callback().decode().strip()), "TEST1234"),
    "numbers for text": (
        K.TYPED_VALUES,
        arrived([(n, int(v) if v in ("009530", "00", "504") else v) for n, v in PLAIN]),
    ),
    "leading zeros lost": (
        K.TYPED_VALUES,
        arrived(every(lambda v: v.lstrip("0") or "0" if v in ("009530", "00") else v)),
    ),
    "amount rewritten": (K.TYPED_VALUES, arrived(every(lambda v: "114,26" if v == "114.26" else v))),
    "amount shortened": (
        K.TYPED_VALUES,
        arrived(amounting("100.0"), amounting("100")),
    ),
    "booleans": (
        K.TYPED_VALUES,
        arrived([*PLAIN, ("callbackCall", True)], [*PLAIN, ("callbackCall", "true")]),
    ),
    "booleans as text": (
        K.TYPED_VALUES,
        arrived([*PLAIN, ("callbackCall", "True")], [*PLAIN, ("callbackCall", "true")]),
    ),
    # entities, slashes, plus, percent
    "signer escapes HTML": (K.ENTITIES_ENCODED, hashed_over(html.escape)),
    "signer escapes as PHP": (K.ENTITIES_ENCODED, hashed_over(lambda v: html.escape(v).replace("x27", "039"))),
    "framework decoded quotes": (
        K.ENTITIES_ENCODED,
        arrived(PLAIN, every(lambda v: v.replace('"', "&#34;").replace("'", "&#39;"))),
    ),
    "escaped twice": (K.ENTITIES_ENCODED_TWICE, arrived(every(lambda v: html.escape(html.escape(v))))),
    "signer decodes as HTML 5": (K.ENTITIES_HTML5, hashed_over(html.unescape)),
    "framework decodes as HTML 5": (K.ENTITIES_HTML5, arrived(every(html.unescape))),
    "magic quotes": (
        K.SLASHES_ADDED,
        arrived(every(lambda v: re.sub(r"(['\"\\])", r"\\\1", v))),
    ),
    "slashes stripped": (K.SLASHES_ADDED, hashed_over(lambda v: re.sub(r"(['\"])", r"\\\1", v), MAGIC)),
    "plus left as it is": (
        K.PLUS_AND_SPACE,
        arrived(every(lambda v: v.replace(" ", "+"), MAGIC[:-20]), MAGIC[:-20]),
    ),
    "plus decoded twice": (
        K.PLUS_AND_SPACE,
        arrived(every(lambda v: v.replace("+", " "), pairs_with(email="a@b.example")), pairs_with(email="a@b.example")),
    ),
    "plus of one value": (K.PLUS_AND_SPACE, arrived(every(lambda v: v.replace("+cmi", " cmi")))),
    "space of one value": (K.PLUS_AND_SPACE, arrived(every(lambda v: v.replace("10/09/2018 ", "10/09/2018+")))),
    "plus left as it is, beside a true one": (
        K.PLUS_AND_SPACE,
        arrived(
            every(lambda v: v.replace(" ", "+"), PLUSES),
            PLUSES,
        ),
    ),
    "hash not percent-encoded": (
        K.PLUS_AND_SPACE,
        (urlencode(PLAIN) + "&HASH=" + naive_hash([*PLAIN], OTHER_KEY)).encode(),
        OTHER_KEY,
    ),
    "percent-coded twice": (K.PERCENT_CODED_TWICE, arrived(every(quote), PLAIN)),
    "percent-coded twice, hash too": (
        K.PERCENT_CODED_TWICE,
        every(lambda v: quote(v, safe=""), with_hash(str)),
    ),
    "form-coded twice, hash too": (K.PERCENT_CODED_TWICE, every(quote_plus, with_hash(str))),
    "form-coded twice": (K.PERCENT_CODED_TWICE, arrived(every(quote_plus), PLAIN)),
    "signer hashes what urlencode gave": (K.PERCENT_CODED_TWICE, hashed_over(quote_plus)),
    "signer hashes what encodeURIComponent gave": (K.PERCENT_CODED_TWICE, hashed_over(lambda v: quote(v, safe=""))),
    # letters
    "body in ISO-8859-9": (K.CHARSET, body_of(PLAIN, naive_hash(PLAIN), charset="iso-8859-9")),
    "body and hash in windows-1252": (
        K.CHARSET,
        body_of(PLAIN, naive_hash(PLAIN, charset="windows-1252"), charset="windows-1252"),
    ),
    "hash in ISO-8859-1": (K.CHARSET, signed(charset="iso-8859-1")),
    "hash in ASCII": (K.CHARSET, signed(charset="ascii")),
    "read as windows-1252": (K.MOJIBAKE, arrived(every(lambda v: v.encode().decode("windows-1252")))),
    "utf8_encode before the hash": (K.MOJIBAKE, hashed_over(lambda v: v.encode().decode("iso-8859-1"))),
    "decomposed on the way": (K.LETTERS_RECODED, arrived(every(lambda v: unicodedata.normalize("NFD", v)))),
    "decomposed before the hash": (
        K.LETTERS_RECODED,
        hashed_over(lambda v: unicodedata.normalize("NFD", v)),
    ),
    "accents dropped before the hash": (
        K.LETTERS_RECODED,
        hashed_over(lambda v: "".join(c for c in unicodedata.normalize("NFD", v) if ord(c) < 0x300)),
    ),
    "word rewritten on the way": (
        K.DOCUMENT_RULE,
        arrived(every(lambda v: v.replace("documents", "document."), every(str.lower, WORD)), every(str.lower, WORD)),
    ),
    "word rewritten, case kept": (K.DOCUMENT_RULE, hashed_over(lambda v: v.replace("Documents", "Document."), WORD)),
    "word rewritten before escaping": (
        K.DOCUMENT_RULE,
        hashed_over(
            lambda v: v.replace("document|", "document."),
            pairs_with(**{"a[0]": None, "BillToStreet1": "document|x"}),
        ),
    ),
    # names and order
    "dots became underscores": (
        K.NAMES_MANGLED,
        arrived(renamed(lambda n: n.replace(".", "_"), DOTTED), DOTTED),
    ),
    "dots became underscores in the gateway's names": (
        K.NAMES_MANGLED,
        arrived(renamed(lambda n: n.replace("A.", "A_"), PLAIN)),
    ),
    "a[0] became a_0": (
        K.NAMES_MANGLED,
        arrived(
            renamed(lambda n: "a.0" if n == "a[0]" else n, PAIRS),
        PAIRS,
        ),
    ),
    "signer sorts names of PHP": (K.NAMES_MANGLED, signed(rank=lambda n: n.upper().replace(".", "_"))),
    "a name comes twice, the last is hashed": (K.NAMES_REPEATED, arrived(TWICE, list(dict(TWICE).items()))),
    "a name comes twice, joined": (
        K.NAMES_REPEATED,
        arrived(TWICE, list((dict(TWICE) | {"x1": "four,again"}).items())),
    ),
    "the hash comes twice": (K.NAMES_REPEATED, [("HASH", "x"), *with_hash(str)]),
    "sorted with case": (K.ORDER_CASE_SENSITIVE, signed(rank=str)),
    "sorted in lower case": (K.ORDER_LOWER_CASE, signed(rank=str.lower)),
    "sorted as ICU": (K.ORDER_OF_LOCALE, signed(rank=icu_rank)),
    "sorted by localeCompare with numbers": (K.ORDER_OF_LOCALE, signed(rank=icu_numeric_rank)),
    "sorted without punctuation": (
        K.ORDER_OF_LOCALE,
        signed(rank=lambda n: (re.sub(r"[\W_]", "", n).lower(), n.swapcase())),
    ),
    "sorted naturally with case": (K.ORDER_NATURAL, signed(rank=natural_rank([n for n, _ in PLAIN]))),
    "not sorted": (K.ORDER_OF_ARRIVAL, signed(rank=None)),
    "sorted backwards": (K.ORDER_OF_ARRIVAL, signed(rank=lambda n: [-ord(c) for c in n.upper()] + [1])),
    # escapes and digests
    "pipe escaped first": (K.ESCAPE_ORDER, signed(**dict.fromkeys(["escape", "escape_key"], lambda v: v.replace("|", "\\|").replace("\\", "\\\\")))),
    "nothing escaped": (K.ESCAPE_MISSING, signed(escape=str, escape_key=str)),
    "values not escaped": (K.ESCAPE_MISSING, signed(escape=str)),
    "key not escaped": (K.KEY_ESCAPE_MISSING, signed(escape_key=str)),
    "no separators": (K.SEPARATORS, signed(separator="", layout="{values}{key}")),
    "no separator before the key": (K.SEPARATORS, signed(layout="{values}{key}")),
    "a separator after the key": (K.SEPARATORS, signed(layout="{values}|{key}|")),
    "key first": (K.SEPARATORS, signed(layout="{key}|{values}")),
    "key forgotten": (K.SEPARATORS, signed(layout="{values}|")),
    "an HMAC": (
        K.SEPARATORS,
        body_of(
            MAGIC,
            base64_text(
                hmac.digest(
                    escaped(KEY).encode(),
                    "".join(escaped(trimmed(v)) + "|" for _, v in sorted(MAGIC, key=lambda p: p[0].upper()) if _ != "encoding").encode(),
                    "sha512",
                )
            ),
        ),
    ),
    "SHA-256": (K.OTHER_DIGEST, signed(digest="sha256")),
    "base64 of hex": (K.BASE64_OF_HEX, signed(output=lambda d: base64_text(d.hex().encode()))),
    "base64 of upper-case hex": (K.BASE64_OF_HEX, signed(output=lambda d: base64_text(d.hex().upper().encode()))),
    "hex": (K.HASH_IN_HEX, signed(output=lambda d: d.hex().upper())),
    "version 1": (K.HASH_VERSION_1, body_of(REQUEST, version_1(dict(REQUEST)))),
    "version 1, answer": (
        K.HASH_VERSION_1,
        body_of(ANSWER_1.items(), version_1(ANSWER_1, names="clientid oid ProcReturnCode")),
    ),
    "version 2": (K.HASH_VERSION_2, body_of(REQUEST, version_2(dict(REQUEST)))),
    "version 2, answer": (
        K.HASH_VERSION_2,
        body_of(ANSWER_2.items(), naive_hash([(n, ANSWER_2[n]) for n in ("clientid", "oid", "ProcReturnCode")], rank=None)),
    ),
    # the hash itself
    "hash in upper case": (K.HASH_UPPER_CASED, with_hash(str.upper)),
    "hash cut off": (K.HASH_DAMAGED, with_hash(lambda h: h[:64])),
    "hash without padding": (K.HASH_DAMAGED, with_hash(lambda h: h.rstrip("="))),
    "URL-safe hash": (K.HASH_DAMAGED, with_hash(lambda h: h.replace("+", "-").replace("/", "_"), PAIRS)),
    "hash with entities": (K.HASH_DAMAGED, with_hash(lambda h: h.replace("=", "&#61;"))),
    "hash in quotes": (K.HASH_DAMAGED, with_hash(lambda h: f'"{h}"')),
    "hash percent-coded": (K.PERCENT_CODED_TWICE, with_hash(lambda h: quote(h, safe=""))),
    # fields
    "encoding hashed": (K.UNHASHED_FIELD_HASHED, signed(left_out=("hash",))),
    "submit button": (K.FIELD_EXTRA, arrived([*PLAIN, ("submit", "Payer")])),
    "fields of a framework": (K.FIELD_EXTRA, arrived([*PLAIN, ("_token", "t"), ("_method", "POST"), ("route", "r")])),
    "unknown field": (K.FIELD_EXTRA, arrived([*PLAIN, ("mine", "x")])),
    "two unknown fields": (K.FIELD_EXTRA, arrived([*PLAIN, ("mine", "x"), ("yours", "y")])),
    "hashAlgorithm lost": (K.FIELD_MISSING, arrived([p for p in PLAIN if p[0] != "storetype"])),
    "custom field lost": (K.FIELD_MISSING, arrived(PLAIN[1:]), KEY, {"sent": PLAIN[:12]}),
    "several fields lost": (K.FIELD_MISSING, arrived(PLAIN[5:]), KEY, {"sent": dict(PLAIN)}),
    "one empty field lost": (K.EMPTY_DROPPED, arrived(LOST), KEY, {"sent": [*PLAIN, ("hash", "x")]}),
    "value cut at a quote": (
        K.VALUE_CHANGED,
        arrived(every(lambda v: v.partition("'")[0])),
        KEY,
        {"sent": PLAIN},
    ),
    "one of two values": (
        K.VALUE_CHANGED,
        arrived(every(lambda v: v.partition("'")[0])),
        KEY,
        {"sent": [*pairs_with(rnd="other")[3:]]},
    ),
    # keys
    "other environment": (K.OTHER_KEY, signed(key=OTHER_KEY), KEY, {"other_keys": {"production": OTHER_KEY}}),
    "other key in a list": (K.OTHER_KEY, signed(key=OTHER_KEY), KEY, {"other_keys": ["WRONG77", Secret(OTHER_KEY)]}),
    "one other key": (K.OTHER_KEY, signed(key=OTHER_KEY), KEY, {"other_keys": OTHER_KEY}),
    "signer's key ends in a line feed": (K.KEY_WHITE_SPACE, signed(key=KEY + "\n")),
    "our key ends in a line feed": (K.KEY_WHITE_SPACE, signed(), KEY + "\n"),
    "both keys end in a line feed": (K.KEY_WHITE_SPACE, signed(key=KEY + "\n"), KEY + "\n"),
    "key in quotes": (K.KEY_SPELLING, signed(), f'"{KEY}"'),
    "key in upper case": (K.KEY_SPELLING, signed(key=OTHER_KEY.upper()), OTHER_KEY),
    # refused for another reason
    "no hashAlgorithm": (K.NOT_ACCEPTED, signed(pairs_with(**{"a[0]": None, "hashAlgorithm": None}))),
    "a name in brackets": (K.NOT_ACCEPTED, signed(PAIRS)),
    "a stray percent sign": (
        K.NOT_ACCEPTED,
        signed([*PLAIN, ("x3", "5%-")]).replace(b"%25-", b"%-"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_cause(case):
    """The doctor names the one mistake that was made, and says who makes it and how to mend it."""
    kind, body, *rest = case
    key, options = (*rest, KEY)[0], (*rest, {})[1] if len(rest) > 1 else {}
    diagnosis = diagnose(body, key, **options)
    assert isinstance(diagnosis, Explained), str(diagnosis)
    assert (kind,) == diagnosis.kinds, str(diagnosis)
    assert diagnosis.causes[0].who in str(diagnosis)
    assert diagnosis.causes[0].remedy in str(diagnosis)
    _must_be_discreet(diagnosis, body, key)


def _must_be_discreet(diagnosis, body, key):
    shown = str(diagnosis) + repr(diagnosis)
    pairs = parse_qsl(body.decode("latin-1")) if isinstance(body, bytes) else list(dict(body).items())
    hashes = [str(value) for name, value in pairs if name.lower() == "hash"]
    right = [naive_hash(PLAIN, key), naive_hash(PAIRS, key), hash_ver3(PLAIN, Secret(key))]
    assert not [
        text
        for text in (key, key.strip(), OTHER_KEY, *hashes, *right, *PERSONAL)
        if len(text) > 1 and text in shown
    ]


def test_every_cause_has_its_case():
    """No cause is on the list that no test makes."""
    assert set(CauseKind) == {case[0] for case in CASES.values()}


def test_every_cause_stands_in_the_documentation():
    """The page of the documentation names every cause."""
    page = (Path(__file__).parent.parent.parent / "docs" / "why-hash-mismatch.md").read_text(encoding="utf-8")
    assert [] == [kind for kind in CauseKind if f"`{kind}`" not in page]


DOUBLE = {
    "null and another key": (
        {K.EMPTY_AS_NULL, K.OTHER_KEY},
        arrived(every(lambda v: v or "null"), key=OTHER_KEY),
    ),
    "order and base64 of hex": (
        {K.ORDER_LOWER_CASE, K.BASE64_OF_HEX},
        signed(rank=str.lower, output=lambda d: base64_text(d.hex().encode())),
    ),
    "mojibake and a submit button": (
        {K.MOJIBAKE, K.FIELD_EXTRA},
        arrived([*every(lambda v: v.encode().decode("windows-1252")), ("submit", "Payer")]),
    ),
    "double entities and an unknown field": (
        {K.ENTITIES_ENCODED_TWICE, K.FIELD_EXTRA},
        arrived([*every(lambda v: html.escape(html.escape(v))), ("mine", "x")]),
    ),
    "escapes and order": (
        {K.ESCAPE_MISSING, K.ORDER_CASE_SENSITIVE},
        signed(escape=str, escape_key=str, rank=str),
    ),
    "charset and hash in upper case": (
        {K.CHARSET, K.HASH_UPPER_CASED},
        body_of(PLAIN, naive_hash(PLAIN, charset="iso-8859-9").upper()),
    ),
    "encoding hashed and not trimmed": (
        {K.UNHASHED_FIELD_HASHED, K.VALUES_NOT_TRIMMED},
        signed(PADDED, trim=str, left_out=("hash",)),
    ),
    "slashes, null and a dropped padding": (
        {K.SLASHES_ADDED, K.EMPTY_AS_NULL, K.HASH_DAMAGED},
        [
            *every(lambda v: re.sub(r"(['\"\\])", r"\\\1", v) or "null"),
            ("HASH", naive_hash(PLAIN).rstrip("=")),
        ],
    ),
    "null read as null, and dots": (
        {K.EMPTY_AS_NULL, K.NAMES_MANGLED},
        arrived([(name.replace(".", "_"), value or None) for name, value in DOTTED], DOTTED),
    ),
}


@pytest.mark.parametrize("case", DOUBLE.values(), ids=DOUBLE)
def test_several_causes(case):
    """Mistakes that come together are named together."""
    kinds, body = case
    diagnosis = diagnose(body, KEY, other_keys={"production": OTHER_KEY})
    assert isinstance(diagnosis, Explained), str(diagnosis)
    assert kinds == set(diagnosis.kinds), str(diagnosis)
    assert f"{len(kinds)} changes together" in str(diagnosis)
    _must_be_discreet(diagnosis, body, KEY)


@pytest.mark.parametrize("vector", vectors()["published"], ids=lambda vector: vector["id"])
def test_published_messages_are_healthy(vector):
    """Messages published with their hash and key, a form and a real callback among them, match as they are."""
    hashed = dict(vector["fields"]) | {"HASH": vector["expected_hash"]}
    assert isinstance(diagnose(hashed.items(), vector["store_key"]), Healthy)


def test_healthy_with_remarks():
    """A right body is healthy, and what trips other programs on it is named all the same."""
    numbered = [*WORD, ("BillToStreet2", "a"), ("BillToStreet10", "b")]
    entities = [(name, value.replace("'", "&#39;")) for name, value in numbered]
    body = body_of(entities, hash_ver3(entities, KEY, NameOrder.NATURAL, document_rule=True)) + b"\n"
    diagnosis = diagnose(body, KEY)
    kinds = [K.FINAL_LINE_FEED, K.ENTITIES_ENCODED, K.ORDER_NATURAL, K.DOCUMENT_RULE]
    assert kinds == [remark.kind for remark in diagnosis.remarks]
    assert ("HASH",) == diagnosis.remarks[0].fields
    assert "matches as it is" in str(diagnosis)
    assert "Other programs may fail" in str(diagnosis)


@pytest.mark.parametrize(
    "body", [real_callback(), parse_qsl(real_callback().decode(), keep_blank_values=True)]
)
def test_the_line_feed_of_the_real_callback(body):
    """The real callback is healthy, and its final line feed, in the field that comes last, is named."""
    (remark,) = diagnose(body, "TEST1234").remarks
    assert (K.FINAL_LINE_FEED, ("hashAlgorithm",)) == (remark.kind, remark.fields)


def test_alternatives():
    """Mistakes that give the same text on this body are all named."""
    pairs = [("clientid", "1"), ("Amount", "2"), ("oid", "3"), ("aa", "4"), ("hashAlgorithm", "ver3")]
    diagnosis = diagnose(body_of(pairs, naive_hash(pairs, rank=str)), KEY)
    assert (K.ORDER_CASE_SENSITIVE,) == diagnosis.kinds
    assert "Equally possible" in str(diagnosis)
    assert K.ORDER_NATURAL in {cause.kind for causes in diagnosis.alternatives for cause in causes}


def test_the_empty_hash_field_is_hashed():
    """A hash made over its own field while empty looks like a lost empty field: both are named."""
    diagnosis = diagnose(body_of(PLAIN, naive_hash([*PLAIN, ("hash", "")], left_out=("encoding",))), KEY)
    assert (K.EMPTY_DROPPED,) == diagnosis.kinds
    assert K.UNHASHED_FIELD_HASHED in {cause.kind for causes in diagnosis.alternatives for cause in causes}


@pytest.mark.parametrize(
    ("before", "words"),
    [(b"\xef\xbb\xbf", "byte order mark"), (b"https://shop.example/cb?", "an address stands before")],
)
def test_what_was_put_before_the_body(before, words):
    """What an editor or an address put before the body is named, alone or beside another mistake."""
    diagnosis = diagnose(before + signed(), KEY)
    assert (K.NOT_ACCEPTED,) == diagnosis.kinds
    assert words in str(diagnosis)
    dropped = urlencode([(name, value) for name, value in PLAIN if value] + [("HASH", naive_hash(PLAIN))])
    assert (K.NOT_ACCEPTED, K.EMPTY_DROPPED) == diagnose(before + dropped.encode(), KEY).kinds


def test_no_rule_explains_it():
    """A body that nothing explains is called so, with the list of what was excluded."""
    diagnosis = diagnose(signed(key="Unknown123"), KEY, other_keys=[OTHER_KEY])
    assert isinstance(diagnosis, Unexplained)
    unknowable = {K.OTHER_KEY, K.VALUE_CHANGED, K.FIELD_MISSING, K.NOT_ACCEPTED}
    assert tuple(kind for kind in CauseKind if kind not in unknowable) == diagnosis.excluded
    assert "Give the keys of your other environments" in str(diagnosis)
    assert diagnosis.is_complete
    assert "order-of-locale" in str(diagnosis)
    _must_be_discreet(diagnosis, signed(), KEY)


@pytest.mark.parametrize(
    ("pairs", "hint"),
    [
        ([("a", "1"), ("HASH", "A" * 27 + "=")], "SHA-1"),
        ([("a", "1"), ("HASH", "A" * 30)], "30 characters"),
        ([("a", "[FILTERED]"), ("hashAlgorithm", "ver3"), ("HASH", "A" * 88)], "hidden by a log"),
        ([("a", "****"), ("hashAlgorithm", "ver3"), ("HASH", "A" * 88)], "hidden by a log"),
        ([("a", "Am\ufffdlie"), ("hashAlgorithm", "ver3"), ("HASH", "A" * 88)], "sent="),
        ([("amount", "-"), ("HASH", "A" * 88)], "hashAlgorithm"),
    ],
)
def test_hints(pairs, hint):
    """What strikes about an unexplained message is said."""
    assert hint in str(diagnose(pairs, KEY))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "no hash"),
        (b"\xff\x00&&=&%", "no hash"),
        (b'{"HASH": "x"}', "JSON"),
        (b'--x\r\nContent-Disposition: form-data; name="HASH"\r\n\r\nx\r\n--x--', "multipart"),
        (b"clientid=1&amp;HASH=x", "&amp;"),
        (b"Array ( [oid] => A-1 [HASH] => x )", "named in it"),
        (b"form[oid]=A-1&form[HASH]=x", "nested"),
        (b"oid=A-1;HASH=x", "named in it"),
        (b"ErrMsg=3D-1004&Response=Error", "refusal"),
        (b"HASH=&a=1", "no hash"),
        ([("a", "\ud800b")], "no hash"),
        (b"a=" + b"x" * 70_000, "65536"),
        (b"a=" + b"x" * 200_000, "65536"),
        (b"a&" * 50_000, "200 fields"),
        ([("a", "1")] * 300, "200 fields"),
        ("HASH=x", "neither"),
        ([("a", b"\xff")], "no hash"),
        (None, "neither"),
        (7, "neither"),
        ([1, 2], "neither"),
        ([("a",)], "neither"),
    ],
)
def test_unreadable(body, reason):
    """What is no signed form is called unreadable, and why, without being shown."""
    diagnosis = diagnose(body, KEY)
    assert isinstance(diagnosis, Unreadable)
    assert reason in str(diagnosis)


def test_a_large_message_ends_at_the_bound():
    """On a message as large as it may be, the search ends early and says so."""
    pairs = [(f"n{number}", "é|x " * 75) for number in range(150)]
    diagnosis = diagnose([*pairs, ("HASH", "A" * 88)], KEY)
    assert not diagnosis.is_complete
    assert "at its bound" in str(diagnosis)


NAMES = st.sampled_from([*FIELDS, "HASH", "hash", "HASHPARAMS", "\udc80", ""]) | st.text(max_size=3)
VALUES = st.sampled_from([*FIELDS.values(), "document.", "&amp;amp;", "%41", "+"]) | st.text(max_size=4)
ODD = st.none() | st.integers() | st.booleans() | st.binary(max_size=3) | st.lists(VALUES, max_size=2)


@given(st.binary(max_size=60))
def test_any_bytes(body):
    """Any bytes give a diagnosis."""
    assert isinstance(diagnose(body, KEY), Unreadable | Unexplained | Explained)


@settings(max_examples=5)
@given(st.lists(st.binary(max_size=12), max_size=6), st.binary(min_size=1, max_size=90))
def test_any_bytes_with_a_hash(parts, presented):
    """Any bytes with a hash among them give a diagnosis."""
    body = b"&".join([*parts, b"HASH=x" + presented])
    assert diagnose(body, KEY, sent=PLAIN[:2]).verdict in ("explained", "unexplained", "unreadable")


@settings(max_examples=5)
@given(st.lists(st.tuples(NAMES, VALUES | ODD), max_size=6))
def test_any_pairs(pairs):
    """Whatever a framework makes of a body gives a diagnosis that shows neither key nor hash."""
    diagnosis = diagnose([*pairs, ("HASH", "A" * 88)], KEY)
    assert KEY not in str(diagnosis)
    assert "A" * 88 not in str(diagnosis)


@settings(max_examples=6)
@given(st.data())
def test_mutations_of_a_signed_body(data):
    """A signed body with one byte changed gives a diagnosis, whatever byte."""
    body = bytearray(signed(PLAIN[:9]))
    place = data.draw(st.integers(0, len(body) - 1))
    body[place] = data.draw(st.integers(0, 255))
    diagnosis = diagnose(bytes(body), KEY)
    assert not [text for text in (KEY, *PERSONAL) if text in str(diagnosis)]


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("mine", "mine"),
        (KEY, "(name not shown)"),
        ("someone@client.example", "(name not shown)"),
        ("phone0612345678", "(name not shown)"),
        ("é" * 3, "(name not shown)"),
    ],
)
def test_names_are_shown_with_care(name, shown):
    """A stranger's field name is shown if it is an ordinary name, else it is not."""
    diagnosis = diagnose(arrived([*PLAIN, (name, "x")]), KEY)
    assert K.FIELD_EXTRA in diagnosis.kinds
    assert (shown,) == diagnosis.causes[0].fields
    assert name == "mine" or name not in str(diagnosis)


def test_a_field_called_like_the_key():
    """A key that looks like an ordinary name is hidden where a field is called so, in remarks too."""
    extra = diagnose(body_of([*PLAIN, (OTHER_KEY, "x")], naive_hash(PLAIN, OTHER_KEY)), OTHER_KEY)
    last = [*PLAIN, (OTHER_KEY, "x\n")]
    healthy = diagnose([*last, ("HASH", naive_hash(last, OTHER_KEY))], OTHER_KEY)
    for diagnosis in (extra, healthy):
        assert "(name not shown)" in str(diagnosis)
        assert OTHER_KEY not in str(diagnosis)


def test_a_label_that_shows_a_key():
    """Labels and keys given the wrong way round show no key."""
    diagnosis = diagnose(signed(key=OTHER_KEY), KEY, other_keys={f"{OTHER_KEY}!": OTHER_KEY})
    assert (K.OTHER_KEY,) == diagnosis.kinds
    assert OTHER_KEY not in str(diagnosis)


@pytest.mark.parametrize(
    ("key", "options"),
    [
        ("", {}),
        (None, {}),
        (b"key", {}),
        (KEY, {"other_keys": {"test": ""}}),
        (KEY, {"other_keys": [KEY, 7]}),
        (KEY, {"other_keys": 7}),
        (KEY, {"sent": 7}),
        (KEY, {"sent": [("a", 1)]}),
        (KEY, {"sent": [("a", "\ud800")]}),
    ],
)
def test_unusable_arguments(key, options):
    """Unusable keys and fields raise a typed error, and no frame of it holds a key."""
    with pytest.raises(ConfigurationError) as caught:
        diagnose(b"", key, **options)
    frames = traceback.StackSummary.extract(
        (
            (frame, line)
            for frame, line in traceback.walk_tb(caught.tb)
            if "cmi_gateway/doctor" in frame.f_code.co_filename
        ),
        capture_locals=True,
    )
    assert KEY not in "".join(frames.format())


def test_a_hidden_key_is_taken():
    """A key that is hidden already serves as well."""
    assert isinstance(diagnose(signed(), Secret(KEY)), Healthy)


def test_diagnoses_are_values():
    """Diagnoses compare, pickle and do not change."""
    diagnosis = diagnose(signed(rank=str), KEY)
    assert diagnosis == pickle.loads(pickle.dumps(diagnosis)) == diagnose(signed(rank=str), KEY)
    with pytest.raises(attrs.exceptions.FrozenInstanceError):
        diagnosis.causes = ()


def test_wrong_hashes_serve_the_doctor_only():
    """Nothing outside the doctor imports the file of wrong hashes, which says so itself."""
    source = Path(variants.__file__).parent.parent
    importers = {
        path.parent.name
        for path in source.rglob("*.py")
        if re.search(r"import .*\bvariants\b|doctor\.variants", path.read_text(encoding="utf-8"))
    }
    assert {"doctor"} == importers
    assert "NEVER FOR SIGNING" in variants.__doc__
