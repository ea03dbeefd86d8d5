"""The layout: where in the flat weight vector each layer's numbers are."""

import math
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ShapeError
from chainrule.network.layer import Array, Layer, Parameter, Parameters

__all__ = ["Layout", "Segment"]


@dataclass(frozen=True)
class Segment:
    """A stretch of the flat vector with one factor on the learning rate and one on the decay.

    A bias row is a segment of its own, because its factors differ from those of its matrix.

    Parameters
    ----------
    layer : int
        Index of the layer it belongs to.
    name : str
        The parameter's name, or "bias" for a bias row.
    start, stop : int
        The stretch is ``flat[start:stop]``.
    rate, decay : float
        Factors on the learning rate and on the weight decay. Decay 0 also means: not penalised.
    """

    layer: int
    name: str
    start: int
    stop: int
    rate: float
    decay: float


class Layout:
    """Maps the flat weight vector, shape (P,), to the parameters of each layer and back.

    Layers follow one another; within a layer its parameters, each in C order.

    Parameters
    ----------
    layers : sequence of Layer
        The network's layers.

    Attributes
    ----------
    size : int
        P, the length of the flat vector.
    segments : tuple of Segment
        They cover the vector without gaps, in order.
    layer_slices : tuple of slice
        For each layer its part of the vector; empty for a layer without parameters.
    """

    def __init__(self, layers: Sequence[Layer]) -> None:
        self._parameters = tuple(layer.parameters() for layer in layers)
        self._names = _numbered_kinds(layers)
        segments: list[Segment] = []
        slices: list[slice] = []
        self._placed: list[tuple[int, int, Parameter]] = []  # (start, layer, parameter)
        start = 0
        for index, declared in enumerate(self._parameters):
            first = start
            for parameter in declared:
                segments += [s for s in _segments(index, parameter, start) if s.start < s.stop]
                self._placed.append((start, index, parameter))
                start += math.prod(parameter.shape)
            slices.append(slice(first, start))
        self.size = start
        self.segments = tuple(segments)
        self.layer_slices = tuple(slices)

    def views(self, flat: Array) -> tuple[Parameters, ...]:
        """Return for each layer the tuple of its parameters, as views into ``flat``.

        Raises
        ------
        ShapeError
            If ``flat`` is not of shape (P,).
        """
        if flat.shape != (self.size,):
            raise ShapeError(f"The flat vector must have shape ({self.size},). Got {flat.shape}.")
        return tuple(
            tuple(_views(flat[part], declared))
            for part, declared in zip(self.layer_slices, self._parameters, strict=True)
        )

    def rate_factors(self) -> float | NDArray[np.float64]:
        """Return each weight's factor on the learning rate, shape (P,), or the number 1.0 if all are 1."""
        if all(segment.rate == 1 for segment in self.segments):
            return 1.0
        return self._spread([segment.rate for segment in self.segments])

    def decay_factors(self) -> NDArray[np.float64]:
        """Return each weight's factor on the weight decay, shape (P,): 0 for biases."""
        return self._spread([segment.decay for segment in self.segments])

    def _spread(self, factors: list[float]) -> NDArray[np.float64]:
        return np.repeat(
            np.array(factors, dtype=np.float64), [segment.stop - segment.start for segment in self.segments]
        )

    def layer_name(self, layer: int) -> str:
        """Return a layer's kind and its number among the layers of its kind, from 1: "dense 2"."""
        return self._names[layer]

    def locate(self, index: int) -> str:
        """Return what number ``index`` of the flat vector is, in words; layers, inputs and neurons count from 1.

        "dense 1 · weight of input 3 to neuron 7", "dense 1 · bias of neuron 7".

        Raises
        ------
        ShapeError
            If the index is outside the vector.
        """
        if not 0 <= index < self.size:
            raise ShapeError(f"The index must be from 0 to {self.size - 1}. Got {index}.")
        start, layer, parameter = self._placed[bisect_right(self._placed, index, key=lambda placed: placed[0]) - 1]
        position = [int(i) + 1 for i in np.unravel_index(index - start, parameter.shape)]
        if not parameter.bias_row or len(position) != 2:
            return f"{self.layer_name(layer)} · {parameter.name}{position}"
        if position[0] == parameter.shape[0]:
            return f"{self.layer_name(layer)} · bias of neuron {position[1]}"
        return f"{self.layer_name(layer)} · weight of input {position[0]} to neuron {position[1]}"


def _numbered_kinds(layers: Sequence[Layer]) -> tuple[str, ...]:
    seen: Counter[str] = Counter()
    names = []
    for layer in layers:
        seen[layer.kind] += 1
        names.append(f"{layer.kind} {seen[layer.kind]}")
    return tuple(names)


def _segments(layer: int, parameter: Parameter, start: int) -> list[Segment]:
    stop = start + math.prod(parameter.shape)
    if not parameter.bias_row:
        return [Segment(layer, parameter.name, start, stop, parameter.rate, parameter.decay)]
    bias = stop - math.prod(parameter.shape[1:])
    return [
        Segment(layer, parameter.name, start, bias, parameter.rate, parameter.decay),
        Segment(layer, "bias", bias, stop, parameter.bias_rate, 0.0),
    ]


def _views(flat: Array, declared: tuple[Parameter, ...]) -> Iterator[Array]:
    start = 0
    for parameter in declared:
        stop = start + math.prod(parameter.shape)
        yield flat[start:stop].reshape(parameter.shape)
        start = stop
