"""The descent of an opened step: how the change of the weights came about, in float64."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import DescentStep
from chainrule.glassbox.moment import Moment
from chainrule.glassbox.names import Names
from chainrule.glassbox.tables import Shown, Table, largest
from chainrule.training import LBFGS, SGD, Adam, Momentum, Nesterov, Optimizer

__all__ = ["StepDescent", "descent_of"]

Numbers = NDArray[np.float64]

ROUNDING = 1e-12  # of the largest change: what is left where equal numbers are subtracted


@dataclass(frozen=True, eq=False, repr=False)
class StepDescent(Shown):
    """What the step did to every weight.

    Parameters
    ----------
    before, change : array (P,)
        w and Δw.
    parts : dict of str to array (P,)
        The change, taken apart; see :func:`descent_of`. They add up to it.
    clipped : array (P,)
        ∂E/∂w after clipping.
    names : Names
    """

    before: Numbers
    change: Numbers
    parts: dict[str, Numbers]
    clipped: Numbers
    names: Names

    @property
    def after(self) -> Numbers:
        """The weights after the step, w + Δw, shape (P,)."""
        return self.before + self.change

    def tables(self) -> Iterator[Table]:
        """Show the weights that changed most, with the parts of their change that are more than rounding."""
        least = ROUNDING * float(np.max(np.abs(self.change), initial=0.0))
        used = {name: part for name, part in self.parts.items() if not (np.abs(part) <= least).all()}
        rows = [
            (self.names.weight(int(i)).name, self.before[i], *(part[i] for part in used.values()), self.change[i])
            for i in largest(self.change)
        ]
        yield Table("largest changes", ("weight", "before", *used, "Δw"), rows)


def descent_of(moment: Moment, gradient: Numbers) -> StepDescent:
    """Return the change that a gradient (P,) of E makes, and its parts.

    The parts are differences: the change with an ingredient, minus the change without it, the ingredients being added
    in this order. Their sum is the change, but for rounding.

    ================ ================================================================================================
    clipping         what scaling the gradient down takes from −η₀·g
    gradient         −η₀·g: plain descent, η₀ being the learning rate before any schedule
    momentum         past gradients come in (momentum, nesterov; the mean of adam and adamw)
    adaptive scaling every weight gets a step size of its own (adagrad, rmsprop, adam, adamw)
    weight decay     −η₀·λ·w
    schedule         η₀ becomes the η of this step, in all of them
    lbfgs            the change of L-BFGS, which has none of these: its direction times its line search
    ================ ================================================================================================

    A batch whose rows all have weight 0 is passed over: nothing changes.
    """
    before = moment.weights.astype(np.float64)
    if isinstance(moment.optimizer, LBFGS):
        assert moment.weights_after is not None, "an iterate of lbfgs is known by the one after it"
        change = moment.weights_after.astype(np.float64) - before
        return StepDescent(before, change, {"lbfgs": change}, gradient, moment.names)
    clipped = _clipped(gradient, moment.settings.max_gradient_norm)
    if moment.is_passed_over:
        return StepDescent(before, np.zeros_like(before), {"gradient": np.zeros_like(before)}, clipped, moment.names)
    parts = _parts(_Descent(moment, moment.optimizer, before), gradient, clipped)
    change = parts.pop("change")
    return StepDescent(before, change, parts, clipped, moment.names)


def _clipped(gradient: Numbers, limit: float | None) -> Numbers:
    norm = float(np.linalg.norm(gradient))
    return gradient if limit is None or not norm > limit else gradient * (limit / norm)


def _parts(descent: "_Descent", gradient: Numbers, clipped: Numbers) -> dict[str, Numbers]:
    """Return the parts, and the change itself."""
    first, now = descent.moment.learning_rate, float(descent.moment.plan.learning_rate[0])
    plain, with_clipping = -descent.rates(first) * gradient, -descent.rates(first) * clipped
    with_momentum = descent.by_momentum(clipped, first)
    with_scaling = descent.by_optimizer(clipped, first)
    with_decay = with_scaling + descent.decay(first)
    change = descent.by_optimizer(clipped, now) + descent.decay(now)
    return {
        "clipping": with_clipping - plain,
        "gradient": plain,
        "momentum": with_momentum - with_clipping,
        "adaptive scaling": with_scaling - with_momentum,
        "weight decay": with_decay - with_scaling,
        "schedule": change - with_decay,
        "change": change,
    }


@dataclass(frozen=True)
class _Descent:
    """The formulas of one step, at any learning rate."""

    moment: Moment
    optimizer: Optimizer
    before: Numbers

    def rates(self, learning_rate: float) -> Any:
        """Return the learning rate of each weight."""
        return learning_rate * np.asarray(self.moment.network.layout.rate_factors())

    def _step(self, learning_rate: float) -> DescentStep:
        momentum = float(self.moment.plan.momentum[0])
        return DescentStep(self.moment.index + 1, self.rates(learning_rate), momentum)

    def by_optimizer(self, gradient: Numbers, learning_rate: float) -> Numbers:
        """Return the optimizer's change, its state left as it is."""
        vectors = tuple(vector.astype(np.float64) for vector in self.moment.vectors)
        return np.asarray(self.optimizer.change(gradient, vectors, self._step(learning_rate)), dtype=np.float64)

    def by_momentum(self, gradient: Numbers, learning_rate: float) -> Numbers:
        """Return the change without adaptive scaling: of adam −η·m̂ (or −η·m), of an unknown optimizer −η·g."""
        if isinstance(self.optimizer, SGD | Momentum | Nesterov):
            return self.by_optimizer(gradient, learning_rate)
        if not isinstance(self.optimizer, Adam):
            return np.asarray(-self.rates(learning_rate) * gradient)
        beta = self.optimizer.beta_1
        mean = beta * self.moment.vectors[0].astype(np.float64) + (1.0 - beta) * gradient
        if self.optimizer.bias_correction:
            mean = mean / (1.0 - beta ** (self.moment.index + 1))
        return np.asarray(-self.rates(learning_rate) * mean)

    def decay(self, learning_rate: float) -> Numbers:
        """Return the decoupled weight decay, −η·λ·w; biases have none."""
        factors = self.moment.network.layout.decay_factors() * float(self.moment.plan.weight_decay[0])
        return np.asarray(-self.rates(learning_rate) * factors * self.before)
