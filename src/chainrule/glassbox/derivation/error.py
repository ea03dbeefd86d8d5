"""From E of the minibatch to its gradient with respect to one logit of one row."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ParameterError
from chainrule.glassbox.derivation.cross_entropy import loss_by_logits, slope_by_logit
from chainrule.glassbox.derivation.derivation import Equation, Link
from chainrule.glassbox.derivation.expression import Expression, Function, Quantity, Symbol, Total
from chainrule.glassbox.derivation.facts import Facts, given, letter, series
from chainrule.glassbox.derivation.losses import OUTPUT_LOSSES, Output, OutputLoss
from chainrule.glassbox.derivation.notation import ERROR
from chainrule.network import CrossEntropy, Loss, Penalty, Quantile

__all__ = ["check_loss", "error_of_minibatch", "gradient_by_logit", "loss_of_row", "penalised", "strengths"]

LOSS = Symbol("ℓ")


def check_loss(loss: Loss, penalty: Penalty) -> None:
    """Raise ParameterError unless the loss and the penalty are known as formulas."""
    known: list[type[Loss]] = [*OUTPUT_LOSSES, CrossEntropy]
    if type(loss) not in known:
        kinds = ", ".join(sorted(one.kind for one in known))
        raise ParameterError(f"derive knows the losses {kinds}. Got {loss!r}.")
    if type(penalty) is not Penalty:
        raise ParameterError(f"derive knows the penalty Penalty(l1, l2). Got {penalty!r}.")


class Strengths(NamedTuple):
    """The penalty's l1 and l2 as they are in E."""

    l1: float
    l2: float


def strengths(facts: Facts) -> Strengths:
    """Return l1 and l2 times the penalty's strength in this step."""
    penalty, strength = facts.network.penalty, float(facts.step.moment.scales["penalty"])
    return Strengths(strength * penalty.l1, strength * penalty.l2)


def penalised(facts: Facts) -> NDArray[np.bool_]:
    """Return which weights are penalised, shape (P,)."""
    penalised: NDArray[np.bool_] = facts.network.layout.decay_factors() != 0
    return penalised


def error_of_minibatch(facts: Facts, row: int, loss: Quantity) -> Link:
    """Return E as the mean of the rows' losses, plus the penalty.

    Parameters
    ----------
    facts : Facts
    row : int
        A row that is shown.
    loss : Quantity
        Its loss.
    """
    weights = facts.row_weights
    weighted = facts.losses if weights is None else weights * facts.losses

    def term(i: int) -> Expression:
        of_row = loss if i == row else given(LOSS, facts.losses[i])
        return of_row if weights is None else letter("s", weights[i]) * of_row

    total = Total("rows", LOSS if weights is None else Symbol("s") * LOSS)
    right: Expression = series(total, weighted, term, "rows", row) / letter("d", facts.divisor)
    words = "E is the mean of the rows' losses: their sum, over the number d of rows."
    if weights is not None:
        words = "E is the mean of the rows' losses, each times its row's weight s: d is the sum of these weights."
    if facts.step.moment.scales["divisor"] is not None:
        words = "E is the sum of the rows' losses, over the divisor d that this training was given."
    value = float(weighted.sum()) / facts.divisor
    of_penalty, penalty = _penalty(facts)
    for part in of_penalty:
        right = right + part
    if of_penalty:
        words += " The penalty comes on top; it does not see the rows, and leaves biases alone."
    return Link("The error of this minibatch", (Equation.of(ERROR, right, value + penalty),), words)


def _penalty(facts: Facts) -> tuple[list[Expression], float]:
    l1, l2 = strengths(facts)
    w = facts.step.weights[penalised(facts)]
    parts: list[Expression] = []
    if l1:
        sizes = given(Total("w", Function("abs", Symbol("w"))), float(np.abs(w).sum()))
        parts.append(letter("λ₁", l1) * sizes)
    if l2:
        squares = given(Total("w", Symbol("w") ** 2), float(np.square(w).sum()))
        parts.append(letter("λ₂", l2) / 2 * squares)
    return parts, float(l1 * np.abs(w).sum() + 0.5 * l2 * np.square(w).sum())


def loss_of_row(facts: Facts, row: int) -> Link:
    """Return one row's loss as a formula in its logits."""
    if isinstance(facts.loss, CrossEntropy):
        right, words = loss_by_logits(facts, row)
    else:
        right, words = _sum_over_outputs(facts, row), "What the network answers in this row, held against the target."
    if facts.loss is not facts.network.loss:
        words += f" (Reported is {facts.network.loss.kind}, which has the same gradient.)"
    number = facts.step.moment.rows[row]
    title = f"The loss of row {number}"
    return Link(title, (Equation.of(LOSS, right, float(facts.losses[row])),), words)


def _sum_over_outputs(facts: Facts, row: int) -> Expression:
    outputs = [_output(facts, row, k) for k in range(facts.logits.shape[1])]
    losses = [_output_loss(facts, output) for output in outputs]
    terms = [loss.formula(output.z, output.y) for loss, output in zip(losses, outputs, strict=True)]
    if len(terms) == 1:
        return terms[0]
    last = len(facts.network.layers) - 1
    general = (losses[0].general or losses[0].formula)(facts.notation.output(last, "k"), Symbol("y", "k"))
    values = np.array([_value(facts.loss, output) for output in outputs])
    return series(Total("k", general), values, lambda k: terms[k], "outputs", int(np.argmax(values)))


def _value(loss: Loss, output: Output) -> float:
    """Return one output's loss: that of a row of this output alone."""
    if isinstance(loss, Quantile):
        loss = Quantile((loss.levels[output.index % len(loss.levels)],))
    return float(loss.rows(np.array([[output.z_value]]), np.array([[output.y_value]]))[0][0])


def _output(facts: Facts, row: int, k: int) -> Output:
    levels = len(facts.loss.levels) if isinstance(facts.loss, Quantile) else 1
    target, y = k // levels, float(facts.target[row, k // levels])
    z = facts.output(len(facts.network.layers) - 1, row, k)
    return Output(k, facts.loss, z, given(Symbol("y", str(target + 1)), y), float(facts.logits[row, k]), y)


def _output_loss(facts: Facts, output: Output) -> OutputLoss:
    return OUTPUT_LOSSES[type(facts.loss)](output)


def gradient_by_logit(facts: Facts, row: int, k: int) -> Link:
    """Return the gradient of E with respect to one logit of one row."""
    if isinstance(facts.loss, CrossEntropy):
        before, slope, words = slope_by_logit(facts, row, k)
    else:
        loss = _output_loss(facts, _output(facts, row, k))
        before, slope, words = loss.before, loss.slope, loss.words
    last = len(facts.network.layers) - 1
    if facts.row_weights is not None:
        slope = letter("s", facts.row_weights[row]) * slope
    left, value = facts.notation.gradient(last, k), float(facts.gradients(last)[row, k])
    equation = Equation.of(left, slope / letter("d", facts.divisor), value)
    return Link(f"Back from E to output {_output_name(facts, k)}", (*before, equation), words)


def _output_name(facts: Facts, k: int) -> str:
    names = facts.step.names
    neurons = names.neurons(names.dense[-1])  # what follows the last dense layer keeps its width
    return neurons[k]
