"""The first step of a run whose error or gradient was not finite, and where in it that began."""

from dataclasses import dataclass
from itertools import pairwise
from math import frexp
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import ENGINES, open_session
from chainrule.engine.rows import RowsOfSteps
from chainrule.glassbox.doctor.case import Case
from chainrule.glassbox.moment import Moment
from chainrule.glassbox.run import RecordedRun
from chainrule.glassbox.step import Step
from chainrule.network import Network
from chainrule.training import Optimizer

__all__ = ["Failure", "Origin", "find_failure"]

PIECE = 256  # steps taken in one call of the engine, so that Ctrl-C is noticed in between

Floats = NDArray[np.floating[Any]]


class Origin(NamedTuple):
    """Where the first number that is not finite appears: ``place`` in words, rows of the batch, units of the layer."""

    place: str
    layer: int | None
    rows: NDArray[np.intp]
    units: NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Failure:
    """A step that was not descended, because its error or gradient was not finite.

    Parameters
    ----------
    step : int
    weights : array (P,)
        Before it, in the run's dtype.
    vectors : tuple of arrays (P,)
        The optimizer's state.
    factor : float
        On the learning rate then.
    """

    step: int
    weights: Floats
    vectors: tuple[Floats, ...]
    factor: float

    def rows(self, run: RecordedRun) -> NDArray[np.int64]:
        """Return the places among the training rows of those that the step took."""
        n_rows = run.source.n_rows
        taken = RowsOfSteps(run.record.recipe.settings, n_rows).of_step(self.step)
        return np.arange(n_rows)[taken]

    def open(self, run: RecordedRun) -> Step:
        """Open it: its passes are as they were; a descent from it never took place."""
        record, rows = run.record, self.rows(run)
        return Step(
            Moment(
                network=run.network,
                optimizer=record.recipe.optimizer,
                learning_rate=record.recipe.learning_rate,
                settings=record.recipe.settings,
                plan=record.recipe.plan(self.step, 1, record.clock, self.factor),
                index=self.step,
                weights=self.weights,
                vectors=self.vectors,
                rows=run.rows[rows],
                batch=run.source.take(rows),
                names=run.names,
            )
        )

    def origin(self, run: RecordedRun) -> Origin:
        """Return the first number that is not finite, on the way forward and back, in the run's own dtype."""
        network, rows = run.network, self.rows(run)
        batch = run.source.take(rows)
        if (wrong := _bad(batch.numbers)) is not None:
            return Origin("the inputs", None, *wrong)
        if batch.target.dtype.kind == "f" and (wrong := _bad(batch.target.reshape(len(rows), -1))) is not None:
            return Origin("the target", None, *wrong)
        context = self.open(run).moment.context
        forward = network.forward(self.weights, batch.numbers, context)
        for i, outputs in enumerate(forward.outputs):
            if (wrong := _bad(outputs)) is not None:
                return Origin("the forward pass", _dense_layer(network, i), *wrong)
        with np.errstate(all="ignore"):
            losses, _ = network.loss.rows(forward.logits, batch.target)
        if (wrong := _bad(losses[:, np.newaxis])) is not None:
            return Origin("the loss", len(network.layers) - 1, *wrong)
        passed = network.backward(self.weights, forward, batch.target, batch.weight)
        deltas = [(i, d) for i, d in enumerate(passed.deltas) if d is not None]
        for i, delta in reversed(deltas):
            if (wrong := _bad(delta)) is not None:
                return Origin("the backward pass", _dense_layer(network, i), *wrong)
        return Origin("the gradient's sum over rows, or its norm", None, np.arange(0), np.arange(0))


def _bad(values: Any) -> tuple[NDArray[np.intp], NDArray[np.intp]] | None:
    """Return rows and columns that hold a number that is not finite, or None."""
    dense = values if isinstance(values, np.ndarray) else values.toarray()
    wrong = ~np.isfinite(dense)
    return (np.flatnonzero(wrong.any(axis=1)), np.flatnonzero(wrong.any(axis=0))) if wrong.any() else None


def _dense_layer(network: Network, index: int) -> int:
    """Return the last layer with weights that is not after a layer."""
    return max(i for i in range(index + 1) if network.layers[i].parameters())


def find_failure(case: Case) -> Failure | None:
    """Return the first step that was not finite: of a run that was given up, or that went back to before it."""
    record = case.run.record
    if not isinstance(record.recipe.optimizer, Optimizer):
        return None
    if (step := _first_going_back(record.factors)) is not None:
        start, factor = step
        return _step_again(case.run, start, factor)
    if not case.diverged:
        return None
    factor = record.factors[-1][1] if record.factors else 1.0
    state = case.run.state_before(record.n_steps)
    return Failure(record.n_steps, state.weights, state.vectors, factor)


def _first_going_back(factors: list[tuple[int, float]]) -> tuple[int, float] | None:
    """Return the step to which a run went back with half the learning rate, and the factor before, or None.

    A plateau's factor may be a half as well: stepping again tells.
    """
    known = [(0, 1.0), *factors]
    return next(((start, old) for (_, old), (start, new) in pairwise(known) if _is_halved(new / old)), None)


def _is_halved(ratio: float) -> bool:
    """Whether a ratio is 1/2, 1/4, 1/8, …, as recoveries make it."""
    return ratio < 1 and frexp(ratio)[0] == 0.5


def _step_again(run: RecordedRun, start: int, factor: float) -> Failure | None:
    """Take the steps that were undone, and return the one that was not finite."""
    record, state = run.record, run.state_before(start)
    weights, vectors = state.weights.copy(), tuple(vector.copy() for vector in state.vectors)
    optimizer = record.recipe.optimizer
    assert isinstance(optimizer, Optimizer), "lbfgs takes no steps"
    session = open_session(
        run.network,
        run.source,
        optimizer,
        record.recipe.settings,
        weights=weights,
        vectors=vectors,
        engine=record.surroundings.engine if record.surroundings.engine in ENGINES else "auto",
    )
    try:
        for first in range(start, record.clock.n_steps, PIECE):
            report = session.run(first, record.recipe.plan(first, PIECE, record.clock, factor))
            if not report.finite:
                return Failure(first + len(report.error) - 1, weights, vectors, factor)
    finally:
        session.close()
    return None
