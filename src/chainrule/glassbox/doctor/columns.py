"""The columns of a table, as the rules about tables look at them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Source
from chainrule.errors import ShapeError
from chainrule.glassbox.doctor.row_keys import KeyedRows, keys_of_rows

__all__ = ["Columns", "columns_of_source", "spread_rows"]

MOST_ROWS = 4096  # of a large table, so many rows are looked at, evenly spread
MOST_CELLS = 2**25

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False, kw_only=True)
class Columns:
    """Columns of N rows, and their target.

    Parameters
    ----------
    names : sequence of str (D,)
    values : array (N, D)
        Numbers; categories as codes; NaN where there is none.
    target : array (N,) of int class codes, or (N, K) of numbers
    is_category : sequence of bool (D,), optional
        Which columns are categories: their codes have no order. By default none.
    labels : sequence of str, optional
        Names of the classes.
    weight : array (N,), optional
        Row weights.
    rows : array (N,) of int, optional
        The rows' numbers in the table; by default 0 to N − 1.
    is_encoded : bool
        Whether the network takes them as they are: their scales matter then.
    every_row : KeyedRows, optional
        All rows of the table, where these are a sample of them.

    Raises
    ------
    ShapeError
        If values and target do not have the same number of rows, or there is not a name for each column.
    """

    names: Sequence[str]
    values: Numbers
    target: NDArray[Any]
    is_category: Sequence[bool] = ()
    labels: Sequence[str] = ()
    weight: Numbers | None = None
    rows: NDArray[np.int64] | None = None
    is_encoded: bool = False
    every_row: KeyedRows | None = None

    def __post_init__(self) -> None:
        if len(self.values) != len(self.target):
            raise ShapeError(f"values have {len(self.values)} rows and the target {len(self.target)}; give both alike.")
        if len(self.names) != self.values.shape[1]:
            raise ShapeError(f"names must be {self.values.shape[1]}, one for each column, got {len(self.names)}.")

    @property
    def n_rows(self) -> int:
        """N."""
        return len(self.values)

    @property
    def has_classes(self) -> bool:
        """Whether the target is class codes."""
        return self.target.ndim == 1 and self.target.dtype.kind in "iu"

    @cached_property
    def is_constant(self) -> NDArray[np.bool_]:
        """Which columns hold one value only, (D,); gaps are a value of their own."""
        first = self.values[:1]
        return np.asarray(((self.values == first) | (np.isnan(self.values) & np.isnan(first))).all(axis=0))

    @property
    def keyed(self) -> KeyedRows:
        """All rows of the table; these, if there are no others."""
        numbers = np.arange(self.n_rows) if self.rows is None else self.rows
        return self.every_row or KeyedRows(keys_of_rows(self.values), self.target, numbers)

    def named(self, chosen: NDArray[Any] | Sequence[int]) -> list[str]:
        """Return the names of some columns, by position."""
        return [self.names[int(j)] for j in chosen]


def spread_rows(n_rows: int, most: int) -> NDArray[np.int64]:
    """Return at most ``most`` rows, evenly spread, ascending."""
    return np.unique(np.linspace(0, n_rows - 1, min(n_rows, most)).round().astype(np.int64))


def columns_of_source(
    source: Source, names: Sequence[str], numbers: NDArray[np.int64], *, is_classes: bool
) -> Columns | None:
    """Return a network's inputs as columns, or None where there are too many to look at.

    Parameters
    ----------
    source : Source
        The N training rows.
    names : sequence of str (D,)
    numbers : array (N,)
        Where in the table they are.
    is_classes : bool
        Whether each row is of one class: a target of one column of 0 and 1 becomes class codes then.
    """
    rows = spread_rows(source.n_rows, MOST_ROWS)
    if len(rows) * source.numbers.shape[1] > MOST_CELLS:
        return None
    batch = source.take(rows)
    values = batch.numbers if isinstance(batch.numbers, np.ndarray) else batch.numbers.toarray()
    target = source.target[:, 0].astype(np.int64) if is_classes and source.target.ndim == 2 else source.target
    is_sample = len(rows) < source.n_rows
    return Columns(
        names=names,
        values=np.asarray(values, dtype=np.float64),
        target=target[rows],
        weight=None if batch.weight is None else batch.weight.astype(np.float64),
        rows=numbers[rows],
        is_encoded=True,
        every_row=KeyedRows(keys_of_rows(source.numbers), target, numbers) if is_sample else None,
    )
