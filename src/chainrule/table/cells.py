"""The type of a delimited file's column, found on all of its cells, piece by piece."""

__all__ = ["CellType", "cell_type", "convert_cells", "join_types"]

from enum import Enum

import polars as pl

from chainrule.table.text import Parsed, parse_numbers, parse_truths

_GLANCE = 256  # Cells that settle most columns of words without reading the rest.
_FILE_TRUTHS = (("true",), ("false",))


class CellType(Enum):
    """What all cells of a column are; `EMPTY` has none to tell by."""

    EMPTY = "empty"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    TEXT = "text"


def cell_type(texts: pl.Series, *, decimal_comma: bool = False) -> CellType:
    """Find the narrowest type that every cell of a text column has.

    Truth words are "true" and "false" here, in any case; "yes" stays text, and `TableEncoder` reads it.
    """
    if len(texts) > 2 * _GLANCE and cell_type(texts[:_GLANCE], decimal_comma=decimal_comma) is CellType.TEXT:
        return CellType.TEXT
    numbers = parse_numbers(texts, decimal_comma=decimal_comma)
    if numbers.complete:
        if numbers.values.null_count() == len(texts):
            return CellType.EMPTY
        whole = bool((numbers.values == numbers.values.floor()).all())
        return CellType.INTEGER if whole and _integers(texts, numbers).complete else CellType.NUMBER
    if parse_truths(texts, words=_FILE_TRUTHS).complete:
        return CellType.BOOLEAN
    return CellType.TEXT


def join_types(one: CellType, other: CellType) -> CellType:
    """Return the type of a column made of two pieces."""
    if one is other or other is CellType.EMPTY:
        return one
    if one is CellType.EMPTY:
        return other
    return CellType.NUMBER if {one, other} == {CellType.INTEGER, CellType.NUMBER} else CellType.TEXT


def convert_cells(texts: pl.Series, kind: CellType, *, decimal_comma: bool = False) -> Parsed:
    """Convert a text column to Int64, Float64, Boolean or (`TEXT`, `EMPTY`) leave it String, empty cells null."""
    if kind is CellType.BOOLEAN:
        return parse_truths(texts, words=_FILE_TRUTHS)
    if kind in (CellType.INTEGER, CellType.NUMBER):
        numbers = parse_numbers(texts, decimal_comma=decimal_comma)
        return _integers(texts, numbers) if kind is CellType.INTEGER else numbers
    empty = texts.set(texts == "", None)
    if kind is CellType.EMPTY:
        empty = pl.Series(texts.name, [None] * len(texts), dtype=pl.String)
    return Parsed(empty, pl.Series([False], dtype=pl.Boolean).new_from_index(0, len(texts)))


def _integers(texts: pl.Series, numbers: Parsed) -> Parsed:
    values = texts.str.strip_chars().cast(pl.Int64, strict=False)
    return Parsed(values, numbers.refused | (values.is_null() & numbers.values.is_not_null()))
