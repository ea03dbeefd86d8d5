"""Forward and backward pass of a sample of the training rows, and what follows from them for rows, units and layers."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Batch
from chainrule.network import ACTIVATIONS, Activation, BackwardPass, Dense, ForwardPass, Network

__all__ = ["SamplePass", "UnitSlopes"]

Numbers = NDArray[np.float64]

STEEPEST = {"tanh": 1.0, "logistic": 0.25}  # of the functions that saturate on both sides


@dataclass(frozen=True, eq=False)
class UnitSlopes:
    """φ′ of a hidden layer's units on n rows.

    Parameters
    ----------
    layer : int
        The dense layer's index among the network's layers.
    function : str
        The activation's name.
    slopes : array (n, H)
        φ′(z).
    """

    layer: int
    function: str
    slopes: Numbers

    @property
    def dead(self) -> NDArray[np.bool_]:
        """Which units (H,) pass no gradient on in any row, to six digits."""
        return np.asarray((np.abs(self.slopes) < 1e-6).all(axis=0))

    @property
    def saturated_share(self) -> float:
        """Share of units and rows whose φ′ is below a hundredth of its greatest; 0 for functions without two limits."""
        steepest = STEEPEST.get(self.function)
        return 0.0 if steepest is None else float((self.slopes < 0.01 * steepest).mean())


class SamplePass:
    """Both passes of a sample in float64, nothing dropped out and without penalty.

    Parameters
    ----------
    network : Network
    weights : array (P,)
    batch : Batch
        The sample of m rows, in float64.
    """

    def __init__(self, network: Network, weights: Numbers, batch: Batch) -> None:
        self.network, self.weights, self.batch = network, weights, batch
        self.dense = tuple(i for i, layer in enumerate(network.layers) if isinstance(layer, Dense))

    @cached_property
    def forward(self) -> ForwardPass:
        """Every layer's outputs."""
        return self.network.forward(self.weights, self.batch.numbers)

    @cached_property
    def backward(self) -> BackwardPass:
        """Error, gradient and every delta, the mean over the sample's rows by weight."""
        with np.errstate(all="ignore"):
            return self.network.backward(self.weights, self.forward, self.batch.target, self.batch.weight, penalty=0.0)

    @cached_property
    def error(self) -> float:
        """E of the sample, without penalty."""
        weight = self.batch.weight
        total, _ = self.network.loss(self.forward.logits, self.batch.target, weight)
        return total / (len(self.batch.target) if weight is None else float(weight.sum()))

    def weights_of(self, layer: int) -> Numbers:
        """Return W of a dense layer, (n_in + 1, n_out), the bias in the last row."""
        return np.asarray(self.network.layout.views(self.weights)[layer][0])

    def delta(self, layer: int) -> Numbers:
        """Return δ of a dense layer, (m, n_out)."""
        delta = self.backward.deltas[layer]
        assert delta is not None, "a dense layer has a delta"
        return np.asarray(delta)

    @cached_property
    def flow(self) -> float:
        """‖δ‖ of the first hidden layer over ‖δ‖ of the output layer: what the way back leaves of the error's gradient.

        1 for a network with no hidden layer. Independent of the scales of loss, target and error.
        """
        first, last = self.delta(self.dense[0]), self.delta(self.dense[-1])
        with np.errstate(all="ignore"):
            return float(np.linalg.norm(first) / np.linalg.norm(last))

    @cached_property
    def slopes(self) -> list[UnitSlopes]:
        """φ′ of every hidden layer's units."""
        found = []
        for i in self.dense[:-1]:
            behind = self.network.layers[i + 1]
            if isinstance(behind, Activation):
                z, a = self.forward.outputs[i], self.forward.outputs[i + 1]
                slopes = ACTIVATIONS[behind.function].phi_prime(z, a)
                found.append(UnitSlopes(i, behind.function, np.asarray(slopes, dtype=np.float64)))
        return found

    @cached_property
    def row_norms(self) -> Numbers:
        """Norm (m,) of each row's part in the gradient of the mean: for a dense layer ‖[a, 1]‖·‖δ‖."""
        squares = np.zeros(len(self.forward.logits))
        for i in self.dense:
            entered: Any = self.batch.numbers if i == 0 else self.forward.outputs[i - 1]
            with np.errstate(all="ignore"):
                squared = entered**2 if isinstance(entered, np.ndarray) else entered.multiply(entered)
                sizes = np.asarray(squared.sum(axis=1)).reshape(-1) + 1.0
                squares += sizes * (self.delta(i) ** 2).sum(axis=1)
        return np.sqrt(squares)

    @property
    def noise(self) -> float:
        """Trace of the covariance of single rows' gradients, the rows weighing alike."""
        n = len(self.row_norms)
        mean_square = n * float((self.row_norms**2).sum())
        return max(mean_square - float(self.backward.gradient @ self.backward.gradient), 0.0)
