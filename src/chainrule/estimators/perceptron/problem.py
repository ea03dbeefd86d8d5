"""The rows that a network is fitted to: read once, split for early stopping, and measured against."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.utils.validation import _check_sample_weight

from chainrule.engine import Source
from chainrule.errors import ParameterError, ShapeError

__all__ = ["Problem", "checked_weight", "read_eval_set", "split"]


class Problem(NamedTuple):
    """Rows to train on or to judge by.

    ``X`` is (N, D), dense or CSR; ``target`` what the loss takes, (N,) codes or (N, K); ``truth`` what metrics take,
    codes, 0/1 labels or numbers; ``weight`` (N,) or None. ``places`` (N,) says which of the rows of ``fit`` they are;
    None: all of them.
    """

    X: Any
    target: NDArray[Any]
    truth: NDArray[Any]
    weight: NDArray[Any] | None
    places: NDArray[np.int64] | None = None

    def rows(self, chosen: NDArray[np.int64]) -> "Problem":
        """Return some of the rows."""
        weight = None if self.weight is None else self.weight[chosen]
        return Problem(self.X[chosen], self.target[chosen], self.truth[chosen], weight, chosen)

    def source(self, dtype: Any) -> Source:
        """Return the rows as an engine takes them, in the dtype of the weights."""
        target = self.target if self.target.dtype.kind in "iu" else self.target.astype(dtype, copy=False)
        weight = None if self.weight is None else self.weight.astype(dtype, copy=False)
        return Source(self.X.astype(dtype, copy=False), target, weight)


def as_rows(X: Any) -> Any:
    """Return X dense or as CSR: batches are rows."""
    return X.tocsr() if not isinstance(X, np.ndarray) else X


def checked_weight(sample_weight: Any, X: Any) -> NDArray[Any] | None:
    """Return the rows' weights (N,), or None if there are none given.

    Raises
    ------
    ValueError
        In scikit-learn's words if they do not fit the rows; if all are zero.
    """
    if sample_weight is None:
        return None
    if not np.any(np.asarray(sample_weight)):  # releases of scikit-learn before 1.9 say nothing of it
        raise ParameterError("Sample weights must contain at least one non-zero number: all of sample_weight are zero.")
    weight: NDArray[Any] = _check_sample_weight(sample_weight, X)
    return weight


def split(problem: Problem, *, kept: float | int, strata: NDArray[Any] | None, random: Any) -> tuple[Problem, Problem]:
    """Return rows to train on and rows to judge by, those that scikit-learn would choose.

    Parameters
    ----------
    problem : Problem
        All rows.
    kept : float or int
        The share of rows to judge by, or their number.
    strata : array (N,) or None
        Classes, each of which is split.
    random : RandomState
        Drawn from.

    Raises
    ------
    ValueError
        In scikit-learn's words, if there are too few rows, or all of either have weight 0.
    """
    from sklearn.model_selection import train_test_split  # most fits split nothing, and it takes long to import

    n_rows = len(problem.target)
    training, judging = train_test_split(np.arange(n_rows), random_state=random, test_size=kept, stratify=strata)
    if len(judging) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    for chosen, what in ((training, "left to train on"), (judging, "kept back for early stopping")):
        if problem.weight is not None and not problem.weight[chosen].any():
            raise ParameterError(
                f"Sample weights must contain at least one non-zero number: those of all rows {what} are zero. "
                "Leave rows of weight 0 out, or choose another validation_fraction or random_state."
            )
    return problem.rows(training), problem.rows(judging)


def read_eval_set(eval_set: Any) -> tuple[Any, Any, Any]:
    """Return X, y and the weights (or None) of an ``eval_set``: a tuple of two or three, or a list of one such.

    Raises
    ------
    ShapeError
        If it is something else.
    """
    if isinstance(eval_set, list) and len(eval_set) == 1:
        [eval_set] = eval_set
    if not isinstance(eval_set, tuple) or len(eval_set) not in (2, 3):
        got = f"one of {len(eval_set)}" if isinstance(eval_set, tuple) else type(eval_set).__name__
        raise ShapeError(f"eval_set must be a tuple (X, y) or (X, y, sample_weight), got {got}.")
    return eval_set if len(eval_set) == 3 else (*eval_set, None)
