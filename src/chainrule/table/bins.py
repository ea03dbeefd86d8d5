"""A number spread over the quantile bins it passes, so that a network can bend at each of them.

The piecewise-linear encoding of Gorishniy, Rubachev, Babenko ("On embeddings for numerical features in tabular deep
learning", NeurIPS 2022): component t of x is how far x has come through bin t, from 0 (below it) to 1 (above it). Here
it is centred and scaled to ±`_HALF`, so that all components of a column together weigh about as much as the column
itself, and closed at both ends, so that no value is far outside.
"""

__all__ = ["bin_names", "encode_bins", "learn_knots", "share_bins"]

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from chainrule.table.raw_column import FloatArray
from chainrule.table.scaling import Scale, weighted_quantiles

_HALF = 0.15
_MOST = 384  # bins of all columns together: a wide table has enough inputs
_FEWEST = 4  # bins of a column: fewer are not worth their inputs
_NARROWEST = 1e-6  # in scaled units: a nearly constant column would make a step of it


def share_bins(n_bins: int, n_columns: int) -> int:
    """Return how many bins each of ``n_columns`` number columns gets if ``n_bins`` are wished for; 0 is none."""
    share = min(n_bins, _MOST // max(n_columns, 1))
    return share if share >= min(_FEWEST, n_bins) else 0


def learn_knots(values: FloatArray, weights: FloatArray | None, scale: Scale, n_bins: int) -> tuple[float, ...]:
    """Return the ends of up to ``n_bins`` bins of equal weight, ascending, in the column's unit.

    Parameters
    ----------
    values : ndarray (n,)
        Finite, n ≥ 1.
    weights : ndarray (n,) or None
        Above 0; integer weights are repetitions.
    scale : Scale
        The column's scale: what is too narrow is judged in its units.
    n_bins : int
        At least 1.

    Returns
    -------
    tuple of float
        Empty where the column has no more than twice as many distinct values, or fewer than two bins remain.
    """
    if n_bins < 2 or len(np.unique(values)) <= 2 * n_bins:
        return ()
    inner = weighted_quantiles(values, [i / n_bins for i in range(1, n_bins)], weights)
    knots = np.unique([values.min(), *inner, values.max()])
    wide = np.diff(scale.apply(knots), prepend=-np.inf) > _NARROWEST
    kept = knots[wide]
    return tuple(kept.tolist()) if len(kept) > 2 else ()


def encode_bins(scaled: FloatArray, knots: tuple[float, ...], scale: Scale, out: npt.NDArray[np.floating]) -> None:
    """Write the components (N, bins) of scaled numbers (N,), without NaN, to ``out``."""
    ends = scale.apply(np.array(knots))
    for place, (low, high) in enumerate(pairwise(ends)):
        out[:, place] = (np.clip((scaled - low) / (high - low), 0.0, 1.0) - 0.5) * (2 * _HALF)


def bin_names(label: str, knots: tuple[float, ...]) -> list[str]:
    """Return the names of the components, such as "age: 25 to 31"."""
    return [f"{label}: {low:.6g} to {high:.6g}" for low, high in pairwise(knots)]
