"""A recorded run, of which any step can be opened."""

from collections.abc import Iterator, Mapping, Sequence
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Source
from chainrule.engine.rows import RowsOfSteps
from chainrule.errors import ParameterError
from chainrule.glassbox.moment import Floats, Moment, Originals
from chainrule.glassbox.names import Names
from chainrule.glassbox.step import Step
from chainrule.glassbox.tables import Shown, Table
from chainrule.network import Network
from chainrule.storage import atomic_write, check_writable
from chainrule.training import LBFGS
from chainrule.training.keyframes import Keyframe
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
    def network(self) -> Network:
        """What was trained."""
        return self._replay.network

    @property
    def source(self) -> Source:
        """The training rows, encoded."""
        return self._replay.source

    @property
    def rows(self) -> NDArray[np.int64]:
        """Where in the table each training row is, (N,)."""
        return self._rows

    @property
    def names(self) -> Names:
        """What layers, neurons, inputs and weights are called."""
        return self._names

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

    def state_before(self, step: int) -> Keyframe:
        """Return weights and the optimizer's vectors before a step, not to be written to; see ``weights_before``."""
        return self._replay.before(step)

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

    def numbered(self, numbers: NDArray[np.int64]) -> "RecordedRun":
        """Return the run with rows of its table called by other numbers: those of a table that it is a part of.

        Parameters
        ----------
        numbers : array (rows of the table,) of int
            Each row's place in the larger table; none twice.
        """
        places = {int(number): place for place, number in enumerate(numbers)}
        given = self._originals

        def originals(rows: NDArray[np.int64]) -> Mapping[str, Sequence[Any]]:
            assert given is not None, "asked only where there are some"
            return given(np.array([places[int(row)] for row in rows], dtype=np.int64))

        return RecordedRun(
            self._replay, self._names, rows=numbers[self._rows], originals=None if given is None else originals
        )

    def step_of_row(self, row: int) -> int:
        """Return the last step that took a row, not after the weights that were kept.

        Parameters
        ----------
        row : int
            A training row, by its number in the table.

        Raises
        ------
        ParameterError
            If it is no training row, or no such step took it.
        """
        places = np.flatnonzero(self._rows == row)
        if not len(places):
            raise ParameterError(
                f"row {row!r} was not trained on: it is held out, kept back for validation, of weight 0, or not there. "
                f"Training rows are {', '.join(map(str, np.sort(self._rows)[:5]))}, …"
            )
        if isinstance(self.record.recipe.optimizer, LBFGS):
            return self.kept_step - 1
        for step in range(max(self.kept_step, self.first_step + 1) - 1, self.first_step - 1, -1):
            taken = self._batches.of_step(step)
            if places[0] in np.arange(len(self._rows))[taken]:
                return step
        raise ParameterError(f"none of the steps {self.first_step} to {self.kept_step - 1} took row {row}.")

    def to_html(self, path: str | PathLike[str], *, include_rows: bool = True) -> None:
        """Write the run as a page, its first step opened: one file that opens from disk, offline, in any browser.

        Parameters
        ----------
        path : str or path
        include_rows : bool
            Whether the file may hold rows of the table: those of the step that is opened.

        Raises
        ------
        OutputError
            If the file cannot be written; what was there before is untouched.
        ReplayError
            If the run cannot be repeated as it was.
        """
        from chainrule.glassbox.page import run_page

        check_writable(path)
        atomic_write(path, run_page(self, include_rows=include_rows).encode())

    def tables(self) -> Iterator[Table]:
        """Show what was recorded, and how to open it."""
        record = self.record
        facts = [
            ("steps", f"{self.first_step} to {self.n_steps - 1}"),
            ("steps an epoch", record.clock.steps_per_epoch),
            ("training rows", record.n_rows),
            ("optimizer", record.recipe.optimizer.kind),
            ("weights kept", f"those before step {self.kept_step}"),
            ("keyframes", f"{len(record.keyframes)} ({record.keyframes.nbytes / 2**20:.3g} MiB)"),
            ("engine", record.surroundings.engine),
        ]
        yield Table("a recorded run", ("", "value"), facts, "open a step with run.step(t)")
