"""From the gradient of one weight to the weight after the step."""

from collections.abc import Iterator

from chainrule.glassbox.derivation.derivation import Equation, Link
from chainrule.glassbox.derivation.expression import Quantity, Symbol
from chainrule.glassbox.derivation.facts import Facts, letter
from chainrule.glassbox.derivation.optimizers import UPDATE_WORDS, UPDATES
from chainrule.glassbox.derivation.update import Update
from chainrule.glassbox.names import Weight
from chainrule.training import LBFGS

__all__ = ["descent_of"]

CHANGE, AFTER = Symbol("Δw"), Symbol("w′")


def descent_of(facts: Facts, weight: Weight, gradient: Quantity) -> Iterator[Link]:
    """Give the optimizer's link, that of the weight decay if it acts on the weight, and the weight after the step.

    Parameters
    ----------
    facts : Facts
    weight : Weight
    gradient : Quantity
        Of E, clipped if it is.
    """
    optimizer, descent = facts.step.moment.optimizer, facts.step.descent
    before, after = float(descent.before[weight.index]), float(descent.after[weight.index])
    w = letter("w", before)
    if isinstance(optimizer, LBFGS):
        change = Equation.of(CHANGE, letter("w′", after) - w, after - before)
        yield Link("The descent by lbfgs", (change,), UPDATE_WORDS[LBFGS])
        return
    decay = _decay(facts, weight)
    update = Update.of(facts, weight.index, gradient, Symbol("Δw", optimizer.kind) if decay else CHANGE)
    equations = UPDATES[type(optimizer)](update)
    yield Link(
        f"The descent by {optimizer.kind}", equations, UPDATE_WORDS[type(optimizer)] + _rate_words(facts, weight)
    )
    change = equations[-1]
    if decay:
        right = change.quantity - update.rate * letter("λ", decay) * w
        change = Equation.of(CHANGE, right, float(descent.change[weight.index]))
        yield Link("Weight decay", (change,), "Weight decay pulls the weight towards 0, apart from the gradient.")
    words = "All weights move like this at once; the next step starts from there."
    yield Link("The weight after the step", (Equation.of(AFTER, w + change.quantity, after),), words)


def _decay(facts: Facts, weight: Weight) -> float:
    factor = facts.network.layout.decay_factors()[weight.index]
    return float(facts.step.moment.plan.weight_decay[0] * factor)


def _rate_words(facts: Facts, weight: Weight) -> str:
    factors = facts.network.layout.rate_factors()
    if isinstance(factors, float) or factors[weight.index] == 1:
        return ""
    return " η has this weight's own factor on the learning rate in it."
