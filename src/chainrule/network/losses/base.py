"""What every loss is."""

from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from chainrule.errors import ShapeError
from chainrule.network.layer import Array

__all__ = ["Loss"]


class Loss(ABC):
    """A function of logits (N, K) and target; a subclass is a frozen dataclass.

    A row's loss is the sum over its outputs; calling the loss gives the sum over rows. The divisor that makes a mean of
    it has its one home in :meth:`Network.backward`. Nothing is clipped: a loss and its gradient are finite wherever
    their true values are. Targets are taken in the dtype of the logits.
    """

    kind: ClassVar[str]

    @abstractmethod
    def rows(self, logits: Array, y: Array) -> tuple[Array, Array]:
        """Return each row's loss, shape (N,), and its gradient with respect to the logits, shape (N, K)."""

    def __call__(self, logits: Array, y: Array, row_weight: Array | None = None) -> tuple[float, Array]:
        """Return the weighted sum of the rows' losses, added up in float64, and its gradient.

        Parameters
        ----------
        logits : ndarray, shape (N, K)
            What the network gives.
        y : ndarray
            The target; see :meth:`check_target`.
        row_weight : ndarray, shape (N,), optional
            Each row's weight; all 1 if None.

        Returns
        -------
        error : float
            Σ wᵢ·lossᵢ.
        d_logits : ndarray, shape (N, K)
            Its gradient, in the dtype of the logits.

        Raises
        ------
        ShapeError
            If a shape does not fit.
        ParameterError
            If a value of the target is outside its domain.
        """
        self.check_target(logits, y)
        # A diverging run is found by its non-finite error; NumPy's warnings on the way there would only repeat it.
        with np.errstate(over="ignore", invalid="ignore"):
            losses, d_logits = self.rows(logits, y)
            if row_weight is None:
                return float(losses.sum(dtype=np.float64)), d_logits
            if row_weight.shape != losses.shape:
                raise ShapeError(f"Row weights must have shape {losses.shape}, one a row. Got {row_weight.shape}.")
            d_logits *= row_weight[:, None]
            return float(np.dot(losses.astype(np.float64, copy=False), row_weight)), d_logits

    def predict(self, logits: Array) -> Array:
        """Return what the logits mean, in units of the target: here the logits themselves, shape (N, K)."""
        return logits

    def n_logits(self, n_outputs: int) -> int:
        """Return how many logits ``n_outputs`` targets (or classes) need."""
        return n_outputs

    def check_target(self, logits: Array, y: Array) -> None:
        """Raise ShapeError unless y has the shape of the logits, (N, K); shapes never broadcast."""
        if logits.ndim != 2 or y.shape != (logits.shape[0], self._n_targets(logits.shape[1])):
            raise ShapeError(
                f"{self.kind}: with logits of shape {logits.shape} the target y must have shape "
                f"{(*logits.shape[:1], self._n_targets(logits.shape[-1]))}. Got {y.shape}."
            )

    def _n_targets(self, n_logits: int) -> int:
        return n_logits
