"""The losses that are a sum over outputs: one output's loss, and its slope by the logit, as formulas in z and y."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.special import expit

from chainrule.glassbox.derivation.derivation import Equation
from chainrule.glassbox.derivation.expression import Expression, Function, Numeral, Quantity, Symbol
from chainrule.glassbox.derivation.facts import letter
from chainrule.glassbox.derivation.number import Number
from chainrule.network import AbsoluteError, Huber, LogLoss, Loss, Poisson, Quantile, SquaredError

__all__ = ["OUTPUT_LOSSES", "Formula", "Output", "OutputLoss"]

Formula = Callable[[Expression, Expression], Expression]


@dataclass(frozen=True)
class Output:
    """One output of a row: its logit and its target, as printed and as they are.

    Parameters
    ----------
    index : int
        Of the logit, from 0.
    loss : Loss
        Whose it is.
    z, y : Quantity
        The logit and its target.
    z_value, y_value : float
        The same.
    """

    index: int
    loss: Any
    z: Quantity
    y: Quantity
    z_value: float
    y_value: float

    @property
    def residual(self) -> float:
        """The logit less the target."""
        return self.z_value - self.y_value


@dataclass(frozen=True)
class OutputLoss:
    """One output's part of a loss, where its logit is.

    Parameters
    ----------
    formula : callable
        Its loss, of z and y.
    slope : Expression
        Its derivative by z.
    words : str
        About the slope.
    general : callable, optional
        The loss by a name that holds for every output, where the formula does not.
    before : tuple of Equation
        What the slope is written in.
    """

    formula: Formula
    slope: Expression
    words: str
    general: Formula | None = None
    before: tuple[Equation, ...] = ()


def _constant(value: float) -> Numeral:
    return Numeral(Number.given(value))


def _distance(z: Expression, y: Expression) -> Function:
    return Function("abs", z - y)


def _half_square(z: Expression, y: Expression) -> Expression:
    return (z - y) ** 2 / 2


def _squared_error(at: Output) -> OutputLoss:
    return OutputLoss(_half_square, at.z - at.y, "The slope of (z − y)²/2 is z − y: what the output is off by.")


def _absolute_error(at: Output) -> OutputLoss:
    words = "The slope of |z − y| is 1 above the target, −1 below it and 0 on it: only the side counts."
    return OutputLoss(_distance, _constant(float(np.sign(at.residual))), words)


def _huber(at: Output) -> OutputLoss:
    def named(z: Expression, y: Expression) -> Expression:
        return Function("H", z - y)

    def line(z: Expression, y: Expression) -> Expression:
        return kappa * (_distance(z, y) - kappa / 2)

    kappa = letter("κ", at.loss.delta)
    words = "Huber's loss H is (z − y)²/2 up to a distance of κ from the target, and a line of slope ±κ beyond: here "
    if abs(at.residual) <= at.loss.delta:
        return OutputLoss(_half_square, at.z - at.y, words + "it is within.", named)
    return OutputLoss(line, kappa if at.residual > 0 else -kappa, words + "it is beyond.", named)


def _quantile(at: Output) -> OutputLoss:
    def named(z: Expression, y: Expression) -> Expression:
        return Function("ρ", z - y)

    tau = letter("τ", at.loss.levels[at.index % len(at.loss.levels)])
    words = "The quantile loss ρ has slope 1 − τ above the target, −τ below it and 0 on it: here the output is "
    if at.residual < 0:
        return OutputLoss(lambda z, y: tau * (y - z), -tau, words + "below.", named)
    slope, side = (1 - tau, "above.") if at.residual > 0 else (_constant(0), "on it.")
    return OutputLoss(lambda z, y: (1 - tau) * (z - y), slope, words + side, named)


def _poisson(at: Output) -> OutputLoss:
    def formula(z: Expression, y: Expression) -> Expression:
        return Function("exp", z) - y * z

    words = "exp(z) is the predicted mean of the count: the slope is what it is off by."
    return OutputLoss(formula, Function("exp", at.z) - at.y, words)


def _log_loss(at: Output) -> OutputLoss:
    def formula(z: Expression, y: Expression) -> Expression:
        return (1 - y) * Function("ln", 1 + Function("exp", z)) + y * Function("ln", 1 + Function("exp", -z))

    assert isinstance(at.z.symbol, Symbol), "a logit has a letter"
    p = Equation.of(Symbol("p", at.z.symbol.sub), Function("σ", at.z), float(expit(at.z_value)))
    words = "p, with σ(z) = 1/(1 + exp(−z)), is the predicted probability: the slope is what it is off by."
    return OutputLoss(formula, p.quantity - at.y, words, before=(p,))


OUTPUT_LOSSES: dict[type[Loss], Callable[[Output], OutputLoss]] = {
    SquaredError: _squared_error,
    AbsoluteError: _absolute_error,
    Huber: _huber,
    Quantile: _quantile,
    Poisson: _poisson,
    LogLoss: _log_loss,
}
"""The formulas by loss."""
