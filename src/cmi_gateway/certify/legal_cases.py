"""Callbacks that the gateway may well send: all are to be understood."""

from __future__ import annotations

from typing import Final

from cmi_gateway.certify.callbacks import Message, Scene, posted, signed, with_entities
from cmi_gateway.certify.rows import Effect, Row, Source, Step, Want, accepted, honest
from cmi_gateway.signature import NameOrder

#: The row that opens the play: whoever cannot answer it shows nothing by its other answers.
OPENING: Final = "approval"


def _decline(label: str, effect: Effect = Effect.NOTHING) -> Step:
    return Step(lambda scene: scene.post(scene.declined(label)), Want.ACKNOWLEDGE, effect)


def _authenticated(scene: Scene) -> Message:
    done = {"mdStatus": "1", "txstatus": "Y", "eci": "05", "cavv": "jCm0m+u/0hUfAREHBAMBcfN+pSo="}
    return scene.post({**scene.approved(), **done})


def _least(scene: Scene) -> Message:
    kept = {**scene.echo(), "Response": "Approved", "ProcReturnCode": "00", "encoding": "UTF-8"}
    return scene.post(kept)


def _shuffled(scene: Scene) -> Message:
    pairs = scene.signed(scene.approved())
    # Odd ones first, backwards, then even ones: no two neighbours stay so, and HASH leads.
    return posted((*pairs[::-2], *pairs[-2::-2]))


def _line_feed(scene: Scene, last: str) -> Message:
    pairs = scene.signed(scene.approved())
    ends = [pair for pair in pairs if pair[0].lower() == last.lower()]
    return posted([*(pair for pair in pairs if pair not in ends), *ends], b"\n")


def _with(**typed: str) -> tuple[Step, ...]:
    return accepted(lambda scene: posted(with_entities(scene.signed(scene.approved(**typed)))))


def _many(scene: Scene) -> Message:
    unknown = {f"newField{letter}": f"value {letter}" for letter in "abcdefghijklmnopqrstuvwxyz"}
    empty = dict.fromkeys(["ShipToName", "ShipToCity", "TAKSIT", "BOLUM", "MAXIMUMPLACE", "linkType"], "")
    return scene.post({**scene.approved(), **unknown, **empty})


def _numbered(scene: Scene, order: NameOrder) -> Message:
    numbered = {f"DIMCRITERIA{number}": f"key {number}" for number in range(1, 12)}
    return scene.post({**scene.approved(), **numbered}, order=order)


def _comma(scene: Scene) -> Message:
    return scene.post(scene.approved(amount=scene.order.amount.wire.replace(".", ",")))


def _document(scene: Scene) -> Message:
    fields = scene.approved(cardHolderName="Documentation SARL")
    return posted(signed(fields.items(), scene.key, document_rule=True))


LEGAL: Final = (
    Row(
        id=OPENING,
        rule="An approved payment that passes every check is answered with the word that takes the money.",
        source=Source.CMI,
        sent="the approval of the order, signed",
        why="Any other answer leaves the payment uncaptured: the customer's money is blocked and you never get it.",
        mend="Verify the hash, compare order, amount, currency and client id, then answer ACTION=POSTAUTH. If nothing "
        "fits, run `cmi doctor` on the body that arrived.",
        steps=(honest(),),
    ),
    Row(
        id="approval-3ds",
        rule="An approval with the results of 3-D Secure is accepted as one without.",
        source=Source.CMI,
        sent="an approval with mdStatus, txstatus, eci and cavv",
        why="Most cards are authenticated; the fields come with them, and are absent with the others.",
        mend="Hash every posted field, known or not, and require none of the 3-D Secure fields.",
        steps=accepted(_authenticated),
    ),
    Row(
        id="fewest-fields",
        rule="Only order, amount, client id, result and hash may be required.",
        source=Source.CMI,
        sent="an approval without TransId, AuthCode, card or time",
        why="Which optional fields come differs by card and by platform.",
        mend="Treat every other result as optional.",
        steps=accepted(_least),
    ),
    Row(
        id="unknown-fields",
        rule="Unknown and empty fields are hashed and otherwise ignored.",
        source=Source.CMI,
        sent="an approval with 32 more fields, some of them empty",
        why="Real callbacks have 72 to 100 fields, and the gateway adds some without notice.",
        mend="Build the hash from all posted fields; an empty value keeps its place between two bars.",
        steps=accepted(_many),
    ),
    Row(
        id="field-order",
        rule="The order of fields in the body means nothing.",
        source=Source.CMI,
        sent="an approval with its fields shuffled, HASH first",
        why="The gateway posts them in no particular order.",
        mend="Sort the names yourself, without regard to case, before hashing.",
        steps=accepted(_shuffled),
    ),
    Row(
        id="newline-after-hash",
        rule="One line feed at the end of the body belongs to no value.",
        source=Source.CMI,
        sent="an approval whose body ends in HASH and a line feed",
        why="The gateway ends its body so; a form parser appends the line feed to the last field.",
        mend="Remove one final line feed from the raw body before parsing it.",
        steps=accepted(lambda scene: _line_feed(scene, "HASH")),
    ),
    Row(
        id="newline-after-amount",
        rule="One line feed at the end of the body belongs to no value, whichever field is last.",
        source=Source.CMI,
        sent="an approval whose body ends in the amount and a line feed",
        why="The last field may be one that you compare, and the comparison fails by a line feed.",
        mend="Remove one final line feed from the raw body before parsing it.",
        steps=accepted(lambda scene: _line_feed(scene, "amount")),
    ),
    Row(
        id="entities",
        rule="HTML entities in values are decoded before hashing.",
        source=Source.CMI,
        sent="an approval with quotes in a name, written as &#39; and &#34;",
        why="The gateway writes quotes as entities and hashes the characters: every O'Brien fails otherwise.",
        mend="Decode entities, quotes included, as UTF-8, in each value before hashing.",
        steps=_with(cardHolderName="Amina L'Hirondelle", EXTRA__CARDISSUER='CREDIT "DU MAROC"'),
    ),
    Row(
        id="bare-ampersand",
        rule="An ampersand that starts no closed entity stays as it is.",
        source=Source.CMI,
        sent="an approval with A&copy=1 in a value",
        why="Addresses come back with bare ampersands: HTML 5 decoders turn &copy or &currency into other characters.",
        mend="Decode only entities that end in a semicolon (in Python not html.unescape).",
        steps=_with(EXTRA__CARDISSUER="A&copy=1"),
    ),
    Row(
        id="accents",
        rule="Values are UTF-8, in the form and in the hash.",
        source=Source.CMI,
        sent="an approval with French and Arabic letters in a name",
        why="A table or page header in another charset breaks the payment of everybody with an accent.",
        mend="Decode and hash as UTF-8; never strip accents on one side only.",
        steps=_with(cardHolderName="Zoé Aït Ben أمينة"),
    ),
    Row(
        id="escaping",
        rule="In each value the backslash is doubled first, then a backslash is put before each bar.",
        source=Source.CMI,
        sent="an approval with a bar and a backslash in values",
        why="In the other order of steps, or without them, such values break the hash.",
        mend="Replace \\ by \\\\ and then | by \\|, in values and in the key.",
        steps=_with(cardHolderName="A|B\\C"),
    ),
    Row(
        id="plain-order",
        rule="Names with numbers are accepted in plain order (X1, X10, X2).",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval with DIMCRITERIA1 to DIMCRITERIA11, hashed in plain order",
        why="CMI's Java kit sorts so, and public evidence does not say which order the server has.",
        mend="Accept the hash if either order matches; both are keyed, so nothing is weakened.",
        steps=accepted(lambda scene: _numbered(scene, NameOrder.PLAIN)),
    ),
    Row(
        id="natural-order",
        rule="Names with numbers are accepted in natural order (X1, X2, X10).",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval with DIMCRITERIA1 to DIMCRITERIA11, hashed in natural order",
        why="CMI's PHP kit sorts so, and public evidence does not say which order the server has.",
        mend="Accept the hash if either order matches; both are keyed, so nothing is weakened.",
        steps=accepted(lambda scene: _numbered(scene, NameOrder.NATURAL)),
    ),
    Row(
        id="amount-with-comma",
        rule="The amount is compared as centimes, with a point or a comma.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval with the right amount, written with a comma",
        why="A known module sends commas, and the gateway echoes what it was sent.",
        mend="Turn both amounts into whole centimes and compare those.",
        steps=accepted(_comma),
    ),
    Row(
        id="document-rule",
        rule="A value with the word document is accepted under CMI's firewall rule.",
        source=Source.SAFEST,
        is_mandatory=False,
        sent="an approval with Documentation in a name, hashed as CMI's bundle does",
        why="CMI's bundle replaces the character after the word; other kits do not, and names are not yours to choose.",
        mend="Where the hash does not match and a value holds the word, try once more with the rule.",
        steps=accepted(_document),
    ),
    Row(
        id="decline",
        rule="A declined payment is answered APPROVED, and the order stays as it was.",
        source=Source.CMI,
        sent="a decline by the bank (ProcReturnCode 51)",
        why="Callbacks come for refused payments too. ACTION=POSTAUTH asks to capture what was refused.",
        mend="Look at ProcReturnCode before answering, and acknowledge a decline without touching the order.",
        steps=(_decline("one"),),
    ),
    Row(
        id="not-authenticated",
        rule="A payment that failed 3-D Secure has no ProcReturnCode and is answered APPROVED.",
        source=Source.CMI,
        sent="a callback without ProcReturnCode, Response and TransId, mdStatus 0",
        why="Code that reads an absent code as 0, or as an error, confirms or stumbles.",
        mend="Treat an absent code as not paid, and acknowledge it.",
        steps=(Step(lambda scene: scene.post(scene.not_authenticated()), Want.ACKNOWLEDGE, Effect.NOTHING),),
    ),
    Row(
        id="declines-then-approval",
        rule="Several declines may be followed by an approval of the same order.",
        source=Source.CMI,
        sent="two declines, then the approval of the third card",
        why="Customers try another card on the gateway's page. An order that a decline closed is paid and not delivered.",
        mend="Never close an order for a decline; key what you record by transaction, not by order.",
        steps=(_decline("one"), _decline("two"), honest()),
    ),
    Row(
        id="late-decline",
        rule="A decline that arrives after the approval changes nothing.",
        source=Source.CMI,
        sent="the approval, a decline of the same order, the approval again",
        why="Callbacks are not ordered. An order set back to unpaid is paid twice or never delivered.",
        mend="Let an order become paid and never unpaid again by a callback.",
        steps=(honest(), _decline("late"), honest(effect=Effect.NOTHING)),
    ),
    Row(
        id="replay",
        rule="The same approval again gets the same reply and has no second effect.",
        source=Source.CMI,
        sent="the same approval three times",
        why="The gateway repeats what it thinks was not answered. Another word stops the capture; a second effect "
        "ships or posts twice.",
        mend="Keep the first reply under order and transaction, with a unique key, and give it again.",
        steps=(honest(), honest(effect=Effect.NOTHING), honest(effect=Effect.NOTHING)),
    ),
    Row(
        id="decline-replay",
        rule="The same decline again gets the same reply.",
        source=Source.CMI,
        sent="the same decline twice, then the approval",
        why="As with approvals, and the order must stay open.",
        mend="Treat a repeat like the first time.",
        steps=(_decline("one"), _decline("one"), honest()),
    ),
    Row(
        id="second-approval",
        rule="A second approval of a paid order, under another transaction, is not captured.",
        source=Source.SAFEST,
        sent="the approval, then another one with another TransId",
        why="It is a second charge: captured, the customer pays twice.",
        mend="Under a lock on the order: paid already and another transaction → answer APPROVED or FAILURE, tell a "
        "person.",
        steps=(honest(), Step(lambda scene: scene.post(scene.approved("second")), Want.LEAVE, Effect.FREE)),
    ),
)
