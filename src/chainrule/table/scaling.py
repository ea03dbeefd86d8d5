"""Robust scaling with a smooth clip: heavy tails do no harm, and nothing overflows."""

__all__ = ["Scale", "weighted_quantiles"]

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chainrule.table.raw_column import FloatArray

_CLIP = 3.0
# The weight reached at a row is a rounded sum. A level that is reached exactly must count as reached, also when weights
# come divided by their mean; one row of 10¹⁰ is still told apart.
_ROUNDING = 1e-10
_LARGE, _TINY = 1e150, float(np.finfo(np.float64).tiny)


@dataclass(frozen=True)
class Scale:
    """x ← u / sqrt(1 + (u/3)²) with u = (x − centre) / spread, so that |x| < 3 (rounded: ≤ 3).

    The preprocessing of RealMLP (Holzmüller, Grinsztajn, Steinwart: "Better by Default", NeurIPS 2024).

    Attributes
    ----------
    centre : float
        The median, in the column's unit.
    spread : float
        The interquartile range; if that is 0, half of the range. In the column's unit, above 0.
    """

    centre: float
    spread: float

    @classmethod
    def learn(cls, values: FloatArray, weights: FloatArray | None = None) -> "Scale":
        """Learn from finite values (n,), weighted by ``weights`` (n,) > 0; integer weights are repetitions."""
        lower, centre, upper = weighted_quantiles(values, (0.25, 0.5, 0.75), weights)
        with np.errstate(over="ignore"):
            spread = upper - lower or values.max() - values.min()
            spread = spread if upper > lower else spread / 2
        return cls(centre, float(np.clip(spread, _TINY, np.finfo(np.float64).max)))

    def apply(self, values: FloatArray) -> FloatArray:
        """Scale finite values; NaN stays NaN. Any shape."""
        with np.errstate(over="ignore", under="ignore"):
            scaled = (values - self.centre) / self.spread
            np.clip(scaled, -_LARGE, _LARGE, out=scaled)
            scaled /= np.sqrt(1 + np.square(scaled / _CLIP))
        return scaled


def weighted_quantiles(values: FloatArray, levels: Sequence[float], weights: FloatArray | None = None) -> list[float]:
    """Return weighted quantiles by inverting the distribution function (NumPy's ``inverted_cdf``).

    The quantile at level q is the smallest value v such that the values up to v hold at least the share q of the
    weight. A row of weight 2 is two rows, exactly; weights may have any common factor, and
    the order of the rows does not matter.

    Parameters
    ----------
    values : ndarray (n,)
        Finite, n ≥ 1.
    levels : sequence of float
        In (0, 1).
    weights : ndarray (n,) or None
        Above 0; None: all equal.
    """
    if weights is None:
        ranks = [int(np.ceil(level * len(values))) - 1 for level in levels]
        ordered = np.partition(values, sorted(set(ranks)))
        return [float(ordered[rank]) for rank in ranks]
    order = np.argsort(values, kind="stable")
    reached = np.cumsum(weights[order])
    places = np.searchsorted(reached, [level * reached[-1] * (1 - _ROUNDING) for level in levels])
    return [float(value) for value in values[order][places]]
