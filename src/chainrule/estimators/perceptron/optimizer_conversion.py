"""scikit-learn's optimizers under way as chainrule's, and back, so that ``partial_fit`` goes on after a conversion."""

from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray
from sklearn.neural_network._stochastic_optimizers import AdamOptimizer, SGDOptimizer

from chainrule.estimators.perceptron.optimizer_state import OptimizerState
from chainrule.estimators.perceptron.weights import views_of
from chainrule.network import Network
from chainrule.training import Adam, Momentum, Nesterov

__all__ = ["optimizer_from_sklearn", "optimizer_to_sklearn"]

Array = NDArray[Any]


def optimizer_from_sklearn(theirs: Any, network: Network, dtype: DTypeLike) -> OptimizerState:
    """Return the state of an ``SGDOptimizer`` or ``AdamOptimizer``, its vectors flat."""
    first_rate = float(theirs.learning_rate_init)
    if isinstance(theirs, AdamOptimizer):
        adam = Adam(float(theirs.beta_1), float(theirs.beta_2), float(theirs.epsilon), bias_correction=False)
        vectors = tuple(_flat(network, arrays, dtype) for arrays in (theirs.ms, theirs.vs))
        return OptimizerState(adam, first_rate, first_rate, vectors, theirs.t)
    momentum = (Nesterov if theirs.nesterov else Momentum)(float(theirs.momentum))
    vectors = (_flat(network, theirs.velocities, dtype),)
    return OptimizerState(momentum, first_rate, float(theirs.learning_rate), vectors)


def optimizer_to_sklearn(state: OptimizerState, network: Network, params: dict[str, Any]) -> Any:
    """Return scikit-learn's optimizer in the same state, or None if it has none that is the same.

    Parameters
    ----------
    state : OptimizerState
    network : Network
    params : dict
        The parameters of scikit-learn's network.
    """
    ours, rate = state.optimizer, state.first_rate
    lists = [_arrays(network, vector) for vector in state.vectors]
    if isinstance(ours, Adam) and not ours.bias_correction:
        theirs = AdamOptimizer(lists[0], rate, ours.beta_1, ours.beta_2, ours.epsilon)
        theirs.ms, theirs.vs, theirs.t = *lists, state.steps
        return theirs
    if not isinstance(ours, Momentum | Nesterov):
        return None
    is_nesterov = isinstance(ours, Nesterov)
    theirs = SGDOptimizer(lists[0], rate, params["learning_rate"], ours.momentum, is_nesterov, params["power_t"])
    theirs.velocities, theirs.learning_rate = lists[0], state.rate
    return theirs


def _flat(network: Network, arrays: list[Array], dtype: DTypeLike) -> Array:
    """Return all matrices, then all biases, as one vector (P,)."""
    vector: Array = np.zeros(network.layout.size, dtype)
    matrices, biases = views_of(network, vector)
    matrices.assign(arrays[: len(matrices)])
    biases.assign(arrays[len(matrices) :])
    return vector


def _arrays(network: Network, vector: Array) -> list[Array]:
    """Return the matrices, then the biases, of a vector (P,), copied."""
    matrices, biases = views_of(network, vector)
    return [array.copy() for array in (*matrices, *biases)]
