"""Columns of Python objects: found out by the types of their cells."""

__all__ = ["column_of_objects", "is_missing", "number_text"]

from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from numbers import Real

import numpy as np
import polars as pl

from chainrule.errors import TableTypeError
from chainrule.table.raw_column import Column, ColumnName, Storage

_TRUTHS = (bool, np.bool_)
_WHOLE = (int, np.integer)
_REAL = (Real, Decimal, np.number)
_TIMES = (date, np.datetime64)


def column_of_objects(name: ColumnName, cells: Sequence[object], first_row: int = 0) -> Column:
    """Make a column of Python objects: all truths, all numbers, all times, or else text.

    Missing are None, NaN, NaT and pandas.NA. A mixture of text, numbers and truths becomes text.

    Raises
    ------
    TableTypeError
        If a cell holds anything else (a list, a dict, bytes), naming column, row and type.
    """
    present = [cell for cell in cells if not is_missing(cell)] if any(map(is_missing, cells)) else cells
    kinds = set(map(type, present))
    if not kinds or all(issubclass(kind, _TRUTHS) for kind in kinds):
        storage: Storage = "boolean" if kinds else "number"
        return Column(name, storage, np.array([_number(cell) for cell in cells]), first_row=first_row)
    if all(issubclass(kind, _REAL) and not issubclass(kind, _TRUTHS) for kind in kinds):
        whole = all(issubclass(kind, _WHOLE) for kind in kinds)
        return Column(name, "number", np.array([_number(cell) for cell in cells]), whole=whole, first_row=first_row)
    if all(issubclass(kind, _TIMES) for kind in kinds):
        times = np.array([_time(cell) for cell in cells], "datetime64[us]")
        return Column(name, "time", times, first_row=first_row)
    texts = [None if is_missing(cell) else _text(cell) for cell in cells]
    if len(present) != len(cells) - texts.count(None):
        row = next(row for row, cell in enumerate(cells) if not is_missing(cell) and texts[row] is None)
        raise TableTypeError(
            f"column {name!r}, row {first_row + row} (counting from 0): the argument must be a string or a number, a "
            f"truth or a time. Got {type(cells[row]).__name__} {cells[row]!r} instead."
        )
    return Column(name, "text", pl.Series(texts, dtype=pl.String), first_row=first_row)


def number_text(value: float) -> str:
    """Write a number as a category's name: 3.0 as "3", so that 3 and 3.0 are one category."""
    return str(int(value)) if value == int(value) and abs(value) < 2**53 else repr(float(value))


def is_missing(cell: object) -> bool:
    """Tell whether a cell is None, NaN, NaT or pandas.NA."""
    # pandas' NA and NaT are known by name, so that pandas is never imported.
    if cell is None or type(cell).__name__ in ("NAType", "NaTType"):
        return True
    return isinstance(cell, (*_REAL, np.generic)) and bool(cell != cell)


def _number(cell: object) -> float:
    return float("nan") if is_missing(cell) else float(cell)  # type: ignore[arg-type]


def _time(cell: object) -> object:
    if is_missing(cell):
        return np.datetime64("NaT")
    if isinstance(cell, datetime) and cell.tzinfo is not None:
        cell = cell.astimezone(UTC).replace(tzinfo=None)
    return np.datetime64(cell, "us")  # type: ignore[call-overload]


def _text(cell: object) -> str | None:
    if isinstance(cell, str):
        return str(cell)
    if isinstance(cell, _TRUTHS):
        return "true" if cell else "false"
    if isinstance(cell, _REAL):
        return number_text(float(cell))
    return str(cell) if isinstance(cell, _TIMES) else None
