"""What a customer has to correct before going on."""

from __future__ import annotations

import attrs

__all__ = ["Problem"]


@attrs.frozen
class Problem:
    """
    One thing to correct.

    Attributes:
        anchor: Id of the field concerned, which the error summary links to.
        message: What to do, in the customer's language.
    """

    anchor: str
    message: str
