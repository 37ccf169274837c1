"""
The shell that ties bills, gateway and journal together: read, decide, write.

Free of any web framework: a portal calls these methods and shows what they return. Each writes in one transaction,
so that a crash at any point leaves either all of it or nothing. The deciding is done elsewhere, by pure functions.
"""

import time
from collections.abc import Callable, Collection, Iterator
from datetime import timedelta
from itertools import islice
from secrets import compare_digest, token_bytes
from typing import Final, Literal

import attrs

from cmi_gateway.callback import Reply
from cmi_gateway.merchant import Merchant
from cmi_gateway.money import Money
from cmi_gateway.moroccan_time import check_zone_data
from cmi_gateway.payment import SignedForm
from rak_billing.business_day import local_time
from rak_billing.checkout_checks import check_choice, check_limit, is_confirmation, is_text, log_findings
from rak_billing.clock import utc_now
from rak_billing.confirmation import Confirmation
from rak_billing.delivery import Delivery, Notice
from rak_billing.email_address import checked_email
from rak_billing.errors import QuoteError, TermsNotAcceptedError
from rak_billing.fees.schedule import Card, FeeSchedule
from rak_billing.identifiers import RandomBytes, ReceiptSecrets, all_secrets, hash_of
from rak_billing.invoices import Statement
from rak_billing.ordering import quote_of
from rak_billing.payment_request import Language, checked_language
from rak_billing.payment_views import OpenPayment, PaymentView, view_of
from rak_billing.payments.port import JournalPort
from rak_billing.ports import BillingSystem, Clock, GatewayApi, Mailer, takes_postings
from rak_billing.posting_desk import PostingDesk
from rak_billing.proving import prove
from rak_billing.quote import Quote
from rak_billing.quote_seal import QuoteSeal, SealedQuote
from rak_billing.receipt import Receipt
from rak_billing.recovery.gateway import PacedGateway
from rak_billing.recovery.learning import Learning
from rak_billing.recovery.sweeping import Sweep, SweepReport
from rak_billing.selection.rules import NO_RULES, SelectionRules
from rak_billing.selection.suggesting import NoSuggestion, Suggestion, suggest
from rak_billing.settling import answer_callback
from rak_billing.staff import StaffDesk
from rak_billing.starting import Payer, Start, unpaid_here
from rak_billing.tenant import Tenant

#: For how long after its start an undecided payment is shown to the customer: the gateway's session, and a margin.
_OPEN_FOR: Final = timedelta(minutes=60)
#: For how long a quote may be accepted: longer than a page of the portal lives.
_QUOTE_LIFE: Final = timedelta(minutes=60)


_SECRETS_OF_THE_MERCHANT: Final = "rak_billing receipt links"


@attrs.frozen(kw_only=True, eq=False)
class Checkout:
    """
    Everything a portal does with payments. Make one and share it between threads.

    If the tariff makes customers bear a fee that the law puts on the operator, making a checkout logs a warning to
    ``rak_billing.law``, with the texts; if callbacks alone are believed, one to ``rak_billing.confirmation``. It works
    all the same.

    Attributes:
        tenant: The operator.
        billing: Where its invoices come from.
        journal: Where everything is written down.
        merchant: The account at the gateway.
        mailer: Where confirmation mails go. Without one they wait in the outbox, for a checkout that has one.
        secrets: Made of the argument *secret_key*: at least 16 random bytes, kept out of version control. Whoever
            changes it makes the links shown from then on for receipts issued before no longer match; those that
            customers hold stay good. Without it the key is derived from the merchant's newest store key, by
            `cmi_gateway.Merchant.derive_key`; a rotation of that is such a change, from which a key of your own
            is free.
        earlier_keys: Of the argument *earlier_secret_keys*: secret keys that were changed since. What customers
            accepted under them can still be paid and proved; nothing new is sealed with them. Without a key of your own,
            the merchant's older store keys stand for them.
        clock: The present instant, aware and in UTC.
        random_token: Gives that many random bytes.
        api: Asks the gateway, and captures, voids and refunds where that is switched on: a `cmi_gateway.ApiClient`.
        confirm_on: The argument *confirm*. ``"gateway"``, the default with an *api*: what the callback approves is
            accepted, and paid once `sweep` has asked the gateway. ``"callback"``, the default without: it is paid at
            once, which the log warns of, since the gateway's signature is weaker than it looks. ``"later"``: it is
            accepted, and paid once `confirm` is called for it; with an *api* once `sweep` has asked, if that is sooner.
        sleep: Waits for so many seconds between two requests to the gateway.

    Raises:
        TenantError: *secret_key* or *confirm* will not do.
        ConfigurationError: The installed ``tzdata`` is too old to date payments by.
    """

    tenant: Tenant
    billing: BillingSystem = attrs.field(repr=False)
    journal: JournalPort
    merchant: Merchant
    mailer: Mailer | None = attrs.field(default=None, repr=False)
    secrets: ReceiptSecrets = attrs.field(alias="secret_key", converter=ReceiptSecrets, repr=False)
    earlier_keys: tuple[ReceiptSecrets, ...] = attrs.field(
        alias="earlier_secret_keys", converter=all_secrets, repr=False
    )
    clock: Clock = attrs.field(default=utc_now, repr=False)
    random_token: RandomBytes = attrs.field(default=token_bytes, repr=False)
    api: GatewayApi | None = attrs.field(default=None, repr=False)
    confirm_on: Literal["gateway", "callback", "later"] = attrs.field(
        alias="confirm", validator=is_confirmation
    )
    sleep: Callable[[float], object] = attrs.field(default=time.sleep, repr=False)
    _no_mailer: Notice = attrs.field(init=False, repr=False, factory=Notice)
    _no_api: Notice = attrs.field(init=False, repr=False, factory=Notice)

    @confirm_on.default
    def _by_the_best_there_is(self) -> Literal["gateway", "callback"]:
        return "callback" if self.api is None else "gateway"

    @secrets.default
    def _key_of_the_merchant(self) -> bytes:
        return self.merchant.derive_key(_SECRETS_OF_THE_MERCHANT)

    @earlier_keys.default
    def _older_keys_of_the_merchant(self) -> tuple[bytes, ...]:
        newest, *older = self.merchant.derive_keys(_SECRETS_OF_THE_MERCHANT)
        # A key of the operator's own owes nothing to the store keys, one that leaked least of all.
        is_the_merchants = compare_digest(ReceiptSecrets(newest).quote_key, self.secrets.quote_key)
        return tuple(older) if is_the_merchants else ()

    def __attrs_post_init__(self) -> None:
        check_zone_data()
        log_findings(self.tenant, confirm=self.confirm_on)

    def look_up(self, customer_ref: str) -> Statement | None:
        """
        Return what the customer has to pay; None for an unknown customer and for nothing to pay alike (rule R15).

        Invoices that are paid here are left out, though billing may not know it yet.

        Raises:
            BillingUnavailableError: Billing gave no answer; show that, never "nothing to pay".
        """
        statement = self._statement(customer_ref)
        if statement is None:
            return None
        with self.journal.reading() as tx:
            return unpaid_here(tx, self.tenant, statement)

    def _statement(self, customer_ref: str) -> Statement | None:
        statement, pattern = self.billing.statement(customer_ref), self.tenant.mandatory_pattern
        return statement if statement is None or pattern is None else pattern.mark_all(statement)

    def quote(self, statement: Statement, chosen: Collection[str], card: Card) -> Quote:
        """
        Quote the invoices *chosen*, by the operator's rules and on today's tariff; it may be accepted for a while.

        Raises:
            SelectionError: They may not be paid together; says why for each.
            FeeError: The tariff has no fee for this card.
        """
        return self._quote(statement, chosen, card, self.tenant.selection)

    def preview(self, statement: Statement, chosen: Collection[str], card: Card) -> Quote:
        """
        Quote a choice that may not be finished: its sums, before the operator's rules hold. It is never sealed or paid.

        Raises:
            SelectionError: Nothing is chosen, or what is chosen is no single payment.
            FeeError: The tariff has no fee for this card.
        """
        return self._quote(statement, chosen, card, NO_RULES)

    def _quote(
        self, statement: Statement, chosen: Collection[str], card: Card, rules: SelectionRules
    ) -> Quote:
        now = self.clock()
        return quote_of(
            statement,
            chosen,
            card=card,
            schedule=self.tenant.fee_schedule,
            rules=rules,
            on=local_time(now).date(),
            expires_at=now + _QUOTE_LIFE,
        )

    def suggest(self, statement: Statement, chosen: Collection[str]) -> Suggestion | NoSuggestion:
        """Find the smallest change of *chosen* that the operator's rules accept, or say why there is none."""
        today = local_time(self.clock()).date()
        return suggest(statement.invoices, chosen, today, rules=self.tenant.selection)

    def seal(self, customer_ref: str, quote: Quote) -> str:
        """
        Seal *quote* for the page of this customer: what comes back as *accepted* proves what was shown.

        The text is for a hidden field; it is safe in an address too. It holds nothing that the page does not show,
        and nobody can make or change one without the checkout's key.

        Raises:
            QuoteError: It is a preview, made by none of this operator's rules.
        """
        if quote.selection.rules != self.tenant.selection:
            raise QuoteError("expected a quote by this operator's rules; a preview is not to be accepted")
        return self._seal.seal(quote, tenant=self.tenant.id, customer_ref=customer_ref)

    @property
    def _seal(self) -> QuoteSeal:
        return QuoteSeal(self.secrets.quote_key, tuple([key.quote_key for key in self.earlier_keys]))

    def schedule_today(self) -> FeeSchedule:
        """
        Give the fee schedule that holds today, by Moroccan legal time.

        Raises:
            FeeError: The tariff has none.
        """
        return self.tenant.fee_schedule.in_force(local_time(self.clock()).date())

    def open_payments(self, customer_ref: str, chosen: Collection[str]) -> tuple[OpenPayment, ...]:
        """
        Return the undecided payments that a new start would supersede, the oldest first.

        Ask the customer first. Nothing is locked: they may start anew at once.
        """
        since = self.clock() - _OPEN_FOR
        with self.journal.reading() as tx:
            attempts = tx.orders.sent_attempts(self.tenant.id, list(filter(is_text, chosen)))
            orders = [(attempt, tx.orders.order(attempt.order_reference)) for attempt in attempts]
        return tuple(
            OpenPayment(order.reference, attempt.started_at, order.total)
            for attempt, order in orders
            if order.customer_ref == customer_ref and attempt.started_at >= since
        )

    def pay(
        self,
        customer_ref: str,
        *,
        chosen: Collection[str],
        accepted: str | Money,
        email: str,
        card: Card,
        terms: bool,
        language: Language = "fr",
    ) -> SignedForm:
        """
        Start a payment: return the form that takes the customer to the gateway.

        Billing is read again, and the order is committed before this returns. Open payments that share an invoice
        are superseded.

        Args:
            customer_ref: Whose invoices they are.

            chosen: References of the invoices the customer ticked.

            accepted: What the customer accepted: the text that `seal` gave for the page. The bare total is taken
                too, as Money, from a program that quoted a moment ago itself; it proves less, and whatever passed
                through a browser must be the sealed text.

            email: Where the receipt goes.

            card: The card type the customer chose.

            terms: Whether the customer accepted the general terms (rule R30).

            language: Of the gateway's page.

        Raises:
            EmailError: *email* is no address that the receipt could be sent to.
            LanguageError: The gateway's page does not speak *language*.
            TermsNotAcceptedError: *terms* is not True.
            QuoteChangedError: Bills, rules, tariff or total are no longer what was accepted: show them again.
            QuoteExpiredError: It was accepted too late: show the bills again.
            QuoteSealError: *accepted* is no sealed quote of this customer's, or was changed on its way.
            FeeError: The tariff has no fee for this card.
            InvoicesAlreadyPaidError: All of *chosen* are paid here, though billing may not know it yet.
            NothingToPayError: The customer is unknown, or nothing is left to pay.
            NotPayableOnlineError: The gateway would refuse what the bills say.
            BillingUnavailableError: Billing gave no answer.
        """
        check_choice(chosen, accepted)
        payer = Payer(checked_email(email), card, checked_language(language))
        if terms is not True:
            raise TermsNotAcceptedError("expected the general terms to be accepted")
        agreed = accepted if isinstance(accepted, Money) else self._opened(customer_ref, accepted)
        statement = self._statement(customer_ref)
        start, references, at = (
            Start(self.tenant, self.merchant, self._seal, self.random_token),
            frozenset(chosen),
            self.clock(),
        )
        # Done again it supersedes what was kept without our knowing, and whose form nobody has seen.
        return self.journal.run(
            lambda tx: start.start(tx, statement, references, agreed, payer, at=at), repeatable=True
        )

    def _opened(self, customer_ref: str, accepted: str) -> SealedQuote:
        sealed = self._seal.open(accepted, tenant=self.tenant.id, customer_ref=customer_ref)
        sealed.require_live(self.clock())
        return sealed

    def settle(self, raw_body: bytes) -> Reply:
        """
        Process one callback of the gateway, and return the answer to send as ``text/plain``.

        Always answers, also to nonsense: `Reply.FAILURE` where anything is wrong, our own database included; what
        was begun is then undone, nothing is captured, and a person finds the callback among the reviews. Send mails afterwards, with `deliver`.

        Args:
            raw_body: The body of the request in bytes, untouched; anything else is answered with FAILURE.
        """
        confirmation = self._confirmation() if self.confirm_on == "callback" else None
        return answer_callback(
            self.journal, self.merchant, raw_body, at=self.clock(), confirmation=confirmation
        )

    def payment(self, token: str) -> PaymentView | None:
        """
        Return what the journal says of the attempt with this return token; None for a token of none.

        The browser that came back proves nothing: this reads, and decides nothing.
        """
        with self.journal.reading() as tx:
            attempt = tx.orders.attempt_of_token(hash_of(token))
            if attempt is None:
                return None
            order = tx.orders.order(attempt.order_reference)
        link = self.tenant.receipt_url(self.secrets.of(order.reference))
        return view_of(order, attempt, receipt_url=link)

    def receipt(self, secret: str) -> Receipt | None:
        """Return the receipt with this secret in its link; None for a secret of none."""
        with self.journal.reading() as tx:
            snapshot = tx.receipts.of_secret(hash_of(secret))
        return None if snapshot is None else Receipt.from_dict(snapshot)

    def proof(self, secret: str) -> SealedQuote | None:
        """
        Prove that the receipt with this secret in its link, and its order, are what its customer accepted; None for a secret of none.

        Raises:
            QuoteSealError: Receipt or order say something else, or it was sealed with a key that is not known here.
        """
        with self.journal.reading() as tx:
            return prove(tx, self._seal, secret)

    def confirm(self, order_id: str) -> None:
        """
        Move an accepted payment to paid, once: receipt, number and mail follow. Repeating it changes nothing.

        Raises:
            JournalError: There is no attempt with this gateway order id.
            TransitionError: It is not accepted.
        """
        at = self.clock()
        self.journal.run(lambda tx: self._confirmation().confirm_once(tx, order_id, at=at), repeatable=True)

    def sweep(self, *, limit: int = 100, budget: timedelta = timedelta(seconds=30)) -> SweepReport:
        """
        Ask the gateway about payments that stay silent or are not confirmed yet, and do what follows from its word.

        Attempts are due 1, 6 and 21 minutes, 1 h 30 and 6 h after their start, then daily; at once, and by the same
        calendar anew, after a callback that told of money. Call it every few seconds, on as many machines as you like.

        Args:
            limit: Look at no more attempts than this.

            budget: Begin no look after so long. One request a second leaves, over all machines together.

        Raises:
            TenantError: *limit* is below 1.
        """
        check_limit(limit)
        if self.api is None:
            self._no_api.warn("no api was given: payments that stay silent are not asked about")
            return SweepReport()
        gateway = PacedGateway(self.api, self.journal, self.clock, self.sleep)
        sweep = Sweep(self.tenant.id, gateway, Learning(self._confirmation(), self.api.operations))
        return sweep.run(limit=limit, budget=budget)

    def deliver(self, *, limit: int | None = None) -> int:
        """
        Send what is due from the outbox, no more than *limit* tries of it, and return how much was delivered.

        Mails go to the mailer, postings to a billing system that takes them, in the way that it declares. What is refused,
        or meets a fault that nobody foresaw, is due again after a pause and holds up nothing else; what cannot be repeated
        safely, or was tried for days, is put before a person. Call this after answering a callback, and from a worker.
        Without a mailer mails wait, and the log says so once.

        Raises:
            TenantError: *limit* is below 1.
        """
        if limit is not None:
            check_limit(limit)
        return sum(islice(self.deliveries(), limit))

    def deliveries(self) -> Iterator[bool]:
        """Do what `deliver` does, one message at each step, and tell of each whether it was delivered."""
        if self.mailer is None:
            self._no_mailer.warn("no mailer was given: confirmation mails wait in the outbox")
        books = self.billing
        desk = PostingDesk(self.journal, books, self._seal, self.clock) if takes_postings(books) else None
        return Delivery(self.tenant, self.journal, self.mailer, desk, self.secrets, self.clock).steps()

    def staff(self) -> StaffDesk:
        """Give the staff's side of the journal: what waits for a person, and what they find out."""
        return StaffDesk(self.tenant.id, self.journal, self._confirmation(), self.clock)

    def _confirmation(self) -> Confirmation:
        return Confirmation(
            self.tenant, self.merchant.client_id, self.secrets, posts=takes_postings(self.billing)
        )
