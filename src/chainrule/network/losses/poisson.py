"""The Poisson loss, for counts."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import ParameterError
from chainrule.network.layer import Array
from chainrule.network.losses.base import Loss

__all__ = ["Poisson"]


@dataclass(frozen=True)
class Poisson(Loss):
    """eᶻ - y·z: the negative log-likelihood of a count y whose mean is eᶻ, without its constant ln y!.

    The logit is the logarithm of the mean (log link), so that predictions are positive. Both terms are exact to
    rounding, so their difference is exact relative to the larger of them. y is (N, K), each at least 0.
    """

    kind: ClassVar[str] = "poisson"

    def rows(self, logits: Array, y: Array) -> tuple[Array, Array]:
        """Return Σₖ eᶻ - y·z of each row, shape (N,), and eᶻ - y, shape (N, K)."""
        y = y.astype(logits.dtype, copy=False)
        mean = np.exp(logits)
        return (mean - y * logits).sum(axis=1), mean - y

    def predict(self, logits: Array) -> Array:
        """Return the means eᶻ, shape (N, K)."""
        with np.errstate(over="ignore"):
            return np.exp(logits)

    def check_target(self, logits: Array, y: Array) -> None:
        """Raise ShapeError unless y has the shape of the logits, ParameterError unless all y ≥ 0."""
        super().check_target(logits, y)
        if y.size and not y.min() >= 0:
            raise ParameterError(f"poisson: every value of the target y must be at least 0. Got {y.min()}.")
