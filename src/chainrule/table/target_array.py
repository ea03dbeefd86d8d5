"""Any target as a NumPy array, and the gaps in it."""

__all__ = ["as_target_array", "refuse_gaps", "target_gaps"]

from typing import Any

import narwhals as nw
import numpy as np
import numpy.typing as npt

from chainrule.errors import TableError
from chainrule.table.objects import is_missing


def as_target_array(y: Any) -> npt.NDArray[Any]:
    """Return a target as an array of shape (N,) or (N, K).

    Parameters
    ----------
    y : array-like, Series or DataFrame
        Numbers, truths or text. A DataFrame of one column is (N,).

    Returns
    -------
    ndarray
        Arrays as they are. Of a Series, ints, floats and bools keep their type where there are no gaps; floats have
        NaN for gaps, all else becomes an array of objects with None for gaps. Text without gaps is NumPy text.

    Raises
    ------
    TableError
        If y is not one- or two-dimensional, or holds times, complex numbers or records.
    """
    native = nw.from_native(y, eager_only=True, allow_series=True, pass_through=True)
    if isinstance(native, nw.DataFrame):
        parts = [_series_array(series) for series in native.iter_columns()]
        array = parts[0] if len(parts) == 1 else np.column_stack(parts) if parts else np.empty((0, 0))
    elif isinstance(native, nw.Series):
        array = _series_array(native)
    else:
        array = _plain_array(y)
    if array.ndim not in (1, 2):
        raise TableError(f"the target must have one or two dimensions, (N,) or (N, K). Got {array.ndim} instead.")
    if array.dtype.kind in "mMcV":
        raise TableError(f"the target must hold numbers, truths or text. Got {array.dtype}; convert it first.")
    return array


def target_gaps(array: npt.NDArray[Any]) -> npt.NDArray[np.bool_]:
    """Mark the rows (N,) of a target array in which a value is missing: NaN, None, NaT, pandas.NA."""
    if array.dtype.kind == "f":
        gaps = np.isnan(array)
    elif array.dtype.kind == "O":
        gaps = np.array([is_missing(cell) for cell in array.ravel()], dtype=bool).reshape(array.shape)
    else:
        return np.zeros(len(array), dtype=bool)
    return gaps if gaps.ndim == 1 else np.asarray(gaps.any(axis=1))


def refuse_gaps(array: npt.NDArray[Any]) -> None:
    """Raise a `TableError` that counts the missing targets, if there are any."""
    gaps = target_gaps(array)
    if gaps.any():
        raise TableError(
            f"the target is missing (NaN) in {int(gaps.sum())} of {len(array)} rows, "
            f"first in row {int(np.argmax(gaps))} (counting from 0); drop these rows"
        )


def _series_array(series: nw.Series[Any]) -> npt.NDArray[Any]:
    dtype = series.dtype
    if dtype.is_decimal() or dtype.is_float():
        return series.cast(nw.Float64).to_numpy()
    if dtype.is_temporal() or ((dtype.is_integer() or dtype == nw.Boolean) and series.null_count() == 0):
        return series.to_numpy()
    cells = [None if is_missing(cell) else cell for cell in series.to_list()]
    return np.array(cells, dtype=object) if None in cells else np.array(cells)


def _plain_array(y: Any) -> npt.NDArray[Any]:
    try:
        return np.asarray(y)
    except ValueError as error:
        raise TableError(f"the target must be a list or an array of one value, or K values, a row: {error}") from error
