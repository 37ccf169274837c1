"""A callback opens only for the form that it answers, and nothing else gets in."""

import hashlib
import random
import struct
from urllib.parse import parse_qsl, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import cmi_gateway as cmi
from cmi_gateway.callback_body import parse_fields
from cmi_gateway.signature import NameOrder, hash_ver3
from support.gateway_kit import (
    APPROVED,
    DECLINED,
    MERCHANT,
    NOT_AUTHENTICATED,
    STORE_KEY,
    answer,
    answer_fields,
    payment_request,
    real_callback,
    signed_body,
    signed_form,
    vectors,
)

FORM = signed_form()
AMOUNT = cmi.Money.parse("114.26")
ORDER = "RAK-7f3kq9z2mb4wx1t8"


def matched(body, form=FORM, merchant=MERCHANT):
    callback = merchant.verify(body)
    callback.must_match(order_id=form.order_id, amount=AMOUNT, sent=form.fields)
    return callback


def mismatch(fields, **changes):
    callback = MERCHANT.verify(signed_body(fields))
    with pytest.raises(cmi.CallbackMismatchError) as caught:
        callback.must_match(**({"order_id": ORDER, "amount": AMOUNT, "sent": FORM.fields} | changes))
    with pytest.raises(cmi.UncheckedCallbackError):
        _ = callback.outcome
    return caught.value


@pytest.mark.parametrize(
    ("results", "kind", "reply"),
    [
        (APPROVED, cmi.Approved, "ACTION=POSTAUTH"),
        (DECLINED, cmi.Declined, "APPROVED"),
        (NOT_AUTHENTICATED, cmi.NotAuthenticated, "APPROVED"),
        ({"Response": "Error", "ProcReturnCode": "99"}, cmi.Failed, "APPROVED"),
        (APPROVED | {"Response": "Declined"}, cmi.Failed, "FAILURE"),
        (APPROVED | {"ProcReturnCode": "0"}, cmi.Failed, "FAILURE"),
        (DECLINED | {"AuthCode": "448788"}, cmi.Failed, "FAILURE"),
    ],
)
def test_outcome_and_reply(results, kind, reply):
    """Each kind of answer has its outcome and its one reply."""
    callback = matched(answer(FORM, results))
    assert isinstance(callback.outcome, kind)
    assert reply == callback.reply
    assert callback.facts == callback.outcome.facts


def test_everything_is_locked_before_must_match():
    """Outcome, facts, reply, fields and differences raise until the callback was matched."""
    callback = MERCHANT.verify(answer(FORM))
    for name in ("outcome", "facts", "reply", "fields", "echo_differences", "echoed_rnd", "unknown_fields"):
        with pytest.raises(cmi.UncheckedCallbackError):
            getattr(callback, name)
    assert ORDER == callback.order_id
    assert "unchecked" in repr(callback)
    assert "client@example.com" not in repr(callback)


def test_real_callback_verifies():
    """The raw body of a real callback of CMI verifies, its final line feed included."""
    merchant = cmi.Merchant("600001300", STORE_KEY, cmi.TEST)
    callback = merchant.verify(real_callback())
    assert cmi.Reading(True, False, NameOrder.PLAIN) == callback.reading
    assert "CMI-ACC00000080-1659432253311" == callback.order_id


def test_names_are_read_in_any_case():
    """A framework or proxy that changes the case of names does not break a callback."""
    fields = answer_fields(FORM)
    lowered = {name.lower(): value for name, value in fields.items()} | {
        "hash": hash_ver3(fields.items(), STORE_KEY)
    }
    assert isinstance(matched(urlencode(lowered).encode()).outcome, cmi.Approved)


def test_pairs_of_a_framework_verify():
    """Pairs parsed by a framework are accepted, the line feed in the last value included."""
    fields = next(v for v in vectors()["published"] if v["id"] == "V7")["fields"]
    assert cmi.Merchant("600001300", STORE_KEY, cmi.TEST).verify(fields.items()).order_id


def test_apostrophes_and_addresses_with_entities_look_alikes():
    """A name M'Hamed that comes back encoded, beside an address with ``&currency=504``, verifies and matches."""
    form = signed_form(bill_to=cmi.BillTo(name="M'Hamed"), ok_url="https://shop.example/?a=1&currency=504")
    fields = answer_fields(form)
    encoded = fields | {"BillToName": "M&#39;Hamed", "HASH": hash_ver3(fields.items(), STORE_KEY)}
    callback = matched(urlencode(encoded).encode(), form)
    assert "M'Hamed" == callback.fields["BillToName"]
    assert callback.reading.entities_decoded


def test_raw_entities_verify_too():
    """A gateway that hashes the encoded text is understood as well, and says so in the reading."""
    fields = answer_fields(FORM, APPROVED | {"ErrMsg": "d&#39;accord"})
    callback = matched(signed_body(fields))
    assert not callback.reading.entities_decoded


@pytest.mark.parametrize("name", ["M'Hamed", 'dit "Momo"'])
def test_quotes_match_under_either_reading(name):
    """A name with quotes that comes back encoded answers our form, whether the hash covers it decoded or as it is."""
    form = signed_form(bill_to=cmi.BillTo(name=name))
    fields = answer_fields(form) | {"BillToName": name.replace("'", "&#39;").replace('"', "&quot;")}
    assert not matched(signed_body(fields), form).reading.entities_decoded


def test_document_reading():
    """A callback hashed with the "document" rule is understood, and says so in the reading."""
    fields = answer_fields(FORM, APPROVED | {"ErrMsg": "document x"})
    body = urlencode(
        [*fields.items(), ("HASH", hash_ver3(fields.items(), STORE_KEY, document_rule=True))]
    ).encode()
    assert matched(body).reading.document_rule


def test_the_word_document_without_its_rule():
    """A callback that holds the word and was hashed without the rule is read without it."""
    fields = answer_fields(FORM, APPROVED | {"ErrMsg": "document x"})
    assert not matched(signed_body(fields)).reading.document_rule


@pytest.mark.parametrize("name", ["A&#39;B", "Z&#39;B", "Amina Aït Ben&#39;"])
def test_raw_entities_of_another_name_do_not_match(name):
    """Under the raw reading, too, only the name that was sent comes back."""
    with pytest.raises(cmi.CallbackMismatchError, match="BillToName"):
        matched(signed_body(answer_fields(FORM) | {"BillToName": name}))


def test_values_are_decoded_once():
    """A doubly encoded quote is not the quote that was sent."""
    form = signed_form(bill_to=cmi.BillTo(name="M'Hamed"))
    fields = answer_fields(form)
    once = fields | {"BillToName": "M&#39;Hamed"}
    twice = fields | {"BillToName": "M&amp;#39;Hamed", "HASH": hash_ver3(once.items(), STORE_KEY)}
    with pytest.raises(cmi.CallbackMismatchError, match="BillToName"):
        matched(urlencode(twice).encode(), form)


def test_natural_order_reading():
    """A callback hashed in the natural order of names is understood, and says so in the reading."""
    fields = answer_fields(FORM, APPROVED | {"X2": "a", "X10": "b"})
    body = urlencode(
        [*fields.items(), ("HASH", hash_ver3(fields.items(), STORE_KEY, NameOrder.NATURAL))]
    ).encode()
    assert NameOrder.NATURAL is matched(body).reading.order


@pytest.mark.parametrize("name", ["countdown", "NATIONALIDNO"])
def test_fields_sometimes_left_out(name):
    """A field that some gateways leave out of their hash is tried last, and named in the reading."""
    fields = answer_fields(FORM)
    body = urlencode([*fields.items(), (name, "7"), ("HASH", hash_ver3(fields.items(), STORE_KEY))]).encode()
    assert {name.lower()} == matched(body).reading.left_out


@pytest.mark.parametrize("added", [("countdown", "7"), ("NATIONALIDNO", "7"), ("encoding", "utf-7")])
def test_what_the_hash_does_not_cover_is_not_handed_out(added):
    """A field that anybody could add or change is neither among the fields nor in the digest of a repeat."""
    fields = {**answer_fields(FORM), "HASH": HASH} | dict([added])
    callback = matched(urlencode(fields).encode())
    assert added[0] not in callback.fields
    assert MERCHANT.verify(BODY).digest == callback.digest


@given(st.randoms(use_true_random=False))
def test_field_order_does_not_matter(shuffler):
    """Fields may arrive in any order, and the digest of a repeat is the same."""
    pairs = list(answer_fields(FORM).items())
    shuffler.shuffle(pairs)
    assert MERCHANT.verify(answer(FORM)).digest == matched(signed_body(pairs)).digest


def test_digest_covers_names():
    """Our digest tells callbacks apart whose values are equal but whose names differ."""
    fields = answer_fields(FORM)
    renamed = {("TransIe" if name == "TransId" else name): value for name, value in fields.items()}
    assert MERCHANT.verify(signed_body(fields)).digest != MERCHANT.verify(signed_body(renamed)).digest


def test_the_digest_stays_for_ever():
    """The digest of the real callback is the one that records keep: names and values in order, each after its length."""
    callback = cmi.Merchant("600001300", STORE_KEY, cmi.TEST).verify(real_callback())
    fields = parse_fields(real_callback())
    digest = hashlib.sha256()
    for name, value in sorted((name.lower(), value.strip()) for name, value in fields.items()):
        if name != "encoding":
            for part in (name.encode(), value.encode()):
                digest.update(struct.pack(">I", len(part)) + part)
    assert digest.hexdigest() == callback.digest


# --- what must not verify ---------------------------------------------------------------------------------

BODY = answer(FORM)
HOSTILE_BODIES = {
    "empty": b"",
    "line feed": b"\n",
    "junk": b"\xff\xfe\x00",
    "json": b'{"HASH": "x"}',
    "no equals": b"abc",
    "empty pairs": BODY.replace(b"&", b"&&"),
    "bad percent": b"a=%zz&" + BODY,
    "invalid utf-8": b"a=%ff&" + BODY,
    "raw non-ascii": "a=é&".encode() + BODY,
    "empty name": b"=x&" + BODY,
    "bracketed name": b"a%5B%5D=x&" + BODY,
    "repeated": BODY.replace(b"oid=", b"oid=x&oid=", 1),
    "repeated in another case": b"OID=x&" + BODY,
    "two hashes": b"hash=x&" + BODY,
    "201 fields": b"&".join(b"a%d=" % n for n in range(201 - BODY.count(b"&"))) + b"&" + BODY,
    "50,000 fields": b"&".join(b"%x=" % n for n in range(50_000)),
    "64 KiB": b"a=" + b"x" * 65536 + b"&" + BODY,
    "2 MB": b"a" * 2_000_000,
    "zero": answer(FORM, APPROVED | {"AuthCode": "44\x00788"}),
    "long name": b"a" * 65 + b"=x&" + BODY,
    "line feed in a name": b"a%0Ab=x&" + BODY,
    "line feed between like names": b"a%0AA=x&" + BODY,
    "no hash": BODY.partition(b"&HASH")[0],
    "empty hash": BODY.partition(b"&HASH")[0] + b"&HASH=",
    "ver1": BODY.replace(b"hashAlgorithm=ver3", b"hashAlgorithm=ver1"),
    "ver4": BODY.replace(b"hashAlgorithm=ver3", b"hashAlgorithm=ver4"),
    "ver2": BODY.replace(b"hashAlgorithm=ver3", b"hashAlgorithm=VER3"),
    "no algorithm": BODY.replace(b"hashAlgorithm=ver3&", b""),
}


@pytest.mark.parametrize("name", HOSTILE_BODIES)
def test_malformed_bodies(name):
    """A body that is no callback is refused as malformed, whatever it is."""
    with pytest.raises(cmi.MalformedCallbackError):
        MERCHANT.verify(HOSTILE_BODIES[name])


FORM_TEXT = st.lists(
    st.sampled_from(["a", "B", ".", "=", "&", "+", "%", "%41", "%c3%a9", "%C3", "%00", "%0A", "%26", "%3d", "é", "\n", "\r", "\0"])
).map("".join)  # fmt: skip


@given(FORM_TEXT)
def test_a_body_reads_as_a_form_or_not_at_all(text):
    """Whatever is accepted as a form reads exactly as the standard library reads it when strict."""
    try:
        fields = parse_fields(text.encode())
    except cmi.MalformedCallbackError:
        return
    read = parse_qsl(
        text.removesuffix("\n"), keep_blank_values=True, strict_parsing=True, errors="strict", separator="&"
    )
    assert read == list(fields.items())


@pytest.mark.parametrize(
    "pairs",
    [
        [("a", 1)],
        [(1, "a")],
        [None],
        [("a",)],
        7,
        [("a", "b")] * 300,
        [(f"a{n}", "") for n in range(50_000)],
        [("a", "x" * 70_000)],
        [("a", "\ud800")],
        [("a", "\0")],
        "abc",
        {"a": "b"},
    ],
)
def test_malformed_pairs(pairs):
    """Pairs that are not text, too many or too long are refused as malformed."""
    with pytest.raises(cmi.MalformedCallbackError):
        parse_fields(pairs)


LARGEST = {
    "body": b"a=" + b"x" * (64 * 1024 - 2),
    "body with escapes": b"a=%41" + b"x" * (64 * 1024 - 5),
    "fields": b"&".join(b"a%d=" % number for number in range(200)),
    "name": b"a" * 64 + b"=x",
    "pairs": [(f"a{number}", "") for number in range(200)],
    "characters": [("a" * 64, "x" * 32_704), ("b", "x" * 32_767)],
    "first whole character": [("a", "\ue000")],
    "last whole character": [("a", "\ud7ff")],
}
ONE_MORE = {
    "body": LARGEST["body"] + b"x",
    "body with escapes": LARGEST["body with escapes"] + b"x",
    "fields": LARGEST["fields"] + b"&b=",
    "name": b"a" + LARGEST["name"],
    "pairs": [*LARGEST["pairs"], ("b", "")],
    "characters": [("a" * 64, "x" * 32_705), ("b", "x" * 32_767)],
    "first whole character": [("a", "\udfff")],
    "last whole character": [("a", "\ud800")],
}


@pytest.mark.parametrize("name", LARGEST)
def test_bounds_are_exact(name):
    """What is as large as allowed is read, and one byte, field or character more is malformed."""
    assert parse_fields(LARGEST[name])
    with pytest.raises(cmi.MalformedCallbackError):
        parse_fields(ONE_MORE[name])


HASH = next(value for name, value in MERCHANT.verify(BODY)._fields.items() if name == "HASH")


@pytest.mark.parametrize(
    "presented",
    ["x", HASH[:-1], HASH + "=", HASH.lower(), HASH.upper(), HASH.replace("+", "-").replace("/", "_"), HASH[1:] + HASH[0], "é" * 88, "A" * 172, HASH.encode().hex()],
)  # fmt: skip
def test_wrong_hashes(presented):
    """A hash that is cut, padded, recoded or of another case does not match."""
    fields = {**answer_fields(FORM), "HASH": presented}
    if presented == HASH:
        return
    with pytest.raises(cmi.InvalidSignatureError):
        MERCHANT.verify(urlencode(fields).encode())


@pytest.mark.parametrize("name", ["amount", "oid", "ProcReturnCode", "TransId", "BillToName"])
def test_altered_values(name):
    """Changing one signed value breaks the signature."""
    fields = {**answer_fields(FORM), "HASH": HASH}
    fields[name] += "1"
    with pytest.raises(cmi.InvalidSignatureError):
        MERCHANT.verify(urlencode(fields).encode())


def test_added_and_dropped_fields():
    """A field added or left out breaks the signature, an empty one too."""
    fields = {**answer_fields(FORM), "HASH": HASH}
    for changed in (
        {**fields, "zz": ""},
        {name: value for name, value in fields.items() if name != "ErrMsg"},
    ):
        with pytest.raises(cmi.InvalidSignatureError):
            MERCHANT.verify(urlencode(changed).encode())


def test_another_key():
    """A callback signed with another key does not verify."""
    with pytest.raises(cmi.InvalidSignatureError):
        MERCHANT.verify(answer(FORM, store_key="OTHERKEY"))


def test_another_merchant_with_the_same_key():
    """A callback of another client id is refused even where the key is shared."""
    for other in ("600000098", "600000100"):
        with pytest.raises(cmi.CallbackMismatchError):
            cmi.Merchant(other, STORE_KEY, cmi.TEST).verify(answer(FORM))


@pytest.mark.parametrize("name", ["clientid", "oid", "amount"])
def test_needed_fields(name):
    """A signed body without client id, order or amount answers no payment."""
    fields = answer_fields(FORM)
    del fields[name]
    with pytest.raises(cmi.MalformedCallbackError):
        MERCHANT.verify(signed_body(fields))


# --- what must not match ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "amount",
    [
        "114.25",
        "114.27",
        "114.2",
        "114",
        "1e2",
        "-114.26",
        "114,26,0",
        "1,14.26",
        "١١٤.٢٦",
        "9" * 400,
        "NaN",
        " 114.26x",
    ],
)
def test_another_amount(amount):
    """An amount that is not the order's to the centime is refused."""
    assert "amount" == mismatch({**answer_fields(FORM), "amount": amount}).field


@pytest.mark.parametrize("amount", ["114.26", "114,26", "0114.26"])
def test_amounts_compare_as_money(amount):
    """Dot, comma and leading zeros write the same amount."""
    assert cmi.Reply.CAPTURE is matched(signed_body({**answer_fields(FORM), "amount": amount})).reply


@pytest.mark.parametrize("currency", ["978", "MAD", "", "0504"])
def test_another_currency(currency):
    """Only the order's currency number is accepted."""
    assert "currency" == mismatch({**answer_fields(FORM), "currency": currency}).field


def test_amounts_of_the_kept_form_compare_as_money_too():
    """A kept form that wrote its amount with a comma is the same form; one without an amount matches nothing."""
    kept = dict(FORM.fields)
    MERCHANT.verify(BODY).must_match(order_id=ORDER, amount=AMOUNT, sent=kept | {"amount": "114,26"})
    assert "amount" == mismatch(answer_fields(FORM), sent=kept | {"amount": "much"}).field


def test_the_match_is_asked_by_name():
    """What identifies the order is given by name, so that two texts are never swapped in silence."""
    with pytest.raises(TypeError):
        MERCHANT.verify(BODY).must_match(ORDER, AMOUNT, FORM.fields)


@pytest.mark.parametrize("amount", [114.26, "114.26", 11426, None])
def test_the_orders_amount_must_be_money(amount):
    """A float or text in place of the order's amount is the caller's error, and nothing opens."""
    callback = MERCHANT.verify(BODY)
    with pytest.raises(cmi.ConfigurationError, match="Money"):
        callback.must_match(order_id=ORDER, amount=amount, sent=FORM.fields)
    with pytest.raises(cmi.UncheckedCallbackError):
        _ = callback.outcome


def test_a_failed_second_match_locks_again():
    """A callback that matched one order is closed again when it is held against another."""
    callback = matched(BODY)
    with pytest.raises(cmi.CallbackMismatchError):
        callback.must_match(order_id="OTHER", amount=AMOUNT, sent=FORM.fields)
    with pytest.raises(cmi.UncheckedCallbackError):
        _ = callback.outcome


def test_another_order():
    """A true callback of another order is refused, whichever side names it."""
    for other in ("OTHER", "ZZZ"):
        assert "oid" == mismatch({**answer_fields(FORM), "oid": other}).field
        assert "oid" == mismatch(answer_fields(FORM), order_id=other).field


def test_amount_argument_must_be_the_forms():
    """The caller's own amount and the kept form must agree too."""
    assert (
        "amount" == mismatch({**answer_fields(FORM), "amount": "1.00"}, amount=cmi.Money.parse("1.00")).field
    )


ECHOED = [name for name, _ in FORM.fields if name not in ("hash", "rnd", "encoding", "amount", "currency", "oid", "clientid", "hashAlgorithm")
          and not name.endswith(("1", "2"))]  # fmt: skip


@pytest.mark.parametrize("name", ECHOED)
def test_what_was_sent_must_come_back(name):
    """Each field of the request that comes back changed, or not at all, is refused by name."""
    fields = answer_fields(FORM)
    assert name == mismatch(fields | {name: fields[name] + "x"}).field
    del fields[name]
    assert name == mismatch(fields).field


def test_shown_only_fields_are_listed():
    """Order lines that come back changed are listed; absent ones are not; neither refuses."""
    fields = answer_fields(FORM)
    fields["Desc1"] = "GERANCE.ELECTRICITE"
    del fields["Desc2"]
    assert ("Desc1",) == matched(signed_body(fields)).echo_differences


def test_our_own_form_sent_back():
    """The form that we signed, posted to the callback address, is refused as reflected."""
    reflected = urlencode(
        [(name.replace("hash", "HASH") if name == "hash" else name, value) for name, value in FORM.fields]
    )
    callback = MERCHANT.verify(reflected.encode())
    with pytest.raises(cmi.CallbackMismatchError, match="own form"):
        callback.must_match(order_id=ORDER, amount=AMOUNT, sent=FORM.fields)


def renamed(pairs, dice):
    """Rename fields at random, keeping the order of their values, with result names among the new ones."""
    vocabulary = sorted(
        {*(name for name, _ in FORM.fields), *APPROVED} - {"hash", "encoding", "HASH"}, key=str.upper
    )
    values = [value for _, value in sorted(pairs, key=lambda pair: pair[0].upper())]
    names = sorted(dice.sample(vocabulary, min(len(values), len(vocabulary))), key=str.upper)
    return list(zip(names, values, strict=False))


@pytest.mark.parametrize("results", [None, DECLINED])
def test_renamed_fields_never_read_as_an_approval(results):
    """Order-preserving renamings of our own form, or of a signed decline, never become an approval."""
    dice = random.Random(20260920)
    kept = FORM.fields if results is None else tuple(answer_fields(FORM, results).items())
    pairs = [(name, value) for name, value in kept if name.lower() not in ("hash", "encoding")]
    for _ in range(400):
        body = [*renamed(pairs, dice), ("HASH", hash_ver3(pairs, STORE_KEY))]
        try:
            callback = MERCHANT.verify(body)
            callback.must_match(order_id=ORDER, amount=AMOUNT, sent=FORM.fields)
        except cmi.CallbackError:
            continue
        assert not isinstance(callback.outcome, cmi.Approved)


@pytest.mark.parametrize(
    "sent",
    [(), [("oid", "x")], 7, [7], {"oid": ORDER}, {**dict(FORM.fields), "hash": 7}, {**dict(FORM.fields), "email": None}],
)  # fmt: skip
def test_sent_must_be_the_whole_form(sent):
    """An empty or partial `sent` would check nothing, so it is the caller's error."""
    with pytest.raises(cmi.ConfigurationError):
        MERCHANT.verify(BODY).must_match(order_id=ORDER, amount=AMOUNT, sent=sent)


def test_sent_may_be_a_mapping():
    """The kept fields may be given as a mapping, as a database column gives them."""
    callback = MERCHANT.verify(BODY)
    callback.must_match(order_id=ORDER, amount=AMOUNT, sent=dict(FORM.fields))
    assert "matched" in repr(callback)


# --- properties -------------------------------------------------------------------------------------------

VALUES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(st.text(max_size=10), st.text(max_size=20)), max_size=10))
def test_any_pairs_give_a_callback_or_an_error(pairs):
    """Whatever pairs arrive, verify gives a `Callback` or raises a `CallbackError`."""
    try:
        assert MERCHANT.verify(pairs).order_id
    except cmi.CallbackError:
        return


@given(st.binary(max_size=200))
def test_any_bytes_give_a_callback_or_an_error(body):
    """Whatever bytes arrive, alone or before a true callback, only a `CallbackError` is raised."""
    for tried in (body, body + b"&" + BODY):
        try:
            assert ORDER == MERCHANT.verify(tried).order_id
        except cmi.CallbackError:
            continue


@settings(max_examples=300)
@given(
    st.integers(0, len(BODY) - 1), st.integers(0, 255), st.sampled_from(["flip", "delete", "insert", "cut"])
)
def test_mutations_of_a_decline_are_never_approved(position, byte, kind):
    """No single-byte mutation of a signed decline is read as an approval."""
    body = answer(FORM, DECLINED)
    middle = {
        "flip": bytes([byte]),
        "delete": b"",
        "insert": bytes([byte]) + body[position : position + 1],
        "cut": b"",
    }[kind]
    mutant = body[:position] + middle + (b"" if kind == "cut" else body[position + 1 :])
    try:
        callback = matched(mutant)
    except cmi.CallbackError:
        return
    assert not isinstance(callback.outcome, cmi.Approved)


@given(name=VALUES, custom=VALUES)
def test_whatever_is_signed_comes_back_and_matches(name, custom):
    """Any request that can be signed is answered by a callback that verifies and matches."""
    try:
        form = MERCHANT.sign(payment_request(bill_to=cmi.BillTo(name=name), custom={"note": custom}))
    except cmi.FieldError:
        return
    assert cmi.Reply.CAPTURE is matched(answer(form), form).reply
