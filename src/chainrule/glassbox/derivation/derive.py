"""The derivation of one weight: from E of the minibatch back to its gradient, and on to its change."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from chainrule.errors import ParameterError
from chainrule.glassbox.derivation.backward import back_through, check_layers, path_from
from chainrule.glassbox.derivation.derivation import Derivation, Link
from chainrule.glassbox.derivation.descent import descent_of
from chainrule.glassbox.derivation.error import check_loss, error_of_minibatch, gradient_by_logit, loss_of_row
from chainrule.glassbox.derivation.expression import Quantity, Symbol
from chainrule.glassbox.derivation.facts import Facts, descended
from chainrule.glassbox.derivation.gradient import clipped, gradient_of
from chainrule.glassbox.derivation.optimizers import check_optimizer
from chainrule.glassbox.derivation.theory import theory
from chainrule.glassbox.names import Weight, WeightLike

if TYPE_CHECKING:
    from chainrule.glassbox.step import Step

__all__ = ["derive"]


def derive(step: "Step", weight: WeightLike, *, row: int | None = None) -> Derivation:
    """Return the chain rule for one weight of an opened step, each equation in symbols and in this step's numbers.

    From E through the loss of one row to its logits, back layer by layer along the way on which the most of the
    gradient comes, to δ of the weight's neuron; then the sum over rows to ∂E/∂w, and the optimizer's way to Δw. Long
    sums show their largest terms, and the rest as one number.

    Every printed result lies in the interval that the printed numbers before it allow; see ``number.Number``.

    Parameters
    ----------
    step : Step
    weight : Weight, int or str
        As ``Step.weight`` takes it; or "theory", which gives the general derivation for the step's network and
        optimizer instead, without numbers.
    row : int, optional
        The number of the training row that is followed; by default the one that adds most to the gradient.

    Raises
    ------
    ParameterError
        If there is no such weight or row, if a row is given for the theory, if all rows of the step have weight 0, or
        if a layer, loss, penalty or optimizer is not one of chainrule's own.
    """
    network, optimizer = step.moment.network, step.moment.optimizer
    if weight == "theory":
        if row is not None:
            raise ParameterError(f'row has no effect with "theory", which has no numbers; leave it out. Got {row!r}.')
        return theory(network, optimizer)
    found = step.names.find(weight)
    check_layers(network)
    check_loss(descended(network.loss), network.penalty)
    check_optimizer(optimizer)
    if step.moment.is_passed_over:
        raise ParameterError(
            f"step {step.index} was passed over, since all of its rows have weight 0: there is nothing to derive. "
            "Open another step."
        )
    facts = Facts(step)
    with np.errstate(all="ignore"):  # what is not finite is printed as it is
        place = _position(facts, found, row)
        links = tuple(_links(facts, found, place))
    return Derivation(f"Step {step.index}: {found.name}", _introduction(facts, found, place), links)


def _position(facts: Facts, weight: Weight, row: int | None) -> int:
    """Return the row's place in the minibatch."""
    rows = facts.step.moment.rows
    if row is None:
        return int(np.argmax(np.abs(facts.sources(weight) * facts.gradients(weight.layer)[:, weight.column])))
    places = np.flatnonzero(rows == row)
    if not len(places):
        shown = ", ".join(map(str, rows[:5])) + (", …" if len(rows) > 5 else "")
        raise ParameterError(f"row must be one of step {facts.step.index}: {shown}. Got {row!r}.")
    return int(places[0])


def _introduction(facts: Facts, weight: Weight, row: int) -> str:
    return (
        f"w is the weight {weight.name}. E is followed back to it by the chain rule, first in training row "
        f"{facts.step.moment.rows[row]}, then over all rows of the minibatch. What the forward pass gave (x, z, a) is "
        "taken as it is."
    )


def _links(facts: Facts, weight: Weight, row: int) -> Iterator[Link]:
    """Give the links from E to the weight after the step."""
    loss = loss_of_row(facts, row)
    yield error_of_minibatch(facts, row, loss.result)
    yield loss
    path, last = path_from(facts, weight.layer, weight.column, row), len(facts.network.layers) - 1
    link = gradient_by_logit(facts, row, path[last])
    yield link
    for layer in range(last, weight.layer, -1):
        if layer not in facts.idle:
            link = back_through(facts, layer, row, path, link.result)
            yield link
    link = gradient_of(facts, weight, row, link.result)
    yield link
    gradient = Quantity(Symbol("g"), link.result.number)
    if (clipping := clipped(facts, weight, link.result)) is not None:
        yield clipping
        gradient = clipping.result
    yield from descent_of(facts, weight, gradient)
