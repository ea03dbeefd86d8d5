"""What the drop-in keeps of a fit for its steps to be opened, and the way back from a table to the rows of that fit."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from chainrule.engine import Source
from chainrule.errors import ReplayError
from chainrule.estimators.origin import Origin
from chainrule.estimators.perceptron.problem import Problem, as_rows, checked_weight, split
from chainrule.estimators.perceptron.weights import first_weights, functions_of
from chainrule.estimators.recording import AtHand, Recording
from chainrule.network import Activation, Dense
from chainrule.training.record import Recorder, RunRecord
from chainrule.training.stream import stream_of

if TYPE_CHECKING:
    from chainrule.estimators.perceptron.base import MultilayerPerceptron
    from chainrule.estimators.rows import Rows

__all__ = ["Observation", "first_weights_again", "rows_again", "rows_given"]

NO_RECORD_OF_PARTIAL_FIT = (
    "partial_fit keeps no record of its steps: which rows it will be given is not known. Call fit to have them "
    "recorded (warm_start=True goes on from the weights there are)."
)


NO_RECORD_OF_GENERATOR = (
    "this fit drew from a RandomState on another generator than the Mersenne Twister, whose place no record holds. "
    "Give an int or RandomState(seed) as random_state and fit again."
)


class Observation(NamedTuple):
    """What a fit is recorded with, and what it keeps of it.

    Parameters
    ----------
    recorder : Recorder or None
        None for ``partial_fit``, and where there is no origin.
    record : {"auto", "full", False} or path
        The parameter.
    origin : Origin or None
        None where random numbers come from another generator than the Mersenne Twister.
    rows : Rows
        The table, as it was given.
    has_eval_set : bool
    """

    recorder: Recorder | None
    record: Any
    origin: Origin | None
    rows: "Rows"
    has_eval_set: bool

    @property
    def recorders(self) -> list[Recorder]:
        """The recorder, if there is one."""
        return [] if self.recorder is None else [self.recorder]

    def recording(self, source: Source, places: NDArray[np.int64] | None, validation: Source | None) -> Recording:
        """Return what is kept of a training that has ended.

        Parameters
        ----------
        source : Source
            The rows trained on.
        places : array (N,) or None
            Which of the table's rows they are; None: all of them.
        validation : Source or None
            The rows judged by.
        """
        if self.recorder is None:
            return Recording(None, absence=NO_RECORD_OF_PARTIAL_FIT if self.origin else NO_RECORD_OF_GENERATOR)
        at_hand = AtHand(source, self.rows, self.rows.numbers if places is None else places, validation)
        recording = Recording(self.recorder.record, self.has_eval_set, self.origin, at_hand)
        return recording.with_fingerprint().kept(self.record)


def rows_given(given: Any, y: Any, problem: Problem) -> "Rows":
    """Return the table of a fit, for opened steps to show.

    Parameters
    ----------
    given : DataFrame, array or sparse matrix
        X as ``fit`` was given it.
    y : array (N,) or (N, K), or sparse matrix
        The target, checked.
    problem : Problem
        All rows, as they were read.
    """
    from chainrule.estimators.rows import Rows

    n_rows = len(problem.target)
    X = given if hasattr(given, "columns") else problem.X  # a DataFrame shows its values as they are
    weight = np.ones(n_rows) if problem.weight is None else problem.weight.astype(np.float64)
    return Rows(X, problem.truth if issparse(y) else y, weight, np.arange(n_rows))


def rows_again(model: "MultilayerPerceptron", given: Any, y: Any, sample_weight: Any) -> AtHand:
    """Return the rows of the fit that the model's recording is of, given its table.

    Raises
    ------
    ReplayError
        If it cannot be that table.
    """
    recording = model._recording
    run, origin = recording.require_run(), recording.origin
    assert origin is not None, "every record of a drop-in's has one"
    X, y = model._read_target(given, y, classes="among", reset=False)
    if X.shape[0] != origin.n_rows:
        raise ReplayError(
            f"this table is not the one of fit: it has {X.shape[0]} rows, and there were {origin.n_rows}. Give the "
            "table, the sample_weight and the parameters of fit."
        )
    dtype = model.weights_.dtype
    weight = model._training_weight(y, checked_weight(sample_weight, X))
    problem = model._problem(as_rows(X), y, weight)
    training, judged = _split_again(model, problem, run, origin)
    validation = None if judged is None else judged.source(dtype)
    places = np.arange(origin.n_rows) if training.places is None else training.places
    return AtHand(training.source(dtype), rows_given(given, y, problem), places, validation)


def _split_again(
    model: "MultilayerPerceptron", problem: Problem, run: RunRecord, origin: Origin
) -> tuple[Problem, Problem | None]:
    """Return the rows that were trained on, and those that early stopping kept back, if it did."""
    n_kept = origin.n_rows - run.n_rows
    if n_kept == 0:
        return problem, None
    stream = stream_of(origin.stream)
    if origin.dtype is not None:  # the first weights are drawn before
        _draw(model, stream, origin.dtype)
    try:
        return split(problem, kept=n_kept, strata=model._strata(problem.truth), random=stream)
    except ValueError as error:
        raise ReplayError(f"this table is not the one of fit: it cannot be split as that was ({error}).") from error


def first_weights_again(
    model: "MultilayerPerceptron", recording: Recording
) -> Callable[[], NDArray[np.floating[Any]]] | None:
    """Return what draws the weights that the fit began with; None if it went on from others."""
    origin = recording.origin
    if origin is None or origin.dtype is None:
        return None
    stream, drawn, dtype = origin.stream, origin.dtype, model.weights_.dtype
    return lambda: _draw(model, stream_of(stream), drawn).astype(dtype, copy=False)


def _draw(model: "MultilayerPerceptron", stream: np.random.RandomState, dtype: str) -> NDArray[np.floating[Any]]:
    layers = model.network_.layers  # as it was fitted: parameters may have been set since
    functions = [layer.function for layer in layers if isinstance(layer, Activation)] or model.activation
    n_layers = sum(isinstance(layer, Dense) for layer in layers)
    return first_weights(model.network_, functions_of(functions, n_layers), stream, dtype)
