"""The cross-entropy, for several classes."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import ParameterError, ShapeError
from chainrule.network._checks import check_number
from chainrule.network.layer import Array
from chainrule.network.losses.base import Loss

__all__ = ["CrossEntropy"]


@dataclass(frozen=True)
class CrossEntropy(Loss):
    """-Σⱼ tⱼ·ln pⱼ with p = softmax(z); t is 1 for the row's class, or smoothed.

    With label smoothing ε, t is 1 - ε + ε/K for the row's class and ε/K for the others (Szegedy et al., CVPR 2016).
    y is (N,) class codes 0 … K - 1. Computed in float64 whatever the logits are, since the rounding of a difference of
    two float32 logits would cost digits in the exponent.

    Parameters
    ----------
    label_smoothing : float
        ε, 0 ≤ ε < 1.

    Raises
    ------
    ParameterError
        If ε is outside that range.
    """

    kind: ClassVar[str] = "cross_entropy"
    label_smoothing: float = 0.0

    def __post_init__(self) -> None:
        rule = "with 0 <= label_smoothing < 1"
        check_number("CrossEntropy", "label_smoothing", self.label_smoothing, rule=rule, low=0, high=1)

    def rows(self, logits: Array, y: Array) -> tuple[Array, Array]:
        """Return (1 - ε)·(m - z_y) + ε·mean(m - z) + ln(1 + rest) of each row, shape (N,), and p - t, shape (N, K).

        m is the row's largest logit, rest = Σ e^(z - m) over the others: no term is negative, so nothing cancels. For
        the same reason the gradient of the row's class is minus the sum of the others: p - t sums to 0.
        """
        every = np.arange(len(logits))
        top = logits.argmax(axis=1)
        z = logits.astype(np.float64, copy=False)
        below = z[every, top, None] - z
        e = np.exp(-below)
        e[every, top] = 0
        rest = e.sum(axis=1)
        losses = (1 - self.label_smoothing) * below[every, y] + np.log1p(rest)
        e[every, top] = 1
        e /= 1 + rest[:, None]
        if self.label_smoothing:
            share = self.label_smoothing / logits.shape[1]
            losses += share * below.sum(axis=1)
            e -= share
        e[every, y] = 0
        e[every, y] = -e.sum(axis=1)
        return losses, e.astype(logits.dtype, copy=False)

    def predict(self, logits: Array) -> Array:
        """Return the probabilities p, shape (N, K)."""
        with np.errstate(over="ignore", invalid="ignore"):  # written out: SciPy's softmax takes ten times as long a row
            probabilities: Array = np.exp(logits - logits.max(axis=1, keepdims=True))
            probabilities /= probabilities.sum(axis=1, keepdims=True)
        return probabilities

    def check_target(self, logits: Array, y: Array) -> None:
        """Raise ShapeError unless y is (N,) integers, ParameterError unless all are from 0 to K - 1."""
        if logits.ndim != 2 or y.shape != logits.shape[:1]:
            raise ShapeError(
                f"cross_entropy: with logits of shape {logits.shape} the target y must be class codes of shape "
                f"{logits.shape[:1]}. Got shape {y.shape}."
            )
        if y.dtype.kind not in "iu":
            raise ParameterError(f"cross_entropy: the target y must be integer class codes. Got dtype {y.dtype}.")
        if y.size and not (y.min() >= 0 and y.max() < logits.shape[1]):
            raise ParameterError(
                f"cross_entropy: with {logits.shape[1]} logits the class codes y must be from 0 to "
                f"{logits.shape[1] - 1}. Got codes from {y.min()} to {y.max()}."
            )
