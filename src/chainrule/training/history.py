"""The history: its rows written from the steps of epochs, taken apart for a file, and put together again.

In a file it is a float64 array a column, however many epochs.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError, ParameterError

__all__ = ["HistoryRow", "history_from_parts", "history_rows", "history_to_parts"]

HistoryRow = dict[str, Any]


def history_rows(
    steps: NDArray[np.float64], *, first_epoch: int, last_steps: list[int], rates: list[float] | list[None]
) -> list[HistoryRow]:
    """Return the rows of E epochs, without validation and time.

    Parameters
    ----------
    steps : array (3, E, n)
        Error, Σ weight and gradient norm of each epoch's n steps, at least one.
    first_epoch : int
        Number of the first of them.
    last_steps : list (E,) of int
        Steps taken at the end of each.
    rates : list (E,) of float or None
        Learning rate of each one's last step.
    """
    errors, weights, _ = steps
    with np.errstate(over="ignore", invalid="ignore"):
        _, total_weights, total_norms = np.add.reduce(steps, axis=2)
        train_errors = np.add.reduce(errors * weights, axis=1) / total_weights
        overflown = np.isfinite(total_weights) & ~np.isfinite(train_errors)  # a sum may where the mean does not
        if overflown.any():
            shares = weights[overflown] / total_weights[overflown, np.newaxis]
            train_errors[overflown] = np.add.reduce(errors[overflown] * shares, axis=1)
            train_errors[total_weights == 0] = 0.0
    cells = zip(last_steps, train_errors.tolist(), rates, (total_norms / steps.shape[2]).tolist(), strict=True)
    return [
        {
            "epoch": epoch,
            "step": step,
            "train_error": error,
            "validation_error": None,
            "learning_rate": rate,
            "gradient_norm": norm,
        }
        for epoch, (step, error, rate, norm) in enumerate(cells, first_epoch)
    ]


def history_to_parts(history: list[HistoryRow]) -> tuple[dict[str, str], dict[str, NDArray[np.float64]]]:
    """Return the columns of a history of E rows, and their numbers.

    Parameters
    ----------
    history : list of dict
        One row an epoch, of int, float and None. A column that a row lacks counts as None there, and so does NaN.

    Returns
    -------
    columns : dict
        "int" or "float" for each column, in the order of the rows.
    arrays : dict
        ``history.<column>``, float64, shape (E,), for each column; NaN stands for None.

    Raises
    ------
    ParameterError
        If a row holds something else, such as a callback's text.
    """
    columns: dict[str, str] = {}
    arrays: dict[str, NDArray[np.float64]] = {}
    for name in dict.fromkeys(name for row in history for name in row):
        cells = [row.get(name) for row in history]
        for cell in cells:
            if cell is not None and not isinstance(cell, int | float):
                raise ParameterError(f"Column {name!r} of the history must hold numbers to be stored. Got {cell!r}.")
        columns[name] = "int" if all(isinstance(cell, int | None) for cell in cells) else "float"
        arrays[_array_name(name)] = np.array(cells, dtype=np.float64)
    return columns, arrays


def history_from_parts(columns: Any, arrays: dict[str, NDArray[Any]]) -> list[HistoryRow]:
    """Return the history that ``history_to_parts`` took apart.

    Parameters
    ----------
    columns : dict
        As returned there.
    arrays : dict
        Among others those returned there.

    Raises
    ------
    ModelFileError
        If the parts are not those of a history.
    """
    if not isinstance(columns, dict):
        raise ModelFileError("the history is not described by its columns")
    cells = {name: _cells(name, kind, arrays.get(_array_name(name))) for name, kind in columns.items()}
    if len({len(column) for column in cells.values()}) > 1:
        raise ModelFileError("the columns of the history differ in length")
    return [dict(zip(cells, row, strict=True)) for row in zip(*cells.values(), strict=True)]


def _array_name(column: str) -> str:
    """Return the name of a column's array: ASCII, as files want it, whatever a metric is called."""
    return "history." + column.encode("unicode_escape").decode("ascii")


def _cells(name: str, kind: Any, array: NDArray[Any] | None) -> list[float | None]:
    if array is None or array.ndim != 1 or array.dtype != np.float64 or kind not in ("int", "float"):
        raise ModelFileError(f"column {name!r} of the history is not a float64 array of one dimension")
    plain = array.astype(object)
    if kind == "int":
        known = ~np.isnan(array)
        if not (array[known] == np.rint(array[known])).all() or np.isinf(array).any():
            raise ModelFileError(f"column {name!r} of the history does not hold whole numbers")
        plain[known] = [int(cell) for cell in array[known]]
    plain[np.isnan(array)] = None
    cells: list[float | None] = plain.tolist()
    return cells
