"""Text that is all but numbers, and the few cells that make it text."""

__all__ = ["describe_strays"]

from collections.abc import Callable

import polars as pl

from chainrule.table.text import parse_numbers

NEARLY_ALL = 0.9
"""Text is all but numbers if more than this share of its values are."""


def describe_strays(texts: pl.Series, place: Callable[[int], int]) -> str:
    """Return words such as "all but 1 of 3,000 values are numbers (row 17 holds 'unknown')".

    Parameters
    ----------
    texts : polars.Series of str, shape (N,)
        The cells; null and the words for "no value" do not count.
    place : callable
        Turns a position in ``texts`` into the row of the whole table.

    Returns
    -------
    str
        Empty unless more than 90 %, but not all, of the values are numbers. The row is the first stray's.
    """
    distinct = texts.drop_nulls().unique()
    parsed = parse_numbers(distinct)
    if parsed.complete or parsed.values.null_count() == len(distinct):
        return ""
    stray = texts.is_in(distinct.filter(parsed.refused).implode()).fill_null(False)
    n_strays = int(stray.sum())
    n_values = n_strays + int(texts.is_in(distinct.filter(parsed.values.is_not_null()).implode()).sum())
    if n_values - n_strays <= NEARLY_ALL * n_values:
        return ""
    row = stray.arg_max() or 0
    first = "" if n_strays == 1 else "first, "
    return f"all but {n_strays:,} of {n_values:,} values are numbers ({first}row {place(row)} holds {texts[row]!r})"
