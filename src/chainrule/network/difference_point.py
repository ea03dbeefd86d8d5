"""Differences of the error itself, of order 4, at one point: what gradients are held to."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from chainrule.network.activation import Activation
from chainrule.network.activations import ACTIVATIONS
from chainrule.network.layer import Array, Context
from chainrule.network.losses import ResidualLoss
from chainrule.network.network import Network

__all__ = ["DifferencePoint"]


@dataclass(frozen=True, kw_only=True)
class DifferencePoint:
    """Weights and rows at which E is differenced.

    Parameters
    ----------
    network : Network
    weights : array (P,)
    X : array (N, D)
    y : array
        The target, as the loss declares it.
    sparse : bool
        Whether the backward pass is to take the rows as CSR.
    sample_weight, divisor, penalty, context
        As for :meth:`Network.backward` and :meth:`Network.forward`.
    """

    network: Network
    weights: NDArray[np.float64]
    X: NDArray[np.float64]
    y: Array
    sparse: bool
    sample_weight: Array | None
    divisor: float | None
    penalty: float
    context: Context

    def error(self, weights: Array) -> float:
        """Return E at other weights (P,)."""
        return self.network.error(
            weights,
            self.X,
            self.y,
            self.sample_weight,
            divisor=self.divisor,
            penalty=self.penalty,
            context=self.context,
        )

    def gradient(self) -> Array:
        """Return ∂E/∂w (P,) by the backward pass."""
        forward_pass = self.network.forward(self.weights, csr_array(self.X) if self.sparse else self.X, self.context)
        return self.network.backward(
            self.weights, forward_pass, self.y, self.sample_weight, divisor=self.divisor, penalty=self.penalty
        ).gradient

    def at(self, index: int, shift: float) -> Array:
        """Return the weights with one of them shifted."""
        weights = self.weights.copy()
        weights[index] += shift
        return weights

    def difference(self, index: int, step: float) -> float:
        """Return the central difference of order 4, [8(E(w + h) - E(w - h)) - (E(w + 2h) - E(w - 2h))] / 12h."""
        near = self.error(self.at(index, step)) - self.error(self.at(index, -step))
        far = self.error(self.at(index, 2 * step)) - self.error(self.at(index, -2 * step))
        return (8 * near - far) / (12 * step)

    def crossing_rows(self, indices: list[int], shift: float) -> NDArray[np.bool_]:
        """Return which rows have a net input or residual that crosses a jump when a weight moves by ±shift."""
        here = self.sides(self.weights)
        crossing = np.zeros(len(self.X), dtype=bool)
        if here.shape[1] == 0:
            return crossing
        for index in indices:
            for there in (self.at(index, shift), self.at(index, -shift)):
                crossing |= (self.sides(there) != here).any(axis=1)
        return crossing

    def sides(self, weights: Array) -> NDArray[np.intp]:
        """Return for each row between which jumps its net inputs and residuals lie, shape (N, all that can jump)."""
        forward_pass = self.network.forward(weights, self.X, self.context)
        loss = self.network.loss
        found = [np.empty((len(self.X), 0), dtype=np.intp)]
        for layer, z in zip(self.network.layers, (self.X, *forward_pass.outputs), strict=False):
            if isinstance(layer, Activation) and ACTIVATIONS[layer.function].kinks:
                found.append(np.searchsorted(ACTIVATIONS[layer.function].kinks, z))
        if isinstance(loss, ResidualLoss) and loss.kinks:
            found.append(np.searchsorted(loss.kinks, loss.residuals(forward_pass.logits, self.y)))
        return np.concatenate(found, axis=1)
