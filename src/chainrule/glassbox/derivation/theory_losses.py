"""The losses in general: formula, slope by a logit, and which task they belong to."""

from dataclasses import dataclass

from chainrule.glassbox.derivation.expression import Expression, Function, Symbol, Total
from chainrule.network import (
    AbsoluteError,
    CrossEntropy,
    Huber,
    LogLoss,
    Loss,
    Poisson,
    Quantile,
    SquaredError,
)

__all__ = ["LossTheory", "loss_theory"]


@dataclass(frozen=True)
class LossTheory:
    """What there is to say of a loss.

    Parameters
    ----------
    loss : Expression
        A row's loss.
    slope : Expression
        Its derivative by logit k.
    predicted : Expression or None
        What the network predicts at output k, p; None if it is the logit itself.
    words : str
        Which task it is for, and why.
    """

    loss: Expression
    slope: Expression
    predicted: Expression | None
    words: str


def loss_theory(loss: Loss, z: Symbol, others: Symbol) -> LossTheory:
    """Return the theory of one of chainrule's losses.

    Parameters
    ----------
    loss : Loss
    z : Symbol
        Logit k.
    others : Symbol
        Logit j.
    """
    y, p, t = Symbol("y", "k"), Symbol("p", "k"), Symbol("t", "k")
    residual = z - y
    exp, ln, sigma = Function("exp", z), Function("ln", p), Function("σ", z)
    log_loss = -(y * ln) - (1 - y) * Function("ln", 1 - p)
    softmax = exp / Total("j", Function("exp", others))
    theories: dict[type[Loss], LossTheory] = {
        SquaredError: LossTheory(_sum(residual**2 / 2), residual, None, _SQUARED),
        AbsoluteError: LossTheory(_sum(Function("abs", residual)), Function("sign", residual), None, _ABSOLUTE),
        Huber: LossTheory(_sum(Function("H", residual)), Function("H′", residual), None, _HUBER),
        Quantile: LossTheory(_sum(Function("ρ", residual)), Function("ρ′", residual), None, _QUANTILE),
        Poisson: LossTheory(_sum(p - y * z), p - y, exp, _POISSON),
        LogLoss: LossTheory(_sum(log_loss), p - y, sigma, _LOG_LOSS),
        CrossEntropy: LossTheory(-_sum(t * ln), p - t, softmax, _CROSS_ENTROPY),
    }
    return theories[type(loss)]


def _sum(term: Expression) -> Total:
    return Total("k", term)


_SQUARED = (
    "For numbers. The squared error is least where the output is the mean of the targets of rows like this one. Its "
    "slope is what the output is off by."
)
_ABSOLUTE = (
    "For numbers with outliers. The absolute error is least at the median; its slope knows only the side, so that a "
    "far-off row pulls no harder than a near one."
)
_HUBER = (
    "For numbers with outliers. H(r) is r²/2 up to a distance of κ from the target and κ·(|r| − κ/2) beyond, so that "
    "H′(r) is r, but never beyond ±κ: no row pulls harder than that."
)
_QUANTILE = (
    "For quantiles. ρ(r) is (1 − τ)·r above the target and −τ·r below it, with slopes 1 − τ and −τ: it is least where "
    "a share τ of the targets lies below the output. Each level τ has an output of its own."
)
_POISSON = (
    "For counts. The logit is the logarithm of the expected count p, which is thus positive; the loss is −ln of the "
    "probability of the count by Poisson's distribution, but for a constant."
)
_LOG_LOSS = (
    "For two classes, or several labels that each hold or do not. p is the probability that output k holds, by "
    "σ(z) = 1/(1 + exp(−z)); the loss is −ln of the probability that the network gives to what is the case. The "
    "slopes of ln and σ cancel, and p − y is left."
)
_CROSS_ENTROPY = (
    "For several classes. p is a share of exp(z), so that the probabilities are positive and add up to 1; the target "
    "t is 1 for the row's class and 0 for the others (label smoothing moves a little of it to them). The slopes of ln "
    "and of the shares cancel, and p − t is left."
)
