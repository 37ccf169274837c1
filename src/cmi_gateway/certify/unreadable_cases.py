"""Bodies that are no callback: empty, cut off, oversized, ambiguous, or not posted at all."""

from __future__ import annotations

import json
from typing import Final

from cmi_gateway.certify.callbacks import Message, Pairs, Scene, posted, quoted, signed
from cmi_gateway.certify.hostile_cases import UNKNOWN_ORDER
from cmi_gateway.certify.rows import Row, Source, Want, refused


def _repeated(scene: Scene, name: str, *, first: bool) -> Message:
    """Add a second order id that the hash does not cover, before or after the first."""
    body = scene.post(scene.approved()).body
    more = quoted(name, UNKNOWN_ORDER)
    return Message(more + b"&" + body if first else body + b"&" + more)


def _repeated_and_signed(scene: Scene, name: str, *, first: bool) -> Message:
    """Add one that the hash does cover: some readers hash both and use one."""
    more: Pairs = ((name, UNKNOWN_ORDER),)
    true = tuple(scene.approved().items())
    return posted(signed((*more, *true) if first else (*true, *more), scene.key))


def _cut_in_half(scene: Scene) -> Message:
    body = scene.post(scene.approved()).body
    return Message(body[: len(body) // 2])


def _cut_before_the_hash(scene: Scene) -> Message:
    return Message(scene.post(scene.approved()).body.rpartition(b"HASH=")[0])


def _bad_utf8(scene: Scene) -> Message:
    """Sign what a lenient decoder makes of bytes that are no UTF-8."""
    body = scene.post(scene.approved(cardHolderName="Zo\ufffd")).body
    return Message(body.replace(b"Zo%EF%BF%BD", b"Zo%E9"))


def _large(scene: Scene) -> Message:
    return scene.post({**scene.approved(), "padding": "x" * 2_000_000})


def _countless(scene: Scene) -> Message:
    return scene.post({**scene.approved(), **{f"field{number:04}": "" for number in range(3000)}})


def _as_json(scene: Scene) -> Message:
    text = json.dumps(dict(scene.signed(scene.approved())))
    return Message(text.encode("ascii"), content_type="application/json")


def _got(scene: Scene) -> Message:
    return Message(scene.post(scene.approved()).body, method="GET")


UNREADABLE: Final = (
    Row(
        id="empty",
        rule="An empty body is turned away.",
        source=Source.SAFEST,
        sent="a POST without a body; then the honest approval",
        why="Scanners find every address; an error page with settings is a gift to them.",
        mend="Catch what parsing raises and answer FAILURE.",
        steps=refused(lambda _: Message(b""), want=Want.TURN_AWAY),
    ),
    Row(
        id="junk",
        rule="What is no form is turned away.",
        source=Source.SAFEST,
        sent="random bytes, the callback as JSON, and a body of separators; then the honest approval",
        why="As with an empty body.",
        mend="Catch what parsing raises and answer FAILURE.",
        steps=refused(
            lambda _: Message(bytes(range(256)) * 4),
            _as_json,
            lambda _: Message(b"&&&=&%&%zz=%u00e9&"),
            want=Want.TURN_AWAY,
        ),
    ),
    Row(
        id="truncated",
        rule="A body that was cut off is turned away, and the whole one after it is accepted.",
        source=Source.SAFEST,
        sent="an approval cut off before its hash, and in its middle; then the honest approval",
        why="Connections break; what was half read must leave no trace.",
        mend="Record nothing before the hash matched.",
        steps=refused(_cut_before_the_hash, _cut_in_half, want=Want.TURN_AWAY),
    ),
    Row(
        id="invalid-utf8",
        rule="Bytes that are no UTF-8 are turned away.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval with a Latin-1 letter, hashed as a lenient decoder reads it; then the honest approval",
        why="A decoder that guesses lets different bytes pass as the same text.",
        mend="Decode strictly; on failure keep the raw bytes and answer FAILURE.",
        steps=refused(_bad_utf8, want=Want.TURN_AWAY),
    ),
    Row(
        id="repeated-field",
        rule="A field that is given twice is turned away.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval with a second oid before, after, and covered by the hash; then the honest approval",
        why="PHP, Java and Python read different ones, so that one part checks what another does not use.",
        mend="Read the raw body and refuse repeated names.",
        steps=refused(
            lambda scene: _repeated(scene, scene.spelling("oid"), first=True),
            lambda scene: _repeated(scene, scene.spelling("oid"), first=False),
            lambda scene: _repeated_and_signed(scene, scene.spelling("oid"), first=True),
            lambda scene: _repeated_and_signed(scene, scene.spelling("oid"), first=False),
            want=Want.TURN_AWAY,
        ),
    ),
    Row(
        id="repeated-in-other-case",
        rule="A field that is given twice in different cases of letters is turned away.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval with OID beside oid before, after, and covered by the hash; then the honest approval",
        why="The gateway does not regard case, and your code may in one place and not in another.",
        mend="Compare names without regard to case when looking for repeats.",
        steps=refused(
            lambda scene: _repeated(scene, "OID", first=True),
            lambda scene: _repeated(scene, "OID", first=False),
            lambda scene: _repeated_and_signed(scene, "OID", first=True),
            lambda scene: _repeated_and_signed(scene, "OID", first=False),
            want=Want.TURN_AWAY,
        ),
    ),
    Row(
        id="size",
        rule="A body of two megabytes is turned away.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval with a field of 2 MB; then the honest approval",
        why="Real callbacks have some 3 kB; without a limit a stranger fills your memory.",
        mend="Limit the body to 64 kB before reading it.",
        steps=refused(_large, want=Want.TURN_AWAY),
    ),
    Row(
        id="many-fields",
        rule="A body of thousands of fields is turned away.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval with 3,000 more fields; then the honest approval",
        why="Sorting and hashing them is work that anybody can order.",
        mend="Limit the number of fields to a few hundred.",
        steps=refused(_countless, want=Want.TURN_AWAY),
    ),
    Row(
        id="get",
        rule="Only POST is a callback.",
        source=Source.CMI,
        sent="the approval as the query of a GET; then the honest approval",
        why="Addresses with queries are prefetched, logged and linked to.",
        mend="Route POST only; answer 405 to the rest.",
        steps=refused(_got, want=Want.TURN_AWAY),
    ),
)
