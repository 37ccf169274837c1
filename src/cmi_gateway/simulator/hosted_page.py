"""
A customer's visits to the payment page, from the merchant's form to the result::

    CARD ──card not enrolled──────────────▶ CALLBACK ──success, or too many refusals──▶ FINISHED
     │ ▲                                     ▲    │                                        ▲
     │ └──────────refusal: try again─────────┼────┘                                        │
     ├──enrolled card──▶ CHALLENGE ──code────┘                                             │
     ├──gives up after a refusal───────────────────────────────────────────────────────────┘
     └──cancels──▶ CANCELLED

Who calls holds the gateway's lock.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final

import attrs

from cmi_gateway.callback import Reply
from cmi_gateway.moroccan_time import casablanca
from cmi_gateway.simulator import admission, operations
from cmi_gateway.simulator.attempts import enter_attempt, make_attempt
from cmi_gateway.simulator.books import Books
from cmi_gateway.simulator.card_form import CardEntry, CardFormErrors, echoed_of, read_card_form
from cmi_gateway.simulator.cards import CHALLENGE_CODE, DECLINED_CARD
from cmi_gateway.simulator.endings import Ending, EndingKind
from cmi_gateway.simulator.keepsakes import MOST_KEPT, Keepsakes
from cmi_gateway.simulator.magic_amounts import ending_of
from cmi_gateway.simulator.operations import Done
from cmi_gateway.simulator.orders import (
    Attempt,
    Order,
    OrderState,
    Refusal,
    Session,
    SessionState,
)
from cmi_gateway.simulator.request import HostedRequest, read_request
from cmi_gateway.simulator.transaction import RandomSource
from cmi_gateway.simulator.verdicts import Verdict, decline, give_verdict

#: Refused tries after which a session ends; the order itself stays payable.
MOST_FAILURES: Final = 5


class HostedPage:
    """
    The sessions, over the books that their payments go into.

    Args:
        books: Orders and merchants.

        random: The source of chance.

        most_sessions: How many are remembered; then the oldest is forgotten.
    """

    def __init__(self, books: Books, random: RandomSource, *, most_sessions: int = MOST_KEPT) -> None:
        self._books = books
        self._random = random
        self._sessions = Keepsakes[str, Session](most_sessions)

    @property
    def sessions(self) -> tuple[Session, ...]:
        """Every session, as far as it is remembered, oldest first."""
        return self._sessions.values

    def session(self, token: str) -> Session | None:
        """Give the session of this token, or None."""
        return self._sessions.get(token)

    def is_expired(self, session: Session) -> bool:
        """Tell whether the customer took longer than the merchant's ``SessionTimeout``."""
        return self._books.clock() >= session.expires_at

    def open(self, fields: Iterable[tuple[str, str]], *, client_ip: str) -> Session | Refusal:
        """Take a merchant's form as its customer's browser posts it; open a session or refuse."""
        request = read_request(fields)
        admitted = admission.admit(request, self._books.accounts, self._random)
        if isinstance(admitted, Refusal):
            return admitted
        known = self._books.find(admitted.account.client_id, request.get("oid"))
        if known is not None and known.state is not OrderState.UNPAID:
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
        session = self._sessions[token]
        if session.state is not SessionState.CARD or self.is_expired(session):
            return session
        entry = read_card_form(form, self._books.clock().astimezone(casablanca()).date())
        if isinstance(entry, CardFormErrors):
            return entry
        ending = _ending(session, entry)
        if ending.kind is EndingKind.CANCELLED:
            return self.cancel(token)
        if ending.kind is EndingKind.ABANDONED:
            return session
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
        session = self._sessions[token]
        attempt = session.attempt
        if session.state is not SessionState.CALLBACK or attempt is None:
            return session
        return self._go_on(session, attrs.evolve(attempt, is_answered=True, reply=reply))

    def let_go(self, token: str) -> Session:
        """Let the customer go on before the merchant has been asked."""
        session = self._sessions[token]
        waits = session.state is SessionState.CALLBACK
        return self._go_on(session, session.attempt) if waits and session.attempt else session

    def record_late_reply(self, attempt: Attempt, reply: Reply | None) -> None:
        """Note an answer that the customer no longer waits for; a capture stays done, a forgotten order forgotten."""
        order = self._books.find(attempt.client_id, attempt.order_id)
        attempts = () if order is None else order.attempts
        known = next((one for one in attempts if one.serial == attempt.serial), None)
        if known is not None and known.reply is not Reply.CAPTURE:
            self._note_reply(attrs.evolve(known, is_answered=True, reply=reply or known.reply))

    def decline_again(self, token: str) -> Attempt:
        """Decline one more try of the session's customer, which costs the session nothing."""
        session = self._sessions[token]
        if session.attempt is None:
            raise KeyError(token)
        entry = CardEntry(DECLINED_CARD, echoed_of(session.attempt.fields))
        return self._made(session, entry, decline(entry.card.ending.code))

    def give_up(self, token: str) -> Session:
        """End a session after a refusal, so that the browser takes the refusal to failUrl."""
        session = self._sessions[token]
        if session.state is SessionState.CARD and session.attempt is not None:
            session = self._keep(attrs.evolve(session, state=SessionState.FINISHED))
        return session

    def cancel(self, token: str) -> Session:
        """End a session because the customer goes back to the shop; nothing is sent to the merchant."""
        session = self._sessions[token]
        if session.state in (SessionState.CARD, SessionState.CHALLENGE):
            session = self._keep(attrs.evolve(session, state=SessionState.CANCELLED, entry=None))
        return session

    def _begin(self, request: HostedRequest, admitted: admission.Admitted, client_ip: str) -> Session:
        now = self._books.clock()
        magic = ending_of(request.amount)
        is_too_slow = magic is not None and magic.kind is EndingKind.EXPIRED
        self._books.enter(admitted.account.client_id, request.get("oid"))
        return self._keep(
            Session(
                token=self._random.randbytes(16).hex(),
                account=admitted.account,
                key=admitted.key,
                request=request,
                client_ip=client_ip,
                xid=b64encode(self._random.randbytes(20)).decode("ascii"),
                opened_at=now,
                expires_at=now + timedelta(seconds=0 if is_too_slow else request.session_seconds),
            )
        )

    def _attempt(self, session: Session, entry: CardEntry, *, authenticated: bool) -> Attempt | Session:
        order = self._books.enter(session.account.client_id, session.request.get("oid"))
        ending = _ending(session, entry)
        attempt = self._made(session, entry, give_verdict(order, ending, authenticated=authenticated))
        failures = session.failures + (not attempt.is_approved)
        waiting = attrs.evolve(
            session, state=SessionState.CALLBACK, entry=None, attempt=attempt, failures=failures
        )
        self._keep(waiting)
        # Without an attempt to tell of, no callback leaves and the session waits for ever.
        is_told = not (attempt.is_approved and ending.kind is EndingKind.SILENT)
        return attempt if is_told else waiting

    def _made(self, session: Session, entry: CardEntry, verdict: Verdict) -> Attempt:
        """Make an attempt and write it into the books."""
        client_id = session.account.client_id
        serial, numbers = self._books.next_numbers()
        attempt = make_attempt(
            session,
            entry,
            verdict,
            serial=serial,
            numbers=numbers,
            batch=self._books.open_batch(client_id).number,
            random=self._random,
        )
        order = self._books.enter(client_id, attempt.order_id)
        self._books.keep(enter_attempt(order, attempt, session, entry, self._books.clock()))
        return attempt

    def _go_on(self, session: Session, attempt: Attempt) -> Session:
        order = self._note_reply(attempt)
        over = order.state is not OrderState.UNPAID or session.failures >= MOST_FAILURES
        state = SessionState.FINISHED if over else SessionState.CARD
        return self._keep(attrs.evolve(session, attempt=attempt, state=state))

    def _note_reply(self, attempt: Attempt) -> Order:
        """Note the merchant's answer, and capture when it asks for that and there is still something to capture."""
        order = self._books.enter(attempt.client_id, attempt.order_id).with_attempt(attempt)
        if attempt.is_approved and attempt.reply is Reply.CAPTURE:
            rules = self._books.accounts[attempt.client_id].rules
            captured = operations.capture(order, None, at=self._books.clock(), rules=rules)
            order = captured.order if isinstance(captured, Done) else order
        self._books.keep(order)
        return order

    def _keep(self, session: Session) -> Session:
        self._sessions[session.token] = session
        return session


def _ending(session: Session, entry: CardEntry) -> Ending:
    """Say how a try is to end: as the amount says if it is magic, else as the card says."""
    return ending_of(session.request.amount) or entry.card.ending
