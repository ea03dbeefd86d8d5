"""One column as it came, before it is decided what it means."""

__all__ = ["Column", "ColumnName", "FloatArray", "Storage"]

from dataclasses import dataclass, replace
from typing import Literal, NoReturn

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import TableError

ColumnName = str | int
FloatArray = npt.NDArray[np.float64]
Storage = Literal["number", "boolean", "time", "text"]


@dataclass(frozen=True)
class Column:
    """One column of a table, in one of four storages.

    Attributes
    ----------
    name : str or int
        The name in a DataFrame, the position in an array.
    storage : {"number", "boolean", "time", "text"}
        What ``values`` are.
    values : ndarray (N,) or polars.Series (N,)
        ``number``: float64, NaN where missing. ``boolean``: float64 of 0, 1 and NaN. ``time``: datetime64[us] in UTC
        and NaT. ``text``: a polars String series, null where missing.
    whole : bool
        Whether the numbers came as integers.
    categorical : bool
        Whether the table itself declares the column a category.
    first_row : int
        The number of the first row in the whole table, for error messages on pieces of it.
    rows : ndarray of int (N,) or None
        Where each row was before `take`; None if all are in place.
    """

    name: ColumnName
    storage: Storage
    values: npt.NDArray[np.generic] | pl.Series
    whole: bool = False
    categorical: bool = False
    first_row: int = 0
    rows: npt.NDArray[np.intp] | None = None

    def __len__(self) -> int:
        return len(self.values)

    @property
    def numbers(self) -> FloatArray:
        """``values`` of the storages ``number`` and ``boolean``."""
        assert isinstance(self.values, np.ndarray)
        return self.values.astype(np.float64, copy=False)

    @property
    def times(self) -> npt.NDArray[np.datetime64]:
        """``values`` of the storage ``time``."""
        assert isinstance(self.values, np.ndarray)
        return self.values.astype("datetime64[us]", copy=False)

    @property
    def texts(self) -> pl.Series:
        """``values`` of the storage ``text``."""
        assert isinstance(self.values, pl.Series)
        return self.values

    @property
    def missing(self) -> npt.NDArray[np.bool_]:
        """Mark the rows without a value, shape (N,)."""
        if isinstance(self.values, pl.Series):
            return self.values.is_null().to_numpy()
        return np.isnat(self.times) if self.storage == "time" else np.isnan(self.numbers)

    def take(self, rows: npt.NDArray[np.bool_]) -> "Column":
        """Keep the marked rows."""
        kept = self.texts.filter(pl.Series(rows)) if self.storage == "text" else self.values[rows]
        return replace(self, values=kept, rows=np.flatnonzero(rows))

    def place(self, row: int) -> int:
        """Return the row of the whole table that is this column's ``row``."""
        return self.first_row + (row if self.rows is None else int(self.rows[row]))

    def fail(self, row: int, what: str) -> NoReturn:
        """Raise a `TableError` that names this column and the row of the whole table."""
        raise TableError(f"column {self.name!r}, row {self.place(row)} (counting from 0) holds {what}")
