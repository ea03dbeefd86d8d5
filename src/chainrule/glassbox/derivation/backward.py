"""One link back through one layer: from the gradient of E behind it to that in front of it."""

import numpy as np

from chainrule.errors import ParameterError
from chainrule.glassbox.derivation.activations import SLOPE_WORDS, SLOPES, slope
from chainrule.glassbox.derivation.derivation import Equation, Link
from chainrule.glassbox.derivation.expression import Expression, Numeral, Quantity, Total
from chainrule.glassbox.derivation.facts import Facts, given, letter, series
from chainrule.glassbox.derivation.number import Number
from chainrule.network import ACTIVATIONS, Activation, Dense, Dropout, Network

__all__ = ["back_through", "check_layers", "path_from"]


def check_layers(network: Network) -> None:
    """Raise ParameterError unless every layer's backward pass is known as a formula."""
    for index, layer in enumerate(network.layers):
        known = type(layer) in (Dense, Activation, Dropout)
        if not known or (isinstance(layer, Activation) and layer.function not in SLOPES):
            name = network.layout.layer_name(index)
            raise ParameterError(f"derive knows dense, activation and dropout layers. Got {layer!r} as {name!r}.")


def path_from(facts: Facts, layer: int, unit: int, row: int) -> dict[int, int]:
    """Return the way from a unit to E on which the most of its gradient comes back: layer → unit of its outputs."""
    path = {layer: unit}
    for above in range(layer + 1, len(facts.network.layers)):
        if isinstance(facts.network.layers[above], Dense):
            unit = int(np.argmax(np.abs(facts.matrix(above)[unit] * facts.gradients(above)[row])))
        path[above] = unit
    return path


def back_through(facts: Facts, layer: int, row: int, path: dict[int, int], behind: Quantity) -> Link:
    """Return the link through a layer, for one row: it ends with the gradient of E in front of it.

    Parameters
    ----------
    facts : Facts
    layer : int
    row : int
    path : dict of int to int
        The unit looked at in each layer.
    behind : Quantity
        The gradient of E with respect to what leaves the layer.
    """
    described = facts.network.layers[layer]
    if isinstance(described, Dense):
        return _through_dense(facts, layer, row, path, behind)
    if isinstance(described, Activation):
        return _through_activation(facts, layer, row, path, behind)
    return _through_dropout(facts, layer, row, path, behind)


def _through_dense(facts: Facts, layer: int, row: int, path: dict[int, int], behind: Quantity) -> Link:
    below, unit, name = layer - 1, path[layer - 1], facts.step.names.layer(layer)
    weights, deltas = facts.matrix(layer)[unit], facts.gradients(layer)[row]

    def term(k: int) -> Expression:
        weight = given(facts.notation.weight(layer, unit, k), weights[k])
        return weight * (behind if k == path[layer] else facts.gradient(layer, row, k))

    total = Total("k", facts.notation.weight(layer, unit, "k") * facts.notation.gradient(layer, "k"))
    summed = series(total, weights * deltas, term, "neurons", path[layer])
    equation = Equation.of(facts.notation.gradient(below, unit), summed, facts.gradients(below)[row, unit])
    source = facts.step.names.sources(layer)[unit]
    words = f"What leaves {source} acts on E through every neuron k of {name}: by its weight to k times the δ of k."
    return Link(f"Back through the weights of {name}", (equation,), words)


def _through_activation(facts: Facts, layer: int, row: int, path: dict[int, int], behind: Quantity) -> Link:
    below, unit = layer - 1, path[layer - 1]
    activation = facts.network.layers[layer]
    assert isinstance(activation, Activation), "asked of activation layers only"
    z, a = (array[row, unit] for array in facts.step.forward_pass.caches[layer])
    at = facts.output(below, row, unit)
    value = float(ACTIVATIONS[activation.function].phi_prime(z[None], a[None])[0])
    steep = Equation.of(facts.notation.slope(layer, unit), slope(activation.function, at, z), value)
    through = Equation.of(
        facts.notation.gradient(below, unit), steep.quantity * behind, facts.gradients(below)[row, unit]
    )
    side = "" if SLOPES[activation.function][0] is SLOPES[activation.function][1] else _side(z)
    words = f"The activation's slope at its net input: {SLOPE_WORDS[activation.function]}.{side}"
    return Link(f"Back through the activation {activation.function}", (steep, through), words)


def _side(z: float) -> str:
    return f" Here z is {'above' if z > 0 else 'not above'} 0."


def _through_dropout(facts: Facts, layer: int, row: int, path: dict[int, int], behind: Quantity) -> Link:
    below, unit = layer - 1, path[layer - 1]
    dropout = facts.network.layers[layer]
    assert isinstance(dropout, Dropout), "every other layer is known"
    rate = letter("r", dropout.rate * facts.step.moment.context.dropout)
    if facts.step.forward_pass.caches[layer][row, unit] == 0:
        factor: Expression = Numeral(Number.given(0))
        words = "In this row the unit is dropped: nothing comes back through it."
    else:
        factor = 1 / (1 - rate)
        words = "In this row the unit is kept, and scaled up for those that are dropped."
    equation = Equation.of(facts.notation.gradient(below, unit), factor * behind, facts.gradients(below)[row, unit])
    return Link("Back through dropout", (equation,), words)
