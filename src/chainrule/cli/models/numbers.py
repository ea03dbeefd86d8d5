"""Columns that must be numbers without gaps, for estimators that take them as they are."""

from typing import NoReturn

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import TableError
from chainrule.table.text import parse_numbers

__all__ = ["only_numbers"]


def only_numbers(table: str, frame: pl.DataFrame, numbers: npt.NDArray[np.int64], *, owner: str) -> pl.DataFrame:
    """Return a table with every column as finite numbers: those that are floats as they are, all others as Float64.

    Truths are 0 and 1. Text is read as numbers where it is some, in a file that has other text elsewhere.

    Parameters
    ----------
    table : str
        The table's file, for messages.
    frame : polars.DataFrame of N rows
    numbers : array (N,)
        Their places in the table, from 0, for messages.
    owner : str
        Who takes only numbers, for messages.

    Raises
    ------
    TableError
        Naming the first column that has a value that is no number, a gap or an infinite number, and its first row.
    """

    def refuse(column: pl.Series, wrong: pl.Series, what: str) -> NoReturn:
        place = int(wrong.arg_max() or 0)
        held = column[place]
        raise TableError(
            f"{table}: column {column.name!r}, row {numbers[place]} (counting from 0) "
            f"{'has no value' if held is None else f'holds {held!r}'}, {what}"
        )

    def read(column: pl.Series) -> pl.Series:
        values, refused = _as_numbers(column)
        if refused.any():
            refuse(column, refused, f"which is no number, and {owner} takes nothing else; correct it, or recode it.")
        gaps = values.is_null() | values.is_nan()
        if gaps.any():
            refuse(column, gaps, f"and {owner} takes no gaps; fill it in, or leave the row out.")
        if (infinite := values.is_infinite()).any():
            refuse(column, infinite, "and numbers must be finite; correct it, or leave the row out.")
        return values

    return frame.select(read(column) for column in frame)


def _as_numbers(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return a column as floats, null where it has gaps, and which of its values are no numbers."""
    if column.dtype == pl.String:
        plain, with_comma = (parse_numbers(column, decimal_comma=comma) for comma in (False, True))
        parsed = min(plain, with_comma, key=lambda one: int(one.refused.sum()))  # a stray word leaves 1,5 as it is
        return parsed.values, parsed.refused
    if column.dtype.is_float():
        return column, pl.zeros(len(column), pl.Boolean, eager=True)
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        return column.cast(pl.Float64), pl.zeros(len(column), pl.Boolean, eager=True)
    return pl.Series(column.name, [None] * len(column), dtype=pl.Float64), column.is_not_null()
