"""A sealed form lets a merchant who keeps nothing recognise its answer, and nothing else."""

import random

import attrs
import pytest

import cmi_gateway as cmi
from cmi_gateway.secret import Secret
from cmi_gateway.signature import hash_ver3
from support.counts import count
from support.gateway_kit import DECLINED, MERCHANT, STORE_KEY, answer_fields, payment_request, signed_body

AMOUNT = cmi.Money.parse("114.26")
FORM = MERCHANT.sign(payment_request(), seal=True)


def opened(body, merchant=MERCHANT, **changes):
    callback = merchant.verify(body)
    callback.must_match(**({"order_id": FORM.order_id, "amount": AMOUNT, "sent": None} | changes))
    return callback


def test_a_sealed_answer_needs_no_kept_form():
    """With a seal the answer opens by order id and amount alone."""
    assert cmi.Reply.CAPTURE is opened(signed_body(answer_fields(FORM))).reply


def test_the_seal_says_what_it_covers():
    """The seal names its version and fields, and fits a field of the gateway."""
    version, names, mac = dict(FORM.fields)["SEAL"].split(".")
    assert "v1" == version
    assert {
        "clientid",
        "oid",
        "amount",
        "currency",
        "okUrl",
        "failUrl",
        "shopurl",
        "callbackUrl",
        "email",
    } <= set(names.split(","))
    assert 43 == len(mac)


@pytest.mark.parametrize("amount", ["114,26", "0114.26", "114.26"])
def test_the_gateway_may_write_the_amount_its_way(amount):
    """Amounts are sealed as money, so a comma or leading zeros do not break the seal."""
    assert opened(signed_body(answer_fields(FORM) | {"amount": amount})).reply


def test_an_amount_that_is_none_breaks_the_seal():
    """An amount that is no amount of money is refused, not read as one."""
    with pytest.raises(cmi.CallbackMismatchError, match="seal"):
        opened(signed_body(answer_fields(FORM) | {"amount": "much"}))


@pytest.mark.parametrize("name", ["email", "BillToName", "NUM_CONTRAT", "okUrl", "lang"])
def test_a_changed_field_breaks_the_seal(name):
    """A sealed field that comes back with another value, or not at all, is refused."""
    fields = answer_fields(FORM)
    dropped = {key: value for key, value in fields.items() if key != name}
    for bent in (fields | {name: fields[name] + "x"}, dropped):
        with pytest.raises(cmi.CallbackMismatchError, match="seal"):
            opened(signed_body(bent))


@pytest.mark.parametrize(
    "seal", [None, "", "v1", "v1..", "v2.oid.x", "v1.oid," + "A" * 43, f"v1.oid.{'A' * 43}", f"v1.a,,b.{'A' * 43}", "v1." + "a," * 120 + "a." + "A" * 43]
)  # fmt: skip
def test_no_seal_or_a_wrong_one(seal):
    """Without a valid seal of enough fields, nothing but the kept form opens the answer."""
    fields = {name: value for name, value in answer_fields(FORM).items() if name != "SEAL"}
    if seal is not None:
        fields["SEAL"] = seal
    with pytest.raises(cmi.CallbackMismatchError, match="seal"):
        opened(signed_body(fields))


@pytest.mark.parametrize(
    ("changes", "field"), [({"order_id": "OTHER"}, "oid"), ({"amount": cmi.Money(1)}, "amount")]
)
def test_order_and_amount_are_still_yours(changes, field):
    """The seal replaces the kept form, not your own order id and amount."""
    with pytest.raises(cmi.CallbackMismatchError) as caught:
        opened(signed_body(answer_fields(FORM)), **changes)
    assert field == caught.value.field


def test_a_seal_outlives_a_rotation_of_keys():
    """A form sealed before the key was changed is answered after it."""
    rotated = attrs.evolve(MERCHANT, store_key=("NEWKEY99", STORE_KEY))
    assert opened(signed_body(answer_fields(FORM)), rotated).reply


def test_another_merchants_seal():
    """A seal made with another key is none."""
    stranger = attrs.evolve(MERCHANT, store_key=("OTHERKEY",)).sign(payment_request(), seal=True)
    with pytest.raises(cmi.CallbackMismatchError, match="seal"):
        opened(signed_body(answer_fields(stranger)))


def test_too_much_to_seal():
    """A form whose seal would not fit is refused when it is signed."""
    custom = {f"{letter * 30}": "x" for letter in "abcdefg"}
    with pytest.raises(cmi.FieldError, match="SEAL"):
        MERCHANT.sign(payment_request(custom=custom), seal=True)


def test_the_seal_covers_what_the_policy_requires_back():
    """A shown-only field that the policy requires back is sealed, and one that a gateway drops does not break the seal."""
    policy = cmi.CallbackPolicy(required_back=["Total1"], not_required_back=["lang", "okUrl"])
    merchant = attrs.evolve(MERCHANT, store_key=(STORE_KEY,), callback_policy=policy)
    form = merchant.sign(payment_request(), seal=True)
    fields = answer_fields(form)
    assert opened(
        signed_body({name: value for name, value in fields.items() if name != "lang"}), merchant
    ).reply
    for bent in (
        {**fields, "Total1": "9.99"},
        {name: value for name, value in fields.items() if name != "Total1"},
        {**fields, "okUrl": "https://elsewhere.example/"},
    ):
        with pytest.raises(cmi.CallbackMismatchError, match="seal"):
            opened(signed_body(bent), merchant)


def test_the_name_of_the_seal_is_taken():
    """A merchant's own field cannot be called like the seal."""
    with pytest.raises(cmi.FieldError):
        MERCHANT.sign(payment_request(custom={"seal": "x"}))


@pytest.mark.parametrize("what", ["our own form", "a signed decline"])
def test_moved_values_do_not_open_a_sealed_answer(what):
    """Moving signed values under other names never reads as an approval where only the seal is looked at."""
    signed = list(FORM.fields) if what == "our own form" else list(answer_fields(FORM, DECLINED).items())
    pairs = sorted(
        (pair for pair in signed if pair[0] not in ("hash", "encoding")), key=lambda pair: pair[0].upper()
    )
    dice = random.Random(what)
    results = ("AuthCode", "ProcReturnCode", "Response", "TransId", "rnd")
    for _ in range(count(200, 10_000)):
        names = [name for name, _ in pairs]
        for wanted in dice.sample(results, dice.randint(1, 4)):
            if wanted not in names:
                names[min(sum(name.upper() < wanted.upper() for name in names), len(names) - 1)] = wanted
        body = [
            *zip(names, [value for _, value in pairs], strict=True),
            ("HASH", hash_ver3(pairs, STORE_KEY)),
        ]
        try:
            outcome = opened(body).outcome
        except cmi.CallbackError:
            continue
        assert not isinstance(outcome, cmi.Approved)


def test_derived_keys_differ_by_purpose():
    """Each purpose has a key of its own, and none is the store key."""
    secret = Secret(STORE_KEY)
    assert secret.derive("a") == Secret(STORE_KEY).derive("a") != secret.derive("b")
    assert 32 == len(secret.derive("a"))
