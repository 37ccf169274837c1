"""
The life of a payment, as one table of edges.

An **order** is one selection of invoices that a customer wants to pay. Each **attempt** at paying it is one
form that was signed and handed to a browser, with a gateway order id of its own. What happens to both comes
from four sides that know nothing of each other: the customer (who may start again, in another tab, tomorrow),
the gateway (whose callbacks repeat, arrive late, arrive out of order, or never), the gateway once more (when it is
asked) and the operator's staff. Six facts about them shape the table:

* **A decline is not an end.** The gateway lets the customer try another card under the same order id, so that
  several declines may precede an approval. A declined attempt is still payable; its decline is only what the
  return page says.
* **Expiry is not an end either.** It says that nothing was heard and the gateway held nothing when it was asked. An
  approval that comes later is money.
* **An approval outlives everything before it.** Money that a bank authorized is money, whatever we thought of the
  attempt: declined, expired, or superseded by a newer one. It is refused in one case only, when the invoices are already
  paid: then it is not captured, and the sweep (or a person) has it voided.
* **Nothing undoes an approval but an act.** A late decline, or an approval that arrives twice, leaves an
  accepted or paid attempt where it is. A void or a refund that the gateway shows undoes it, and so does a person. From
  then on it does not count (`counts`), and what the gateway shows of it later is judged as if it had never counted.
* **Capture requested is not captured.** Our answer to a callback asks the gateway to take the money, and so does our
  own request. Captured is what the gateway says when it is asked, and nothing else.
* **Accepted and paid are two things.** Accepted: the callback said so. Paid: it is confirmed, with the gateway or,
  where so configured, by the callback alone (`Event.TRUST`: the order is paid, its attempt is still no more than
  requested). Receipt, receipt number, mail and posting belong to paid.

So every event that a callback can bring has an edge from every state that an attempt can be in once its form has left:
a callback is never refused by the table, it merely may change nothing. What *we* do or learn (supersede, capture,
confirm, void) is refused where it makes no sense, with a `TransitionError` that names the states of both and the event. `apply` is the
only door; there is no way to set a state. The rows below are the table; `EDGES` is the same, one edge at a time.

Customers see fewer states than there are: each state carries the `PublicState` that it shows.
"""

from collections.abc import Iterable, Mapping
from enum import Enum, StrEnum, unique
from typing import Final, Self, TypeAlias, overload

from rak_billing.errors import JournalError


@unique
class PublicState(StrEnum):
    """What a customer is told about a payment."""

    PENDING = "pending"
    RECEIVED = "received"
    PAID = "paid"
    REFUSED = "refused"
    SUPERSEDED = "superseded"
    EXPIRED = "expired"
    RETURNED = "returned"
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

    DRAFT = "draft", PublicState.PENDING
    OPEN = "open", PublicState.PENDING
    ACCEPTED = "accepted", PublicState.RECEIVED
    PAID = "paid", PublicState.PAID
    PART_REFUNDED = "part_refunded", PublicState.PAID
    REFUNDED = "refunded", PublicState.RETURNED
    VOIDED = "voided", PublicState.RETURNED

    @property
    def was_paid(self) -> bool:
        """Whether it is paid, or was: it has a receipt."""
        return self in _WERE_PAID

    @property
    def holds_invoices(self) -> bool:
        """Whether its invoices are paid by it, so that another payment of them is one too many."""
        return self in _HOLDING


@unique
class AttemptState(_Shown):
    """Where one signed form stands."""

    DRAFT = "draft", PublicState.PENDING
    SENT = "sent", PublicState.PENDING
    DECLINED = "declined", PublicState.REFUSED
    SUPERSEDED = "superseded", PublicState.SUPERSEDED
    EXPIRED = "expired", PublicState.EXPIRED
    DOUBTFUL = "doubtful", PublicState.REVIEW
    AUTHORIZED = "authorized", PublicState.RECEIVED
    CAPTURE_REQUESTED = "capture_requested", PublicState.RECEIVED
    UNKNOWN = "unknown", PublicState.RECEIVED
    CAPTURED = "captured", PublicState.PAID
    SETTLED = "settled", PublicState.PAID
    PART_REFUNDED = "part_refunded", PublicState.PAID
    REFUNDED = "refunded", PublicState.RETURNED
    VOIDED = "voided", PublicState.RETURNED
    DUPLICATE = "duplicate", PublicState.REVIEW
    NEEDS_PERSON = "needs_person", PublicState.REVIEW

    @property
    def has_ended(self) -> bool:
        """Whether its money was given back, so that no approval that arrives now is worth anything."""
        return self in _ENDED


_WERE_PAID: Final = frozenset(
    {OrderState.PAID, OrderState.PART_REFUNDED, OrderState.REFUNDED, OrderState.VOIDED}
)
_HOLDING: Final = frozenset({OrderState.ACCEPTED, OrderState.PAID, OrderState.PART_REFUNDED})
_PAYABLE: Final = frozenset({OrderState.DRAFT, OrderState.OPEN})
_FALLEN: Final = frozenset({AttemptState.VOIDED, AttemptState.EXPIRED})
_ENDED: Final = frozenset({AttemptState.VOIDED, AttemptState.PART_REFUNDED, AttemptState.REFUNDED})


@unique
class Event(StrEnum):
    """What can happen to an order or an attempt."""

    SEND = "send"  # the form is handed to the customer's browser
    SUPERSEDE = "supersede"  # the customer started another attempt at the same invoices
    APPROVE = "approve"  # the gateway approved, and the invoices are still to be paid
    DUPLICATE = "duplicate"  # the gateway approved, but the invoices are already paid
    DECLINE = "decline"  # the bank, or the card holder's authentication, said no
    DOUBT = "doubt"  # the gateway failed, with a sign that the bank had authorized
    FAIL = "fail"  # the gateway failed, without such a sign
    TRUST = "trust"  # the approval counts as paid though nobody asked the gateway
    AUTHORIZE = "authorize"  # the gateway holds the money reserved, and has not taken it
    CAPTURE = "capture"  # we asked it to take what it holds
    UNSURE = "unsure"  # we asked, and no answer that can be read came
    CONFIRM = "confirm"  # the money is known to be ours
    SETTLE = "settle"  # its batch is closed
    VOID = "void"  # the payment of the order was cancelled before its batch closed
    REFUND_PART = "refund_part"  # a part of the payment was given back
    REFUND = "refund"  # all of it was given back
    REINSTATE = "reinstate"  # a person finds that what was undone here stands at the gateway
    RELEASE = "release"  # a payment that does not count was cancelled
    RETURN = "return"  # a payment that does not count was given back
    EXPIRE = "expire"  # the gateway was asked, and holds nothing
    DISPROVE = "disprove"  # what was accepted was no payment
    REFER = "refer"  # a person has to look
    NOTE = "note"  # a person looked


#: Either kind of state.
State: TypeAlias = OrderState | AttemptState


class TransitionError(JournalError):
    """
    This event cannot happen to a payment that stands so.

    Attributes:
        state: The state, of order or attempt, that has no edge for the event.
        event: What was to happen.
        beside: Where the other of the two stood; None where only one was moved.
    """

    def __init__(self, state: State, event: Event, *, beside: State | None = None) -> None:
        other = "" if beside is None else f" (beside it: {_name(beside)})"
        super().__init__(f"{_name(state)}: no edge for the event {event.value}{other}")
        self.state = state
        self.event = event
        self.beside = beside


def _name(state: State) -> str:
    return f"{type(state).__name__} {state.value}"


#: The events that a callback can bring; each has an edge from every state but that of a draft.
GATEWAY_EVENTS: Final = frozenset({Event.APPROVE, Event.DUPLICATE, Event.DECLINE, Event.DOUBT, Event.FAIL})

_O: TypeAlias = OrderState
_A: TypeAlias = AttemptState

# Several states, an event, the state that it leads to (None: each stays), and why.
_Row: TypeAlias = tuple[tuple[State, ...], Event, State | None, str]

_LEFT: Final = tuple(state for state in AttemptState if state is not _A.DRAFT)
_ISSUED: Final = tuple(state for state in OrderState if state is not _O.DRAFT)
_UNPAID: Final = (_A.SENT, _A.DECLINED, _A.SUPERSEDED, _A.EXPIRED)
_UNDER_WAY: Final = (_A.AUTHORIZED, _A.CAPTURE_REQUESTED, _A.UNKNOWN)
_TAKEN: Final = (_A.CAPTURED, _A.SETTLED)
_GIVEN_BACK: Final = (_A.PART_REFUNDED, _A.REFUNDED)
_BEYOND_SENT: Final = tuple(state for state in _LEFT if state is not _A.SENT)
_BEYOND_UNPAID: Final = tuple(state for state in _LEFT if state not in _UNPAID)
_DECIDED: Final = tuple(state for state in _ISSUED if state is not _O.OPEN)

_ORDER_ROWS: Final[tuple[_Row, ...]] = (
    ((_O.DRAFT,), Event.SEND, _O.OPEN, "its first form went to the customer"),
    ((_O.OPEN,), Event.SEND, _O.OPEN, "another try"),
    (_ISSUED, Event.SUPERSEDE, None, "an older attempt gave way to a newer"),
    ((_O.OPEN,), Event.APPROVE, _O.ACCEPTED, "an attempt at it was approved"),
    (_DECIDED, Event.APPROVE, None, "approved already"),
    ((_O.OPEN,), Event.DUPLICATE, None, "another order paid its invoices"),
    (_DECIDED, Event.DUPLICATE, None, "the second approval is voided"),
    (_ISSUED, Event.DECLINE, None, "a decline leaves it payable, and undoes nothing"),
    (_ISSUED, Event.DOUBT, None, "a person looks; nothing is known to be paid or undone"),
    (_ISSUED, Event.FAIL, None, "a failure leaves it payable, and undoes nothing"),
    ((_O.ACCEPTED,), Event.TRUST, _O.PAID, "the operator counts the callback alone"),
    ((_O.OPEN,), Event.AUTHORIZE, _O.ACCEPTED, "the gateway holds the money of an attempt at it"),
    ((_O.ACCEPTED, _O.PAID), Event.AUTHORIZE, None, "its money is held, and not taken yet"),
    ((_O.ACCEPTED, _O.PAID), Event.CAPTURE, None, "the money is asked for"),
    ((_O.ACCEPTED, _O.PAID), Event.UNSURE, None, "whether the money was taken is not known"),
    ((_O.ACCEPTED,), Event.CONFIRM, _O.PAID, "the money is known to be ours"),
    ((_O.PAID,), Event.CONFIRM, None, "paid already"),
    ((_O.PAID, _O.PART_REFUNDED), Event.SETTLE, None, "the money moves to the operator's bank"),
    ((_O.ACCEPTED,), Event.VOID, _O.OPEN, "the payment was cancelled before it counted"),
    ((_O.PAID,), Event.VOID, _O.VOIDED, "its payment was cancelled"),
    ((_O.PAID, _O.PART_REFUNDED), Event.REFUND_PART, _O.PART_REFUNDED, "a part was given back"),
    ((_O.ACCEPTED,), Event.REFUND, _O.OPEN, "the payment was given back before it counted"),
    ((_O.PAID, _O.PART_REFUNDED), Event.REFUND, _O.REFUNDED, "all was given back"),
    ((_O.VOIDED, _O.REFUNDED), Event.REINSTATE, _O.PAID, "its payment stands after all"),
    (_ISSUED, Event.RELEASE, None, "what was cancelled never counted"),
    (_ISSUED, Event.RETURN, None, "what was given back never counted"),
    (_ISSUED, Event.EXPIRE, None, "an attempt that came to nothing leaves it payable"),
    ((_O.ACCEPTED,), Event.DISPROVE, _O.OPEN, "there was no money behind the approval"),
    ((_O.PAID,), Event.DISPROVE, _O.VOIDED, "there was no money behind the approval"),
    (_ISSUED, Event.REFER, None, "a person looks"),
    (_ISSUED, Event.NOTE, None, "a person looked"),
)

_ATTEMPT_ROWS: Final[tuple[_Row, ...]] = (
    ((_A.DRAFT,), Event.SEND, _A.SENT, "the form went to the customer"),
    ((_A.SENT,), Event.SUPERSEDE, _A.SUPERSEDED, "the customer started again"),
    ((_A.SENT,), Event.APPROVE, _A.CAPTURE_REQUESTED, "approved at the first try"),
    ((_A.DECLINED,), Event.APPROVE, _A.CAPTURE_REQUESTED, "approved after a decline"),
    ((_A.SUPERSEDED,), Event.APPROVE, _A.CAPTURE_REQUESTED, "paid in the older tab after all"),
    ((_A.EXPIRED,), Event.APPROVE, _A.CAPTURE_REQUESTED, "a late approval is money"),
    ((_A.DOUBTFUL, _A.NEEDS_PERSON), Event.APPROVE, _A.CAPTURE_REQUESTED, "approved after a doubt"),
    (_UNDER_WAY, Event.APPROVE, _A.CAPTURE_REQUESTED, "the approval came behind what was asked"),
    ((*_TAKEN, _A.PART_REFUNDED), Event.APPROVE, None, "approved already"),
    (
        (_A.DUPLICATE,),
        Event.APPROVE,
        _A.CAPTURE_REQUESTED,
        "the payment beside which it was one too many is no more",
    ),
    ((_A.VOIDED, _A.REFUNDED), Event.APPROVE, _A.NEEDS_PERSON, "approved after it was given back"),
    ((*_UNPAID, _A.DOUBTFUL), Event.DUPLICATE, _A.DUPLICATE, "approved, not captured, to be voided"),
    ((*_UNDER_WAY, *_TAKEN), Event.DUPLICATE, None, "the second approval is voided"),
    ((*_GIVEN_BACK, _A.VOIDED), Event.DUPLICATE, None, "what came back stays so"),
    ((_A.DUPLICATE, _A.NEEDS_PERSON), Event.DUPLICATE, None, "a person or the sweep looks already"),
    ((_A.SENT,), Event.DECLINE, _A.DECLINED, "declined; the customer may try again"),
    (_BEYOND_SENT, Event.DECLINE, None, "a late decline undoes nothing"),
    (_UNPAID, Event.DOUBT, _A.DOUBTFUL, "perhaps authorized; a person looks"),
    (_BEYOND_UNPAID, Event.DOUBT, None, "a late failure undoes nothing"),
    (_LEFT, Event.FAIL, None, "no card was charged, and nothing is undone"),
    ((_A.CAPTURE_REQUESTED,), Event.TRUST, None, "counts as paid; that it was captured is still to be seen"),
    ((*_UNPAID, _A.DOUBTFUL), Event.AUTHORIZE, _A.AUTHORIZED, "no callback told, and the gateway holds it"),
    (_UNDER_WAY, Event.AUTHORIZE, _A.AUTHORIZED, "the capture that was asked for was not made"),
    ((_A.NEEDS_PERSON,), Event.AUTHORIZE, None, "a person looks already"),
    ((_A.AUTHORIZED,), Event.CAPTURE, _A.CAPTURE_REQUESTED, "the sweep asks for it"),
    (_UNDER_WAY, Event.UNSURE, _A.UNKNOWN, "asked for, and no answer that can be read came"),
    (_UNDER_WAY, Event.CONFIRM, _A.CAPTURED, "the gateway says that it was taken"),
    ((_A.NEEDS_PERSON,), Event.CONFIRM, _A.CAPTURED, "it was taken after all"),
    (_TAKEN, Event.SETTLE, _A.SETTLED, "the gateway closed its batch"),
    (
        (*_UNDER_WAY, *_TAKEN, _A.NEEDS_PERSON),
        Event.VOID,
        _A.VOIDED,
        "the gateway says that it was cancelled",
    ),
    ((*_TAKEN, _A.PART_REFUNDED), Event.REFUND_PART, _A.PART_REFUNDED, "a part was given back"),
    (
        (*_UNDER_WAY, *_TAKEN, _A.PART_REFUNDED, _A.NEEDS_PERSON),
        Event.REFUND,
        _A.REFUNDED,
        "all was given back",
    ),
    (
        (_A.VOIDED, _A.REFUNDED, _A.EXPIRED, _A.NEEDS_PERSON, _A.DOUBTFUL, _A.DUPLICATE),
        Event.REINSTATE,
        _A.CAPTURED,
        "a person sees its money taken at the gateway",
    ),
    (
        (*_UNPAID, _A.DOUBTFUL, _A.DUPLICATE, _A.NEEDS_PERSON),
        Event.RELEASE,
        _A.VOIDED,
        "the reserved money is free again",
    ),
    (
        (*_UNPAID, _A.DOUBTFUL, _A.DUPLICATE, _A.NEEDS_PERSON, _A.VOIDED),
        Event.RETURN,
        _A.REFUNDED,
        "what does not count was given back",
    ),
    ((_A.VOIDED,), Event.RELEASE, None, "cancelled already"),
    ((_A.REFUNDED,), Event.RETURN, None, "given back already"),
    (
        (_A.SENT, _A.DOUBTFUL, _A.DUPLICATE, _A.NEEDS_PERSON),
        Event.EXPIRE,
        _A.EXPIRED,
        "the gateway holds nothing of it",
    ),
    ((_A.DECLINED, _A.SUPERSEDED, _A.EXPIRED), Event.EXPIRE, None, "it came to nothing already"),
    ((*_UNDER_WAY, _A.NEEDS_PERSON), Event.DISPROVE, _A.EXPIRED, "a person found no money behind it"),
    ((*_UNPAID, _A.DOUBTFUL, *_UNDER_WAY), Event.REFER, _A.NEEDS_PERSON, "nothing that is safe can be done"),
    (
        (*_TAKEN, *_GIVEN_BACK, _A.VOIDED, _A.DUPLICATE, _A.NEEDS_PERSON),
        Event.REFER,
        None,
        "a person looks at something beside it",
    ),
    (_LEFT, Event.NOTE, None, "a person looked"),
)


def _spread(rows: Iterable[_Row]) -> Mapping[tuple[State, Event], tuple[State, str]]:
    edges: dict[tuple[State, Event], tuple[State, str]] = {}
    for states, event, end, label in rows:
        for start in states:
            assert (start, event) not in edges, f"two edges for {start} and {event}"
            edges[start, event] = (end or start, label)
    return edges


#: State and event to the next state, and why. Orders and attempts begin as a DRAFT.
EDGES: Final = _spread((*_ORDER_ROWS, *_ATTEMPT_ROWS))


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


def apply_to_both(order: OrderState, attempt: AttemptState, event: Event) -> tuple[OrderState, AttemptState]:
    """
    Return the states of an order, and of the attempt at it that *event* befell, after it.

    Raises:
        TransitionError: The table has no such edge from one of them; it names both.
    """
    try:
        return apply(order, event), apply(attempt, event)
    except TransitionError as error:
        beside = attempt if error.state is order else order
        raise TransitionError(error.state, event, beside=beside) from None


def counts(attempt: AttemptState, order: OrderState) -> bool:
    """
    Say whether an accepted payment can still be the one that its order counts, or counted, where both stand so.

    It cannot once it was cancelled or proved to be none, nor where its order is to be paid again: another attempt may
    then pay, and one order never has two payments.
    """
    return order not in _PAYABLE and attempt not in _FALLEN


def shown(attempt: AttemptState, order: OrderState) -> PublicState:
    """
    Say what the return page of one attempt tells the customer.

    An attempt that needs a person or was given back says so. Else, once the order is accepted or paid, by whichever
    attempt, that is the news; before that, it is what became of this attempt.
    """
    is_its_own = attempt.public in {PublicState.REVIEW, PublicState.RETURNED}
    return attempt.public if is_its_own or order.public is PublicState.PENDING else order.public
