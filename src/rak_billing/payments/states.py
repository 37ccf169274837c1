"""
The life of a payment, as one table of edges.

An **order** is one selection of invoices that a customer wants to pay. Each **attempt** at paying it is one
form that was signed and handed to a browser, with a gateway order id of its own. What happens to both comes
from three sides that know nothing of each other: the customer (who may start again, in another tab, tomorrow),
the gateway (whose callbacks repeat, arrive late, arrive out of order, or never) and the bank behind it. Four
facts about them shape the table:

* **A decline is not an end.** The gateway lets the customer try another card under the same order id, so that
  several declines may precede an approval. A declined attempt is still payable; its decline is only what the
  return page says.
* **An approval outlives everything before it.** Money that a bank authorized is money, whatever we thought of the
  attempt: declined, or superseded by a newer one. It is refused in one case only, when the invoices are already
  paid: then it is not captured, and a person (or the sweep) has it voided.
* **Nothing undoes an approval but an act of ours.** A late decline, or an approval that arrives twice, leaves an
  accepted or paid attempt where it is.
* **Accepted and paid are two things.** Accepted: the callback said so. Paid: it is confirmed, with the gateway or,
  where so configured, by the callback alone. Receipt, receipt number, mail and posting belong to paid.

So every event that the gateway can send has an edge from every state: a callback is never refused by the table,
it merely may change nothing. What *we* do (supersede, confirm) is refused where it makes no sense, with a
`TransitionError` that names state and event. `apply` is the only door; there is no way to set a state.

Customers see fewer states than there are: each state carries the `PublicState` that it shows.
"""

from collections.abc import Mapping
from enum import Enum, StrEnum, unique
from typing import Final, Self, TypeAlias, overload

from rak_billing.errors import JournalError


class TransitionError(JournalError):
    """
    This event cannot happen in this state.

    Attributes:
        state: The state that the order or attempt was in.
        event: What was to happen to it.
    """

    def __init__(self, state: "AttemptState | OrderState", event: "Event") -> None:
        super().__init__(f"{type(state).__name__} {state.value}: no edge for the event {event.value}")
        self.state = state
        self.event = event


@unique
class PublicState(StrEnum):
    """What a customer is told about a payment."""

    PENDING = "pending"
    RECEIVED = "received"
    PAID = "paid"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    REVIEW = "review"


class _Shown(Enum):
    """A state with a name for the journal and the public state that it shows."""

    _public: PublicState

    def __new__(cls, value: str, public: PublicState) -> Self:
        state = object.__new__(cls)
        state._value_ = value
        state._public = public
        return state

    @classmethod
    def named(cls, name: str) -> Self:
        """Return the state that the journal calls *name*."""
        return next(state for state in cls if state.value == name)

    @property
    def public(self) -> PublicState:
        """What the customer is told while this state lasts."""
        return self._public


@unique
class OrderState(_Shown):
    """Where one selection of invoices stands."""

    OPEN = "open", PublicState.PENDING
    ACCEPTED = "accepted", PublicState.RECEIVED
    PAID = "paid", PublicState.PAID


@unique
class AttemptState(_Shown):
    """Where one signed form stands."""

    SENT = "sent", PublicState.PENDING
    DECLINED = "declined", PublicState.REFUSED
    SUPERSEDED = "superseded", PublicState.SUPERSEDED
    DOUBTFUL = "doubtful", PublicState.REVIEW
    ACCEPTED = "accepted", PublicState.RECEIVED
    PAID = "paid", PublicState.PAID
    DUPLICATE = "duplicate", PublicState.REVIEW


@unique
class Event(StrEnum):
    """What can happen to an order or an attempt."""

    APPROVE = "approve"  # the gateway approved, and the invoices are still to be paid
    DUPLICATE = "duplicate"  # the gateway approved, but the invoices are already paid
    DECLINE = "decline"  # the bank, or the card holder's authentication, said no
    DOUBT = "doubt"  # the gateway failed, with a sign that the bank had authorized
    FAIL = "fail"  # the gateway failed, without such a sign
    SUPERSEDE = "supersede"  # the customer started another attempt at the same invoices
    CONFIRM = "confirm"  # the money is known to be ours


#: Either kind of state.
State: TypeAlias = OrderState | AttemptState

#: The events that a callback can bring; each has an edge from every state.
GATEWAY_EVENTS: Final = frozenset({Event.APPROVE, Event.DUPLICATE, Event.DECLINE, Event.DOUBT, Event.FAIL})

#: State and event to the next state, and why. Orders begin OPEN, attempts begin SENT.
EDGES: Final[Mapping[tuple[State, Event], tuple[State, str]]] = {
    (OrderState.OPEN, Event.APPROVE): (OrderState.ACCEPTED, "an attempt at it was approved"),
    (OrderState.OPEN, Event.DUPLICATE): (OrderState.OPEN, "another order paid its invoices"),
    (OrderState.OPEN, Event.DECLINE): (OrderState.OPEN, "a declined attempt leaves it payable"),
    (OrderState.OPEN, Event.DOUBT): (OrderState.OPEN, "a person looks; nothing is known to be paid"),
    (OrderState.OPEN, Event.FAIL): (OrderState.OPEN, "a failed attempt leaves it payable"),
    (OrderState.OPEN, Event.SUPERSEDE): (OrderState.OPEN, "an older attempt gave way to a newer"),
    (OrderState.ACCEPTED, Event.CONFIRM): (OrderState.PAID, "the money is known to be ours"),
    (OrderState.ACCEPTED, Event.APPROVE): (OrderState.ACCEPTED, "approved already"),
    (OrderState.ACCEPTED, Event.DUPLICATE): (OrderState.ACCEPTED, "the second approval is voided"),
    (OrderState.ACCEPTED, Event.DECLINE): (OrderState.ACCEPTED, "a late decline undoes nothing"),
    (OrderState.ACCEPTED, Event.DOUBT): (OrderState.ACCEPTED, "a late failure undoes nothing"),
    (OrderState.ACCEPTED, Event.FAIL): (OrderState.ACCEPTED, "a late failure undoes nothing"),
    (OrderState.ACCEPTED, Event.SUPERSEDE): (OrderState.ACCEPTED, "an idle attempt gave way to a newer"),
    (OrderState.PAID, Event.APPROVE): (OrderState.PAID, "paid already"),
    (OrderState.PAID, Event.DUPLICATE): (OrderState.PAID, "the second approval is voided"),
    (OrderState.PAID, Event.DECLINE): (OrderState.PAID, "a late decline undoes nothing"),
    (OrderState.PAID, Event.DOUBT): (OrderState.PAID, "a late failure undoes nothing"),
    (OrderState.PAID, Event.FAIL): (OrderState.PAID, "a late failure undoes nothing"),
    (OrderState.PAID, Event.SUPERSEDE): (OrderState.PAID, "an idle attempt gave way to a newer"),
    (AttemptState.SENT, Event.APPROVE): (AttemptState.ACCEPTED, "approved at the first try"),
    (AttemptState.SENT, Event.DUPLICATE): (AttemptState.DUPLICATE, "approved, not captured, to be voided"),
    (AttemptState.SENT, Event.DECLINE): (AttemptState.DECLINED, "declined; the customer may try again"),
    (AttemptState.SENT, Event.DOUBT): (AttemptState.DOUBTFUL, "perhaps authorized; a person looks"),
    (AttemptState.SENT, Event.FAIL): (AttemptState.SENT, "no card was charged; it stays payable"),
    (AttemptState.SENT, Event.SUPERSEDE): (AttemptState.SUPERSEDED, "the customer started again"),
    (AttemptState.DECLINED, Event.APPROVE): (AttemptState.ACCEPTED, "approved after a decline"),
    (AttemptState.DECLINED, Event.DUPLICATE): (
        AttemptState.DUPLICATE,
        "approved, not captured, to be voided",
    ),
    (AttemptState.DECLINED, Event.DECLINE): (AttemptState.DECLINED, "declined once more"),
    (AttemptState.DECLINED, Event.DOUBT): (AttemptState.DOUBTFUL, "perhaps authorized; a person looks"),
    (AttemptState.DECLINED, Event.FAIL): (AttemptState.DECLINED, "no card was charged; it stays payable"),
    (AttemptState.SUPERSEDED, Event.APPROVE): (AttemptState.ACCEPTED, "paid in the older tab after all"),
    (AttemptState.SUPERSEDED, Event.DUPLICATE): (
        AttemptState.DUPLICATE,
        "its successor is paid; to be voided",
    ),
    (AttemptState.SUPERSEDED, Event.DECLINE): (AttemptState.SUPERSEDED, "declined in the older tab"),
    (AttemptState.SUPERSEDED, Event.DOUBT): (AttemptState.DOUBTFUL, "perhaps authorized; a person looks"),
    (AttemptState.SUPERSEDED, Event.FAIL): (AttemptState.SUPERSEDED, "no card was charged"),
    (AttemptState.DOUBTFUL, Event.APPROVE): (AttemptState.ACCEPTED, "approved after a doubtful failure"),
    (AttemptState.DOUBTFUL, Event.DUPLICATE): (
        AttemptState.DUPLICATE,
        "approved, not captured, to be voided",
    ),
    (AttemptState.DOUBTFUL, Event.DECLINE): (AttemptState.DOUBTFUL, "a decline does not settle the doubt"),
    (AttemptState.DOUBTFUL, Event.DOUBT): (AttemptState.DOUBTFUL, "a person looks already"),
    (AttemptState.DOUBTFUL, Event.FAIL): (AttemptState.DOUBTFUL, "a failure does not settle the doubt"),
    (AttemptState.ACCEPTED, Event.CONFIRM): (AttemptState.PAID, "the money is known to be ours"),
    (AttemptState.ACCEPTED, Event.APPROVE): (AttemptState.ACCEPTED, "approved already"),
    (AttemptState.ACCEPTED, Event.DUPLICATE): (AttemptState.ACCEPTED, "the second approval is voided"),
    (AttemptState.ACCEPTED, Event.DECLINE): (AttemptState.ACCEPTED, "a late decline undoes nothing"),
    (AttemptState.ACCEPTED, Event.DOUBT): (AttemptState.ACCEPTED, "a late failure undoes nothing"),
    (AttemptState.ACCEPTED, Event.FAIL): (AttemptState.ACCEPTED, "a late failure undoes nothing"),
    (AttemptState.PAID, Event.APPROVE): (AttemptState.PAID, "paid already"),
    (AttemptState.PAID, Event.DUPLICATE): (AttemptState.PAID, "the second approval is voided"),
    (AttemptState.PAID, Event.DECLINE): (AttemptState.PAID, "a late decline undoes nothing"),
    (AttemptState.PAID, Event.DOUBT): (AttemptState.PAID, "a late failure undoes nothing"),
    (AttemptState.PAID, Event.FAIL): (AttemptState.PAID, "a late failure undoes nothing"),
    (AttemptState.DUPLICATE, Event.APPROVE): (AttemptState.DUPLICATE, "to be voided already"),
    (AttemptState.DUPLICATE, Event.DUPLICATE): (AttemptState.DUPLICATE, "one more approval to be voided"),
    (AttemptState.DUPLICATE, Event.DECLINE): (AttemptState.DUPLICATE, "a late decline voids nothing"),
    (AttemptState.DUPLICATE, Event.DOUBT): (AttemptState.DUPLICATE, "to be voided already"),
    (AttemptState.DUPLICATE, Event.FAIL): (AttemptState.DUPLICATE, "a late failure voids nothing"),
}


@overload
def apply(state: OrderState, event: Event) -> OrderState: ...
@overload
def apply(state: AttemptState, event: Event) -> AttemptState: ...
def apply(state: State, event: Event) -> State:
    """
    Return the state after *event*; the only way from one state to another.

    Raises:
        TransitionError: The table has no such edge.
    """
    edge = EDGES.get((state, event))
    if edge is None:
        raise TransitionError(state, event)
    return edge[0]


def shown(attempt: AttemptState, order: OrderState) -> PublicState:
    """
    Say what the return page of one attempt tells the customer.

    An attempt that needs a person says so. Else, once the order is accepted or paid, by whichever attempt,
    that is the news; before that, it is what became of this attempt.
    """
    if attempt.public is PublicState.REVIEW or order is OrderState.OPEN:
        return attempt.public
    return order.public
