"""Optimizers: how the gradient becomes a change of the weights (L-BFGS is in ``training.lbfgs``)."""

from chainrule.training.optimizers.adaptive import Adagrad, Adam, AdamW, RMSprop
from chainrule.training.optimizers.base import Optimizer
from chainrule.training.optimizers.descent import SGD, Momentum, Nesterov

__all__ = ["OPTIMIZERS", "SGD", "Adagrad", "Adam", "AdamW", "Momentum", "Nesterov", "Optimizer", "RMSprop"]

OPTIMIZERS: dict[str, type[Optimizer]] = {
    cls.kind: cls for cls in (SGD, Momentum, Nesterov, Adagrad, RMSprop, Adam, AdamW)
}
"""Optimizers by name."""
