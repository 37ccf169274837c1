"""
What this package needs from the operator's own systems, one small Protocol per need.

Any object with the right methods fits; nothing has to be inherited. The answers are values
(``None`` for "this client has nothing here"), and failing to learn an answer is an exception:
an outage must never look like "nothing to pay".
"""

from collections.abc import Mapping
from datetime import datetime
from email.message import EmailMessage
from typing import Protocol

import attrs

from rak_billing.invoices import Statement


class Clock(Protocol):
    """Tell the present instant, aware and in UTC."""

    def __call__(self) -> datetime:
        """Return the present instant, aware and in UTC."""
        ...


class BillingSystem(Protocol):
    """Look up what a client has to pay."""

    def statement(self, customer_ref: str) -> Statement | None:
        """
        Return the client's account and unpaid invoices, or None when the reference is unknown.

        Raises:
            BillingUnavailableError: The billing system gave no usable answer.
        """
        ...


class Mailer(Protocol):
    """Hand an e-mail over to whatever delivers it."""

    def send(self, message: EmailMessage) -> None:
        """
        Take responsibility for *message*, or raise.

        The same message may be handed over again after a crash, with the same ``Message-ID``:
        a mailer that can recognise it should deliver it once.

        Raises:
            MailError: The message was not taken; it will be handed over again later.
        """
        ...


@attrs.frozen
class Challenge:
    """
    What a person (or their browser) must answer before an account is looked up.

    Attributes:
        token: Sealed and opaque; the form carries it back unchanged.

        question: What a person without a working script is asked to type.

        difficulty: How much work the script must do instead, in leading zero bits.
    """

    token: str
    question: str
    difficulty: int


class HumanCheck(Protocol):
    """Tell people from programs that list other people's bills."""

    def challenge(self, *, binding: str) -> Challenge:
        """Return a fresh challenge that only the form named by *binding* can use, once."""
        ...

    def passed(self, answers: Mapping[str, str], *, binding: str) -> bool:
        """Tell whether the posted fields *answers* solve a live challenge of *binding*."""
        ...
