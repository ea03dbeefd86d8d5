"""The gradient of one weight: the sum over rows, the penalty, clipping."""

import numpy as np

from chainrule.glassbox.derivation.derivation import Equation, Link
from chainrule.glassbox.derivation.error import penalised, strengths
from chainrule.glassbox.derivation.expression import Expression, Function, Partial, Product, Quantity, Symbol, Total
from chainrule.glassbox.derivation.facts import Facts, given, letter, series
from chainrule.glassbox.derivation.notation import ERROR
from chainrule.glassbox.names import Weight

__all__ = ["clipped", "gradient_of"]


def gradient_of(facts: Facts, weight: Weight, row: int, delta: Quantity) -> Link:
    """Return ∂E/∂w as a sum over rows.

    Parameters
    ----------
    facts : Facts
    weight : Weight
    row : int
        A row that is shown.
    delta : Quantity
        Its δ of the weight's neuron.
    """
    deltas = facts.gradients(weight.layer)[:, weight.column]

    def term(i: int) -> Expression:
        of_row = delta if i == row else facts.gradient(weight.layer, i, weight.column)
        return of_row if weight.is_bias else facts.output(weight.layer - 1, i, weight.row) * of_row

    source = () if weight.is_bias else (facts.notation.output(weight.layer - 1, weight.row),)
    total = Total("rows", Product((*source, delta.symbol)) if source else delta.symbol)
    right: Expression = series(total, facts.sources(weight) * deltas, term, "rows", row)
    words = "Each row adds what entered the weight times the δ of the neuron it leads to."
    if weight.is_bias:
        words = "A bias is the weight of an input that is always 1: each row adds the δ of its neuron."
    for part in _penalty(facts, weight):
        right = right + part
        words += " The penalty adds its own slope at w." if "penalty" not in words else ""
    value = float(facts.step.backward_pass.gradient[weight.index])
    return Link("The gradient of the weight", (Equation.of(Partial(ERROR, Symbol("w")), right, value),), words)


def _penalty(facts: Facts, weight: Weight) -> list[Expression]:
    l1, l2 = strengths(facts) if penalised(facts)[weight.index] else (0.0, 0.0)
    value = float(facts.step.weights[weight.index])
    parts: list[Expression] = []
    if l1:
        parts.append(letter("λ₁", l1) * given(Function("sign", Symbol("w")), float(np.sign(value))))
    if l2:
        parts.append(letter("λ₂", l2) * letter("w", value))
    return parts


def clipped(facts: Facts, weight: Weight, gradient: Quantity) -> Link | None:
    """Return how clipping shortens the gradient; None if it does not."""
    limit, norm = facts.step.moment.settings.max_gradient_norm, float(np.linalg.norm(facts.step.backward_pass.gradient))
    if limit is None or not norm > limit:
        return None
    right = gradient * letter("c", limit) / given(Function("norm", Symbol("∇E")), norm)
    equation = Equation.of(Symbol("g"), right, float(facts.step.descent.clipped[weight.index]))
    words = (
        "The norm of the whole gradient, over all weights, is above the limit c (max_gradient_norm): the gradient is "
        "scaled down to it, its direction kept."
    )
    return Link("Clipping", (equation,), words)
