"""What is trained: layers, losses, the flat weight vector, and the two passes between them.

>>> import numpy as np
>>> from chainrule.network import multilayer_perceptron
>>> X, y = np.array([[0.0], [1.0]]), np.array([[1.0], [3.0]])
>>> network = multilayer_perceptron(1, (4,), 1, activation="tanh", loss="squared_error")
>>> weights = network.initialise(seed=0)
>>> forward_pass = network.forward(weights, X)
>>> backward_pass = network.backward(weights, forward_pass, y)
>>> error = network.error(weights - 0.1 * backward_pass.gradient, X, y)
>>> error < backward_pass.error
True
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from chainrule.network.activation import Activation
from chainrule.network.activations import ACTIVATIONS, ActivationFunction
from chainrule.network.dense import Dense
from chainrule.network.dropout import Dropout
from chainrule.network.initialisers import INITIALISERS
from chainrule.network.layer import Array, Context, Inputs, Layer, Parameter, Parameters
from chainrule.network.layout import Layout, Segment
from chainrule.network.losses import (
    LOSSES,
    AbsoluteError,
    CrossEntropy,
    Huber,
    LogLoss,
    Loss,
    Poisson,
    Quantile,
    ResidualLoss,
    SquaredError,
)
from chainrule.network.multilayer_perceptron import multilayer_perceptron
from chainrule.network.network import LAYERS, Network
from chainrule.network.passes import BackwardPass, ForwardPass
from chainrule.network.penalty import Penalty
from chainrule.network.random import CounterRandom, bits, key, row_order, uniform

if TYPE_CHECKING:
    from chainrule.network.difference_point import DifferencePoint
    from chainrule.network.gradient_check import check_gradient
    from chainrule.network.gradient_report import GradientReport, LayerDeviation, WeightDeviation

__all__ = [
    "ACTIVATIONS",
    "INITIALISERS",
    "LAYERS",
    "LOSSES",
    "AbsoluteError",
    "Activation",
    "ActivationFunction",
    "Array",
    "BackwardPass",
    "Context",
    "CounterRandom",
    "CrossEntropy",
    "Dense",
    "DifferencePoint",
    "Dropout",
    "ForwardPass",
    "GradientReport",
    "Huber",
    "Inputs",
    "Layer",
    "LayerDeviation",
    "Layout",
    "LogLoss",
    "Loss",
    "Network",
    "Parameter",
    "Parameters",
    "Penalty",
    "Poisson",
    "Quantile",
    "ResidualLoss",
    "Segment",
    "SquaredError",
    "WeightDeviation",
    "bits",
    "check_gradient",
    "key",
    "multilayer_perceptron",
    "row_order",
    "uniform",
]

_HOMES = {
    "DifferencePoint": "difference_point",
    "GradientReport": "gradient_report",
    "LayerDeviation": "gradient_report",
    "WeightDeviation": "gradient_report",
    "check_gradient": "gradient_check",
}


def __getattr__(name: str) -> Any:
    """Import a name of the gradient check when it is first asked for: no training needs it."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
