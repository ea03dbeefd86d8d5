"""Losses of the residual r = o - y: squared and absolute error, Huber, quantiles."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.errors import ParameterError, ShapeError
from chainrule.network._checks import check_number
from chainrule.network.layer import Array
from chainrule.network.losses.base import Loss

__all__ = ["AbsoluteError", "Huber", "Quantile", "ResidualLoss", "SquaredError"]


class ResidualLoss(Loss):
    """A loss that is a sum over outputs of a function of the residual; y is (N, K) numbers."""

    @property
    def kinks(self) -> tuple[float, ...]:
        """Return the residuals at which the loss, its first or its second derivative jumps."""
        return ()

    @abstractmethod
    def of_residuals(self, r: Array) -> tuple[Array, Array]:
        """Return the loss of each residual and its derivative, both of the shape of r, (N, K)."""

    def residuals(self, logits: Array, y: Array) -> Array:
        """Return r = o - y, shape (N, K)."""
        r: Array = logits - y.astype(logits.dtype, copy=False)
        return r

    def rows(self, logits: Array, y: Array) -> tuple[Array, Array]:
        """Return Σₖ f(rₖ) of each row, shape (N,), and f′(r), shape (N, K)."""
        losses, derivatives = self.of_residuals(self.residuals(logits, y))
        return losses.sum(axis=1), derivatives


@dataclass(frozen=True)
class SquaredError(ResidualLoss):
    """½r², with derivative r. Its minimum is the mean."""

    kind: ClassVar[str] = "squared_error"

    def of_residuals(self, r: Array) -> tuple[Array, Array]:
        """Return ½r² and r."""
        return (0.5 * r) * r, r  # ½r first: r² may overflow where ½r² does not.


@dataclass(frozen=True)
class AbsoluteError(ResidualLoss):
    """|r|, with derivative sign(r), 0 at 0. Its minimum is the median."""

    kind: ClassVar[str] = "absolute_error"

    @property
    def kinks(self) -> tuple[float, ...]:
        """Return 0, where the derivative jumps."""
        return (0.0,)

    def of_residuals(self, r: Array) -> tuple[Array, Array]:
        """Return |r| and sign(r)."""
        return np.abs(r), np.sign(r)


@dataclass(frozen=True)
class Huber(ResidualLoss):
    """½r² for |r| ≤ delta, delta·(|r| - ½delta) beyond. Huber, "Robust estimation of a location parameter", 1964.

    Parameters
    ----------
    delta : float
        Where the square turns into a line, in units of the target; above 0.

    Raises
    ------
    ParameterError
        If delta is not a finite number above 0.
    """

    kind: ClassVar[str] = "huber"
    delta: float = 1.0

    def __post_init__(self) -> None:
        check_number("Huber", "delta", self.delta, rule="with 0 < delta < infinity", low=5e-324)

    @property
    def kinks(self) -> tuple[float, ...]:
        """Return ±delta, where the second derivative jumps."""
        return (-self.delta, self.delta)

    def of_residuals(self, r: Array) -> tuple[Array, Array]:
        """Return c·(r - ½c) and c, where c is r clipped to ±delta: both branches in one formula."""
        c = np.clip(r, -self.delta, self.delta)
        return c * (r - 0.5 * c), c


@dataclass(frozen=True)
class Quantile(ResidualLoss):
    """max((1 - τ)·r, -τ·r) for each level τ. Its minimum is the τ-quantile. Koenker, Bassett, Econometrica 1978.

    With K targets and Q levels there are K·Q logits: target k's level q is logit k·Q + q.

    Parameters
    ----------
    levels : tuple of float
        The levels τ, each 0 < τ < 1, strictly rising.

    Raises
    ------
    ParameterError
        If there is no level, one is outside (0, 1), or they do not rise.
    """

    kind: ClassVar[str] = "quantile"
    levels: tuple[float, ...] = (0.1, 0.5, 0.9)

    def __post_init__(self) -> None:
        if not isinstance(self.levels, tuple) or not self.levels:
            raise ParameterError(
                f"Quantile: levels must be a tuple of at least one number. Got {self.levels!r} instead."
            )
        for level in self.levels:
            check_number("Quantile", "each of levels", level, rule="with 0 < level < 1", low=5e-324, high=1)
        if any(a >= b for a, b in zip(self.levels, self.levels[1:], strict=False)):
            raise ParameterError(f"Quantile: levels must rise strictly. Got {self.levels!r} instead; sort them.")

    @property
    def kinks(self) -> tuple[float, ...]:
        """Return 0, where the derivative jumps."""
        return (0.0,)

    def residuals(self, logits: Array, y: Array) -> Array:
        """Return o - y with each target repeated once a level, shape (N, K·Q)."""
        return super().residuals(logits, np.repeat(y, len(self.levels), axis=1))

    def of_residuals(self, r: Array) -> tuple[Array, Array]:
        """Return max((1 - τ)·r, -τ·r), and 1 - τ above, -τ below, 0 at r = 0."""
        tau = np.tile(np.array(self.levels, dtype=r.dtype), r.shape[1] // len(self.levels))
        derivative = (1 - tau) * np.heaviside(r, 0) - tau * np.heaviside(-r, 0)
        return np.maximum((1 - tau) * r, -tau * r), derivative

    def n_logits(self, n_outputs: int) -> int:
        """Return one logit for each target and level."""
        return n_outputs * len(self.levels)

    def _n_targets(self, n_logits: int) -> int:
        if n_logits % len(self.levels):
            raise ShapeError(f"quantile: {n_logits} logits are no multiple of the {len(self.levels)} levels.")
        return n_logits // len(self.levels)
