"""Callbacks that no merchant may believe: falsely signed, misdirected or contradictory."""

from __future__ import annotations

import hashlib
from base64 import b64encode
from typing import Final

from cmi_gateway.certify.callbacks import Message, Scene, posted, signed
from cmi_gateway.certify.rows import Row, Source, Step, Want, refused
from cmi_gateway.money import Money
from cmi_gateway.secret import Secret

#: A key that no merchant has.
_STRANGE_KEY: Final = Secret("certifyNotYourKey42")
_OTHER_CLIENTS: Final = ("600000001", "600000002")
_EURO: Final = "978"
#: A cheap order that the shop never had.
UNKNOWN_ORDER: Final = "UNKNOWN-7f3kq9z2mb4w"


def _hash_replaced(scene: Scene, new_hash: str | None) -> Message:
    pairs = scene.signed(scene.approved())[:-1]
    return posted(pairs if new_hash is None else (*pairs, ("HASH", new_hash)))


def _true_hash(scene: Scene) -> str:
    return scene.signed(scene.approved())[-1][1]


def _one_letter_off(scene: Scene) -> Message:
    true = _true_hash(scene)
    return _hash_replaced(scene, ("A" if true[0] != "A" else "B") + true[1:])


def _other_case(scene: Scene) -> Message:
    true = _true_hash(scene)
    return _hash_replaced(scene, true.swapcase())


def _altered(scene: Scene) -> Message:
    """Turn a signed decline into an approval without signing anew."""
    pairs = scene.signed(scene.declined())
    changed = {"Response": "Approved", "ProcReturnCode": "00"}
    return posted([(name, changed.get(name, value)) for name, value in pairs])


def _wrong_key(scene: Scene) -> Message:
    return posted(signed(scene.approved().items(), _STRANGE_KEY))


def _other_client(scene: Scene) -> str:
    return next(client for client in _OTHER_CLIENTS if client != scene.client_id)


def _other_merchant(scene: Scene) -> Message:
    return posted(signed(scene.approved(clientid=_other_client(scene)).items(), _STRANGE_KEY))


def _amount(scene: Scene, text: str) -> Message:
    return scene.post(scene.approved(amount=text))


def _a_centime_less(scene: Scene) -> Message:
    return _amount(scene, Money(scene.order.amount.centimes - 1).wire)


def _a_dirham_more(scene: Scene) -> Message:
    return _amount(scene, Money(scene.order.amount.centimes + 100).wire)


def _changed(**changes: str | None) -> tuple[Step, ...]:
    return refused(lambda scene: scene.post(scene.approved(**changes)))


def _sha1_signed(scene: Scene) -> Message:
    """Sign as ver1 did: the covered names stand in the message itself, and none of them is the amount."""
    fields = {**scene.approved(), "hashAlgorithm": "ver1", "HASHPARAMS": "clientid:oid:"}
    values = fields[scene.spelling("clientid")] + fields[scene.spelling("oid")]
    digest = hashlib.sha1(values.encode() + scene.key._raw, usedforsecurity=False)  # noqa: SLF001 - as ver1 did
    return posted(
        [*fields.items(), ("HASHPARAMSVAL", values), ("HASH", b64encode(digest.digest()).decode("ascii"))]
    )


def _older_name(scene: Scene) -> Message:
    return scene.post(scene.approved(hashAlgorithm="ver2"))


def _own_form(scene: Scene) -> Message:
    return posted(scene.order.fields)


SIGNATURE: Final = (
    Row(
        id="wrong-hash",
        rule="A callback whose hash does not match is answered FAILURE and changes nothing.",
        source=Source.CMI,
        sent="an approval with one letter of its hash changed; then the honest approval",
        why="The hash is all that tells the gateway from anybody else.",
        mend="Compute the hash yourself and compare, in constant time, before anything else.",
        steps=refused(_one_letter_off),
    ),
    Row(
        id="hash-in-other-case",
        rule="The hash is compared letter by letter, case included.",
        source=Source.CMI,
        sent="an approval with the case of its hash swapped; then the honest approval",
        why="Base64 means something else in another case; a known module compares both in capitals.",
        mend="Compare the texts as they are.",
        steps=refused(_other_case),
    ),
    Row(
        id="no-hash",
        rule="A callback without a hash, or with an empty one, is answered FAILURE.",
        source=Source.CMI,
        sent="an approval without HASH, one with an empty HASH; then the honest approval",
        why="A check that is skipped where there is nothing to check is no check.",
        mend="Require the field before comparing.",
        steps=refused(lambda scene: _hash_replaced(scene, None), lambda scene: _hash_replaced(scene, "")),
    ),
    Row(
        id="wrong-key",
        rule="A callback signed with another key is answered FAILURE.",
        source=Source.CMI,
        sent="an approval signed with a key that is not yours; then the honest approval",
        why="Anybody can compute a hash; only the key makes it the gateway's.",
        mend="Put the store key at the end of the hashed text, escaped like a value.",
        steps=refused(_wrong_key),
    ),
    Row(
        id="altered",
        rule="A value that was changed after signing breaks the callback.",
        source=Source.CMI,
        sent="a signed decline whose result was changed to an approval; then the honest approval",
        why="The result must be covered by what is checked.",
        mend="Hash the fields that were posted, not a stored or partial list.",
        steps=refused(_altered),
    ),
    Row(
        id="older-signature",
        rule="A signature of ver1 is not accepted, whatever the message says of itself.",
        source=Source.CMI,
        sent="an approval signed as ver1, its HASHPARAMS leaving out the amount; then the honest approval",
        why="The message chooses what its own hash covers, and the amount is not in it.",
        mend="Accept ver3 only; never let the message choose the algorithm.",
        steps=refused(_sha1_signed),
    ),
    Row(
        id="algorithm-name",
        rule="hashAlgorithm other than ver3 is answered FAILURE.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval that says ver2 and is signed as ver3; then the honest approval",
        why="CMI uses ver3 only; what says otherwise is not from it.",
        mend="Compare the field with ver3 before verifying.",
        steps=refused(_older_name),
    ),
)

MATCHING: Final = (
    Row(
        id="unknown-order",
        rule="A signed callback for an order that you do not have is answered FAILURE.",
        source=Source.CMI,
        sent="an approval of another order id; then the honest approval",
        why="Nothing was sold under it, so nothing may be captured.",
        mend="Look the order up by oid before answering.",
        steps=_changed(oid=UNKNOWN_ORDER, ReturnOid=UNKNOWN_ORDER),
    ),
    Row(
        id="wrong-amount",
        rule="The amount must be the order's, to the centime.",
        source=Source.CMI,
        sent="an approval of one centime less, one of a dirham more; then the honest approval",
        why="Whoever pays one dirham for an order of a thousand has a genuine signature too.",
        mend="Compare whole centimes with your own record, never with what was posted.",
        steps=refused(_a_centime_less, _a_dirham_more),
    ),
    Row(
        id="odd-amount",
        rule="What is not an amount is not read as one.",
        source=Source.CMI,
        sent="approvals with the amount negative, with an exponent, and followed by text; then the honest approval",
        why="Number parsers read much more than amounts.",
        mend="Accept digits, one point or comma and at most two decimals; no floating point.",
        steps=refused(
            lambda scene: _amount(scene, f"-{scene.order.amount.wire}"),
            lambda scene: _amount(scene, f"{scene.order.amount.centimes}e-2"),
            lambda scene: _amount(scene, f"{scene.order.amount.wire}abc"),
        ),
    ),
    Row(
        id="wrong-currency",
        rule="The currency must be the order's.",
        source=Source.CMI,
        sent="an approval in euros (978); then the honest approval",
        why="The same figure in another currency is another amount.",
        mend="Compare currency with 504.",
        steps=_changed(currency=_EURO),
    ),
    Row(
        id="wrong-client",
        rule="The client id must be yours.",
        source=Source.CMI,
        sent="an approval signed with your key for another client id; then the honest approval",
        why="One key may serve several shops; the money would go to the other.",
        mend="Compare clientid with your own.",
        steps=refused(lambda scene: scene.post(scene.approved(clientid=_other_client(scene)))),
    ),
    Row(
        id="other-merchant",
        rule="Another merchant's genuine callback is answered FAILURE.",
        source=Source.CMI,
        sent="an approval of this order signed by another merchant's key for its client id; then the honest approval",
        why="Any merchant of the gateway can make it sign what it likes with its own key.",
        mend="Choose the key by your own account, never by what the message names.",
        steps=refused(_other_merchant),
    ),
    Row(
        id="own-form",
        rule="Your own signed form, posted back, takes no money.",
        source=Source.SAFEST,
        sent="the shop's signed form as it stands; then the honest approval",
        why="It is signed with the same key, and everybody who pays has it.",
        mend="Keep the hash of each form and refuse it; require the result fields.",
        steps=refused(_own_form, want=Want.LEAVE),
        needs_form=True,
    ),
)

RESULTS: Final = (
    Row(
        id="approved-with-a-code",
        rule="Response Approved with a code other than 00 takes no money.",
        source=Source.CMI,
        sent="Response Approved with ProcReturnCode 05; then the honest approval",
        why="Both must say yes; code that accepts either captures refused payments.",
        mend="Require ProcReturnCode 00 and Response Approved.",
        steps=refused(lambda scene: scene.post(scene.approved(ProcReturnCode="05")), want=Want.LEAVE),
    ),
    Row(
        id="code-without-approved",
        rule="Code 00 with Response Declined takes no money.",
        source=Source.SAFEST,
        sent="Response Declined with ProcReturnCode 00; then the honest approval",
        why="An answer that contradicts itself needs a person.",
        mend="Require ProcReturnCode 00 and Response Approved.",
        steps=refused(lambda scene: scene.post(scene.approved(Response="Declined")), want=Want.LEAVE),
    ),
    Row(
        id="code-0",
        rule="The code is compared as the text 00.",
        source=Source.SAFEST,
        sent="approvals with ProcReturnCode 0, empty and absent; then the honest approval",
        why="In several languages an absent or empty text equals the number 0.",
        mend="Compare text with text.",
        steps=refused(
            lambda scene: scene.post(scene.approved(ProcReturnCode="0")),
            lambda scene: scene.post(scene.approved(ProcReturnCode="")),
            lambda scene: scene.post(scene.approved(ProcReturnCode=None)),
            want=Want.LEAVE,
        ),
    ),
    Row(
        id="approved-after-failed-3ds",
        rule="An approval that says 3-D Secure failed takes no money.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval with mdStatus 0; then the honest approval",
        why="The bank does not stand in for a payment that was not authenticated.",
        mend="With mdStatus present, require 1 to 4.",
        steps=refused(lambda scene: scene.post(scene.approved(mdStatus="0")), want=Want.LEAVE),
    ),
)
