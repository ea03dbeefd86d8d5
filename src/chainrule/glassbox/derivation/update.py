"""What an optimizer's formula for one weight takes, and what it gives."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from chainrule.engine import DescentStep
from chainrule.glassbox.derivation.expression import Quantity, Symbol
from chainrule.glassbox.derivation.facts import Facts, letter
from chainrule.training import Optimizer

__all__ = ["Update"]


@dataclass(frozen=True)
class Update:
    """One weight's part of a descent step, weight decay left out.

    Parameters
    ----------
    optimizer : Optimizer
    gradient : Quantity
        g, clipped if it is.
    rate, momentum : Quantity
        η and μ of this step.
    number : int
        The step's number t, from 1.
    before, after : tuple of float
        The optimizer's state for this weight.
    left : Symbol
        What the change is called.
    change : float
        The change, by the optimizer itself.
    """

    optimizer: Any
    gradient: Quantity
    rate: Quantity
    momentum: Quantity
    number: int
    before: tuple[float, ...]
    after: tuple[float, ...]
    left: Symbol
    change: float

    @classmethod
    def of(cls, facts: Facts, index: int, gradient: Quantity, left: Symbol) -> "Update":
        """Return the update of the weight at a position of the flat vector; the run's own state is left alone."""
        moment = facts.step.moment
        assert isinstance(moment.optimizer, Optimizer), "L-BFGS has no formula of one weight"
        vectors = tuple(vector.astype(np.float64) for vector in moment.vectors)
        before = tuple(float(vector[index]) for vector in vectors)
        rates = np.broadcast_to(facts.network.layout.rate_factors(), facts.step.weights.shape)
        rates = rates * float(moment.plan.learning_rate[0])
        momentum = float(moment.plan.momentum[0])
        change = moment.optimizer.change(
            facts.step.descent.clipped, vectors, DescentStep(moment.index + 1, rates, momentum)
        )
        after = tuple(float(vector[index]) for vector in vectors)
        rate, of_momentum = letter("η", float(rates[index])), letter("μ", momentum)
        return cls(
            moment.optimizer, gradient, rate, of_momentum, moment.index + 1, before, after, left, float(change[index])
        )

    @classmethod
    def general(cls, optimizer: Optimizer) -> "Update":
        """Return an update whose formulas are of interest, not its numbers."""
        rate, momentum, gradient = letter("η", 1.0), letter("μ", 0.0), letter("g", 1.0)
        state = (1.0,) * optimizer.n_vectors
        left = Symbol("Δw", optimizer.kind if optimizer.weight_decay else "")
        return cls(optimizer, gradient, rate, momentum, 1, state, state, left, 1.0)
