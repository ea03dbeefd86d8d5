"""A fast way past scikit-learn's validation for the rows that need none of it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["plain_rows"]

_FLOATS = (np.dtype(np.float64), np.dtype(np.float32))


def plain_rows(model: Any, X: Any) -> NDArray[Any] | None:
    """Return X if it is plainly in order: what ``validate_data`` would return as it is, and say nothing about.

    That is a NumPy array of finite float32 or float64, with at least one row and the columns of ``fit``, for a model
    that knows no names of columns. None sends everything else the long way, where errors and warnings are made.
    """
    if type(X) is not np.ndarray or X.ndim != 2 or X.dtype not in _FLOATS or not len(X):
        return None
    fitted = model.__dict__
    if "weights_" not in fitted or "feature_names_in_" in fitted or X.shape[1] != fitted["n_features_in_"]:
        return None
    return X if np.isfinite(X).all() else None
