"""The two passes of an opened step, layer by layer, in float64."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ParameterError, nearest
from chainrule.glassbox.names import Names
from chainrule.glassbox.tables import Shown, Table, counted, largest
from chainrule.network import Dropout, ForwardPass, Inputs

__all__ = ["LayerBackward", "LayerForward", "StepBackward", "StepForward", "forward_of"]

Numbers = NDArray[np.float64]


@dataclass(frozen=True, eq=False, repr=False)
class LayerForward(Shown):
    """One layer with weights and what follows it up to the next, for n rows.

    Parameters
    ----------
    layer : int
        Its index among the network's layers.
    name : str
        "hidden 1".
    neurons : list of str
        What its neurons are called.
    inputs : array or CSR matrix (n, n_in)
        What entered.
    net_input : array (n, n_out)
        z.
    activation : array (n, n_out)
        a = φ(z); z itself in the output layer.
    mask : array (n, n_out) or None
        What dropout multiplied a with: 0, or 1/(1 - rate).
    outputs : array (n, n_out)
        What left for the next layer: a, times the mask.
    """

    layer: int
    name: str
    neurons: list[str]
    inputs: Inputs
    net_input: Numbers
    activation: Numbers
    mask: Numbers | None
    outputs: Numbers

    def tables(self) -> Iterator[Table]:
        """Show the mean and the extremes over the rows of the neurons of largest mean activation."""
        mean = self.activation.mean(axis=0)
        rows = [
            (
                self.neurons[j],
                self.net_input[:, j].mean(),
                mean[j],
                self.activation[:, j].min(),
                self.activation[:, j].max(),
            )
            for j in largest(mean)
        ]
        title = f"{self.name}: {counted(len(mean), 'neuron')}, {counted(len(self.activation), 'row')}"
        yield Table(title, ("neuron", "mean z", "mean a", "least a", "largest a"), rows)


def forward_of(names: Names, forward_pass: ForwardPass, inputs: Inputs) -> "StepForward":
    """Return a forward pass by layers with weights; ``inputs`` (n, D) entered the first layer."""
    layers, found = forward_pass.layers, []
    with_weights = [i for i, layer in enumerate(layers) if layer.parameters()]
    for start, stop in zip(with_weights, [*with_weights[1:], len(layers)], strict=True):
        rest = range(start + 1, stop)
        drops = [i for i in rest if isinstance(layers[i], Dropout) and forward_pass.caches[i] is not None]
        acts = [start, *(i for i in rest if not isinstance(layers[i], Dropout))]
        found.append(
            LayerForward(
                layer=start,
                name=names.layer(start),
                neurons=names.neurons(start),
                inputs=inputs if start == 0 else forward_pass.outputs[start - 1],
                net_input=forward_pass.outputs[start],
                activation=forward_pass.outputs[acts[-1]],
                mask=np.prod([forward_pass.caches[i] for i in drops], axis=0) if drops else None,
                outputs=forward_pass.outputs[stop - 1],
            )
        )
    return StepForward(tuple(found))


class _ByName:
    """Layers that are found by name as well as by number."""

    layers: tuple[Any, ...]

    def __getitem__(self, layer: str | int) -> Any:
        """Return a layer by its name ("hidden 1", "output") or position (from 0).

        Raises
        ------
        ParameterError
            If there is none.
        """
        known = [one.name for one in self.layers]
        if isinstance(layer, str) and layer in known:
            return self.layers[known.index(layer)]
        if isinstance(layer, int) and -len(known) <= layer < len(known):
            return self.layers[layer]
        raise ParameterError(f"there is no layer {layer!r}; there is {', '.join(known)}.{nearest(str(layer), known)}")


@dataclass(frozen=True, eq=False, repr=False)
class StepForward(_ByName, Shown):
    """The forward pass: every layer with weights, first to last."""

    layers: tuple[LayerForward, ...]

    @property
    def logits(self) -> Numbers:
        """What the network answers, shape (n, K)."""
        return self.layers[-1].outputs

    def tables(self) -> Iterator[Table]:
        """Show every layer."""
        for layer in self.layers:
            yield from layer.tables()


@dataclass(frozen=True, eq=False, repr=False)
class LayerBackward(Shown):
    """What the backward pass brought to one layer with weights, for n rows.

    Parameters
    ----------
    layer : int
        Its index among the network's layers.
    name : str
    neurons, sources : list of str
        What its columns and rows of weights are called.
    delta : array (n, n_out)
        δ = ∂E/∂z of each row; the divisor and the row's weight are in it.
    gradient : array (n_in + 1, n_out)
        ∂E/∂W, the bias in the last row; the penalty is in it.
    """

    layer: int
    name: str
    neurons: list[str]
    sources: list[str]
    delta: Numbers
    gradient: Numbers

    def tables(self) -> Iterator[Table]:
        """Show the largest gradients."""
        n_out = self.gradient.shape[1]
        places = [divmod(int(i), n_out) for i in largest(self.gradient.ravel())]
        rows = [(f"{self.neurons[j]} ← {self.sources[i]}", self.gradient[i, j]) for i, j in places]
        norm = float(np.linalg.norm(self.gradient))
        yield Table(f"{self.name}: gradient norm {norm:.6g}, largest gradients", ("weight", "∂E/∂w"), rows)


@dataclass(frozen=True, eq=False, repr=False)
class StepBackward(_ByName, Shown):
    """The backward pass.

    Parameters
    ----------
    layers : tuple of LayerBackward
        The dense layers, first to last.
    gradient : array (P,)
        ∂E/∂w before clipping, in the layout of the weights.
    """

    layers: tuple[LayerBackward, ...]
    gradient: Numbers

    @property
    def norm(self) -> float:
        """Euclidean norm of the gradient."""
        return float(np.linalg.norm(self.gradient))

    def tables(self) -> Iterator[Table]:
        """Show every layer, last to first, as the pass goes."""
        for layer in reversed(self.layers):
            yield from layer.tables()
