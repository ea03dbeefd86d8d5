"""Which rows are kept back for validation: a function of the rows' classes and the seed."""

import numpy as np
from numpy.typing import NDArray

from chainrule.network.random import VALIDATION, CounterRandom

__all__ = ["validation_rows"]


def validation_rows(n_rows: int, fraction: float, seed: int, classes: NDArray[np.int64] | None) -> NDArray[np.int64]:
    """Return the rows kept back for validation, in ascending order.

    Parameters
    ----------
    n_rows : int
    fraction : float
        Share of the rows, in (0, 1).
    seed : int
    classes : array (N,) of codes, or None
        With classes the share is taken of each class (rounded, at least one row of a class of two or more); a class
        with one row stays in training.

    Returns
    -------
    array of int64
    """
    draw = CounterRandom(seed, VALIDATION).uniform(0.0, 1.0, (n_rows,))
    groups = [np.arange(n_rows)] if classes is None else [np.flatnonzero(classes == c) for c in np.unique(classes)]
    kept = []
    for group in groups:
        size = min(max(round(fraction * len(group)), 1), len(group) - 1)
        kept.append(group[np.argsort(draw[group], kind="stable")[:size]])
    return np.sort(np.concatenate(kept))
