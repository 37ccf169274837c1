"""What a file of invoices holds, in the words of its owner, and the query that reads it in ours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from enum import StrEnum
from typing import Final

import attrs

from rak_billing.errors import InvoiceFileError
from rak_billing.fees.compiled.sql import Dialect

__all__ = [
    "AmountUnit",
    "ColumnKind",
    "InvoiceColumns",
    "InvoiceTable",
    "empty",
    "reading_query",
    "separator_of",
    "unreadable",
    "unwritable",
]


class AmountUnit(StrEnum):
    """What the numbers of the column of amounts count."""

    CENTIMES = "centimes"
    DIRHAMS = "dirhams"


class ColumnKind(StrEnum):
    """What the type of a column lets one do."""

    INTEGER = "integer"
    #: With two decimals or fewer.
    DECIMAL = "decimal"
    TEXT = "text"
    DAY = "day"
    #: Floating point, instants, anything else.
    OTHER = "other"


@attrs.frozen
class InvoiceTable:
    """
    A file as an engine sees it.

    Attributes:
        name: How errors call it.
        relation: What a query selects from.
        kinds: Column → kind.
        dialect: Of the engine.
    """

    name: str
    relation: str
    kinds: Mapping[str, ColumnKind]
    dialect: Dialect


@attrs.frozen(kw_only=True)
class InvoiceColumns:
    """
    Which columns say what.

    Attributes:
        amount: Of the invoice; whole centimes, or dirhams with two decimals.
        unit: Which of the two.
        payment: Rows with one value are paid together; None: each row is a payment.
        reference: Names a payment in the output where each row is one; left out where there is no such column.
        day: Of the payment; where there is no such column, *on* is the day.
        on: That day.
        card: ``moroccan``, ``international``; where there is no such column, all are *default_card*.
        default_card: That card.
        brand: Unknown where there is no such column, as are the two that follow.
        channel: Likewise.
        customer_class: Likewise.
        stated: Which of these were named on purpose, and so must be there.
    """

    on: date
    amount: str = "amount"
    unit: AmountUnit = AmountUnit.CENTIMES
    payment: str | None = None
    reference: str = "reference"
    day: str = "date"
    card: str = "card"
    default_card: str = "moroccan"
    brand: str = "brand"
    channel: str = "channel"
    customer_class: str = "customer_class"
    stated: frozenset[str] = frozenset()


_DIGITS: Final = "^[0-9]{1,15}$"
_DECIMAL: Final = "^[0-9]{1,13}([.,][0-9]{1,2})?$"
_DAY: Final = "^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
#: The most dirhams of which the centimes are surely no overflow; a larger amount is refused anyway.
_MOST: Final = 10**13


def reading_query(table: InvoiceTable, columns: InvoiceColumns) -> str:
    """
    Write the query that gives the invoices with the columns that a fee query takes.

    An amount or a day that cannot be read becomes null, and its payment is refused for that.

    Raises:
        InvoiceFileError: a column is missing, or its type cannot hold what it should exactly.
    """
    listed = {
        "payment": _payment(table, columns),
        "amount": _amount(table, columns),
        "day": _day(table, columns),
        "card": _word(table, columns, "card", f"'{columns.default_card}'"),
        "brand": _word(table, columns, "brand"),
        "channel": _word(table, columns, "channel"),
        "customer_class": _word(table, columns, "customer_class"),
    }
    texts = ", ".join(f"{text} AS {name}" for name, text in listed.items())
    return f"(SELECT {texts} FROM {table.relation})"


def separator_of(header: str) -> str:
    """Find what separates the columns of a CSV file: the most frequent of comma, semicolon and tabulator in its head."""
    return max(",;\t", key=header.count)


def empty(name: str) -> InvoiceFileError:
    """Say that the file *name* holds nothing, not even a line with the names of its columns."""
    return InvoiceFileError(name, "is empty", "ce fichier est vide")


def unreadable(name: str, words: str) -> InvoiceFileError:
    """Say that the file *name* cannot be read, and what the engine says of it."""
    in_french = (
        "ce fichier ne se lit pas jusqu'au bout ; un CSV est attendu en UTF-8, "
        f"avec autant de colonnes sur chaque ligne que sur la première. Le moteur dit : {words}"
    )
    return InvoiceFileError(name, f"cannot be read: {words}", in_french)


def unwritable(name: str, words: str) -> InvoiceFileError:
    """Say that the output *name* cannot be written, likewise."""
    return InvoiceFileError(
        name, f"cannot be written: {words}", f"ce fichier ne s'écrit pas ; le moteur dit : {words}"
    )


def _kind(table: InvoiceTable, name: str) -> ColumnKind:
    if name not in table.kinds:
        listed = ", ".join(table.kinds)
        in_french = f"pas de colonne « {name} » ; il y a : {listed}"
        raise InvoiceFileError(table.name, f"no column {name!r}; there are {listed}", in_french)
    return table.kinds[name]


def _payment(table: InvoiceTable, columns: InvoiceColumns) -> str:
    name = columns.payment
    if name is None:
        name = columns.reference
        if name not in table.kinds and "reference" not in columns.stated:
            return f"CAST(NULL AS {table.dialect.text})"
    _kind(table, name)
    return f"CAST({table.dialect.quoted(name)} AS {table.dialect.text})"


def _amount(table: InvoiceTable, columns: InvoiceColumns) -> str:
    kind, name = _kind(table, columns.amount), table.dialect.quoted(columns.amount)
    in_dirhams = columns.unit is AmountUnit.DIRHAMS
    if kind is ColumnKind.INTEGER:
        if in_dirhams:
            return f"CASE WHEN {name} BETWEEN 0 AND {_MOST} THEN CAST({name} AS BIGINT) * 100 END"
        return f"TRY_CAST({name} AS BIGINT)"
    if kind is ColumnKind.DECIMAL and in_dirhams:
        return f"CASE WHEN {name} BETWEEN 0 AND {_MOST} THEN CAST(CAST({name} AS DECIMAL(38, 2)) * 100 AS BIGINT) END"
    if kind is ColumnKind.TEXT:
        pattern = _DECIMAL if in_dirhams else _DIGITS
        number = f"CAST(CAST(replace({name}, ',', '.') AS DECIMAL(38, 2)) * 100 AS BIGINT)"
        number = number if in_dirhams else f"CAST({name} AS BIGINT)"
        return f"CASE WHEN {table.dialect.matches.format(name, pattern)} THEN {number} END"
    wanted = "whole dirhams, decimals of two places or text" if in_dirhams else "whole centimes"
    reason = f"column {columns.amount!r} cannot hold {wanted} exactly; amounts are read in {columns.unit}"
    expected = (
        "des dirhams entiers, à deux décimales exactes ou en texte" if in_dirhams else "des centimes entiers"
    )
    in_french = (
        f"la colonne « {columns.amount} » n'est pas d'un type exact : attendu, {expected} ; "
        f"les montants sont lus en {columns.unit} (voir --unit)"
    )
    raise InvoiceFileError(table.name, reason, in_french)


def _day(table: InvoiceTable, columns: InvoiceColumns) -> str:
    if columns.day not in table.kinds and "day" not in columns.stated:
        return f"DATE '{columns.on}'"
    kind, name = _kind(table, columns.day), table.dialect.quoted(columns.day)
    if kind is ColumnKind.DAY:
        return name
    if kind is ColumnKind.TEXT:
        return f"CASE WHEN {table.dialect.matches.format(name, _DAY)} THEN TRY_CAST({name} AS DATE) END"
    reason = "expected days by Moroccan legal time, as dates or as text such as 2018-09-10"
    in_french = "attendu, des jours à l'heure légale du Maroc : dates, ou texte comme 2018-09-10"
    raise InvoiceFileError(
        table.name, f"column {columns.day!r}: {reason}", f"colonne « {columns.day} » : {in_french}"
    )


def _word(table: InvoiceTable, columns: InvoiceColumns, field: str, otherwise: str = "NULL") -> str:
    column: str = getattr(columns, field)
    if column not in table.kinds and field not in columns.stated:
        return f"CAST({otherwise} AS {table.dialect.text})"
    _kind(table, column)
    return f"CAST({table.dialect.quoted(column)} AS {table.dialect.text})"
