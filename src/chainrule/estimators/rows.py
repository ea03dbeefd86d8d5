"""The rows an estimator is given: checked at the door, with scikit-learn's wording where it has one."""

from typing import Any, NamedTuple

import narwhals as nw
import numpy as np
from numpy.typing import NDArray
from sklearn import __version__ as sklearn_version
from sklearn.utils.validation import check_array, validate_data

from chainrule import table
from chainrule.errors import ShapeError, TableError

__all__ = ["Rows", "check_features", "read_evaluation_rows", "read_rows", "together"]

READS_NARWHALS = tuple(int(part) for part in sklearn_version.split(".")[:2]) >= (1, 9)


class Rows(NamedTuple):
    """``X`` (DataFrame, array or sparse matrix of N rows), ``y`` (N,) or (N, K), ``weight`` (N,) float64 > 0.

    ``numbers`` (N,) says where in the table as it was given each row is, from 0, ascending.
    """

    X: Any
    y: NDArray[Any]
    weight: NDArray[np.float64]
    numbers: NDArray[np.int64]


def check_features(estimator: Any, X: Any, *, reset: bool) -> Any:
    """Return X as DataFrame, 2-D array or CSR matrix, its columns checked (or noted, with ``reset``).

    Raises
    ------
    ValueError
        In scikit-learn's words, if X is not two-dimensional or empty, or its columns are not those of ``fit``.
    """
    table.refuse_non_table(X, caller=type(estimator).__name__)
    if isinstance(X, list | tuple):
        X = np.asarray(
            X, dtype=object if any(isinstance(v, str) for row in X[:1] for v in np.atleast_1d(row)) else None
        )
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    if isinstance(frame, nw.DataFrame):
        if frame.shape[0] == 0 or frame.shape[1] == 0:
            raise TableError(
                f"Found {frame.shape[0]} rows and {frame.shape[1]} columns; at least one of each is needed."
            )
        validate_data(estimator, X if READS_NARWHALS else _Columns(frame), skip_check_array=True, reset=reset)
        return X
    X = check_array(X, dtype=None, accept_sparse="csr", ensure_all_finite=False, estimator=type(estimator).__name__)
    validate_data(estimator, X, skip_check_array=True, reset=reset)
    return X


class _Columns:
    """Names and shape of a DataFrame as scikit-learn before 1.9 reads them: by the interchange protocol."""

    def __init__(self, frame: nw.DataFrame[Any]) -> None:
        self.column_names = lambda: frame.columns
        self.shape = frame.shape

    def __dataframe__(self) -> "_Columns":
        return self


def read_rows(estimator: Any, X: Any, y: Any, sample_weight: Any) -> Rows:
    """Return checked rows for ``fit``, noting names and number of the features on the estimator.

    Raises
    ------
    ValueError
        If y is missing, a length differs, or a weight is negative, not finite, or all are zero.
    """
    if isinstance(y, str):
        raise TableError(f"y must be the target's values, got {y!r}; pass the column itself, such as table[{y!r}].")
    if isinstance(sample_weight, str):
        raise TableError(f"sample_weight must be numbers, got {sample_weight!r}; pass the column itself.")
    if y is None:
        raise ValueError(
            f"This {type(estimator).__name__} estimator requires y to be passed, but the target y is None."
        )
    X = check_features(estimator, X, reset=True)
    return together(X, y, sample_weight)


def read_evaluation_rows(estimator: Any, eval_set: Any) -> Rows:
    """Return the checked rows of an ``eval_set``: (X, y) or (X, y, sample_weight), or a list of one such tuple.

    Raises
    ------
    ShapeError
        If it is something else.
    """
    if isinstance(eval_set, list) and len(eval_set) == 1:
        eval_set = eval_set[0]
    if not isinstance(eval_set, tuple) or len(eval_set) not in (2, 3):
        raise ShapeError(f"eval_set must be a tuple (X, y) or (X, y, sample_weight), got {type(eval_set).__name__}.")
    X, y, *weight = eval_set
    return together(check_features(estimator, X, reset=False), y, weight[0] if weight else None)


def together(X: Any, y: Any, sample_weight: Any) -> Rows:
    """Return rows of which X is already checked, those of weight zero left out; the weights have mean 1.

    Raises
    ------
    ValueError
        If a length differs, or a weight is negative, not finite, or all are zero.
    """
    target = table.as_target_array(y)
    if len(target) != X.shape[0]:
        raise ShapeError(
            f"Found input variables with inconsistent numbers of samples: X has {X.shape[0]} rows, y has {len(target)}."
        )
    weight = _weights(sample_weight, len(target))
    counted = weight > 0
    _check_target(target, counted)
    if counted.all():
        return Rows(X, target, weight, np.arange(len(target)))
    return Rows(_take(X, counted), target[counted], weight[counted], np.flatnonzero(counted))


def _take(X: Any, rows: NDArray[np.bool_]) -> Any:
    """Return some rows of a DataFrame, array or CSR matrix."""
    frame = nw.from_native(X, eager_only=True, pass_through=True)
    return frame.filter(rows.tolist()).to_native() if isinstance(frame, nw.DataFrame) else X[rows]


def _check_target(target: NDArray[Any], counted: NDArray[np.bool_]) -> None:
    """Refuse missing and infinite targets in the rows that count."""
    for wrong, what in ((table.target_gaps(target), "missing (NaN)"), (_infinite(target), "infinity")):
        wrong = wrong & counted
        if wrong.any():
            raise TableError(
                f"Input y contains {what} in {wrong.sum()} of {len(wrong)} rows, first in row {int(np.argmax(wrong))} "
                "(counting from 0); drop these rows."
            )


def _infinite(target: NDArray[Any]) -> NDArray[np.bool_]:
    """Mark the rows in which a target is infinite."""
    if target.dtype.kind != "f":
        return np.zeros(len(target), dtype=bool)
    return np.asarray(np.isinf(target).reshape(len(target), -1).any(axis=1))


def _weights(sample_weight: Any, n_rows: int) -> NDArray[np.float64]:
    """Return float64 weights of mean 1 over the rows whose weight is not zero."""
    if sample_weight is None:
        return np.ones(n_rows)
    weight = check_array(
        sample_weight, ensure_2d=False, dtype=np.float64, ensure_all_finite=False, input_name="sample_weight", copy=True
    )
    if weight.ndim != 1:
        raise ShapeError(f"Sample weights must be 1D array or scalar, got an array of shape {weight.shape}.")
    if len(weight) != n_rows:
        raise ShapeError(f"sample_weight.shape == ({len(weight)},), expected ({n_rows},): one weight for each row.")
    for wrong, rule in ((~np.isfinite(weight), "finite"), (weight < 0, "non-negative")):
        if wrong.any():
            row = int(np.argmax(wrong))
            raise TableError(f"Sample weights must be {rule}: row {row} (counting from 0) has {weight[row]}.")
    if not weight.any():
        raise TableError("Sample weights must not all be zero: no row would be left to train on.")
    weight /= weight.max()
    return np.asarray(weight / weight[weight > 0].mean())
