"""Targets to judge a model by: each must be one that the model could have predicted."""

from typing import Any

import polars as pl

from chainrule.errors import TableError, nearest

__all__ = ["check_classes_known", "check_numbers"]


def check_numbers(path: str, y: pl.Series, *, role: str) -> None:
    """Check that a target (N,) holds numbers or truths; gaps do not count.

    Parameters
    ----------
    path : str
        The table's file, for messages.
    y : polars.Series
        The target of every row of the table, so that rows are counted as in it.
    role : str
        What makes it the target, for messages.

    Raises
    ------
    TableError
        Naming the first row that holds something else.
    """
    if y.dtype.is_numeric() or y.dtype == pl.Boolean:
        return
    wrong = y.is_not_null() & y.cast(pl.String).cast(pl.Float64, strict=False).is_null()
    row = int(wrong.arg_max() or 0) if wrong.any() else int(y.is_not_null().arg_max() or 0)
    raise TableError(f"{_place(path, y, row, role)} holds {y[row]!r}, but the model predicts numbers.")


def check_classes_known(path: str, y: pl.Series, classes: list[Any], *, role: str) -> None:
    """Check that every value of a target (N,) is one of the classes seen in training; gaps do not count.

    Parameters
    ----------
    path, y, role
        As for `check_numbers`.
    classes : list
        The classes, as Python values.

    Raises
    ------
    TableError
        Naming the first row that holds another value.
    """
    known = set(classes)
    unknown = [value for value in y.drop_nulls().unique(maintain_order=True).to_list() if value not in known]
    unknown = [value for value in unknown if value == value]  # NaN is a gap
    if not unknown:
        return
    texts = {str(label) for label in classes}
    # In a column that one word made text, 0 is read as "0": the word is what is wrong.
    value = next((value for value in unknown if str(value) not in texts), unknown[0])
    row = int((y == value).arg_max() or 0)
    shown = ", ".join(repr(label) for label in classes[:10]) + (", …" if len(classes) > 10 else "")
    raise TableError(
        f"{_place(path, y, row, role)} holds {value!r}, which is not one of the {len(classes)} classes seen in "
        f"training: {shown}.{nearest(str(value), texts)}"
    )


def _place(path: str, y: pl.Series, row: int, role: str) -> str:
    return f"{path}: column {y.name!r} ({role}), row {row} (counting from 0)"
