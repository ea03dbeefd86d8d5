"""Gradient descent, plain and with momentum."""

from dataclasses import dataclass
from typing import ClassVar

from chainrule.engine import DescentStep
from chainrule.training.optimizers.base import Floats, Optimizer

__all__ = ["SGD", "Momentum", "Nesterov"]


@dataclass(frozen=True)
class SGD(Optimizer):
    """Plain gradient descent on minibatches: Δw = −η·g.

    Symbols: g ``gradient``, η ``learning_rate``.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.engine import DescentStep
    >>> SGD().change(np.array([1.0, -2.0]), (), DescentStep(number=1, learning_rate=0.1, momentum=0.0))
    array([-0.1,  0.2])

    References
    ----------
    Robbins & Monro, "A stochastic approximation method", 1951.
    """

    kind: ClassVar[str] = "sgd"

    def change(self, gradient: Floats, vectors: tuple[Floats, ...], step: DescentStep) -> Floats:
        """Return Δw; see ``Optimizer.change``."""
        return -step.learning_rate * gradient


@dataclass(frozen=True)
class Momentum(Optimizer):
    """Descent with a velocity: v ← μ·v − η·g, Δw = v.

    Symbols: g ``gradient``, η ``learning_rate``, μ ``momentum``, v the state ``velocity``. The learning rate is inside
    the velocity (as in scikit-learn and Sutskever et al.; PyTorch keeps it outside, which differs only while η
    changes).

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.engine import DescentStep
    >>> velocity = np.array([0.5])
    >>> Momentum().change(np.array([1.0]), (velocity,), DescentStep(number=1, learning_rate=0.1, momentum=0.9))
    array([0.35])

    References
    ----------
    Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
    """

    kind: ClassVar[str] = "momentum"
    vector_names: ClassVar[tuple[str, ...]] = ("velocity",)
    momentum: float = 0.9  # type: ignore[misc]  # the base's constant becomes a setting here

    def change(self, gradient: Floats, vectors: tuple[Floats, ...], step: DescentStep) -> Floats:
        """Return Δw; see ``Optimizer.change``."""
        (velocity,) = vectors
        velocity *= step.momentum
        velocity -= step.learning_rate * gradient
        return velocity.copy()


@dataclass(frozen=True)
class Nesterov(Optimizer):
    """Nesterov's accelerated gradient: v ← μ·v − η·g, Δw = μ·v − η·g.

    Symbols as in ``Momentum``. This is the form of Sutskever et al. (equations 3 and 4) written at the looked-ahead
    point, as scikit-learn and PyTorch have it.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.engine import DescentStep
    >>> Nesterov().change(np.array([1.0]), (np.array([0.5]),), DescentStep(number=1, learning_rate=0.1, momentum=0.9))
    array([0.215])

    References
    ----------
    Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013.
    """

    kind: ClassVar[str] = "nesterov"
    vector_names: ClassVar[tuple[str, ...]] = ("velocity",)
    momentum: float = 0.9  # type: ignore[misc]  # the base's constant becomes a setting here

    def change(self, gradient: Floats, vectors: tuple[Floats, ...], step: DescentStep) -> Floats:
        """Return Δw; see ``Optimizer.change``."""
        (velocity,) = vectors
        pull = step.learning_rate * gradient
        velocity *= step.momentum
        velocity -= pull
        return step.momentum * velocity - pull
