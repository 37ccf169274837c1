"""From the journal's rows to values, and back where JSON stands between."""

import json
from collections import namedtuple
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs
from sqlalchemy import Row, Table

from cmi_gateway.money import Money
from cmi_gateway.outcome import PaymentFacts
from rak_billing.payments import sealing
from rak_billing.payments.columns import Instant, Json, instant_of
from rak_billing.payments.records import AttemptRecord, LineRecord, OrderRecord, PastEvent
from rak_billing.payments.sealing import Vault
from rak_billing.payments.states import AttemptState, Event, OrderState


class Part:
    """
    Reads the columns of one table out of a row of several, as the driver gives it.

    Args:
        table: All its columns stand in the row.
        first: How many columns come before them.
    """

    def __init__(self, table: Table, *, first: int) -> None:
        self._place = slice(first, first + len(table.c))
        named = namedtuple(f"{table.name}_row", [column.name for column in table.c])  # type: ignore[misc]  # noqa: PYI024 - the table names them
        self._make: Callable[[Iterable[Any]], Any] = named._make
        self._readers = [
            (position, _READERS[type(column.type)])
            for position, column in enumerate(table.c)
            if type(column.type) in _READERS
        ]

    def of(self, row: Sequence[Any]) -> Any:
        """Give it as if it were a row of the table."""
        part = list(row[self._place])
        for position, read in self._readers:
            if (text := part[position]) is not None:
                part[position] = read(text)
        return self._make(part)


_READERS: Final[dict[type, Callable[[str], Any]]] = {Json: json.loads, Instant: instant_of}


def order_from_rows(row: Row[Any], lines: Sequence[Row[Any]], vault: Vault) -> OrderRecord:
    """Read an order from its row and the rows of its lines."""
    return OrderRecord(
        reference=row.reference,
        tenant=row.tenant,
        customer_ref=row.customer_ref,
        customer_name=vault.open_text(sealing.CUSTOMER_NAME, row.reference, row.customer_name),
        customer_address=vault.open_text(sealing.CUSTOMER_ADDRESS, row.reference, row.customer_address),
        state=OrderState.named(row.state),
        card=row.card,
        total=Money(row.total_centimes, row.currency),
        lines=tuple(_line(line, row.currency) for line in lines),
        quote=row.quote,
        quote_digest=row.quote_digest,
        created_at=row.created_at,
    )


def _line(row: Row[Any], currency: str) -> LineRecord:
    amount = Money(row.amount_centimes, currency)
    return LineRecord(row.reference, row.description, amount, is_fee=bool(row.is_fee))


def event_from_row(row: Row[Any]) -> PastEvent:
    """Read an event of an order's history from its row."""
    return PastEvent(
        event=Event(row.event),
        order_id=row.order_id,
        attempt_state=AttemptState.named(row.attempt_state),
        order_state=OrderState.named(row.order_state),
        at=row.at,
        facts=row.facts,
    )


def attempt_from_row(row: Row[Any], vault: Vault) -> AttemptRecord:
    """Read an attempt from its row."""
    fields = vault.open_json(sealing.FORM_FIELDS, row.order_id, row.form_fields)
    facts = vault.open_json(sealing.FACTS, row.order_id, row.facts)
    return AttemptRecord(
        order_id=row.order_id,
        order_reference=row.order_reference,
        state=AttemptState.named(row.state),
        token_hash=row.token_hash,
        form_fields=tuple((name, value) for name, value in fields),
        email=vault.open_text(sealing.EMAIL, row.order_id, row.email),
        language=row.language,
        terms_version=row.terms_version,
        terms_accepted_at=row.terms_accepted_at,
        started_at=row.started_at,
        facts=None if facts is None else facts_from_json(facts),
        payment_instant=row.payment_instant,
    )


def facts_to_json(facts: PaymentFacts) -> dict[str, Any]:
    """Turn *facts* into what JSON can hold."""
    values = attrs.asdict(facts)
    if facts.gateway_time is not None:
        values["gateway_time"] = facts.gateway_time.isoformat()
    return values


def facts_from_json(values: Mapping[str, Any]) -> PaymentFacts:
    """Turn what `facts_to_json` made back into facts."""
    read = dict(values)
    if read.get("gateway_time") is not None:
        read["gateway_time"] = datetime.fromisoformat(read["gateway_time"])
    return PaymentFacts(**read)
