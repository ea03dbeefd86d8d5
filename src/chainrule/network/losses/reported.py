"""Losses that report another number than the one they descend: scikit-learn's, for its drop-in.

Each has the gradient of the loss it is made from, so that training is the same; only the error told (and what is
decided by it: when to stop) is scikit-learn's. They are not in ``LOSSES``: their gradient is not that of their error.
"""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit, xlogy

from chainrule.network.layer import Array
from chainrule.network.losses.cross_entropy import CrossEntropy
from chainrule.network.losses.log_loss import LogLoss
from chainrule.network.losses.poisson import Poisson
from chainrule.network.losses.residual import SquaredError

__all__ = ["REPORTED_LOSSES", "ClippedCrossEntropy", "ClippedLogLoss", "MeanSquaredError", "PoissonDeviance"]


def _of_clipped_probabilities(losses: Array, logits: Array) -> Array:
    """Return -ln p with p clipped to [ε, 1 - ε] from -ln p, where ε belongs to the dtype of the logits."""
    epsilon = float(np.finfo(logits.dtype).eps)
    return np.clip(losses, -np.log1p(-epsilon), -np.log(epsilon))


@dataclass(frozen=True)
class ClippedCrossEntropy(CrossEntropy):
    """The cross-entropy without smoothing; it is told as if no probability were nearer to 0 or 1 than ε.

    ε is the spacing of numbers next to 1 in the dtype of the logits.
    """

    kind: ClassVar[str] = "clipped_cross_entropy"

    def rows(self, logits: Array, y: Array) -> tuple[Array, Array]:
        """Return -ln clip(p_y, ε, 1 - ε) of each row, shape (N,), and p - t, shape (N, K)."""
        losses, d_logits = super().rows(logits, y)
        return _of_clipped_probabilities(losses, logits), d_logits


@dataclass(frozen=True)
class ClippedLogLoss(LogLoss):
    """The log loss of targets 0 and 1; it is told as if no probability were nearer to 0 or 1 than ε.

    ε is the spacing of numbers next to 1 in the dtype of the logits.
    """

    kind: ClassVar[str] = "clipped_log_loss"

    def rows(self, logits: Array, y: Array) -> tuple[Array, Array]:
        """Return Σₖ of -ln p clipped, p being the probability of what is the case, shape (N,), and p - y (N, K).

        Where y is 0 and z above 0, this is -ln(1 - p) with p rounded: what rounding takes from 1 - p is told, too.
        """
        losses, d_logits = self.of_outputs(logits, y)
        is_lost = (logits > 0) & (y == 0)
        with np.errstate(divide="ignore"):  # 1 - p is 0 where p is 1 to rounding
            losses[is_lost] = -np.log(1 - expit(logits[is_lost]))
        return _of_clipped_probabilities(losses, logits).sum(axis=1), d_logits


@dataclass(frozen=True)
class MeanSquaredError(SquaredError):
    """Half the squared error, told as its mean over the outputs while the sum over them is descended."""

    kind: ClassVar[str] = "mean_squared_error"

    def rows(self, logits: Array, y: Array) -> tuple[Array, Array]:
        """Return 1/K·Σₖ ½rₖ² of each row, shape (N,), and r, shape (N, K)."""
        losses, d_logits = super().rows(logits, y)
        return losses / logits.shape[1], d_logits


@dataclass(frozen=True)
class PoissonDeviance(Poisson):
    """Half the Poisson deviance, eᶻ - y·z + y·ln y - y: the Poisson loss less its least value for each target."""

    kind: ClassVar[str] = "poisson_deviance"

    def rows(self, logits: Array, y: Array) -> tuple[Array, Array]:
        """Return Σₖ eᶻ - y·z + y·ln y - y of each row (0·ln 0 = 0), shape (N,), and eᶻ - y, shape (N, K)."""
        losses, d_logits = super().rows(logits, y)
        y = y.astype(logits.dtype, copy=False)
        return losses + (xlogy(y, y) - y).sum(axis=1), d_logits


REPORTED_LOSSES: dict[str, type[CrossEntropy | LogLoss | SquaredError | Poisson]] = {
    loss.kind: loss for loss in (ClippedCrossEntropy, ClippedLogLoss, MeanSquaredError, PoissonDeviance)
}
"""These losses by name."""
