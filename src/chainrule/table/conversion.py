"""A column read as one kind of values, whatever it is stored as; the same for fitting and for predicting."""

__all__ = ["to_keys", "to_numbers", "to_times", "to_truths"]

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import TableError
from chainrule.table.objects import number_text
from chainrule.table.raw_column import Column, FloatArray, Storage
from chainrule.table.text import Parsed, parse_numbers, parse_times, parse_truths

_WAY_OUT = "correct the cell, or leave it empty if the value is unknown"


def to_numbers(column: Column) -> FloatArray:
    """Read a column as finite float64 numbers, NaN where missing; truths are 0 and 1.

    Raises
    ------
    TableError
        For text that is no number, infinities and times; naming column, row and value.
    """
    if column.storage == "time":
        _refuse(column, "a number", "dates or times", "date")
    if column.storage == "text":
        numbers = _read(column, parse_numbers, "a number").to_numpy().astype(np.float64, copy=False)
    else:
        numbers = column.numbers
    infinite = np.isinf(numbers)
    if infinite.any():
        row = int(np.argmax(infinite))
        column.fail(row, f"{numbers[row]}, and numbers must be finite; {_WAY_OUT}")
    return numbers


def to_truths(column: Column, *, other_words: bool = False) -> FloatArray:
    """Read a column as truths: float64 of 0 and 1, NaN where missing or, if ``other_words`` may be, no truth word.

    Raises
    ------
    TableError
        For text that is no truth word, numbers other than 0 and 1, and times; naming column, row and value.
    """
    if column.storage == "time":
        _refuse(column, "a truth", "dates or times", "date")
    if column.storage == "text":
        if other_words:
            return parse_truths(column.texts).values.cast(pl.Float64).to_numpy()
        return _read(column, parse_truths, "a truth (yes/no, true/false)").cast(pl.Float64).to_numpy()
    truths = column.numbers
    wrong = ~np.isnan(truths) & (truths != 0) & (truths != 1)
    if wrong.any():
        row = int(np.argmax(wrong))
        column.fail(row, f"{number_text(truths[row])}, and truths are 0 and 1; {_WAY_OUT}")
    return truths


def to_times(column: Column) -> npt.NDArray[np.datetime64]:
    """Read a column as datetime64[us] in UTC, NaT where missing.

    Raises
    ------
    TableError
        For text that is no ISO 8601 date or time, numbers and truths; naming column, row and value.
    """
    if column.storage == "text":
        return _read(column, parse_times, "an ISO date such as 2024-12-31").to_numpy().astype("datetime64[us]")
    if column.storage != "time" and not column.missing.all():
        _refuse(column, "a date", f"{column.storage}s", "number")
    return column.times


def to_keys(column: Column, source: Storage) -> pl.Series:
    """Read a column as category names (String, null where missing).

    Numbers are named by their shortest text ("3", also for 3.0), truths "true" and "false". ``source`` is what the
    column was stored as in training: text in the place of numbers or truths is read as those where it can be, so that
    a category means the same in a file and in a DataFrame.
    """
    if column.storage == "text":
        return _text_keys(column.texts, source)
    if column.storage == "time":
        return pl.Series(column.times).dt.to_string("iso")
    distinct, places = np.unique(column.numbers, return_inverse=True)
    truths = column.storage == "boolean" or source == "boolean"
    name = {0.0: "false", 1.0: "true"} if truths else {}
    names = [None if np.isnan(value) else name.get(value) or _key_of(value) for value in distinct.tolist()]
    return pl.Series(names, dtype=pl.String).gather(places)


def _key_of(value: float) -> str:
    return number_text(value) if np.isfinite(value) else str(value)


def _text_keys(texts: pl.Series, source: Storage) -> pl.Series:
    if source in ("text", "time"):
        return texts.set(texts == "", None)
    distinct = texts.unique()
    if source == "boolean":
        read = parse_truths(distinct)
        keys = read.values.replace_strict({True: "true", False: "false"}, return_dtype=pl.String)
    else:
        read = parse_numbers(distinct)
        keys = pl.Series([None if v is None else _key_of(v) for v in read.values], dtype=pl.String)
    keys = keys.zip_with(~read.refused, distinct)
    return texts.replace_strict(distinct, keys, return_dtype=pl.String)


def _read(column: Column, parse: Callable[[pl.Series], Parsed], what: str) -> pl.Series:
    parsed = parse(column.texts)
    if not parsed.complete:
        row = parsed.refused.arg_max() or 0
        column.fail(row, f"{column.texts[row]!r}, which is not {what}; {_WAY_OUT}")
    return parsed.values


def _refuse(column: Column, wanted: str, held: str, kind: str) -> None:
    raise TableError(
        f"column {column.name!r} must hold {wanted} in every row, but holds {held}; convert the column, or train with "
        f"columns={{{column.name!r}: {kind!r}}}"
    )
