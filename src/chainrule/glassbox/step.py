"""A step of training, opened: forward pass, error, backward pass and descent, in numbers."""

from collections.abc import Callable, Iterable, Iterator
from functools import cached_property
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ParameterError
from chainrule.glassbox.check import StepCheck, check_weights, drawn_weights
from chainrule.glassbox.derivation import Derivation, derive
from chainrule.glassbox.descent import StepDescent, descent_of
from chainrule.glassbox.moment import Moment
from chainrule.glassbox.names import Names, Weight, WeightLike
from chainrule.glassbox.passes import LayerBackward, StepBackward, StepForward, forward_of
from chainrule.glassbox.tables import Shown, Table
from chainrule.glassbox.views import Contributions, StepError, StepRows
from chainrule.network import BackwardPass, CrossEntropy, DifferencePoint, ForwardPass, Inputs, LogLoss
from chainrule.storage import atomic_write, check_writable

__all__ = ["Step"]

Numbers = NDArray[np.float64]


class Step(Shown):
    """One descent step, exactly as it happened: the weights are the run's own.

    Its inner numbers are recomputed in float64 from these weights, with the step's own rows and dropout masks. A run in
    float64 changed its weights by the same to 1e-10 of the change's norm; one in float32 to 1e-4 of it, and the
    rounding of its weights.

    Parameters
    ----------
    moment : Moment
        Everything the step is a function of.
    open_step : callable, optional
        Opens the step of another number: what ``next`` and ``previous`` call.
    """

    def __init__(self, moment: Moment, open_step: Callable[[int], "Step"] | None = None) -> None:
        self.moment = moment
        self._open_step = open_step

    @property
    def index(self) -> int:
        """The step's number t, from 0."""
        return self.moment.index

    @property
    def names(self) -> Names:
        """What layers, neurons and weights are called."""
        return self.moment.names

    @cached_property
    def weights(self) -> Numbers:
        """The weights w before the step, shape (P,): the run's own, in float64."""
        return self.moment.weights.astype(np.float64)

    @cached_property
    def inputs(self) -> Inputs:
        """What entered the network, shape (n, D): the run's own, in float64."""
        inputs: Inputs = self.moment.batch.numbers.astype(np.float64)
        return inputs

    @cached_property
    def forward_pass(self) -> ForwardPass:
        """The network's own forward pass of this minibatch."""
        return self.moment.network.forward(self.weights, self.inputs, self.moment.context)

    @cached_property
    def backward_pass(self) -> BackwardPass:
        """The network's own backward pass of this minibatch."""
        batch, scales = self.moment.batch, self.moment.scales
        return self.moment.network.backward(self.weights, self.forward_pass, batch.target, self._weight, **scales)

    @cached_property
    def _weight(self) -> Numbers | None:
        weight = self.moment.batch.weight
        return None if weight is None else weight.astype(np.float64)

    @cached_property
    def rows(self) -> StepRows:
        """The rows of the minibatch, with their values as they were given."""
        moment = self.moment
        columns = {} if moment.originals is None else moment.originals(moment.rows)
        return StepRows(moment.rows, columns, self.inputs, moment.batch.target, self._weight)

    @cached_property
    def forward(self) -> StepForward:
        """What entered every layer, its net input and its activation."""
        return forward_of(self.names, self.forward_pass, self.inputs)

    @cached_property
    def error(self) -> StepError:
        """E, and each row's prediction, expected output and loss."""
        moment, logits = self.moment, self.forward_pass.logits
        with np.errstate(all="ignore"):  # what is not finite is shown as it is
            losses, _ = moment.network.loss.rows(logits, moment.batch.target)
            penalty = moment.scales["penalty"] * moment.network.penalty(self.weights, moment.network.layout)[0]
        return StepError(
            value=self.backward_pass.error,
            penalty=penalty,
            rows=moment.rows,
            predictions=moment.network.loss.predict(logits),
            expected=moment.batch.target,
            losses=losses,
            outputs=self.names.neurons(self.names.dense[-1]),
            classes=self._classes,
        )

    @property
    def _classes(self) -> list[str]:
        """What class codes are called; empty where a row is not of one class."""
        n_outputs = self.moment.network.n_outputs
        is_one_of_two = isinstance(self.moment.network.loss, LogLoss) and n_outputs == 1
        if not is_one_of_two and not isinstance(self.moment.network.loss, CrossEntropy):
            return []
        return [self.names.class_label(code) for code in range(max(n_outputs, 2))]

    @cached_property
    def backward(self) -> StepBackward:
        """Every delta, and the gradient of every weight."""
        passed, names = self.backward_pass, self.names
        gradients = self.moment.network.layout.views(passed.gradient)
        layers = [
            LayerBackward(i, names.layer(i), names.neurons(i), names.sources(i), self._delta(i), gradients[i][0])
            for i in names.dense
        ]
        return StepBackward(tuple(layers), passed.gradient)

    def _delta(self, layer: int) -> Numbers:
        delta = self.backward_pass.deltas[layer]
        assert delta is not None, "a layer with weights has a delta"
        return delta

    @cached_property
    def descent(self) -> StepDescent:
        """Weights before, change, weights after, and the parts of the change."""
        return descent_of(self.moment, self.backward_pass.gradient)

    @property
    def predicted_drop(self) -> float:
        """−gradient·change: by how much E would fall if it were linear."""
        return float(-self.backward_pass.gradient @ self.descent.change)

    @cached_property
    def actual_drop(self) -> float:
        """By how much E of this minibatch fell, the same units dropped out."""
        return self.backward_pass.error - self.error_at(self.descent.after)

    def error_at(self, weights: Numbers) -> float:
        """Return E of this minibatch at other weights (P,), the same units dropped out."""
        batch, context = self.moment.batch, self.moment.context
        return self.moment.network.error(
            weights, self.inputs, batch.target, self._weight, context=context, **self.moment.scales
        )

    def weight(self, layer: WeightLike, neuron: str | int | None = None, source: str | int | None = None) -> Weight:
        """Return one weight's place and name.

        Parameters
        ----------
        layer : str, int or Weight
            With ``neuron`` and ``source``: the layer's name or number (from 1). Alone: the weight's position in the
            flat vector (from 0), or its full name, "hidden 1 · neuron 7 ← median_income".
        neuron : str or int, optional
            The neuron's number in its layer, from 1, or its name.
        source : str or int, optional
            The input or neuron it comes from, by name or number (from 1), or "bias".

        Raises
        ------
        ParameterError
            If there is no such weight.
        """
        if neuron is None and source is None:
            return self.names.find(layer)
        if neuron is None or source is None or isinstance(layer, Weight):
            raise ParameterError('name a weight by layer, neuron and source, like weight("hidden 1", 7, "bias").')
        return self.names.place(layer, neuron, source)

    def contributions(self, weight: WeightLike) -> Contributions:
        """Return which rows of the minibatch made a weight's gradient, each a·δ, largest first.

        Raises
        ------
        ParameterError
            If there is no such weight, or it does not belong to a dense layer.
        """
        found = self.names.find(weight)
        if found.layer not in self.names.dense:
            raise ParameterError(f"contributions are of weights of dense layers, got {found}.")
        a = _column(self._inputs_of(found.layer), found)
        delta = self._delta(found.layer)[:, found.column]
        _, penalty = self.moment.network.penalty(self.weights, self.moment.network.layout)
        order = np.argsort(-np.abs(a * delta), kind="stable")
        return Contributions(
            weight=found,
            rows=self.moment.rows[order],
            activations=a[order],
            deltas=delta[order],
            products=(a * delta)[order],
            penalty=float(self.moment.scales["penalty"] * penalty[found.index]),
        )

    def check(
        self, weights: WeightLike | Iterable[WeightLike] | None = None, *, n_weights: int = 12, seed: int = 0
    ) -> StepCheck:
        """Return gradients of this step beside central differences of order 4, at its own weights, rows and masks.

        Parameters
        ----------
        weights : Weight, int or str, or an iterable of them, optional
            Which, at least one; by default ``n_weights`` drawn at random.
        n_weights, seed : int
            How many to draw, at least 1, and the seed of the draw.

        Raises
        ------
        ParameterError
            If there is no such weight or none is named, or ``n_weights`` is no number of them.
        """
        if isinstance(n_weights, bool) or not isinstance(n_weights, int | np.integer) or n_weights < 1:
            raise ParameterError(f"n_weights must be an int of at least 1, got {n_weights!r}.")
        if weights is None:
            weights = drawn_weights(n_weights, len(self.weights), seed)
        chosen = [weights] if isinstance(weights, Weight | str) or not isinstance(weights, Iterable) else list(weights)
        if not chosen:
            raise ParameterError("weights must name at least one weight, got none; leave it out to have some drawn.")
        batch, X = self.moment.batch, self.inputs
        point = DifferencePoint(
            network=self.moment.network,
            weights=self.weights,
            X=X if isinstance(X, np.ndarray) else X.toarray(),
            y=batch.target,
            sparse=False,
            sample_weight=self._weight,
            context=self.moment.context,
            **self.moment.scales,
        )
        return check_weights(point, self.backward_pass.gradient, [self.names.find(weight) for weight in chosen])

    def _inputs_of(self, layer: int) -> Inputs:
        return self.inputs if layer == 0 else self.forward_pass.outputs[layer - 1]

    def derive(self, weight: WeightLike, *, row: int | None = None) -> Derivation:
        """Return the chain rule for one weight, from E back to it and on to its change, in symbols and in numbers.

        Parameters
        ----------
        weight : Weight, int or str
            As ``weight`` takes it alone; or "theory", for the general derivation for this network, without numbers.
        row : int, optional
            The number of the training row that is followed; by default the one that adds most to the gradient.

        Raises
        ------
        ParameterError
            If there is no such weight or row, if the step was passed over, or if a layer, loss, penalty or optimizer is
            not one of chainrule's own.
        """
        return derive(self, weight, row=row)

    def to_html(self, path: str | PathLike[str], *, include_rows: bool = True) -> None:
        """Write the step as a page: one file that opens from disk, offline, in any browser.

        Parameters
        ----------
        path : str or path
        include_rows : bool
            Whether the file may hold what the step's rows hold; it says which. Without, it has sums and means over
            them, and the derivation without numbers.

        Raises
        ------
        OutputError
            If the file cannot be written; what was there before is untouched.
        """
        from chainrule.glassbox.page import step_page

        check_writable(path)
        atomic_write(path, step_page(self, include_rows=include_rows).encode())

    def next(self) -> "Step":
        """Return the step after this one; see ``previous``."""
        return self._neighbour(self.index + 1)

    def previous(self) -> "Step":
        """Return the step before this one.

        Raises
        ------
        ParameterError
            If there is none, or the step does not belong to a run.
        """
        return self._neighbour(self.index - 1)

    def _neighbour(self, index: int) -> "Step":
        if self._open_step is None:
            raise ParameterError("this step stands alone; open steps of a run, with run.step(t), to go on from one.")
        return self._open_step(index)

    def tables(self) -> Iterator[Table]:
        """Show the step in short: error, gradient, change, and the weights that changed most."""
        facts: list[tuple[str, Any]] = [
            ("rows", len(self.moment.rows)),
            ("E of these rows", self.backward_pass.error),
            ("norm of the gradient", self.backward.norm),
            ("norm of the change", float(np.linalg.norm(self.descent.change))),
            ("predicted drop of E", self.predicted_drop),
            ("actual drop of E", self.actual_drop),
        ]
        yield Table(f"step {self.index}", ("", "value"), facts)
        yield from self.descent.tables()


def _column(inputs: Inputs, weight: Weight) -> Numbers:
    """Return what a weight's source sent, shape (n,)."""
    if weight.is_bias:
        return np.ones(inputs.shape[0])
    column: Any = inputs[:, [weight.row]]
    return np.asarray(column if isinstance(column, np.ndarray) else column.toarray(), dtype=np.float64)[:, 0]
