"""The labelled rows of a table: features, target and weight, everything odd about them said."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import TableError, nearest

__all__ = ["LabelledRows", "check_names", "labelled_rows", "naming_rows"]


@dataclass(frozen=True)
class LabelledRows:
    """Rows that have a target.

    Parameters
    ----------
    X : polars.DataFrame of shape (N, D)
    y : polars.Series of length N
        Without missing values; its name is the target's.
    weight : array (N,) or None
        Row weights.
    numbers : array (N,) of int
        Their places in the table, from 0.
    n_dropped : int
        Rows of the table that have no target and are not here.
    all_features : polars.DataFrame
        The features of every row of the table, in its order.
    all_y : polars.Series
        The target of every row of the table, in its order.
    """

    X: pl.DataFrame
    y: pl.Series
    weight: npt.NDArray[np.float64] | None
    numbers: npt.NDArray[np.int64]
    n_dropped: int
    all_features: pl.DataFrame
    all_y: pl.Series

    def take(self, rows: npt.NDArray[np.int64]) -> "LabelledRows":
        """Return these rows, in this order."""
        weight = None if self.weight is None else self.weight[rows]
        return replace(self, X=self.X[rows], y=self.y[rows], weight=weight, numbers=self.numbers[rows])


def check_names(path: str, known: Iterable[str], wanted: Sequence[str], option: str) -> None:
    """Check that a table has the columns that an option names.

    Raises
    ------
    TableError
        Naming the first one it lacks, and the nearest there is.
    """
    known = list(known)
    for name in wanted:
        if name not in known:
            shown = ", ".join(known[:20]) + (", …" if len(known) > 20 else "")
            raise TableError(f"{path}: has no column {name!r} ({option}).{nearest(name, known)} Columns are {shown}.")


def labelled_rows(
    path: str,
    frame: pl.DataFrame,
    *,
    target: str,
    weight: str | None = None,
    role: str = "--target",
    weight_option: str = "--weight",
) -> LabelledRows:
    """Split a table into features, target and weight, without the rows that have no target.

    Parameters
    ----------
    path : str
        The table's file, for messages.
    frame : polars.DataFrame
        The table.
    target, weight : str
        Column names; both are taken out of the features.
    role : str
        What makes it the target, for messages: an option, or the model.
    weight_option : str
        The option that names the weight, for messages.

    Raises
    ------
    TableError
        If a column is not there, no row has a target, a target is infinite, no feature is left, or a weight is
        missing, negative or not finite.
    """
    check_names(path, frame.columns, [target], role)
    check_names(path, frame.columns, [weight] if weight is not None else [], weight_option)
    y = frame[target]
    if y.dtype.is_temporal() or y.dtype.is_nested():
        raise TableError(f"{path}: column {target!r} ({role}) must hold numbers, text or true/false. Got {y.dtype}.")
    if y.dtype.is_float():
        _check_finite(path, y, role)
    has_target = y.is_not_null() & (y.is_not_nan() if y.dtype.is_float() else True)
    if not has_target.any():
        raise TableError(f"{path}: column {target!r} ({role}) has no value in any of {frame.height:,} rows.")
    features = frame.drop([target] if weight is None or weight == target else [target, weight])
    if features.width == 0:
        raise TableError(f"{path}: has no column besides {target!r} to learn from.")
    weights = None if weight is None else _weights(path, frame[weight], has_target, weight_option)
    numbers = np.flatnonzero(has_target.to_numpy())
    return LabelledRows(
        features.filter(has_target), y.filter(has_target), weights, numbers, frame.height - len(numbers), features, y
    )


@contextmanager
def naming_rows(path: str, encode: Callable[[], object]) -> Iterator[None]:
    """Let errors about values name the file, and the rows by their place in it.

    Inside the block, rows were left out or shuffled, or are a piece of the table: their numbers mean nothing to the
    user.

    Parameters
    ----------
    path : str
        The table's file.
    encode : callable
        Meets the same error with the rows numbered as in the file.

    Raises
    ------
    TableError
    """
    try:
        yield
    except TableError as error:
        raise TableError(f"{path}: {_located(encode) or error}") from error


def _located(encode: Callable[[], object]) -> TableError | None:
    """Return the error that ``encode`` meets, if it meets one."""
    try:
        encode()
    except TableError as error:
        return error
    return None


def _check_finite(path: str, y: pl.Series, role: str) -> None:
    infinite = y.is_infinite().fill_null(False)
    if infinite.any():
        row = int(infinite.arg_max() or 0)
        raise TableError(
            f"{path}: column {y.name!r} ({role}), row {row} (counting from 0) holds {y[row]}; targets must be finite. "
            "Leave the value empty, and the row is left out."
        )


def _weights(path: str, column: pl.Series, kept: pl.Series, option: str) -> npt.NDArray[np.float64]:
    """Return the weights of the kept rows; rows are counted from 0, as in the table room's messages."""
    if not (column.dtype.is_numeric() or column.dtype == pl.Boolean):
        value = column.drop_nulls().first()
        raise TableError(f"{path}: column {column.name!r} ({option}) must hold numbers. Got {value!r}.")
    weights = column.cast(pl.Float64).fill_null(np.nan)
    for wrong, rule in [(~weights.is_finite(), "is missing or not finite"), (weights < 0, "is negative")]:
        wrong &= kept
        if wrong.any():
            row = int(wrong.arg_max() or 0)
            raise TableError(
                f"{path}: column {column.name!r} ({option}), row {row} (counting from 0): {column[row]} {rule}. "
                "Weights must be at least 0; 0 leaves a row out."
            )
    chosen = weights.filter(kept).to_numpy()
    if not chosen.any():
        raise TableError(f"{path}: column {column.name!r} ({option}) is 0 in every row, so no row would count.")
    return chosen
