"""Attacks on the scheme itself: names that the hash does not cover, and bodies bent at random."""

import random

import pytest

import cmi_gateway as cmi
from cmi_gateway.signature import hash_ver3
from support.counts import count
from support.gateway_kit import (
    APPROVED,
    DECLINED,
    MERCHANT,
    STORE_KEY,
    answer,
    answer_fields,
    payment_request,
    real_callback,
    signed_form,
)

FORM = signed_form()
AMOUNT = cmi.Money.parse("114.26")
SMALL = MERCHANT.sign(payment_request(order_id="RAK-small", amount=cmi.Money.parse("1.00"), lines=[]))
RESULTS = {"ProcReturnCode", "Response", "TransId", "AuthCode", "oid", "amount", "mdStatus", "xid", "acqStan"}


def opened(body):
    """Give the outcome that a merchant would read, or None where the callback is refused."""
    try:
        callback = MERCHANT.verify(body)
        callback.must_match(order_id=FORM.order_id, amount=AMOUNT, sent=FORM.fields)
    except cmi.CallbackError:
        return None
    return callback.outcome


def relabelled(signed, dice):
    """Give the same values in the same order under other names, drawn from all that mean something."""
    pairs = sorted(
        (pair for pair in signed if pair[0].lower() not in ("hash", "encoding")), key=lambda p: p[0].upper()
    )
    vocabulary = sorted(
        {name for name, _ in [*FORM.fields, *signed]} - {"hash", "HASH", "encoding"} | RESULTS, key=str.upper
    )
    fillers = [f"{name}x{number}" for number, name in enumerate(vocabulary)]
    names = sorted(dice.sample([*vocabulary, *fillers], len(pairs)), key=str.upper)
    return [*zip(names, [value for _, value in pairs], strict=True), ("HASH", hash_ver3(pairs, STORE_KEY))]


def nudged(signed, dice):
    """Rename a few fields only, where their place in the order allows it: the likeliest attack."""
    pairs = sorted(
        (pair for pair in signed if pair[0].lower() not in ("hash", "encoding")), key=lambda p: p[0].upper()
    )
    names = [name for name, _ in pairs]
    for wanted in dice.sample(sorted(RESULTS), dice.randint(1, 5)):
        if wanted.upper() not in {name.upper() for name in names}:
            place = sum(name.upper() < wanted.upper() for name in names)
            names[min(place, len(names) - 1)] = wanted
    return [*zip(names, [value for _, value in pairs], strict=True), ("HASH", hash_ver3(pairs, STORE_KEY))]


SIGNED = {
    "our own form": list(FORM.fields),
    "a signed decline": list(answer_fields(FORM, DECLINED).items()),
    "a true approval of another order": list(answer_fields(SMALL, APPROVED).items()),
}


@pytest.mark.parametrize("rename", [relabelled, nudged])
@pytest.mark.parametrize("what", SIGNED)
def test_renamings_never_read_as_an_approval(what, rename):
    """No order-preserving renaming of what an attacker can see reads as an approval of this order."""
    dice = random.Random(f"{what} {rename.__name__}")
    for _ in range(count(150, 10_000)):
        assert not isinstance(opened(rename(SIGNED[what], dice)), cmi.Approved)


BACK = {"ok_url": "https://shop.example/back", "fail_url": "https://shop.example/back", "lines": []}
TYPED = {"ACCOUNT": "114.26", "NOTE": FORM.order_id}
#: The values of a small payment's answer, in their order, under the names that a large one's would have.
NEW_NAMES = {
    "ACCOUNT": "amount", "acqStan": "amount1", "amount": "amountCur", "NOTE": "oid", "oid": "oid1", "ReturnOid": "Returned"
}  # fmt: skip


def test_two_texts_of_the_payers_would_turn_one_dirham_into_any_order():
    """The attack that signing keeps out is real: with an order id among the payer's texts, a true answer reads as another order's."""
    large = MERCHANT.sign(payment_request(custom={}, **BACK))
    small = MERCHANT.sign(payment_request(order_id="RAK-small", amount=cmi.Money(100), custom={}, **BACK))
    answered = sorted((answer_fields(small) | TYPED).items(), key=lambda pair: pair[0].upper())
    renamed = [(NEW_NAMES.get(name, name), value) for name, value in answered]
    callback = MERCHANT.verify([*renamed, ("HASH", hash_ver3(answered, STORE_KEY))])
    callback.must_match(order_id=large.order_id, amount=AMOUNT, sent=large.fields)
    assert isinstance(callback.outcome, cmi.Approved)


@pytest.mark.parametrize("custom", [TYPED, {"NOTE": FORM.order_id}, {"NOTE": FORM.order_id.lower()}])
def test_no_text_of_the_payers_is_an_order_id(custom):
    """What the attack needs is never signed, so no answer of the gateway holds another order's id."""
    for order_id in ("RAK-small", "RAK-7f3kq9z2mb4wx1t9"):
        with pytest.raises(cmi.FieldError, match="NOTE"):
            MERCHANT.sign(payment_request(order_id=order_id, amount=cmi.Money(100), custom=custom, **BACK))


def test_the_renamings_do_verify():
    """The attacks above get past the signature, so it is the matching that stops them."""
    dice = random.Random(7)
    verified = 0
    for _ in range(50):
        try:
            MERCHANT.verify(nudged(SIGNED["a signed decline"], dice))
        except cmi.CallbackError:
            continue
        verified += 1
    assert verified > 0


def mutate(body, dice):
    """Flip, delete, insert, cut, repeat or swap somewhere."""
    place, other = sorted((dice.randrange(len(body)), dice.randrange(len(body))))
    kind = dice.randrange(7)
    if kind == 0:
        return body[:place] + bytes([dice.randrange(256)]) + body[place + 1 :]
    if kind == 1:
        return body[:place] + body[place + 1 :]
    if kind == 2:
        return body[:place] + bytes([dice.randrange(256)]) + body[place:]
    if kind == 3:
        return body[:place]
    if kind == 4:
        return body[:other] + body[place:]
    pairs = body.rstrip(b"\n").split(b"&")
    if kind == 5:
        pairs.insert(dice.randrange(len(pairs)), dice.choice(pairs))
    else:
        dice.shuffle(pairs)
    return b"&".join(pairs)


def test_mutations_of_the_real_callback():
    """A mutated real callback gives a `Callback` with its own values or a `CallbackError`, and nothing else."""
    dice = random.Random(20220802)
    merchant = cmi.Merchant("600001300", STORE_KEY, cmi.TEST)
    body = real_callback()
    original = dict(merchant.verify(body)._fields)
    for _ in range(count(1_500, 200_000)):
        mutant = mutate(body, dice)
        try:
            fields = merchant.verify(mutant)._fields
        except cmi.CallbackError:
            continue
        assert sorted(fields.values()) == sorted(original.values())


def test_mutations_of_a_decline_are_never_an_approval():
    """However a signed decline is bent, it does not read as an approval."""
    dice = random.Random(20260920)
    body = answer(FORM, DECLINED)
    for _ in range(count(1_000, 50_000)):
        assert not isinstance(opened(mutate(body, dice)), cmi.Approved)


def test_another_merchants_signed_callback():
    """A true approval of another merchant, even one with our order id and amount, is refused."""
    stranger = cmi.Merchant("600000098", "OTHERKEY", cmi.TEST)
    body = answer(stranger.sign(payment_request()), store_key="OTHERKEY")
    assert stranger.verify(body).order_id == FORM.order_id
    assert opened(body) is None


def test_a_replayed_callback_has_the_same_digest():
    """The scheme has no time stamp, so a replay verifies for ever; its digest tells it apart."""
    body = answer(FORM)
    assert MERCHANT.verify(body).digest == MERCHANT.verify(body).digest
