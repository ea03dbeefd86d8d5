"""A step's network in short, to be drawn: the units of each layer that change most, and the weights between them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chainrule.glassbox.tables import largest

if TYPE_CHECKING:
    from chainrule.glassbox.step import Step

__all__ = ["Edge", "Sketch", "Unit", "UnitColumn", "sketch_of"]

Numbers = NDArray[np.float64]
MOST_UNITS = 8


@dataclass(frozen=True)
class Unit:
    """An input or a neuron.

    Parameters
    ----------
    position : int
        Its place in its layer, from 0.
    name : str
    activation : float
        a, the mean over the rows; of an input, its value.
    delta : float or None
        Σ δ over the rows, which is ∂E/∂bias but for a penalty. None for an input.
    bias, bias_change : float or None
        The bias before the step, and what the step adds to it. None for an input.
    """

    position: int
    name: str
    activation: float
    delta: float | None = None
    bias: float | None = None
    bias_change: float | None = None


@dataclass(frozen=True)
class UnitColumn:
    """The units of one layer that are shown, in order, out of ``n_units``."""

    name: str
    units: tuple[Unit, ...]
    n_units: int


@dataclass(frozen=True)
class Edge:
    """One weight between two units that are shown.

    Parameters
    ----------
    index : int
        Its position in the flat vector.
    source, target : int
        Places of its units in their columns.
    weight, gradient, change : float
        w before the step, ∂E/∂w and Δw.
    """

    index: int
    source: int
    target: int
    weight: float
    gradient: float
    change: float


@dataclass(frozen=True)
class Sketch:
    """Columns of units, and between each two neighbours the weights: ``edges[c]`` lead from column c to c + 1."""

    columns: tuple[UnitColumn, ...]
    edges: tuple[tuple[Edge, ...], ...]


def sketch_of(step: "Step", *, place: int | None = None, most: int = MOST_UNITS) -> Sketch:
    """Return what is drawn of a step's network.

    Parameters
    ----------
    step : Step
    place : int, optional
        The row of the minibatch whose activations and deltas are shown, from 0; by default their means and sums.
    most : int
        Units shown of a layer; of larger ones those with the largest changes of weights are taken.
    """
    network = _Network(step, place, most)
    return Sketch(tuple(network.columns()), tuple(network.edges()))


class _Network:
    """The choice of units, and the numbers of a step by layer."""

    def __init__(self, step: "Step", place: int | None, most: int) -> None:
        self.step, self.names, self.layers = step, step.names, step.names.dense
        self.rows = slice(None) if place is None else slice(place, place + 1)
        layout = step.moment.network.layout
        vectors = (step.descent.before, step.backward.gradient, step.descent.change)
        self.before, self.gradient, self.change = (
            [np.asarray(views[layer][0]) for layer in self.layers] for views in map(layout.views, vectors)
        )
        self.starts = [layout.layer_slices[layer].start for layer in self.layers]
        self.chosen = [self._chosen(column, most) for column in range(len(self.layers) + 1)]

    def _chosen(self, column: int, most: int) -> list[int]:
        """Return the units that are shown: by the largest change of a weight into them, or out of inputs."""
        change = np.abs(np.nan_to_num(self.change[max(column - 1, 0)]))
        size = change.max(axis=0) if column else change[:-1].max(axis=1)
        return sorted(int(i) for i in largest(size, most))

    def columns(self) -> Iterator[UnitColumn]:
        """Give the inputs, then layer by layer the neurons."""
        inputs, names = self.step.inputs[self.rows], self.names.sources(self.layers[0])
        means = np.asarray(inputs.mean(axis=0)).ravel()
        units = tuple(Unit(i, names[i], float(means[i])) for i in self.chosen[0])
        yield UnitColumn("inputs", units, len(names) - 1)
        for number, layer in enumerate(self.layers):
            yield self._neurons(number, self.names.layer(layer))

    def _neurons(self, number: int, name: str) -> UnitColumn:
        forward, backward = self.step.forward[name], self.step.backward[name]
        a, delta = forward.activation[self.rows].mean(axis=0), backward.delta[self.rows].sum(axis=0)
        before, change = self.before[number][-1], self.change[number][-1]
        units = tuple(
            Unit(j, forward.neurons[j], float(a[j]), float(delta[j]), float(before[j]), float(change[j]))
            for j in self.chosen[number + 1]
        )
        return UnitColumn(name, units, len(a))

    def edges(self) -> Iterator[tuple[Edge, ...]]:
        """Give the weights between each two columns, where the one layer's outputs are the other's inputs."""
        for number, start in enumerate(self.starts):
            n_in, n_out = self.change[number].shape[0] - 1, self.change[number].shape[1]
            fits = number == 0 or self.change[number - 1].shape[1] == n_in
            yield tuple(
                Edge(
                    start + i * n_out + j,
                    source,
                    target,
                    float(self.before[number][i, j]),
                    float(self.gradient[number][i, j]),
                    float(self.change[number][i, j]),
                )
                for source, i in enumerate(self.chosen[number] if fits else [])
                for target, j in enumerate(self.chosen[number + 1])
            )
