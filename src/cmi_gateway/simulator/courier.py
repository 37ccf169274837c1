"""
Takes callbacks to merchants, on time or as a fault plan says, and tells the gateway what was answered.

Nothing here sleeps. What is due leaves at once, in the caller's thread; what is due later waits until somebody calls
`Courier.deliver_due` at a later time of the gateway's clock: a test that moved it, or the server's worker.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterable
from datetime import timedelta
from threading import Lock
from typing import Final
from urllib.parse import urlencode

import attrs

from cmi_gateway.simulator.delivery import CallbackAnswer, CallbackSender, LoopbackSender
from cmi_gateway.simulator.fault_book import FaultBook
from cmi_gateway.simulator.gateway import SimulatedGateway
from cmi_gateway.simulator.keepsakes import Keepsakes
from cmi_gateway.simulator.orders import Attempt, SessionState
from cmi_gateway.simulator.sendings import Mishaps, ReplyFate, Sending
from cmi_gateway.simulator.transaction import RandomSource

#: Sendings remembered, and sendings that may wait: a test that runs for days must not fill the memory.
_MOST_KEPT: Final = 1000
_LOST: Final = CallbackAnswer(problem="perdu en route, comme le veut le plan de pannes")
_CROWDED: Final = CallbackAnswer(problem="abandonné : trop de rappels attendent déjà")
_BROKEN: Final = CallbackAnswer(problem="erreur du simulateur pendant l'envoi")
_log = logging.getLogger(__name__)


class Courier:
    """
    Sends the callbacks of one gateway. Safe to use from several threads.

    Args:
        gateway: Whose attempts the callbacks tell of, and who is told the replies.

        send: Posts a body and gives what came back.

        faults: What goes wrong on the way.

        random: Shuffles the callbacks' fields.

        posts_returns: Whether a return that comes twice is posted here the first time. A customer who has no
            browser posts both.
    """

    def __init__(
        self,
        gateway: SimulatedGateway,
        send: CallbackSender,
        faults: FaultBook,
        random: RandomSource,
        *,
        posts_returns: bool = True,
    ) -> None:
        self.faults = faults
        self._gateway = gateway
        self._send = send
        self._random = random
        self._posts_returns = posts_returns
        self._lock = Lock()
        self._count = 0
        self._waiting: list[Sending] = []
        self._done: deque[Sending] = deque(maxlen=_MOST_KEPT)
        self._mishaps = Keepsakes[str, Mishaps]()

    @property
    def waiting(self) -> tuple[Sending, ...]:
        """What has not left yet, the next one first."""
        with self._lock:
            return tuple(self._waiting)

    @property
    def done(self) -> tuple[Sending, ...]:
        """What was sent or lost, oldest first, as far as it is remembered."""
        with self._lock:
            return tuple(self._done)

    def mishaps(self, token: str) -> Mishaps:
        """Give what goes wrong with the last payment of a session."""
        return self._mishaps.get(token) or Mishaps()

    def call_back(self, token: str, attempt: Attempt) -> None:
        """Send the callback of the attempt that the session *token* has just made, with the faults that strike it."""
        mishaps = Mishaps(self.faults.for_payment(attempt.order_id, attempt.value("amount")))
        self._mishaps[token] = mishaps
        if attempt.callback_url is None:
            self._gateway.record_reply(token, None)
            return
        for _ in range(mishaps.declines_before):
            self._dispatch([self._decline(token, attempt.callback_url, mishaps)])
        self._call_back_about(token, attempt, attempt.callback_url, mishaps)
        self._come_back(token, mishaps)

    def finish(self, token: str) -> None:
        """Take a return to the merchant for a customer who ended the session after a refusal, if one comes twice."""
        self._come_back(token, self.mishaps(token))

    def deliver_due(self) -> int:
        """Send everything whose time has come, in order; give how many were sent."""
        sent = 0
        while (sending := self._next_due()) is not None:
            self._deliver(sending)
            sent += 1
        return sent

    def resend(self, number: int) -> Sending | None:
        """Send the body of a sending that is done once more, as it was; None when it is not known."""
        known = next((sending for sending in self.done if sending.number == number), None)
        if known is None:
            return None
        again = attrs.evolve(
            known, number=self._next_number(), due=self._gateway.now(), token=None, faults=("resent",)
        )
        return self._deliver(again)

    def _call_back_about(self, token: str, attempt: Attempt, url: str, mishaps: Mishaps) -> None:
        main = attrs.evolve(self._sending(attempt, url, mishaps), token=token)
        if mishaps.hold is not None or mishaps.is_browser_first:
            self._gateway.let_go(token)
            main = attrs.evolve(main, token=None)
        followers = [*self._released(main), *self._followers(token, main, mishaps)]
        if mishaps.is_lost:
            self._gateway.record_reply(token, None)
            self._keep(attrs.evolve(main, answer=_LOST))
            self._dispatch(followers)
        else:
            self._dispatch([main, *followers])

    def _sending(self, attempt: Attempt, url: str, mishaps: Mishaps) -> Sending:
        wait = mishaps.delay + (mishaps.hold or 0)
        return Sending(
            number=self._next_number(),
            attempt=attempt,
            url=url,
            body=mishaps.body_of(attempt, self._random),
            due=self._gateway.now() + timedelta(seconds=wait),
            held=mishaps.hold is not None,
            manner=mishaps.manner,
            fate=mishaps.fate,
            faults=mishaps.kinds,
        )

    def _followers(self, token: str, main: Sending, mishaps: Mishaps) -> Iterable[Sending]:
        if mishaps.again is not None:
            later = main.due + timedelta(seconds=mishaps.again)
            yield attrs.evolve(main, number=self._next_number(), due=later, token=None, held=False)
        if mishaps.decline_after is not None:
            decline = self._decline(token, main.url, mishaps)
            yield attrs.evolve(decline, due=main.due + timedelta(seconds=mishaps.decline_after))

    def _decline(self, token: str, url: str, mishaps: Mishaps) -> Sending:
        plain = self._sending(self._gateway.decline_again(token), url, Mishaps())
        return attrs.evolve(plain, faults=mishaps.kinds)

    def _released(self, main: Sending) -> list[Sending]:
        """Take out what waits for the next callback of this order: it leaves right after it."""
        with self._lock:
            freed = [sending for sending in self._waiting if sending.held and _same_order(sending, main)]
            self._waiting = [sending for sending in self._waiting if sending not in freed]
        return [attrs.evolve(sending, due=main.due, held=False) for sending in freed]

    def _come_back(self, token: str, mishaps: Mishaps) -> None:
        """Post the return once on the customer's behalf; the customer's own browser is the second to post it."""
        session = self._gateway.session(token)
        twice = mishaps.is_browser_twice and self._posts_returns
        if not twice or session is None or session.state is not SessionState.FINISHED:
            return
        attempt = session.attempt
        if attempt is None:
            return
        sending = attrs.evolve(
            self._sending(
                attempt, session.request.get("okUrl" if attempt.is_approved else "failUrl"), Mishaps()
            ),
            body=urlencode(attempt.fields).encode("ascii"),
            fate=ReplyFate.IGNORED,
            faults=mishaps.kinds,
        )
        self._deliver(sending)

    def _dispatch(self, sendings: Iterable[Sending]) -> None:
        now = self._gateway.now()
        for sending in sendings:
            if sending.due <= now and not sending.held:
                self._deliver(sending)
            else:
                self._wait(sending)

    def _wait(self, sending: Sending) -> None:
        with self._lock:
            has_room = len(self._waiting) < _MOST_KEPT
            if has_room:
                self._waiting = sorted([*self._waiting, sending], key=lambda one: one.due)
        if not has_room:
            self._finish(sending, _CROWDED)

    def _next_due(self) -> Sending | None:
        now = self._gateway.now()
        with self._lock:
            return self._waiting.pop(0) if self._waiting and self._waiting[0].due <= now else None

    def _deliver(self, sending: Sending) -> Sending:
        sending = attrs.evolve(sending, sent_at=self._gateway.now())
        answer = _BROKEN
        try:
            send = self._send
            if isinstance(send, LoopbackSender):
                send = attrs.evolve(send, manner=sending.manner)
            answer = send(sending.url, sending.body)
        finally:
            done = self._finish(sending, answer)
        return done

    def _finish(self, sending: Sending, answer: CallbackAnswer) -> Sending:
        """Write down what came of *sending*, and tell the gateway."""
        done = attrs.evolve(sending, answer=answer)
        outcome = answer.problem or f"HTTP {answer.status}, {answer.reply or 'no known word'}"
        _log.info("callback of attempt %d: %s", done.attempt.serial, outcome)
        self._keep(done)
        heard = answer.reply if done.fate is ReplyFate.READ else None
        # A visit may be forgotten by the time that a late callback is answered.
        if done.token is not None and self._gateway.session(done.token) is not None:
            self._gateway.record_reply(done.token, heard)
        elif heard is not None:
            self._gateway.record_late_reply(done.attempt, heard)
        if done.fate is ReplyFate.LOST:
            self._gateway.record_late_reply(done.attempt, answer.reply)
        return done

    def _keep(self, sending: Sending) -> None:
        with self._lock:
            self._done.append(sending)

    def _next_number(self) -> int:
        with self._lock:
            self._count += 1
            return self._count


def _same_order(one: Sending, other: Sending) -> bool:
    return (one.attempt.client_id, one.attempt.order_id) == (other.attempt.client_id, other.attempt.order_id)
