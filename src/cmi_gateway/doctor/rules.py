"""
The broad rules in the order in which things happen, in which they are also combined.

Each performs one mistake, or takes it back, on a whole draft.
"""

from __future__ import annotations

from typing import Final

from cmi_gateway.doctor import hash_rules, message_rules
from cmi_gateway.doctor.trials import Rule
from cmi_gateway.doctor.values import EDITS

_EDITS: Final = tuple([message_rules.editing(edits) for edits in EDITS])
#: In the order in which things happen.
RULES: Final[tuple[Rule, ...]] = (
    hash_rules.other_keys,
    message_rules.damaged,
    message_rules.wholly_recoded,
    message_rules.charsets,
    message_rules.restored,
    message_rules.added_by_others,
    message_rules.empties,
    message_rules.repeated,
    hash_rules.unhashed,
    hash_rules.orders,
    message_rules.mangled,
    *_EDITS,
    message_rules.zeros,
    message_rules.line_feed,
    hash_rules.untrimmed,
    hash_rules.escapes,
    hash_rules.outputs,
    hash_rules.charsets_of_the_hash,
    hash_rules.methods,
)
#: What happens to the message on its way; three of these at once are still searched for.
RULES_OF_THE_WAY: Final[tuple[Rule, ...]] = (
    message_rules.damaged, message_rules.wholly_recoded, message_rules.restored, message_rules.added_by_others, message_rules.empties, message_rules.repeated, message_rules.mangled, *_EDITS, message_rules.zeros
)  # fmt: skip
