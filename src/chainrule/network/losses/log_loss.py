"""The log loss, for two classes and for multi-label targets."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from scipy.special import expit

from chainrule.errors import ParameterError
from chainrule.network.layer import Array
from chainrule.network.losses.base import Loss

__all__ = ["LogLoss"]


@dataclass(frozen=True)
class LogLoss(Loss):
    """-y·ln p - (1 - y)·ln(1 - p) with p = 1/(1 + e⁻ᶻ) (binary cross-entropy), summed over the outputs.

    y is (N, K) in [0, 1]: K = 1 for two classes, K > 1 for as many labels, each on its own. All terms are positive as
    written below, so that nothing cancels however certain a prediction is.
    """

    kind: ClassVar[str] = "log_loss"

    def rows(self, logits: Array, y: Array) -> tuple[Array, Array]:
        """Return the sum of the outputs' losses of each row, shape (N,), and p - y, shape (N, K)."""
        losses, d_logits = self.of_outputs(logits, y)
        return losses.sum(axis=1), d_logits

    def of_outputs(self, logits: Array, y: Array) -> tuple[Array, Array]:
        """Return ln(1 + e^-|z|) + (1 - y)·max(z, 0) + y·max(-z, 0) and p - y, both of shape (N, K)."""
        y = y.astype(logits.dtype, copy=False)
        not_y = 1 - y
        losses = np.log1p(np.exp(-np.abs(logits)))
        losses += not_y * np.maximum(logits, 0)
        losses += y * np.maximum(-logits, 0)
        return losses, not_y * expit(logits) - y * expit(-logits)

    def predict(self, logits: Array) -> Array:
        """Return the probabilities p, shape (N, K)."""
        probabilities: Array = expit(logits)
        return probabilities

    def check_target(self, logits: Array, y: Array) -> None:
        """Raise ShapeError unless y has the shape of the logits, ParameterError unless all y are in [0, 1]."""
        super().check_target(logits, y)
        if y.size and not (y.min() >= 0 and y.max() <= 1):
            raise ParameterError(
                f"log_loss: every value of the target y must be in [0, 1]. Got values from {y.min()} to {y.max()}."
            )
