"""A training under the doctor's eyes: recorded, also if it is given up."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Source
from chainrule.errors import DivergedError
from chainrule.glassbox.doctor.case import Case
from chainrule.glassbox.names import Names
from chainrule.glassbox.run import RecordedRun
from chainrule.network import Network
from chainrule.training import LBFGS, CallbackLike, Recipe, Validation, train
from chainrule.training.keyframes import Keyframes
from chainrule.training.record import Recorder
from chainrule.training.replay import Replay

__all__ = ["observe"]

BUDGET = 64 * 2**20  # bytes of keyframes


def observe(
    network: Network,
    source: Source,
    recipe: Recipe,
    *,
    weights: NDArray[np.floating[Any]] | None = None,
    validation: Source | None = None,
    names: Names | None = None,
    callbacks: list[CallbackLike] | None = None,
    engine: str = "auto",
) -> Case:
    """Train a network, and return the run as a case for the doctor, also if it diverges.

    Parameters
    ----------
    network : Network
    source : Source
        The rows to train on.
    recipe : Recipe
    weights : array (P,), optional
        Where to start; by default the network's initial weights, in the dtype of the rows.
    validation : Source, optional
        Rows to judge every epoch by.
    names : Names, optional
        What inputs and outputs are called.
    callbacks : list, optional
        As ``chainrule.training.train`` takes them.
    engine : str
        "auto" or the name of an engine.

    Raises
    ------
    ParameterError, ShapeError
        As ``chainrule.training.train`` does.
    """
    if weights is None:
        weights = network.initialise(recipe.settings.seed, source.numbers.dtype)
    recorder = Recorder(Keyframes(BUDGET))
    try:
        state = train(
            network,
            source,
            recipe,
            weights=weights,
            validation=None if validation is None else Validation(validation),
            callbacks=[*(callbacks or []), recorder],
            engine=engine,
        )
        stop_reason = state.stop_reason
    except DivergedError:
        if isinstance(recipe.optimizer, LBFGS) or recorder.given_up is None:
            raise
        state, stop_reason = recorder.given_up, "diverged"
    assert recorder.record is not None, "the record is closed when training ends"
    run = RecordedRun(Replay(recorder.record, network, source, engine=engine), names or Names(network))
    return Case(run=run, history=state.history, stop_reason=stop_reason, validation=validation)
