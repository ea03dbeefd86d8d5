"""The weights as scikit-learn shows them: lists of matrices and of biases, all of them views of the flat vector."""

from collections.abc import Iterable, Sequence
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import DTypeLike, NDArray

from chainrule.errors import ShapeError
from chainrule.network import Dense, Network

__all__ = ["Views", "first_weights", "functions_of", "views_of"]

Array = NDArray[Any]


class Views(list[Array]):
    """A list of arrays whose elements, when assigned to, keep their place in the flat vector.

    Parameters
    ----------
    name : str
        What it is called in errors.
    views : iterable of arrays

    Raises
    ------
    ShapeError
        When an element is assigned an array of another shape.
    """

    def __init__(self, name: str, views: Iterable[Array]) -> None:
        super().__init__(views)
        self.name = name

    def __setitem__(self, index: Any, value: Any) -> None:
        if isinstance(index, slice):
            self._set_many(range(len(self))[index], list(value))
        else:
            self._set_many([range(len(self))[index]], [value])

    def assign(self, values: Iterable[Any]) -> None:
        """Write as many arrays as there are views into them."""
        self._set_many(range(len(self)), list(values))

    def _set_many(self, indices: Iterable[SupportsIndex], values: list[Any]) -> None:
        indices = [int(index) for index in indices]
        if len(values) != len(indices):
            raise ShapeError(f"{self.name} has {len(indices)} arrays here, one for each layer. Got {len(values)}.")
        arrays = [np.asarray(value) for value in values]
        for index, array in zip(indices, arrays, strict=True):  # all are looked at before the first is written
            if array.shape != self[index].shape:
                raise ShapeError(
                    f"{self.name}[{index}] must have shape {self[index].shape}, got {array.shape}. For layers of "
                    "other sizes, set hidden_layer_sizes and fit."
                )
        for index, array in zip(indices, arrays, strict=True):
            self[index][...] = array

    def __reduce__(self) -> Any:
        return list, (list(self),)  # a copy of its own has no flat vector to write to


def views_of(network: Network, weights: Array) -> tuple[Views, Views]:
    """Return the matrices (n_in, n_out) and the biases (n_out,) of the dense layers as views of the flat vector."""
    layers = zip(network.layers, network.layout.views(weights), strict=True)
    matrices = [views[0] for layer, views in layers if isinstance(layer, Dense)]
    return Views("coefs_", (W[:-1] for W in matrices)), Views("intercepts_", (W[-1] for W in matrices))


def functions_of(activation: Any, n_layers: int) -> list[str]:
    """Return the activation of each layer; a layer more than there are hidden ones has that of the last."""
    if isinstance(activation, str):
        return [activation] * n_layers
    last = list(activation[-1:]) or ["relu"]  # without hidden layers only the output's first weights ask
    return [*activation, *last] if n_layers == len(activation) + 1 else list(activation)


def first_weights(network: Network, functions: Sequence[str], random: np.random.RandomState, dtype: DTypeLike) -> Array:
    """Return scikit-learn's first weights (P,), bit for bit: uniform on ±√(6/(n_in + n_out)), biases too.

    With the logistic activation it is ±√(2/(n_in + n_out)). Glorot & Bengio, AISTATS 2010.

    Parameters
    ----------
    network : Network
    functions : sequence of str
        The activation that counts for each dense layer.
    random : RandomState
        Drawn from, in float64.
    dtype : dtype
        Of the weights.
    """
    weights: Array = np.empty(network.layout.size, dtype)
    for W, bias, function in zip(*views_of(network, weights), functions, strict=True):
        bound = np.sqrt((2.0 if function == "logistic" else 6.0) / sum(W.shape))
        W[...] = random.uniform(-bound, bound, W.shape)
        bias[...] = random.uniform(-bound, bound, bias.shape)
    return weights
