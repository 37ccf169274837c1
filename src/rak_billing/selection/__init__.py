"""
Which invoices may, and must, be paid together: rules as data, judged by pure functions.

`rules` holds what an operator can demand, `judging` applies it, `choosing` answers with a selection or every refusal,
`suggesting` finds the smallest change that helps, `reading` and `browser` carry the rules in from TOML and out as JSON.
"""

from rak_billing.selection.choosing import Selection as Selection
from rak_billing.selection.choosing import select as select
from rak_billing.selection.refusals import Refusal as Refusal
from rak_billing.selection.refusals import SelectionRule as SelectionRule
