"""
Bills from two CSV files, as a back end exports them: one of customers, one of invoices.

A file is read whole or not at all: one bad line refuses it, with its number, so that nobody is told that there is
nothing to pay because a line was skipped.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from rak_billing.billing_systems.bill_rows import OPTIONAL_COLUMNS, REQUIRED_COLUMNS, invoice_of
from rak_billing.errors import InvoiceError
from rak_billing.invoices import Account, Invoice, Statement

__all__ = ["read_bills"]

_CUSTOMER_COLUMNS: Final = ("customer_ref", "name", "address")


def read_bills(
    customers: Path, invoices: Path, *, separator: str = ";", decimal: Literal[".", ","] = "."
) -> tuple[Statement, ...]:
    """
    Read the statement of every customer; invoices keep the order of their file.

    Args:
        customers: With the columns ``customer_ref``, ``name`` and ``address``; UTF-8, first line the names.

        invoices: With ``customer_ref``, ``reference``, ``service``, ``period``, ``due_date`` and ``amount``, and any of
            `rak_billing.billing_systems.bill_rows.OPTIONAL_COLUMNS`.

        separator: Between two columns.

        decimal: Before the decimals of amounts.

    Raises:
        InvoiceError: A line does not hold, comes twice, or belongs to no customer; names file and line.
        OSError: A file cannot be read.
    """
    accounts: dict[str, Account] = {}
    for line, row in _rows(customers, separator, _CUSTOMER_COLUMNS, ()):
        account = Account(row["customer_ref"], row["name"], row["address"])
        if accounts.setdefault(account.customer_ref, account) is not account:
            raise _refused(customers, line, "customer_ref", "expected each customer once")
    bills = _bills(invoices, separator, decimal, accounts)
    return tuple(Statement(account, bills[reference]) for reference, account in accounts.items())


def _bills(
    path: Path, separator: str, decimal: str, accounts: dict[str, Account]
) -> dict[str, list[Invoice]]:
    bills: dict[str, list[Invoice]] = defaultdict(list)
    seen: set[str] = set()
    columns = ("customer_ref", *REQUIRED_COLUMNS)
    for line, row in _rows(path, separator, columns, OPTIONAL_COLUMNS):
        try:
            invoice = invoice_of(row, decimal=decimal)
        except InvoiceError as error:
            raise _refused(path, line, error.field, error.reason) from None
        if row["customer_ref"] not in accounts:
            raise _refused(path, line, "customer_ref", "expected a customer of the other file")
        if invoice.reference in seen:
            raise _refused(path, line, "reference", "expected each invoice once")
        seen.add(invoice.reference)
        bills[row["customer_ref"]].append(invoice)
    return bills


def _rows(
    path: Path, separator: str, required: tuple[str, ...], optional: tuple[str, ...]
) -> Iterator[tuple[int, dict[str, str]]]:
    # A spreadsheet writes a mark before the first name, which utf-8-sig takes off.
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file, delimiter=separator, strict=True)
        try:
            names = reader.fieldnames or ()
            if not set(required) <= set(names) <= {*required, *optional} or len(set(names)) < len(names):
                raise _refused(path, 1, "columns", f"expected {', '.join(required)}, each once")
            for row in reader:
                if None in row or None in row.values():
                    raise _refused(path, reader.line_num, "columns", f"expected {len(names)} of them")
                yield reader.line_num, row
        except (csv.Error, UnicodeDecodeError) as error:
            raise _refused(
                path, reader.line_num, "text", f"expected UTF-8 with quotes closed: {error}"
            ) from None


def _refused(path: Path, line: int, column: str, reason: str) -> InvoiceError:
    return InvoiceError(f"{path.name}, line {line}, {column}", reason)
