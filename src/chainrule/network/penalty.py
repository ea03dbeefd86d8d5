"""The penalty on large weights."""

from dataclasses import dataclass

import numpy as np

from chainrule.network._checks import check_number
from chainrule.network.layer import Array
from chainrule.network.layout import Layout

__all__ = ["Penalty"]


@dataclass(frozen=True)
class Penalty:
    """l1·Σ|w| + ½·l2·Σw² over the weights; biases are left alone, and so is every segment whose decay is 0.

    It does not depend on the number of rows. Its strength in E has its one home in :meth:`Network.backward`.

    Parameters
    ----------
    l1, l2 : float
        At least 0.

    Raises
    ------
    ParameterError
        If one is negative or not finite.
    """

    l1: float = 0.0
    l2: float = 0.0

    def __post_init__(self) -> None:
        check_number("Penalty", "l1", self.l1, rule="with 0 <= l1 < infinity", low=0)
        check_number("Penalty", "l2", self.l2, rule="with 0 <= l2 < infinity", low=0)

    def __call__(self, weights: Array, layout: Layout) -> tuple[float, Array]:
        """Return the penalty and its gradient, in the dtype of the weights, shape (P,); 0 is the slope of |w| at 0."""
        gradient = np.zeros_like(weights)
        error = 0.0
        if self.l1 == 0 and self.l2 == 0:
            return error, gradient
        for segment in layout.segments:
            if segment.decay == 0:
                continue
            w = weights[segment.start : segment.stop]
            error += self.l1 * float(np.abs(w).sum(dtype=np.float64))
            error += 0.5 * self.l2 * float(np.square(w).sum(dtype=np.float64))
            gradient[segment.start : segment.stop] = self.l1 * np.sign(w) + self.l2 * w
        return error, gradient
