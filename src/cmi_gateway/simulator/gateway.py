"""
The simulated gateway itself: requests in, pages' contents and signed answers out.

A state machine without I/O. Time and chance come in as arguments; pages, sockets and callbacks belong to
`cmi_gateway.simulator.app`. A customer's session goes::

    CARD ──card not enrolled──────────────▶ CALLBACK ──success, or too many refusals──▶ FINISHED
     │ ▲                                     ▲    │                                        ▲
     │ └──────────refusal: try again─────────┼────┘                                        │
     ├──enrolled card──▶ CHALLENGE ──code────┘                                             │
     ├──gives up after a refusal───────────────────────────────────────────────────────────┘
     └──cancels──▶ CANCELLED

An order (one ``oid`` of one merchant) outlives its sessions. The first approved attempt consumes it: PRE, then POST
when the merchant's reply asks for the capture.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from threading import RLock
from typing import Final

import attrs

from cmi_gateway.callback import Reply
from cmi_gateway.moroccan_time import casablanca
from cmi_gateway.simulator import admission
from cmi_gateway.simulator.account import MerchantAccount
from cmi_gateway.simulator.card_form import CardEntry, CardFormErrors, echoed_of, read_card_form
from cmi_gateway.simulator.cards import CHALLENGE_CODE, DECLINED_CARD
from cmi_gateway.simulator.orders import (
    Attempt,
    AttemptResult,
    Order,
    OrderState,
    Refusal,
    Session,
    SessionState,
)
from cmi_gateway.simulator.request import HostedRequest, read_request
from cmi_gateway.simulator.results import attempt_fields, code_and_message
from cmi_gateway.simulator.transaction import RandomSource

#: Refused tries after which a session ends; the order itself stays payable.
MOST_FAILURES: Final = 5
_FIRST_SERIALS: Final = 900_000


class SimulatedGateway:
    """
    A gateway in memory. Safe to use from several threads.

    Args:
        accounts: The merchants whose requests are accepted.

        clock: Gives the current instant, aware.

        random: The source of chance: ``secrets.SystemRandom()``, or a seeded one to repeat a test.
    """

    def __init__(
        self, accounts: Iterable[MerchantAccount], *, clock: Callable[[], datetime], random: RandomSource
    ) -> None:
        self._accounts = {account.client_id: account for account in accounts}
        self._clock = clock
        self._random = random
        self._lock = RLock()
        self._sessions: dict[str, Session] = {}
        self._orders: dict[tuple[str, str], Order] = {}
        self._serial = random.randrange(_FIRST_SERIALS)

    def now(self) -> datetime:
        """Give the gateway's present instant."""
        return self._clock()

    @property
    def orders(self) -> tuple[Order, ...]:
        """Every order that a page was opened for, oldest first."""
        with self._lock:
            return tuple(self._orders.values())

    def order(self, client_id: str, order_id: str) -> Order | None:
        """Give what is known of an order, or None when no page was ever opened for it."""
        with self._lock:
            return self._orders.get((client_id, order_id))

    def session(self, token: str) -> Session | None:
        """Give the session of this token, or None."""
        with self._lock:
            return self._sessions.get(token)

    def is_expired(self, session: Session) -> bool:
        """Tell whether the customer took longer than the merchant's ``SessionTimeout``."""
        return self._clock() >= session.expires_at

    def open(self, fields: Iterable[tuple[str, str]], *, client_ip: str = "127.0.0.1") -> Session | Refusal:
        """Take a merchant's form as its customer's browser posts it; open a session or refuse."""
        request = read_request(fields)
        with self._lock:
            admitted = admission.admit(request, self._accounts, self._random)
            if isinstance(admitted, Refusal):
                return admitted
            if self._order_of(admitted.account.client_id, request).state is not OrderState.UNPAID:
                return admission.duplicate(request, admitted.key, self._random)
            return self._begin(request, admitted, client_ip)

    def pay(self, token: str, form: Mapping[str, str]) -> CardFormErrors | Attempt | Session:
        """
        Take the card form.

        Returns:
            The errors of a form that cannot be used; the attempt that a card not enrolled in 3-D Secure made at
            once; or the session when something else comes first: the code, or nothing (it is over).

        Raises:
            KeyError: no session has this token.
        """
        with self._lock:
            session = self._sessions[token]
            if session.state is not SessionState.CARD or self.is_expired(session):
                return session
            entry = read_card_form(form, self._clock().astimezone(casablanca()).date())
            if isinstance(entry, CardFormErrors):
                return entry
            if entry.card.enrolled:
                return self._keep(attrs.evolve(session, state=SessionState.CHALLENGE, entry=entry))
            return self._attempt(session, entry, authenticated=True)

    def authenticate(self, token: str, code: str) -> Attempt | Session:
        """
        Take the 3-D Secure code; a wrong one is a refusal.

        Returns:
            The attempt, or the session when no code is asked for.

        Raises:
            KeyError: no session has this token.
        """
        with self._lock:
            session = self._sessions[token]
            entry = session.entry
            if session.state is not SessionState.CHALLENGE or entry is None or self.is_expired(session):
                return session
            return self._attempt(
                session, entry, authenticated=entry.card.authenticates and code.strip() == CHALLENGE_CODE
            )

    def record_reply(self, token: str, reply: Reply | None) -> Session:
        """
        Note how the merchant answered the callback of the session's attempt, and what follows from it.

        Args:
            token: The session.

            reply: The answer read; None for other words, no answer, or no callback asked for.

        Raises:
            KeyError: no session has this token.
        """
        with self._lock:
            session = self._sessions[token]
            attempt = session.attempt
            if session.state is not SessionState.CALLBACK or attempt is None:
                return session
            return self._go_on(session, attrs.evolve(attempt, is_answered=True, reply=reply))

    def let_go(self, token: str) -> Session:
        """
        Let the customer go on before the merchant has been asked; `record_late_reply` notes the answer.

        Raises:
            KeyError: no session has this token.
        """
        with self._lock:
            session = self._sessions[token]
            waits = session.state is SessionState.CALLBACK
            return self._go_on(session, session.attempt) if waits and session.attempt else session

    def record_late_reply(self, attempt: Attempt, reply: Reply | None) -> None:
        """
        Note an answer to a callback that the customer no longer waits for: a late one, or one more of the same.

        A capture stays done, whatever is answered afterwards.
        """
        with self._lock:
            order = self._orders[attempt.client_id, attempt.order_id]
            known = next(one for one in order.attempts if one.serial == attempt.serial)
            if known.reply is not Reply.CAPTURE:
                self._note(attrs.evolve(known, is_answered=True, reply=reply or known.reply))

    def decline_again(self, token: str) -> Attempt:
        """
        Decline one more try of the session's customer, which costs the session nothing: for a fault plan.

        Raises:
            KeyError: no session has this token, or nobody has tried to pay in it.
        """
        with self._lock:
            session = self._sessions[token]
            if session.attempt is None:
                raise KeyError(token)
            entry = CardEntry(DECLINED_CARD, echoed_of(session.attempt.fields))
            attempt = self._made(session, entry, AttemptResult.DECLINED)
            self._note(attempt)
            return attempt

    def give_up(self, token: str) -> Session:
        """End a session after a refusal, so that the browser takes the refusal to failUrl."""
        with self._lock:
            session = self._sessions[token]
            if session.state is SessionState.CARD and session.attempt is not None:
                session = self._keep(attrs.evolve(session, state=SessionState.FINISHED))
            return session

    def cancel(self, token: str) -> Session:
        """End a session because the customer goes back to the shop; nothing is sent to the merchant."""
        with self._lock:
            session = self._sessions[token]
            if session.state in (SessionState.CARD, SessionState.CHALLENGE):
                session = self._keep(attrs.evolve(session, state=SessionState.CANCELLED, entry=None))
            return session

    def _begin(self, request: HostedRequest, admitted: admission.Admitted, client_ip: str) -> Session:
        now = self._clock()
        order = self._order_of(admitted.account.client_id, request)
        self._orders.setdefault((order.client_id, order.order_id), order)
        return self._keep(
            Session(
                token=self._random.randbytes(16).hex(),
                account=admitted.account,
                key=admitted.key,
                request=request,
                client_ip=client_ip,
                xid=b64encode(self._random.randbytes(20)).decode("ascii"),
                opened_at=now,
                expires_at=now + timedelta(seconds=request.session_seconds),
            )
        )

    def _attempt(self, session: Session, entry: CardEntry, *, authenticated: bool) -> Attempt:
        attempt = self._made(session, entry, self._decide(session, entry, authenticated=authenticated))
        self._note(attempt)
        failures = session.failures + (not attempt.is_approved)
        waiting = attrs.evolve(
            session, state=SessionState.CALLBACK, entry=None, attempt=attempt, failures=failures
        )
        self._keep(waiting)
        return attempt

    def _made(self, session: Session, entry: CardEntry, result: AttemptResult) -> Attempt:
        self._serial += 1
        code, message = code_and_message(result, entry)
        return Attempt(
            serial=self._serial,
            client_id=session.account.client_id,
            order_id=session.request.get("oid"),
            result=result,
            code=code,
            message=message,
            fields=attempt_fields(
                session, entry, result, at=self._clock(), serial=self._serial, random=self._random
            ),
            callback_url=session.request.callback_url,
        )

    def _go_on(self, session: Session, attempt: Attempt) -> Session:
        self._note(attempt)
        over = attempt.is_approved or session.failures >= MOST_FAILURES or self._is_paid(attempt)
        state = SessionState.FINISHED if over else SessionState.CARD
        return self._keep(attrs.evolve(session, attempt=attempt, state=state))

    def _decide(self, session: Session, entry: CardEntry, *, authenticated: bool) -> AttemptResult:
        if not authenticated:
            return AttemptResult.NOT_AUTHENTICATED
        order = self._order_of(session.account.client_id, session.request)
        if order.state is not OrderState.UNPAID:
            return AttemptResult.DUPLICATE
        return AttemptResult.DECLINED if entry.card.decline_code else AttemptResult.APPROVED

    def _note(self, attempt: Attempt) -> None:
        """Write *attempt* into its order, in the place of its earlier self, and move the money."""
        order = self._orders[attempt.client_id, attempt.order_id]
        attempts = {known.serial: known for known in order.attempts} | {attempt.serial: attempt}
        state = order.state
        if attempt.is_approved:
            captured = attempt.reply is Reply.CAPTURE
            state = OrderState.CAPTURED if captured else OrderState.AUTHORIZED
        noted = attrs.evolve(order, attempts=tuple(attempts.values()), state=state)
        self._orders[attempt.client_id, attempt.order_id] = noted

    def _is_paid(self, attempt: Attempt) -> bool:
        return self._orders[attempt.client_id, attempt.order_id].state is not OrderState.UNPAID

    def _order_of(self, client_id: str, request: HostedRequest) -> Order:
        order_id = request.get("oid")
        return self._orders.get((client_id, order_id)) or Order(client_id, order_id)

    def _keep(self, session: Session) -> Session:
        self._sessions[session.token] = session
        return session
