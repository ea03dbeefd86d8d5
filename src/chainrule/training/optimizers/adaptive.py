"""Optimizers that give every weight a step size of its own."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from chainrule.engine import DescentStep
from chainrule.training.optimizers.base import Floats, Optimizer

__all__ = ["Adagrad", "Adam", "AdamW", "RMSprop"]


@dataclass(frozen=True)
class Adagrad(Optimizer):
    """Step sizes that shrink with the gradients seen: s ← s + g², Δw = −η·g / (√s + ε).

    Symbols: g ``gradient``, η ``learning_rate``, ε ``epsilon``, s the state ``square_sum``.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.engine import DescentStep
    >>> Adagrad(epsilon=0.0).change(np.array([3.0]), (np.array([16.0]),), DescentStep(1, 0.5, 0.0))
    array([-0.3])

    References
    ----------
    Duchi, Hazan, Singer, "Adaptive subgradient methods", JMLR 2011.
    """

    kind: ClassVar[str] = "adagrad"
    vector_names: ClassVar[tuple[str, ...]] = ("square_sum",)
    epsilon: float = 1e-10

    def change(self, gradient: Floats, vectors: tuple[Floats, ...], step: DescentStep) -> Floats:
        """Return Δw; see ``Optimizer.change``."""
        (square_sum,) = vectors
        square_sum += gradient * gradient
        return -step.learning_rate * gradient / (np.sqrt(square_sum) + self.epsilon)


@dataclass(frozen=True)
class RMSprop(Optimizer):
    """Adagrad with a fading memory: s ← ρ·s + (1 − ρ)·g², Δw = −η·g / (√s + ε).

    Symbols: g ``gradient``, η ``learning_rate``, ρ ``decay``, ε ``epsilon`` (outside the root, as in PyTorch), s the
    state ``square_mean``.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.engine import DescentStep
    >>> RMSprop(decay=0.75, epsilon=0.0).change(np.array([2.0]), (np.array([0.0]),), DescentStep(1, 0.1, 0.0))
    array([-0.2])

    References
    ----------
    Tieleman & Hinton, "Neural networks for machine learning", lecture 6.5, 2012.
    """

    kind: ClassVar[str] = "rmsprop"
    vector_names: ClassVar[tuple[str, ...]] = ("square_mean",)
    decay: float = 0.9
    epsilon: float = 1e-8

    def change(self, gradient: Floats, vectors: tuple[Floats, ...], step: DescentStep) -> Floats:
        """Return Δw; see ``Optimizer.change``."""
        (square_mean,) = vectors
        square_mean *= self.decay
        square_mean += (1.0 - self.decay) * (gradient * gradient)
        return -step.learning_rate * gradient / (np.sqrt(square_mean) + self.epsilon)


@dataclass(frozen=True)
class Adam(Optimizer):
    """Momentum and RMSprop together, both freed of their bias towards the zero they start from.

    m ← β₁·m + (1 − β₁)·g, s ← β₂·s + (1 − β₂)·g², Δw = −η·m̂ / (√ŝ + ε) with m̂ = m / (1 − β₁ᵗ), ŝ = s / (1 − β₂ᵗ).

    Symbols: g ``gradient``, η ``learning_rate``, β₁ ``beta_1``, β₂ ``beta_2``, ε ``epsilon``, t the step's ``number``,
    m and s the states ``mean`` and ``square_mean``. The variant of the paper's algorithm 1 (ε outside the root, after
    the correction), as in PyTorch.

    Parameters
    ----------
    beta_1, beta_2, epsilon : float
    bias_correction : bool
        False takes m and s as they are, Δw = −η·m / (√s + ε): with the schedule ``BiasCorrection`` inside η this is the
        variant at the end of the paper's section 2 (ε̂ added before the correction), as in scikit-learn.

    Examples
    --------
    >>> import numpy as np
    >>> from chainrule.engine import DescentStep
    >>> Adam().change(np.array([5.0]), (np.array([0.0]), np.array([0.0])), DescentStep(1, 0.001, 0.0)).round(6)
    array([-0.001])

    References
    ----------
    Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015.
    """

    kind: ClassVar[str] = "adam"
    vector_names: ClassVar[tuple[str, ...]] = ("mean", "square_mean")
    beta_1: float = 0.9
    beta_2: float = 0.999
    epsilon: float = 1e-8
    bias_correction: bool = True

    def change(self, gradient: Floats, vectors: tuple[Floats, ...], step: DescentStep) -> Floats:
        """Return Δw; see ``Optimizer.change``."""
        mean, square_mean = vectors
        mean *= self.beta_1
        mean += (1.0 - self.beta_1) * gradient
        square_mean *= self.beta_2
        square_mean += (1.0 - self.beta_2) * (gradient * gradient)
        if not self.bias_correction:
            return -step.learning_rate * mean / (np.sqrt(square_mean) + self.epsilon)
        root = np.sqrt(square_mean / (1.0 - self.beta_2**step.number))
        root += self.epsilon
        mean_hat = mean / (1.0 - self.beta_1**step.number)
        change: Floats = -step.learning_rate * mean_hat / root
        return change


@dataclass(frozen=True)
class AdamW(Adam):
    """Adam with decoupled weight decay: Δw = Adam's Δw − η·λ·w.

    Symbols as in ``Adam``; λ ``weight_decay``, applied by the engine to weights and not to biases.

    References
    ----------
    Loshchilov & Hutter, "Decoupled weight decay regularization", ICLR 2019 (algorithm 2, with the schedule inside η).
    """

    kind: ClassVar[str] = "adamw"
    weight_decay: float = 0.01  # type: ignore[misc]  # the base's constant becomes a setting here
