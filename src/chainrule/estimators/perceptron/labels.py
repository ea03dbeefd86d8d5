"""Labels that are small whole numbers, found and numbered without sorting all rows."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["codes_of", "few_labels"]

MOST_LABELS = 20  # of more, scikit-learn may warn that they are many for so few rows


def few_labels(y: Any) -> Any:
    """Return a target (N,), or where it is a few whole numbers close to each other, each of them once, sorted.

    To scikit-learn, asked which classes there are and of what type, either is the same; but it sorts all rows, twice.
    Targets of other types or shapes are returned as they are.
    """
    if not isinstance(y, np.ndarray) or y.ndim != 1 or y.dtype.kind not in "iu" or len(y) < 2 * MOST_LABELS:
        return y
    low, high = y.min(), y.max()
    if int(high) - int(low) >= MOST_LABELS:
        return y
    return low + np.flatnonzero(np.bincount((y - low).astype(np.int64, copy=False))).astype(y.dtype)


def codes_of(y: NDArray[Any], classes: NDArray[Any]) -> NDArray[np.int64]:
    """Return the places (N,) of labels (N,) among the classes (K,), which are sorted and have all of them."""
    are_few = len(classes) <= MOST_LABELS and classes.dtype.kind in "iu" and classes.dtype == y.dtype
    if are_few and int(classes[-1]) - int(classes[0]) == len(classes) - 1:
        codes: NDArray[np.int64] = (y - classes[0]).astype(np.int64, copy=False)
        return codes
    return np.searchsorted(classes, y)
