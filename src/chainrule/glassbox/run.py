"""A recorded run, of which any step can be opened."""

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from chainrule.engine.rows import RowsOfSteps
from chainrule.errors import ParameterError
from chainrule.glassbox.moment import Floats, Moment, Originals
from chainrule.glassbox.names import Names
from chainrule.glassbox.step import Step
from chainrule.glassbox.tables import Shown, Table
from chainrule.training import LBFGS
from chainrule.training.record import RunRecord
from chainrule.training.replay import Replay

__all__ = ["RecordedRun"]


class RecordedRun(Shown):
    """A training that took place; ``step(t)`` opens any of its steps, exactly as it happened.

    Steps are counted from 0. The weights of a step are repeated from the nearest keyframe and compared, bit for bit,
    with those that were recorded. The steps of lbfgs are its iterations.

    Parameters
    ----------
    replay : Replay
    names : Names
    rows : array (N,) of int, optional
        Where in the table each training row is; by default they are the table.
    originals : function, optional
        From rows of the table to their values as they were given.
    """

    def __init__(
        self,
        replay: Replay,
        names: Names,
        *,
        rows: NDArray[np.int64] | None = None,
        originals: Originals | None = None,
    ) -> None:
        self._replay, self._names, self._originals = replay, names, originals
        self._rows = np.arange(replay.source.n_rows) if rows is None else rows
        self._batches = RowsOfSteps(replay.record.recipe.settings, replay.source.n_rows)

    @property
    def record(self) -> RunRecord:
        """What was recorded."""
        return self._replay.record

    @property
    def first_step(self) -> int:
        """The first step that can be opened: 0, or where a run went on from a checkpoint."""
        return self.record.first_step

    @property
    def n_steps(self) -> int:
        """Steps taken: the last one is ``n_steps - 1``."""
        return self.record.n_steps

    @property
    def kept_step(self) -> int:
        """Before this step (or after the last) the weights are those of the model: the best epoch's, or the last."""
        return self.record.kept_step

    def __len__(self) -> int:
        return self.n_steps - self.first_step

    def weights_before(self, step: int) -> Floats:
        """Return the run's own weights (P,), in its dtype, before a step; before step ``n_steps``, after the last.

        Raises
        ------
        ParameterError
            If the record has no such step.
        ReplayError
            If they cannot be had as they were; the message says why.
        """
        return self._replay.before(step).weights.copy()

    def step(self, step: int) -> Step:
        """Open a step.

        Parameters
        ----------
        step : int
            Its number t, from 0; a negative one counts from the end.

        Raises
        ------
        ParameterError
            If the record has no such step.
        ReplayError
            If repeating the run does not give the weights that were recorded; the message says why.
        """
        if isinstance(step, bool) or not isinstance(step, int | np.integer):
            raise ParameterError(f"a step must be an int, got {step!r}.")
        index = int(step) + (self.n_steps if step < 0 else 0)
        if not self.first_step <= index < self.n_steps:
            raise ParameterError(f"this run has the steps {self.first_step} to {self.n_steps - 1}, got {step}.")
        return Step(self._moment(index), self._exactly)

    def _exactly(self, step: int) -> Step:
        """Open the step of a number from 0: a neighbour is not counted from the end."""
        if step < 0:
            raise ParameterError("step 0 is the first: there is none before it.")
        return self.step(step)

    def _moment(self, index: int) -> Moment:
        record, replay = self.record, self._replay
        before, after = replay.before(index), replay.before(index + 1)
        is_lbfgs = isinstance(record.recipe.optimizer, LBFGS)
        taken = slice(None) if is_lbfgs else self._batches.of_step(index)
        return Moment(
            network=replay.network,
            optimizer=record.recipe.optimizer,
            learning_rate=record.recipe.learning_rate,
            settings=record.recipe.settings,
            plan=record.plan_of(index),
            index=index,
            weights=before.weights,
            vectors=before.vectors,
            rows=self._rows[taken],
            batch=replay.source.take(taken),
            weights_after=after.weights,
            names=self._names,
            originals=self._originals,
        )

    def tables(self) -> Iterator[Table]:
        """Show what was recorded, and how to open it."""
        record = self.record
        facts = [
            ("steps", f"{self.first_step} to {self.n_steps - 1}"),
            ("steps an epoch", record.clock.steps_per_epoch),
            ("training rows", record.n_rows),
            ("optimizer", record.recipe.optimizer.kind),
            ("weights kept", f"those before step {self.kept_step}"),
            ("keyframes", f"{len(record.keyframes)}, {record.keyframes.nbytes / 2**20:.1f} MiB"),
            ("engine", record.surroundings.engine),
        ]
        yield Table("a recorded run", ("", "value"), facts, "open a step with run.step(t)")
