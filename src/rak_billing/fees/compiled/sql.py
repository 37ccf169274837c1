"""
Expressions as SQL columns in native whole numbers, proved to fit before they are written.

A number that may outgrow 64 bits is computed in the engine's widest whole-number type; one that may outgrow that too
is refused by name. Nothing is left to an engine's way with overflow, and no division goes through floating point:
``//`` of DuckDB and ``div`` of Spark divide whole numbers as such.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, Literal

import attrs

from rak_billing.errors import NotCompilableError
from rak_billing.fees.compiled.expressions import (
    Bounds,
    Constant,
    Expression,
    Operation,
    Operator,
    Variable,
    bounds,
)

__all__ = ["DUCKDB", "NARROW", "SPARK", "Dialect", "sql_column"]

#: The largest number of a plain column, of 64 bits.
NARROW: Final = 2**63 - 1


@attrs.frozen
class Dialect:
    """
    How one engine writes what both can do.

    Attributes:
        name: What errors call it.
        quotient: Whole-number division.
        wide: The type for numbers of more than 64 bits.
        widest: The largest number of that type.
        largest_quotient: The largest result of a division.
        quote: Encloses the name of a column.
        text: The type of text.
        matches: Whether a text is as a pattern says, from its beginning to its end.
        escapes: What a text literal writes otherwise.
    """

    name: Literal["DuckDB", "Spark"]
    quotient: str
    wide: str
    widest: int
    largest_quotient: int
    quote: str
    text: str
    matches: str
    escapes: Mapping[str, str]

    def quoted(self, name: str) -> str:
        """Write the name of a column, whatever it contains."""
        return f"{self.quote}{name.replace(self.quote, self.quote * 2)}{self.quote}"

    def literal(self, text: str) -> str:
        """Write a text, whatever it contains."""
        return f"'{''.join([self.escapes.get(letter, letter) for letter in text])}'"


DUCKDB: Final = Dialect(
    name="DuckDB",
    quotient="({} // {})",
    wide="HUGEINT",
    widest=2**127 - 1,
    largest_quotient=2**127 - 1,
    quote='"',
    text="VARCHAR",
    matches="regexp_full_match({}, '{}')",
    escapes={"'": "''"},
)
SPARK: Final = Dialect(
    name="Spark",
    quotient="({} div {})",
    wide="DECIMAL(38, 0)",
    widest=10**38 - 1,
    # Its division gives 64 bits, whatever it divides.
    largest_quotient=NARROW,
    quote="`",
    text="STRING",
    matches="({} RLIKE '{}')",
    escapes={"'": "\\'", "\\": "\\\\"},
)

_OPERATIONS: Final[dict[Operator, str]] = {
    Operator.ADD: "({} + {})",
    Operator.SUBTRACT: "({} - {})",
    Operator.MULTIPLY: "({} * {})",
    Operator.REMAINDER: "({} % {})",
    Operator.LEAST: "least({}, {})",
    Operator.GREATEST: "greatest({}, {})",
    Operator.CHOOSE: "CASE WHEN {} <= {} THEN {} ELSE {} END",
}
_GROWING: Final = frozenset({Operator.ADD, Operator.MULTIPLY})
#: What has the type of its operands.
_AS_TYPED: Final = frozenset({Operator.LEAST, Operator.GREATEST, Operator.CHOOSE})
_SHRINKING: Final = frozenset({Operator.DIVIDE, Operator.REMAINDER})


@attrs.frozen
class _Piece:
    text: str
    bounds: Bounds
    is_wide: bool


@attrs.frozen
class _Writer:
    dialect: Dialect
    of_variables: Mapping[str, Bounds]
    columns: Mapping[str, str]

    def write(self, expression: Expression) -> _Piece:
        extent = bounds(expression, self.of_variables)
        self._check(extent.high, self.dialect.widest)
        if isinstance(expression, Constant):
            return _Piece(str(expression.value), extent, extent.high > NARROW)
        if isinstance(expression, Variable):
            return _Piece(self.columns[expression.name], extent, extent.high > NARROW)
        return self._operation(expression, extent)

    def _operation(self, expression: Operation, extent: Bounds) -> _Piece:
        operator = expression.operator
        pieces = [self.write(operand) for operand in expression.operands]
        is_wide = any(piece.is_wide for piece in pieces)
        texts = [piece.text for piece in pieces]
        if operator in _AS_TYPED or all(isinstance(operand, Constant) for operand in expression.operands):
            # An engine takes a small number for one of 32 bits, and a product of two for another such.
            texts = [_typed(operand, text) for operand, text in zip(expression.operands, texts, strict=True)]
        if operator in _GROWING and extent.high > NARROW and not is_wide:
            texts[0], is_wide = f"CAST({texts[0]} AS {self.dialect.wide})", True
        if operator is Operator.DIVIDE:
            self._check(extent.high, self.dialect.largest_quotient)
            text = self.dialect.quotient.format(*texts)
        else:
            text = _OPERATIONS[operator].format(*texts)
        if is_wide and operator in _SHRINKING and extent.high <= NARROW:
            text, is_wide = f"CAST({text} AS BIGINT)", False
        return _Piece(text, extent, is_wide)

    def _check(self, high: int, limit: int) -> None:
        if high > limit:
            reason = (
                f"needs whole numbers of {len(str(high))} digits; the engine computes exactly up to {limit}"
            )
            in_french = (
                f"demande des nombres de {len(str(high))} chiffres ; le moteur est exact jusqu'à {limit}"
            )
            raise NotCompilableError(self.dialect.name, reason, in_french)


def _typed(expression: Expression, text: str) -> str:
    is_narrow = isinstance(expression, Constant) and expression.value <= NARROW
    return f"CAST({text} AS BIGINT)" if is_narrow else text


def sql_column(
    expression: Expression, dialect: Dialect, of_variables: Mapping[str, Bounds], columns: Mapping[str, str]
) -> str:
    """
    Write *expression* as a column.

    Args:
        expression: What to compute.
        dialect: Of which engine.
        of_variables: The bounds of its variables.
        columns: Their columns, as they are written; of 64 bits where their bounds are.

    Raises:
        NotCompilableError: a number may outgrow what the engine computes exactly.
    """
    piece = _Writer(dialect, of_variables, columns).write(expression)
    if piece.is_wide and piece.bounds.high <= NARROW:
        return f"CAST({piece.text} AS BIGINT)"
    return _typed(expression, piece.text)
