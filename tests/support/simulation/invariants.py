"""
What must hold after every step, whatever went wrong; and what must hold once everything came to rest.

The checker reads the tables by SQL of its own and adds up whole centimes: it owes nothing to the code that it judges.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from rak_billing.confirmation_mail import message_id
from rak_billing.payments.folding import flaws_of
from support.simulation.agreement import agrees, disagreements
from support.simulation.neighbours import INVOICES
from support.simulation.promises_to_staff import broken_promises, unsettled_at_rest
from support.simulation.world import World

_HOLDING = {"accepted", "paid", "part_refunded"}
_WERE_PAID = {"paid", "part_refunded", "refunded", "voided"}
#: Attempts that know of the gateway's money.
_KNOWING = {
    "authorized", "capture_requested", "unknown", "captured", "settled", "part_refunded", "refunded", "voided",
    "needs_person", "duplicate",
}  # fmt: skip
_FIRST_RECEIPT = 10000000001


class Violation(AssertionError):  # noqa: N818 - what a checker found, not an error of a program
    """A promise was broken."""


def require(promise: str, is_kept: object, *facts: object) -> None:
    """Raise Violation unless the promise is kept."""
    if not is_kept:
        raise Violation(f"{promise}: {facts}")


class Checker:
    """Holds a world to its promises."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._known_events: dict[tuple[str, int], Any] = {}
        self._seen = -1
        self._booked = self._mailed = 0
        #: When each attempt was first seen, and how often the shop's clock had been set by then.
        self._began: dict[str, tuple[datetime, int]] = {}
        self._expired: set[Any] = set()

    def after_step(self) -> None:
        """Check what must always hold."""
        flaws = self._world.watch.flaws
        require("whoever writes or sends has the attempt in hand, and its record", not flaws, flaws)
        self._mails()
        self._books()
        self._answers()
        if self._world.journal.kept != self._seen:
            self._seen = self._world.journal.kept
            self._read()
            self._histories()
            self._receipts()
            self._forms()
            self._expiry()
        self._settled_by_staff()
        flaws = list(broken_promises(self._world, self))
        require("no money is forgotten, and an order is paid by one attempt", not flaws, flaws)
        self._money()
        self._refusals()

    def _read(self) -> None:
        rows = self._world.journal.rows
        self.orders = {row.reference: row for row in rows("SELECT * FROM orders")}
        self.attempts = {row.order_id: row for row in rows("SELECT * FROM attempts")}
        self.events = rows("SELECT * FROM events ORDER BY order_reference, position")
        self.receipts = rows("SELECT * FROM receipts ORDER BY number")
        sent = {key for key, row in getattr(self, "outbox", {}).items() if row.sent_at is not None}
        self.outbox = {row.key: row for row in rows("SELECT * FROM outbox")}
        forgotten = {key for key in sent if self.outbox[key].sent_at is None}
        require("what was sent stays sent", not forgotten, forgotten)
        self.reviews = rows("SELECT * FROM reviews")
        lines = rows("SELECT * FROM order_lines WHERE is_fee = 0 ORDER BY order_reference, position")
        self.invoices: dict[str, set[str]] = {reference: set() for reference in self.orders}
        for line in lines:
            self.invoices[line.order_reference].add(line.reference)

    def _histories(self) -> None:
        by_order = {
            reference: list(rows) for reference, rows in groupby(self.events, lambda row: row.order_reference)
        }
        for reference, order in self.orders.items():
            attempts = {
                key: row.state for key, row in self.attempts.items() if row.order_reference == reference
            }
            events = by_order.get(reference, [])
            require("every order has a history", events, reference)
            flaws = flaws_of(reference, events, order.state, attempts)
            require("the state is what the events lead to", not flaws, flaws)
        now = {(row.order_reference, row.position): row for row in self.events}
        changed = [key for key, row in self._known_events.items() if now.get(key) != row]
        require("events are only added", not changed, changed)
        self._known_events = now

    def _receipts(self) -> None:
        issued = Counter(row.order_reference for row in self.receipts)
        paid = {reference for reference, order in self.orders.items() if order.state in _WERE_PAID}
        require(
            "each paid order has one receipt, and no other has one", issued == Counter(paid), issued, paid
        )
        numbers = [int(row.number) for row in self.receipts]
        require(
            "receipt numbers have no gap",
            numbers == [_FIRST_RECEIPT + i for i in range(len(numbers))],
            numbers,
        )
        for row in self.receipts:
            total, order = json.loads(row.snapshot)["total"], self.orders[row.order_reference]
            require("a receipt says what was charged", total == order.total_centimes, total)
        mails = {key.split("/", 1)[1] for key in self.outbox if key.startswith("confirmation_mail/")}
        require("each paid order has one mail to send", mails == paid, mails, paid)

    def _forms(self) -> None:
        strangers = [form.order_id for form in self._world.forms if form.order_id not in self.attempts]
        require("a form that a browser has is in the journal", not strangers, strangers)
        for order in self.orders.values():
            owed = sum(INVOICES[reference] for reference in self.invoices[order.reference])
            require(
                "an order charges its invoices and a fee", owed < order.total_centimes < owed + 1000, order
            )

    def _expiry(self) -> None:
        now = self._world.clock(), self._world.jumps
        for order_id in self.attempts:
            self._began.setdefault(order_id, now)
        for event in self.events:
            is_a_word = event.facts is not None and "resolution" in json.loads(event.facts)
            if event.event == "expire" and event not in self._expired and not is_a_word:
                self._expired.add(event)
                began, jumps = self._began[event.order_id]
                # Whose clock was set meanwhile cannot know how old it is.
                counted = _instant(event.at) - _instant(self.attempts[event.order_id].started_at)
                is_old = max(now[0] - began, counted) >= timedelta(minutes=59) or jumps != now[1]
                require("nothing expires while the customer may be paying", is_old, now[0] - began)

    def _settled_by_staff(self) -> None:
        person = self._world.person
        #: Attempts whose money a person moved or spoke of, until journal and gateway agree again: theirs to answer for.
        self.excused = set() if person is None else person.unsettled
        in_the_middle = () if person is None else person.in_the_middle
        for order_id in self.excused.difference(in_the_middle):
            if agrees(self._world, self, order_id):
                self.excused.discard(order_id)

    def _refusals(self) -> None:
        for references in self._world.refused:
            held = self._invoices_of_orders(_HOLDING)
            require("only what is paid is locked", references <= set(held), references, held)
        self._world.refused.clear()

    def _money(self) -> None:
        held, captured = self._gateway_money()
        ours = {order_id: amount for order_id, amount in captured.items() if order_id not in self.excused}
        for order_id, amount in ours.items():
            attempt = self.attempts.get(order_id)
            is_known = attempt is not None and attempt.state in _KNOWING and attempt.state != "duplicate"
            require("captured money is known here", is_known, order_id, attempt and attempt.state)
            expected = self.orders[attempt.order_reference].total_centimes
            require("captured is what was to be paid", amount == expected, amount, expected)
        invoices = self._invoices_of(ours)
        require("no invoice is captured twice", max(invoices.values(), default=0) <= 1, invoices)
        for order in self.orders.values():
            if order.state in _HOLDING:
                ids = [key for key, row in self.attempts.items() if row.order_reference == order.reference]
                if self.excused.intersection(ids):
                    continue
                sums = [held.get(key, 0) + captured.get(key, 0) for key in ids]
                require(
                    "no order is accepted without money", order.total_centimes in sums, order.reference, sums
                )
                taken = [captured.get(key, 0) for key in ids]
                is_confirmed = order.state == "accepted" or not self._world.asks_gateway
                require(
                    "nothing is paid before the gateway says that it was captured",
                    is_confirmed or order.total_centimes in taken,
                    order.reference,
                    taken,
                )
        holding = self._invoices_of_orders(_HOLDING)
        require("no invoice is paid by two orders", max(holding.values(), default=0) <= 1, holding)

    def _gateway_money(self) -> tuple[dict[str, int], dict[str, int]]:
        held, captured = {}, {}
        for order in self._world.gateway.orders:
            totals = order.totals
            if totals.captured.centimes - totals.refunded.centimes:
                captured[order.order_id] = totals.captured.centimes - totals.refunded.centimes
            elif totals.held.centimes:
                held[order.order_id] = totals.held.centimes
        return held, captured

    def _invoices_of(self, order_ids: Iterable[str]) -> Counter[str]:
        references = [self.attempts[order_id].order_reference for order_id in order_ids]
        return Counter(invoice for reference in references for invoice in self.invoices[reference])

    def _invoices_of_orders(self, states: set[str]) -> Counter[str]:
        references = [order.reference for order in self.orders.values() if order.state in states]
        return Counter(invoice for reference in references for invoice in self.invoices[reference])

    def _mails(self) -> None:
        post = self._world.post
        doubled = {key for key, times in post.sent.items() if times > 1} - post.excused
        require("no mail is sent twice unless somebody died while sending", not doubled, doubled)
        if post.sent.total() > self._mailed:
            self._mailed = post.sent.total()
            self._read()
            numbers = self._numbers_by_mail()
            strange = [key for key, words in post.words.items() if numbers.get(key, "none") not in words]
            require("a mail tells of its own order's receipt", not strange, strange)

    def _numbers_by_mail(self) -> dict[str, str]:
        tenant = self._world.machines[0].tenant
        return {message_id(row.order_reference, tenant): row.number for row in self.receipts}

    def _mails_of_holders(self) -> set[str]:
        tenant = self._world.machines[0].tenant
        holders = [key for key, order in self.orders.items() if order.state in _HOLDING]
        return {message_id(key, tenant) for key in holders}

    def _books(self) -> None:
        bills = self._world.bills
        times = Counter(entry.key for entry in bills.entries if entry.key not in bills.excused)
        require("no payment is posted twice", max(times.values(), default=0) <= 1, times)
        if len(bills.entries) == self._booked:
            return
        new, self._booked = bills.entries[self._booked :], len(bills.entries)
        self._read()
        captured = self._gateway_money()[1]
        for entry in new:
            order = self.orders[entry.key]
            require("nothing is posted that is not paid", order.state in _WERE_PAID, entry.key, order.state)
            taken = [
                captured.get(key, 0) for key, row in self.attempts.items() if row.order_reference == entry.key
            ]
            is_confirmed = not self._world.asks_gateway or order.total_centimes in taken
            is_confirmed = is_confirmed or self._was_spoken_of(entry.key)
            require("nothing is posted before the gateway took just that", is_confirmed, entry.key, taken)
            amounts = {paid.reference: paid.amount.centimes for paid in entry.invoices}
            expected = {reference: INVOICES[reference] for reference in self.invoices[entry.key]}
            require("what is posted is what was owed", amounts == expected, amounts, expected)
        keys = {entry.key for entry in bills.entries if not self._was_spoken_of(entry.key)}
        invoices = Counter(reference for key in keys for reference in self.invoices[key])
        require("no invoice is posted by two orders", max(invoices.values(), default=0) <= 1, invoices)

    def _was_spoken_of(self, reference: str) -> bool:
        """Tell whether staff said or did something about an order: it may be given back after it was posted."""
        person = self._world.person
        spoken_of = () if person is None else person.spoken_of
        return any(self.attempts[order_id].order_reference == reference for order_id in spoken_of)

    def _answers(self) -> None:
        for answers in self._world.answers.values():
            firm = {answer for answer in answers if answer != "FAILURE"}
            require("every repeat of a callback gets the same answer", len(firm) <= 1, answers)

    def at_rest(self) -> None:
        """Check what must hold once nothing goes wrong any more and nobody has anything left to do."""
        self.after_step()
        left = [key for key, row in self.outbox.items() if row.sent_at is None and row.parked_at is None]
        require("everything has left", not left, left)
        sent, owed_mails = set(self._world.post.sent), set(self._numbers_by_mail())
        # A mail that says that a bill is paid does not leave once the money went back.
        gone = set() if self._world.person is None else owed_mails - self._mails_of_holders()
        require(
            "each paid order's mail was sent, and no other", owed_mails - gone <= sent <= owed_mails, sent
        )
        booked = {entry.key for entry in self._world.bills.entries}
        parked = {row.order_reference for row in self.outbox.values() if row.parked_at is not None}
        owed = {
            reference for reference, order in self.orders.items() if order.state in _HOLDING - {"accepted"}
        }
        require("each payment is posted, or before a person", owed <= booked | parked, owed - booked)
        referred = {row.order_id for row in self.reviews if row.resolved_at is None}
        held, captured = self._gateway_money()
        for sending in self._world.genuine():
            answers = set(self._world.answers[sending.body])
            require(
                "a true callback is settled once nothing goes wrong", answers != {"FAILURE"}, sending.attempt
            )
        if self._world.person is not None:
            flaws = list(unsettled_at_rest(self._world, self))
            require("staff can settle everything", not flaws, flaws)
        flaws = disagreements(self._world, self)
        require("journal, gateway and books agree", not flaws, flaws)
        for order_id in [*held, *captured]:
            self._not_lost(order_id, is_held=order_id in held, is_referred=order_id in referred)

    def _not_lost(self, order_id: str, *, is_held: bool, is_referred: bool) -> None:
        attempt = self.attempts[order_id]
        order = self.orders[attempt.order_reference]
        is_paid_by_it = order.state in _HOLDING and attempt.payment_instant is not None
        # Where nobody asks the gateway, a payment of which no callback came is known to nobody.
        is_silent = not self._world.asks_gateway and not self._world.was_told(order_id)
        is_found = is_referred or is_silent or (is_paid_by_it and not (is_held and self._world.asks_gateway))
        require("no payment is lost", is_found, order_id, attempt.state, order.state)


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text)
