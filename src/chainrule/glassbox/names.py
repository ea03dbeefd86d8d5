"""Names for people: layers, neurons, inputs and weights of a network, and the way back from a name to its place."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias

import numpy as np

from chainrule.errors import ParameterError, ShapeError, nearest
from chainrule.network import Dense, Network

__all__ = ["Names", "Weight", "WeightLike"]

BIAS = "bias"


@dataclass(frozen=True)
class Weight:
    """One weight: its place, and its name.

    Parameters
    ----------
    index : int
        Its position in the flat vector.
    layer : int
        Index of its layer among the network's layers.
    row, column : int
        Its place in W (n_in + 1, n_out) of a dense layer, from 0: the input it comes from, the neuron it goes to.
        -1 where the layer is not dense.
    is_bias : bool
        Whether it is the weight of the input that is always 1.
    name : str
        "hidden 1 · neuron 7 ← median_income".
    """

    index: int
    layer: int
    row: int
    column: int
    is_bias: bool
    name: str

    def __str__(self) -> str:
        return self.name


WeightLike: TypeAlias = Weight | int | str


@dataclass(frozen=True)
class Names:
    """What the parts of a network are called.

    Dense layers are "hidden 1", "hidden 2", … and "output". A neuron is "hidden 1 · neuron 7", counted from 1; one of
    the output layer goes by its label: "output · INLAND". A weight is "neuron ← what it takes".

    Parameters
    ----------
    network : Network
    inputs : sequence of str (D,), optional
        Names of the network's inputs; by default "input 1", "input 2", …
    outputs : sequence of str (K,), optional
        Labels of its logits; by default "neuron 1", …
    other : str, optional
        Label of the other of two classes that share one logit; by default "other than " the logit's.

    Raises
    ------
    ShapeError
        If there is not one name for each input or output.
    """

    network: Network
    inputs: Sequence[str] | None = None
    outputs: Sequence[str] | None = None
    other: str | None = None

    def __post_init__(self) -> None:
        sizes = {"inputs": self.network.n_inputs, "outputs": self.network.n_outputs}
        for name, size in sizes.items():
            given: Sequence[str] | None = getattr(self, name)
            if given is not None and len(given) != size:
                raise ShapeError(f"{name} must hold {size} names, one for each of the network's, got {len(given)}.")

    @cached_property
    def dense(self) -> tuple[int, ...]:
        """Indices of the dense layers among the network's layers."""
        return tuple(i for i, layer in enumerate(self.network.layers) if isinstance(layer, Dense))

    def layer(self, layer: int) -> str:
        """Return the name of the network's layer of that index: "hidden 1", "output", or its kind and number."""
        if layer not in self.dense:
            return self.network.layout.layer_name(layer)
        return "output" if layer == self.dense[-1] else f"hidden {self.dense.index(layer) + 1}"

    def neuron(self, layer: int, column: int) -> str:
        """Return the name of a dense layer's neuron; ``column`` counts from 0."""
        return f"{self.layer(layer)} · {self.neurons(layer)[column]}"

    def neurons(self, layer: int) -> list[str]:
        """Return what a layer's neurons are called within it: "neuron 1", …, or the outputs' labels."""
        width = self.network.n_inputs
        for one in self.network.layers[: layer + 1]:
            width = one.width(width)
        if layer == self.dense[-1] and self.outputs is not None and width == len(self.outputs):
            return list(self.outputs)
        return [f"neuron {j}" for j in range(1, width + 1)]

    def class_label(self, code: int) -> str:
        """Return what a class is called: by the output of its code; the other of two classes that share one output."""
        if self.outputs is None:
            return str(code)
        if len(self.outputs) == 1:
            return self.outputs[0] if code else self.other or f"other than {self.outputs[0]}"
        return self.outputs[code]

    def sources(self, layer: int) -> list[str]:
        """Return what a dense layer's rows of weights take, (n_in + 1,): inputs or neurons, and "bias" last."""
        before = [i for i in self.dense if i < layer]
        if before and self._dense(before[-1]).n_out == self._dense(layer).n_in:
            names = [f"{self.layer(before[-1])} · {name}" for name in self.neurons(before[-1])]
        elif not before and self.inputs is not None and len(self.inputs) == self._dense(layer).n_in:
            names = list(self.inputs)
        else:
            names = [f"input {i}" for i in range(1, self._dense(layer).n_in + 1)]
        return [*names, BIAS]

    def weight(self, index: int) -> Weight:
        """Return the weight at a position of the flat vector.

        Raises
        ------
        ParameterError
            If there is no such position.
        """
        layout = self.network.layout
        if isinstance(index, bool) or not isinstance(index, int | np.integer) or not 0 <= index < layout.size:
            raise ParameterError(
                f"a weight's index must be an int from 0 to {layout.size - 1}, got {index!r}. For one by layer, "
                "neuron and source take step.weight(layer, neuron, source)."
            )
        layer = next(i for i, part in enumerate(layout.layer_slices) if part.start <= index < part.stop)
        if layer not in self.dense:
            return Weight(int(index), layer, -1, -1, False, layout.locate(int(index)))
        row, column = divmod(int(index) - layout.layer_slices[layer].start, self._dense(layer).n_out)
        name = f"{self.neuron(layer, column)} ← {self.sources(layer)[row]}"
        return Weight(int(index), layer, row, column, row == self._dense(layer).n_in, name)

    def find(self, weight: WeightLike) -> Weight:
        """Return the weight that an index, a full name or a ``Weight`` stands for.

        Raises
        ------
        ParameterError
            If there is none.
        """
        if isinstance(weight, Weight):
            return self.weight(weight.index)
        if not isinstance(weight, str):
            return self.weight(weight)
        neuron, arrow, source = weight.partition(" ← ")
        layer, dot, unit = neuron.partition(" · ")
        if not arrow or not dot:
            raise ParameterError(
                f"a weight's name must be like {self.weight(self.network.layout.layer_slices[self.dense[0]].start)}, "
                f"got {weight!r}."
            )
        return self.place(layer, unit, source)

    def place(self, layer: str | int, neuron: str | int, source: str | int) -> Weight:
        """Return the weight of a layer that goes to a neuron and comes from a source.

        Parameters
        ----------
        layer : str or int
            "hidden 1", "output", or the number of the dense layer, from 1.
        neuron : str or int
            Its number in the layer, from 1, or its name there.
        source : str or int
            The input's or neuron's name ("bias" for the bias), or its number, from 1.

        Raises
        ------
        ParameterError
            If there is no such layer, neuron or source.
        """
        layers = [self.layer(i) for i in self.dense]
        index = self.dense[_chosen("layer", layer, layers)]
        column = _chosen(f"neuron of {self.layer(index)}", neuron, self.neurons(index))
        row = _chosen(f"source of {self.layer(index)}", source, self.sources(index))
        return self.weight(self.network.layout.layer_slices[index].start + row * self._dense(index).n_out + column)

    def _dense(self, layer: int) -> Dense:
        dense = self.network.layers[layer]
        assert isinstance(dense, Dense), "asked of dense layers only"
        return dense


def _chosen(what: str, given: Any, names: list[str]) -> int:
    """Return the position, from 0, of a name or of a number from 1; a number may be text where that is no name."""
    if isinstance(given, str):
        places = [i for i, name in enumerate(names) if name == given]
        if not places and given.isdecimal():
            return _chosen(what, int(given), names)
        if not places:
            shown = ", ".join(map(repr, names[:5])) + (", …" if len(names) > 5 else "")
            raise ParameterError(f"there is no {what} called {given!r}; there is {shown}.{nearest(given, names)}")
        if len(places) > 1:
            numbers = ", ".join(str(place + 1) for place in places)
            raise ParameterError(f"{given!r} is the name of more than one {what}; give its number instead: {numbers}.")
        return places[0]
    if isinstance(given, bool) or not isinstance(given, int | np.integer) or not 1 <= given <= len(names):
        raise ParameterError(f"the number of a {what} must be an int from 1 to {len(names)}, got {given!r}.")
    return int(given) - 1
