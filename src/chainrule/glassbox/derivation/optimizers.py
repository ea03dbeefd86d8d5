"""From the gradient of one weight to its change: the formula of each optimizer."""

from collections.abc import Callable
from typing import Any

from chainrule.errors import ParameterError
from chainrule.glassbox.derivation.derivation import Equation
from chainrule.glassbox.derivation.expression import Expression, Function, Quantity, Symbol
from chainrule.glassbox.derivation.facts import letter
from chainrule.glassbox.derivation.update import Update
from chainrule.training import LBFGS, SGD, Adagrad, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSprop

__all__ = ["UPDATES", "UPDATE_WORDS", "check_optimizer"]

Equations = tuple[Equation, ...]


def _sgd(update: Update) -> Equations:
    return (Equation.of(update.left, -(update.rate * update.gradient), update.change),)


def _momentum(update: Update) -> Equations:
    right = update.momentum * letter("v", update.before[0]) - update.rate * update.gradient
    return (Equation.of(update.left, right, update.change),)


def _nesterov(update: Update) -> Equations:
    pull = update.rate * update.gradient
    velocity = Equation.of(Symbol("v′"), update.momentum * letter("v", update.before[0]) - pull, update.after[0])
    return velocity, Equation.of(update.left, update.momentum * velocity.quantity - pull, update.change)


def _adagrad(update: Update) -> Equations:
    squares = Equation.of(Symbol("s′"), letter("s", update.before[0]) + update.gradient**2, update.after[0])
    return squares, _scaled(update, update.gradient, squares.quantity)


def _rmsprop(update: Update) -> Equations:
    squares = _fading("s", letter("ρ", update.optimizer.decay), update.gradient**2, update.before[0], update.after[0])
    return squares, _scaled(update, update.gradient, squares.quantity)


def _adam(update: Update) -> Equations:
    beta_1, beta_2 = letter("β₁", update.optimizer.beta_1), letter("β₂", update.optimizer.beta_2)
    mean = _fading("m", beta_1, update.gradient, update.before[0], update.after[0])
    squares = _fading("s", beta_2, update.gradient**2, update.before[1], update.after[1])
    if not update.optimizer.bias_correction:
        return mean, squares, _scaled(update, mean.quantity, squares.quantity)
    t = letter("t", update.number)
    mean_hat = _corrected("m", mean.quantity, 1 - beta_1**t, update.after[0] / _missing(update, "beta_1"))
    squares_hat = _corrected("s", squares.quantity, 1 - beta_2**t, update.after[1] / _missing(update, "beta_2"))
    return mean, squares, mean_hat, squares_hat, _scaled(update, mean_hat.quantity, squares_hat.quantity)


def _fading(name: str, decay: Quantity, new: Expression, before: float, after: float) -> Equation:
    """Return a fading mean: old and new, weighed by the decay."""
    return Equation.of(Symbol(f"{name}′"), decay * letter(name, before) + (1 - decay) * new, after)


def _corrected(name: str, mean: Quantity, share: Expression, value: float) -> Equation:
    return Equation.of(Symbol(name, accent="hat"), mean / share, value)


def _missing(update: Update, name: str) -> float:
    return float(1.0 - getattr(update.optimizer, name) ** update.number)


def _scaled(update: Update, direction: Quantity, squares: Quantity) -> Equation:
    """Return the change with a step size of its own for each weight."""
    root = Function("root", squares) + letter("ε", update.optimizer.epsilon)
    return Equation.of(update.left, -(update.rate * direction / root), update.change)


UPDATES: dict[type[Optimizer], Callable[[Update], Equations]] = {
    SGD: _sgd,
    Momentum: _momentum,
    Nesterov: _nesterov,
    Adagrad: _adagrad,
    RMSprop: _rmsprop,
    Adam: _adam,
    AdamW: _adam,
}
"""The formulas by optimizer."""

_ADAM = (
    "m and s are fading means of the gradient and of its square (a prime: with this step's); the mean, over the root "
    "of the other, gives every weight a step size of its own."
)

UPDATE_WORDS: dict[type[Optimizer | LBFGS], str] = {
    SGD: "Against the gradient, by the learning rate η.",
    Momentum: "The velocity v, which is the change before this one, is kept in part, and the gradient added to it.",
    Nesterov: "The velocity v is kept in part and the gradient added; then once more, as if looking a step ahead.",
    Adagrad: "s is the sum of all squared gradients so far: the more a weight was pulled, the smaller are its steps.",
    RMSprop: "s is a fading mean of the squared gradients: a weight's step size follows how it was pulled of late.",
    Adam: _ADAM + " A hat frees a mean of its start at 0.",
    AdamW: _ADAM + " A hat frees a mean of its start at 0.",
    LBFGS: (
        "L-BFGS has no formula for one weight alone: from the last changes of all weights and of the gradient it "
        "estimates how E curves, goes where the gradient would be 0 if that were exact, and searches along that line "
        "for a point where E has fallen enough."
    ),
}
"""What each optimizer does."""


def check_optimizer(optimizer: Any) -> None:
    """Raise ParameterError unless the optimizer is known as a formula."""
    if type(optimizer) not in UPDATE_WORDS:
        known = ", ".join(sorted(one.kind for one in UPDATE_WORDS))
        raise ParameterError(f"derive knows the optimizers {known}. Got {optimizer!r}.")
