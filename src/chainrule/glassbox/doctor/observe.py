"""A training under the doctor's eyes: recorded, also if it is given up."""

from typing import TYPE_CHECKING, Any

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

if TYPE_CHECKING:
    from chainrule.training import Run

__all__ = ["observe"]

BUDGET = 64 * 2**20  # bytes of keyframes


class _Witness(Recorder):
    """Records a run; of one that is given up, all steps before the one that was not finite."""

    def on_train_begin(self, run: "Run") -> None:
        """Begin the record, and remember the run, which an error would take away."""
        super().on_train_begin(run)
        self.run = run

    def give_up(self) -> None:
        """Close the record before the failing step, which was counted and not descended."""
        state = self.run.state
        reports = state.epoch_steps
        if reports.shape[1] and not np.isfinite(reports[:, -1]).all():
            state.step -= 1
        if state.step > self._step:
            self.on_steps_end(self.run)
        self.on_last_step(self.run)
        self.on_train_end(self.run)


def observe(
    network: Network,
    source: Source,
    recipe: Recipe,
    *,
    weights: NDArray[np.floating[Any]] | None = None,
    validation: Source | None = None,
    names: Names | None = None,
    callbacks: "list[CallbackLike] | None" = None,
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
    witness = _Witness(Keyframes(BUDGET))
    try:
        state = train(
            network,
            source,
            recipe,
            weights=weights,
            validation=None if validation is None else Validation(validation),
            callbacks=[*(callbacks or []), witness],
            engine=engine,
        )
        stop_reason = state.stop_reason
    except DivergedError:
        if isinstance(recipe.optimizer, LBFGS):
            raise
        witness.give_up()
        state, stop_reason = witness.run.state, "diverged"
    assert witness.record is not None, "the record is closed when training ends"
    run = RecordedRun(Replay(witness.record, network, source, engine=engine), names or Names(network))
    return Case(run=run, history=state.history, stop_reason=stop_reason, validation=validation)
