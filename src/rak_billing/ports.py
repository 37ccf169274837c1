"""
What this package needs from the operator's own systems, one small Protocol per need.

Any object with the right methods fits; nothing has to be inherited. The answers are values
(``None`` for "this client has nothing here"), and failing to learn an answer is an exception:
an outage must never look like "nothing to pay".
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import TYPE_CHECKING, Protocol, TypeGuard

import attrs

from rak_billing.billing_posting import Posted, Posting, PostingAnswer
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.invoices import Statement

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from cmi_gateway.api.history import OrderHistory
    from cmi_gateway.api.operation import Operation, OperationDone
    from cmi_gateway.api.order import OrderStatus
    from cmi_gateway.api.resolving import Resolution
    from cmi_gateway.money import Money


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
            BillingUnavailableError: The billing system gave no usable answer; its subclasses say what came instead.
        """
        ...


class PostingReceiver(Protocol):
    """
    Write payments into the books; see `rak_billing.exactly_once` for what makes repeats harmless.

    An adapter is called by several workers at once, and may be called again with a posting that it has already had.
    """

    @property
    def exactly_once(self) -> ExactlyOnce:
        """In which way a repeat does no harm; never changes."""
        ...

    def post(self, posting: Posting) -> PostingAnswer:
        """
        Write *posting* into the books, and return what billing says of it.

        Raises:
            PostingNotSentError: Nothing left this machine; it may be tried again.
            PostingUnknownError: It may be in the books; only the declared way says what to do.
        """
        ...


def takes_postings(billing: object) -> TypeGuard[PostingReceiver]:
    """Tell whether a billing system can be told of payments, or only be read."""
    return callable(getattr(billing, "post", None)) and hasattr(billing, "exactly_once")


class PostingSearch(Protocol):
    """What a `PostingReceiver` of the way `rak_billing.exactly_once.ExactlyOnce.SEARCH` can do too."""

    @property
    def final_after(self) -> timedelta:
        """How long after sending "there is none" can be relied on: the longest that a posting is under way."""
        ...

    def find_posting(self, posting: Posting) -> Posted | None:
        """
        Return the entry that billing holds under the posting's key, or None where it holds none.

        Raises:
            BillingUnavailableError: Billing gave no usable answer.
        """
        ...


class TransactionalPosting(Protocol):
    """What a `PostingReceiver` of the way `rak_billing.exactly_once.ExactlyOnce.SAME_TRANSACTION` can do too."""

    def post_within(self, connection: "Connection", posting: Posting) -> PostingAnswer:
        """
        Write *posting* by a connection of the journal's database, in the transaction that is open there.

        Never commits: the entry and the mark that it was delivered are kept together, or not at all.
        """
        ...


class GatewayApi(Protocol):
    """Ask the gateway, and have it move money; `cmi_gateway.ApiClient` is one. See there for what may be raised."""

    @property
    def operations(self) -> frozenset[str]:
        """Which of ``capture``, ``void`` and ``refund`` are switched on."""
        ...

    def status(self, order_id: str, *, expected: "Money | None" = None) -> "OrderStatus":
        """Ask what became of an order."""
        ...

    def history(self, order_id: str) -> "OrderHistory":
        """Ask for all transactions of an order."""
        ...

    def capture(
        self,
        order_id: str,
        amount: "Money",
        *,
        key: str | None = None,
        remember: "Callable[[Operation], object] | None" = None,
    ) -> "OperationDone":
        """Take the money that was reserved, once."""
        ...

    def void(
        self,
        order_id: str,
        transaction_id: str | None = None,
        *,
        key: str | None = None,
        remember: "Callable[[Operation], object] | None" = None,
    ) -> "OperationDone":
        """Cancel a transaction before its batch is closed."""
        ...

    def refund(
        self,
        order_id: str,
        amount: "Money",
        *,
        key: str | None = None,
        remember: "Callable[[Operation], object] | None" = None,
    ) -> "OperationDone":
        """Give money back after its batch was closed."""
        ...

    def resolve(self, operation: "Operation") -> "Resolution":
        """Find out whether an operation was carried out whose answer was lost."""
        ...


class Mailer(Protocol):
    """Hand an e-mail over to whatever delivers it."""

    def send(self, message: EmailMessage) -> None:
        """
        Take responsibility for *message*, or raise.

        The same message may be handed over again after a crash, with the same ``Message-ID``:
        a mailer that can recognise it should deliver it once.

        Raises:
            MailError: The message was not taken; it will be handed over again later. Errors of `smtplib` and of sockets are
                understood so too, but their words are not kept, since they may name the customer.
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
