"""
The simulated gateway itself: requests in, pages' contents and signed answers out.

A state machine without I/O. Time and chance come in as arguments; pages, sockets and callbacks belong to
`cmi_gateway.simulator.app`. `cmi_gateway.simulator.hosted_page` draws a customer's session.

An order (one ``oid`` of one merchant) outlives its sessions. The first approved attempt consumes it, for good. From
then on its money moves by the merchant's reply, the XML API and the batch::

    UNPAID ──approved──▶ PRE ──ACTION=POSTAUTH, or the API──▶ POST ──batch closes──▶ POST ──refund──▶ PRND ──▶ RFND
                          └───────────────void──────────────▶ VOID ◀──void──┘        (settled)

`cmi_gateway.simulator.operations` has the rules, `cmi_gateway.simulator.transaction_line` a transaction's own states.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from threading import RLock

from cmi_gateway.api.history import LineState
from cmi_gateway.callback import Reply
from cmi_gateway.simulator import api_desk
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.books import Batch, Books
from cmi_gateway.simulator.card_form import CardFormErrors
from cmi_gateway.simulator.hosted_page import HostedPage
from cmi_gateway.simulator.keepsakes import MOST_KEPT
from cmi_gateway.simulator.orders import Attempt, Order, Refusal, Session
from cmi_gateway.simulator.transaction import RandomSource


class SimulatedGateway:
    """
    A gateway in memory. Safe to use from several threads.

    Args:
        accounts: The merchants whose requests are accepted.

        clock: Gives the current instant, aware.

        random: The source of chance: ``secrets.SystemRandom()``, or a seeded one to repeat a test.

        most_kept: How many orders, and visits to the page, are remembered. Then the oldest are forgotten: the gateway
            does not know them any more, and such an order could be paid again.
    """

    def __init__(
        self,
        accounts: Iterable[MerchantAccount],
        *,
        clock: Callable[[], datetime],
        random: RandomSource,
        most_kept: int = MOST_KEPT,
    ) -> None:
        self._clock = clock
        self._lock = RLock()
        by_client_id = {account.client_id: account for account in accounts}
        self._books = Books(by_client_id, clock, random, most_orders=most_kept)
        self._page = HostedPage(self._books, random, most_sessions=most_kept)

    def now(self) -> datetime:
        """Give the gateway's present instant."""
        return self._clock()

    @property
    def accounts(self) -> tuple[MerchantAccount, ...]:
        """The merchants."""
        return tuple(self._books.accounts.values())

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every order that a page was opened for, oldest first, with its attempts, transactions and totals."""
        with self._up_to_date():
            return self._books.orders

    @property
    def batches(self) -> tuple[Batch, ...]:
        """Every batch, merchant by merchant, the open one last."""
        with self._up_to_date():
            return self._books.batches

    def order(self, client_id: str, order_id: str) -> Order | None:
        """Give what is known of an order, or None when no page was ever opened for it."""
        with self._up_to_date():
            return self._books.find(client_id, order_id)

    def answer_api(self, raw: bytes, /, *, content_type: str = "", address: str = "") -> bytes:
        """
        Answer a request of the XML API: status, history, capture, void or refund.

        Args:
            raw: The body: the document itself, or a form whose field ``DATA`` holds it.

            content_type: The header; nothing depends on it, since clients of this platform send wrong ones, and none.

            address: The IP address that it came from, for accounts that name theirs; empty when it is not known.

        Returns:
            A CC5Response in ISO-8859-9, whatever came.
        """
        with self._up_to_date():
            return api_desk.answer(self._books, raw, address=address)

    def close_batch(self, client_id: str | None = None) -> tuple[Batch, ...]:
        """
        Close the batch of one merchant, or of all: captured payments and refunds are settled from now on.

        Raises:
            KeyError: there is no such merchant.
        """
        with self._up_to_date():
            chosen = list(self._books.accounts) if client_id is None else [client_id]
            return self._books.close_batches(chosen, self._clock())

    def suspend(self, client_id: str, order_id: str, state: LineState | None) -> Order:
        """
        Leave the outcome of an order's last transaction open, or let it be known again.

        While it is open, queries show *state*, and nothing can be captured, voided, refunded or settled.

        Args:
            client_id: The merchant.

            order_id: The order.

            state: ``PN``, ``NW`` or ``R``; None ends it, and the transaction is what it was before.

        Raises:
            KeyError: the order has no transaction.
            ValueError: *state* is another one.
        """
        with self._up_to_date():
            order = self._books.find(client_id, order_id)
            if order is None or not order.transactions:
                raise KeyError(order_id)
            changed = order.suspended(state)
            self._books.keep(changed)
            return changed

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Every visit to the payment page, oldest first."""
        with self._lock:
            return self._page.sessions

    def session(self, token: str) -> Session | None:
        """Give the session of this token, or None."""
        with self._up_to_date():
            return self._page.session(token)

    def is_expired(self, session: Session) -> bool:
        """Tell whether the customer took longer than the merchant's ``SessionTimeout``."""
        return self._page.is_expired(session)

    def open(self, fields: Iterable[tuple[str, str]], *, client_ip: str = "127.0.0.1") -> Session | Refusal:
        """Take a merchant's form as its customer's browser posts it; open a session or refuse."""
        with self._up_to_date():
            return self._page.open(fields, client_ip=client_ip)

    def pay(self, token: str, form: Mapping[str, str]) -> CardFormErrors | Attempt | Session:
        """
        Take the card form.

        Returns:
            The errors of a form that cannot be used; the attempt that a card not enrolled in 3-D Secure made at
            once; or the session when something else comes first: the code, or nothing (it is over).

        Raises:
            KeyError: no session has this token.
        """
        with self._up_to_date():
            return self._page.pay(token, form)

    def authenticate(self, token: str, code: str) -> Attempt | Session:
        """
        Take the 3-D Secure code; a wrong one is a refusal.

        Returns:
            The attempt, or the session when no code is asked for.

        Raises:
            KeyError: no session has this token.
        """
        with self._up_to_date():
            return self._page.authenticate(token, code)

    def record_reply(self, token: str, reply: Reply | None) -> Session:
        """
        Note how the merchant answered the callback of the session's attempt, and what follows from it.

        Args:
            token: The session.

            reply: The answer read; None for other words, no answer, or no callback asked for.

        Raises:
            KeyError: no session has this token.
        """
        with self._up_to_date():
            return self._page.record_reply(token, reply)

    def let_go(self, token: str) -> Session:
        """
        Let the customer go on before the merchant has been asked; `record_late_reply` notes the answer.

        Raises:
            KeyError: no session has this token.
        """
        with self._up_to_date():
            return self._page.let_go(token)

    def record_late_reply(self, attempt: Attempt, reply: Reply | None) -> None:
        """
        Note an answer to a callback that the customer no longer waits for: a late one, or one more of the same.

        A capture stays done, whatever is answered afterwards.
        """
        with self._up_to_date():
            self._page.record_late_reply(attempt, reply)

    def decline_again(self, token: str) -> Attempt:
        """
        Decline one more try of the session's customer, which costs the session nothing: for a fault plan.

        Raises:
            KeyError: no session has this token, or nobody has tried to pay in it.
        """
        with self._up_to_date():
            return self._page.decline_again(token)

    def give_up(self, token: str) -> Session:
        """End a session after a refusal, so that the browser takes the refusal to failUrl."""
        with self._up_to_date():
            return self._page.give_up(token)

    def cancel(self, token: str) -> Session:
        """End a session because the customer goes back to the shop; nothing is sent to the merchant."""
        with self._up_to_date():
            return self._page.cancel(token)

    @contextmanager
    def _up_to_date(self) -> Iterator[None]:
        """Hold the lock, the books brought up to the clock's instant."""
        with self._lock:
            self._books.catch_up()
            yield
