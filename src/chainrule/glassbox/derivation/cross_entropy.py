"""The cross-entropy of a row, and its slope by a logit, as formulas."""

import numpy as np
from scipy.special import softmax

from chainrule.glassbox.derivation.derivation import Equation
from chainrule.glassbox.derivation.expression import Expression, Function, Series, Symbol, Total
from chainrule.glassbox.derivation.facts import Facts, letter, series
from chainrule.network import CrossEntropy

__all__ = ["loss_by_logits", "slope_by_logit"]


def loss_by_logits(facts: Facts, row: int) -> tuple[Expression, str]:
    """Return the loss of a row, and what it is in words."""
    last, code, smoothing = len(facts.network.layers) - 1, int(facts.target[row]), _smoothing(facts)
    partition = Function("ln", _partition(facts, row, code))
    z = facts.output(last, row, code)
    if smoothing == 0:
        return partition - z, "This is −ln p, p being the probability that the network gives the row's class."
    logits, n_classes = facts.logits[row], facts.logits.shape[1]
    total = Total("j", facts.notation.output(last, "j"))
    every = series(total, logits, lambda j: facts.output(last, row, j), "classes", int(np.argmax(np.abs(logits))))
    epsilon = letter("ε", smoothing)
    words = (
        "This is −Σ t·ln p over the classes; by label smoothing the target t is 1 − ε + ε/K for the row's class and "
        "ε/K for every other."
    )
    return partition - (1 - epsilon) * z - epsilon / letter("K", n_classes) * every, words


def slope_by_logit(facts: Facts, row: int, k: int) -> tuple[tuple[Equation, ...], Expression, str]:
    """Return the equation of the probability of class k, the slope written in it, and words."""
    last, code, smoothing = len(facts.network.layers) - 1, int(facts.target[row]), _smoothing(facts)
    right = Function("exp", facts.output(last, row, k)) / _partition(facts, row, k)
    value = float(softmax(facts.logits[row])[k])
    probability = Equation.of(Symbol("p", str(k + 1)), right, value)
    slope: Expression = probability.quantity
    words = "The slope is the predicted probability less its target: 1 for the row's class, 0 for every other; "
    words += f"this is {'that class' if k == code else 'another'}."
    epsilon = letter("ε", smoothing)
    if k == code:
        slope = slope - (1 - epsilon if smoothing else 1)
    if smoothing:
        slope = slope - epsilon / letter("K", facts.logits.shape[1])
        words += " Label smoothing takes ε from that 1, and gives ε/K to each class."
    return (probability,), slope, words


def _partition(facts: Facts, row: int, keep: int) -> Series:
    """Return Σ exp(z) over the classes."""
    last = len(facts.network.layers) - 1
    with np.errstate(over="ignore"):
        values = np.exp(facts.logits[row])
    total = Total("j", Function("exp", facts.notation.output(last, "j")))
    return series(total, values, lambda j: Function("exp", facts.output(last, row, j)), "classes", keep)


def _smoothing(facts: Facts) -> float:
    assert isinstance(facts.loss, CrossEntropy), "asked of the cross-entropy only"
    return facts.loss.label_smoothing
