"""What a forward and a backward pass give: every number on the way."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from chainrule.network.activation import Activation
from chainrule.network.dense import Dense
from chainrule.network.layer import Array, Layer

__all__ = ["BackwardPass", "ForwardPass"]


@dataclass(frozen=True)
class ForwardPass:
    """Every layer's outputs, and what the backward pass needs of them.

    Parameters
    ----------
    layers : tuple of Layer
        The network's layers.
    outputs : tuple of ndarray
        For each layer its outputs, shape (N, n_out).
    caches : tuple
        For each layer what it keeps for its backward.
    """

    layers: tuple[Layer, ...]
    outputs: tuple[Array, ...]
    caches: tuple[Any, ...]

    @property
    def logits(self) -> Array:
        """Return the last layer's outputs, shape (N, K)."""
        return self.outputs[-1]

    @property
    def net_inputs(self) -> tuple[Array, ...]:
        """Return z of every dense layer in order, shapes (N, n_out)."""
        return self._outputs_of(Dense)

    @property
    def activations(self) -> tuple[Array, ...]:
        """Return a of every activation layer in order, shapes (N, n_out)."""
        return self._outputs_of(Activation)

    def _outputs_of(self, kind: type[Layer]) -> tuple[Array, ...]:
        return tuple(a for layer, a in zip(self.layers, self.outputs, strict=True) if isinstance(layer, kind))


@dataclass(frozen=True)
class BackwardPass:
    """The error, its gradient, and every delta on the way.

    Parameters
    ----------
    error : float
        E(w).
    gradient : ndarray, shape (P,)
        ∂E/∂w in the layout of the weights, and in their dtype.
    deltas : tuple of ndarray or None
        For each layer ∂E/∂outputs, shape (N, n_out), without the penalty, which does not act through outputs; δ for a
        dense layer. None for layers before the first that has weights: nothing there needs it.
    """

    error: float
    gradient: NDArray[Any]
    deltas: tuple[Array | None, ...]
