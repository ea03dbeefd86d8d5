"""Any table as plain columns: DataFrames of every library by narwhals, arrays and nested lists by NumPy."""

__all__ = ["Columns", "open_table", "refuse_non_table"]

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt
import scipy.sparse
from sklearn.utils import check_array

from chainrule.errors import TableError, TableTypeError
from chainrule.table.objects import column_of_objects
from chainrule.table.raw_column import Column, ColumnName


@dataclass(frozen=True)
class Columns:
    """A table whose columns are converted when they are asked for.

    Attributes
    ----------
    names : sequence of str or int
        The column names of a DataFrame, if all are text; else the positions 0, 1, ….
    named : bool
        Whether ``names`` are names.
    n_rows : int
        N, at least 1.
    """

    names: Sequence[ColumnName]
    named: bool
    n_rows: int
    _get: Callable[[int], Column]

    def at(self, position: int) -> Column:
        """Convert the column at this position."""
        return self._get(position)


def open_table(X: object, *, caller: str, first_row: int = 0) -> Columns:
    """Open a DataFrame, a 2-D array or a nested list, shape (N, columns), as `Columns`.

    Parameters
    ----------
    X : DataFrame, array-like
        Anything narwhals or NumPy can read.
    caller : str
        Whom error messages speak of.
    first_row : int
        Number of the first row, for error messages.

    Raises
    ------
    TableError
        If it is no table: as `refuse_non_table` says, or not two-dimensional, empty or complex.
    """
    refuse_non_table(X, caller=caller)
    frame = nw.from_native(X, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        return _open_frame(frame, caller, first_row)
    return _open_array(_checked_array(X, caller), first_row)


def refuse_non_table(X: object, *, caller: str = "chainrule") -> None:
    """Refuse what is often given in the place of a table; all else passes, unread.

    Raises
    ------
    TableError
        For None, a path, a mapping, a lazy frame, and a DataFrame with repeated column names.
    """
    needs = f"{caller} needs a table"
    if X is None:
        raise TableError(f"{needs}: a DataFrame, or rows and columns of an array. Got None instead.")
    if isinstance(X, str | bytes | os.PathLike):
        raise TableError(f"{needs}, not its path. Got {X!r}; read it first: chainrule.table.read_table(path).")
    if isinstance(X, Mapping) and not scipy.sparse.issparse(X):  # SciPy's dictionary of keys is both
        raise TableError(f"{needs}. Got a {type(X).__name__}; make it a DataFrame first: polars.DataFrame(X).")
    try:
        frame = nw.from_native(X, pass_through=True)
    except nw.exceptions.DuplicateError as error:
        raise TableError(f"{needs} with distinct column names: {_repeated_names(X)}; rename them.") from error
    if isinstance(frame, nw.LazyFrame):
        raise TableError(f"{needs} in memory. Got {type(X).__name__}; call its .collect() first.")


def _repeated_names(X: Any) -> str:
    # Of an Arrow table, .columns are the columns themselves.
    counts = Counter(getattr(X, "column_names", None) or X.columns)
    return ", ".join(f"{name!r} appears {count} times" for name, count in counts.items() if count > 1)


def _open_frame(frame: nw.DataFrame[Any], caller: str, first_row: int) -> Columns:
    n_rows, n_columns = frame.shape
    for what, count in (("sample", n_rows), ("feature", n_columns)):
        if count == 0:
            raise TableError(
                f"Found array with 0 {what}(s) (shape={frame.shape}) while a minimum of 1 is required by {caller}."
            )
    named = all(isinstance(name, str) for name in frame.columns)
    names = list(frame.columns) if named else list(range(n_columns))
    series = list(frame.iter_columns())
    return Columns(names, named, n_rows, lambda j: _column_of_series(names[j], series[j], first_row))


def _column_of_series(name: ColumnName, series: nw.Series[Any], first_row: int) -> Column:
    dtype = series.dtype
    if dtype.is_numeric():
        numbers = series.cast(nw.Float64).to_numpy().astype(np.float64, copy=False)
        return Column(name, "number", numbers, whole=dtype.is_integer(), first_row=first_row)
    if dtype == nw.Boolean:
        return Column(name, "boolean", series.cast(nw.Float64).to_numpy(), first_row=first_row)
    if dtype == nw.Date or dtype == nw.Datetime:
        return Column(name, "time", _times(series), first_row=first_row)
    if dtype == nw.Duration:
        return Column(name, "number", _seconds(series.to_numpy()), first_row=first_row)
    if dtype in (nw.Categorical, nw.Enum):
        cells = column_of_objects(name, series.to_list(), first_row)
        return Column(name, cells.storage, cells.values, categorical=True, first_row=first_row)
    if dtype == nw.String and (series.implementation.is_polars() or series.implementation.is_pyarrow()):
        return Column(name, "text", series.to_polars(), first_row=first_row)
    if dtype == nw.Unknown and series.null_count() == len(series):
        return Column(name, "number", np.full(len(series), np.nan), first_row=first_row)
    return column_of_objects(name, series.to_list(), first_row)


def _times(series: nw.Series[Any]) -> npt.NDArray[np.datetime64]:
    if isinstance(series.dtype, nw.Datetime) and series.dtype.time_zone is not None:
        series = series.dt.convert_time_zone("UTC").dt.replace_time_zone(None)
    return series.to_numpy().astype("datetime64[us]")


def _seconds(durations: npt.NDArray[np.generic]) -> npt.NDArray[np.float64]:
    return durations.astype("timedelta64[us]") / np.timedelta64(1, "s")


def _checked_array(X: object, caller: str) -> npt.NDArray[Any]:
    try:
        array = check_array(
            X, dtype=None, ensure_all_finite=False, estimator=caller, ensure_min_samples=1, input_name="X"
        )
    except ValueError as error:
        raise TableError(str(error)) from error
    assert isinstance(array, np.ndarray)
    return array


def _open_array(array: npt.NDArray[Any], first_row: int) -> Columns:
    names = range(array.shape[1])
    return Columns(names, False, len(array), lambda j: _column_of_array(j, array[:, j], first_row))


def _column_of_array(name: int, values: npt.NDArray[Any], first_row: int) -> Column:
    kind = values.dtype.kind
    if kind in "iuf":
        return Column(name, "number", values.astype(np.float64), whole=kind != "f", first_row=first_row)
    if kind == "b":
        return Column(name, "boolean", values.astype(np.float64), first_row=first_row)
    if kind == "M":
        return Column(name, "time", values.astype("datetime64[us]"), first_row=first_row)
    if kind == "m":
        return Column(name, "number", _seconds(values), first_row=first_row)
    if kind in "UTO":
        return column_of_objects(name, values.tolist(), first_row)
    raise TableTypeError(
        f"column {name}: the argument must be a string or a number, a truth or a time. Got NumPy type {values.dtype}."
    )
