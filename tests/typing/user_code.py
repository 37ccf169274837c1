"""
What a user writes, for the type checker alone: ``mypy --strict`` reads it against the installed packages.

Nothing here runs. Every ``type: ignore`` stands for a mistake that has to be caught; one that is no longer needed fails.
"""

from datetime import date, datetime, timedelta
from email.message import EmailMessage
from typing import assert_never

import cmi_gateway as cmi
import rak_billing as rak
from cmi_gateway.signature import hash_ver3
from cmi_gateway.testing import (
    CallbackKind,
    InProcessSimulator,
    ServedSimulator,
    sample_request,
    signed_callback,
)
from rak_billing.billing_posting import AlreadyPosted, Posted, Posting, Refused
from rak_billing.exactly_once import ExactlyOnce
from rak_billing.payments.port import JournalPort
from rak_billing.payments.states import AttemptState, Event, OrderState, PublicState, apply
from rak_billing.portal.app import create_app
from rak_billing.ports import BillingSystem, Mailer, PostingReceiver, PostingSearch, takes_postings
from rak_billing.testing.journal_conformance import JournalConformance


def paid(
    body: bytes, merchant: cmi.Merchant, form: cmi.SignedForm, amount: cmi.Money
) -> tuple[bool, cmi.Reply]:
    """Handle every outcome; the checker knows that there is no fifth."""
    callback = merchant.verify(body)
    callback.must_match(order_id=form.order_id, amount=amount, sent=form.fields)
    outcome = callback.outcome
    match outcome:
        case cmi.Approved(facts):
            return facts.authorization_code is not None, callback.reply
        case cmi.Declined(code=code):
            return code == "00", callback.reply
        case cmi.NotAuthenticated() | cmi.Failed():
            return False, cmi.Reply.FAILURE
        case _:
            assert_never(outcome)


def forgets_an_outcome(outcome: cmi.Outcome) -> str:
    """Forget one outcome; the checker says so."""
    match outcome:
        case cmi.Approved():
            return "paid"
        case cmi.Declined() | cmi.NotAuthenticated():
            return "not paid"
        case _:
            assert_never(outcome)  # type: ignore[arg-type]


def mistakes(callback: cmi.Callback, total: cmi.Money) -> None:
    """Make the mistakes that the types are there to catch."""
    callback.must_match(order_id="A", amount=total)  # type: ignore[call-arg]
    callback.must_match(order_id="A", amount=114.26, sent=())  # type: ignore[arg-type]
    total + 1  # type: ignore[operator]
    cmi.Money.parse(114.26)  # type: ignore[arg-type]
    cmi.PaymentRequest(order_id="A")  # type: ignore[call-arg]


class Bills:
    """A billing system, by its one method."""

    def statement(self, customer_ref: str) -> rak.Statement | None:
        """Know nobody."""
        return None


class Post:
    """A mailer, by its one method."""

    def send(self, message: EmailMessage) -> None:
        """Throw it away."""


class HalfABillingSystem:
    """Answers with a list: not what the port asks for."""

    def statement(self, customer_ref: str) -> list[rak.Invoice]:
        """Know nobody."""
        return []


def portal(journal: rak.Journal, merchant: cmi.Merchant) -> object:
    """Put a portal together from parts of one's own."""
    bills: BillingSystem = Bills()
    post: Mailer = Post()
    checkout = rak.Checkout(
        tenant=rak.Tenant.preset("rak"),
        billing=bills,
        journal=journal,
        merchant=merchant,
        mailer=post,
        secret_key=b"0123456789abcdef",
    )
    return create_app(checkout, secret_key=b"0123456789abcdef")


def not_a_billing_system() -> BillingSystem:
    """Hand over something that looks like a billing system."""
    return HalfABillingSystem()  # type: ignore[return-value]


def priced(invoices: list[rak.Invoice], on: date) -> tuple[rak.Quote, str]:
    """Go from invoices to a quote."""
    selection = rak.select(invoices, chosen={"123456789"}, on=on)
    fee: rak.Fee = rak.FeeSchedule.preset("rak-2018").fee(selection.total, invoices=len(invoices), on=on)
    total: cmi.Money = sum((invoice.amount for invoice in invoices), cmi.Money(0))
    return rak.Quote.of(selection, fee), total.wire


def posted(instant: datetime) -> date:
    """Give the day on which a payment counts."""
    return rak.posting_date(instant)


def asked(merchant: cmi.Merchant, password: str) -> str:
    """Ask for an order, and handle every state: the checker proves that none is forgotten."""
    api = cmi.ApiClient(merchant, user="api", password=password, operations=["refund"])
    status: cmi.OrderStatus = api.status("A-1", expected=cmi.Money.parse("114.26"))
    match status.state:
        case cmi.OrderState.PAID | cmi.OrderState.CAPTURED | cmi.OrderState.AMOUNT_MISMATCH:
            return "taken"
        case cmi.OrderState.AUTHORIZED | cmi.OrderState.PENDING:
            return "not yet"
        case cmi.OrderState.VOIDED | cmi.OrderState.FAILED | cmi.OrderState.NOT_FOUND:
            return "not paid"
        case cmi.OrderState.REFUND | cmi.OrderState.UNKNOWN:
            return "look"
        case state:
            assert_never(state)


def given_back(api: cmi.ApiClient) -> cmi.Money:
    """Refund, and resolve what was lost: three endings, and no other."""
    try:
        return api.refund("A-1", cmi.Money(100), key="return-17").operation.amount
    except cmi.OutcomeUnknownError as error:
        if error.record is None:
            raise
        match api.resolve(error.record, wait=True):
            case cmi.OperationDone(operation=operation):
                return operation.amount
            case cmi.OperationNotDone() | cmi.OperationUnresolved():
                return cmi.Money(0)
            case resolution:
                assert_never(resolution)


def hashed() -> str:
    """Hash two fields."""
    return hash_ver3([("amount", "95.93"), ("oid", "A-1")], store_key="ABCD1234", order=cmi.NameOrder.NATURAL)


def test_a_shop(cmi_simulator: InProcessSimulator, cmi_simulator_server: ServedSimulator) -> None:
    """Name the fixtures' types; a callback is bytes, and its kind one of a few."""
    form = cmi_simulator.merchant.sign(sample_request(order_id="A-1"))
    body: bytes = signed_callback(form, CallbackKind.DECLINED_LIMIT)
    visit = cmi_simulator.pay(form, lambda raw: cmi.Reply.CAPTURE.value if raw == body else "")
    assert visit.attempt is not None
    signed_callback(form, kind=3)  # type: ignore[arg-type]
    _: cmi.Merchant = cmi_simulator_server.merchant


class Searchable:
    """Billing that can be searched by our key: reads, posts and finds, by the protocols of `rak_billing.ports`."""

    exactly_once = ExactlyOnce.SEARCH
    final_after = timedelta(minutes=10)

    def statement(self, customer_ref: str) -> rak.Statement | None:
        return None

    def post(self, posting: Posting) -> Posted | AlreadyPosted | Refused:
        return Posted("E-1")

    def find_posting(self, posting: Posting) -> Posted | None:
        return None


def checkout_of(merchant: cmi.Merchant, api: cmi.ApiClient) -> rak.Checkout:
    """Make a checkout; a way to confirm that there is not is refused."""
    searchable: BillingSystem = Searchable()
    receiver: PostingReceiver = Searchable()
    finder: PostingSearch = Searchable()
    assert takes_postings(receiver), finder
    journal: JournalPort = rak.Journal.open("sqlite://", keys=[b"k" * 32])
    tenant = rak.Tenant.preset("rak")
    rak.Checkout(tenant=tenant, billing=searchable, journal=journal, merchant=merchant, confirm="never")  # type: ignore[arg-type]
    return rak.Checkout(tenant=tenant, billing=searchable, journal=journal, merchant=merchant, api=api)


def shown(checkout: rak.Checkout, token: str) -> str:
    """Say what a page says: the checker proves that no word is forgotten."""
    view = checkout.payment(token)
    if view is None:
        return "unknown"
    match view.state:
        case PublicState.PENDING | PublicState.RECEIVED | PublicState.PAID:
            return view.receipt_url or str(view.total)
        case PublicState.REFUSED | PublicState.EXPIRED | PublicState.SUPERSEDED:
            return "pay again"
        case PublicState.RETURNED | PublicState.REVIEW:
            return view.order_reference
        case state:
            assert_never(state)


def worked(checkout: rak.Checkout) -> int:
    """Do what a worker does, and what staff do."""
    report: rak.SweepReport = checkout.sweep(limit=10, budget=timedelta(seconds=5))
    matters = checkout.staff().waiting()
    return report.confirmed + checkout.deliver() + len(matters)


def move(order: OrderState) -> OrderState:
    """Move by the only door; kinds of states are not mixed up."""
    attempt: AttemptState = apply(AttemptState.SENT, Event.APPROVE)
    assert attempt is not AttemptState.CAPTURED
    return apply(order, Event.APPROVE)


class TestOurJournal(JournalConformance):
    """The conformance tests of a journal, as an implementer subclasses them."""
