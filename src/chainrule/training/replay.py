"""Replay: the state before any step of a recorded run, from the nearest keyframe on, held to what was recorded."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from chainrule.engine import Source
from chainrule.errors import ParameterError, ReplayError
from chainrule.network import Network
from chainrule.training.fingerprint import digest
from chainrule.training.keyframes import Floats, Keyframe, Keyframes
from chainrule.training.lbfgs import LBFGS
from chainrule.training.optimizers import Optimizer
from chainrule.training.record import RunRecord
from chainrule.training.repetition import StepsAgain, iterate_again
from chainrule.training.witness import Witness

__all__ = ["Replay"]

OWN_BUDGET = 64 * 2**20  # bytes of the states that a replay keeps of its own


class Replay:
    """Repeats a recorded run.

    Every stretch that is repeated is held to the weights recorded at its end, bit for bit.

    Parameters
    ----------
    record : RunRecord
    network : Network
    source : Source
        The rows that the run was trained on.
    engine : str
        "auto" or the name of an engine.
    n_threads : int, optional
        Threads; the bits do not depend on it.
    first_weights : callable, optional
        Draws the weights (P,) that the run began with, where its first keyframe was not kept; by default the network
        draws them for the recipe's seed.

    Raises
    ------
    ReplayError
        If the source has another number of rows than the run had.
    """

    def __init__(
        self,
        record: RunRecord,
        network: Network,
        source: Source,
        *,
        engine: str = "auto",
        n_threads: int | None = None,
        first_weights: Callable[[], Floats] | None = None,
    ) -> None:
        if source.n_rows != record.n_rows:
            raise ReplayError(f"the run was trained on {record.n_rows} rows, got {source.n_rows}; give its own table.")
        self.record = replace(record, recipe=record.recipe.for_rows(source))
        self.network, self.source = network, source
        self._engine, self._n_threads = engine, n_threads
        self._first_weights = first_weights or self._weights_of_the_seed
        self._witness = Witness(self.record)
        self._own = Keyframes(OWN_BUDGET)  # from where the record has none
        self._recent: dict[int, Keyframe] = {}
        self._steps: StepsAgain | None = None

    def before(self, step: int) -> Keyframe:
        """Return the state before a step, from 0; before step ``n_steps`` is after the last.

        Raises
        ------
        ParameterError
            If the record has no such step.
        ReplayError
            If repeating the run does not give the weights that were recorded, or it cannot be begun.
        """
        record = self.record
        if isinstance(step, bool) or not isinstance(step, int | np.integer):
            raise ParameterError(f"a step must be an int, got {step!r}.")
        if not record.first_step <= step <= record.n_steps:
            raise ParameterError(f"this run is recorded from step {record.first_step} to {record.n_steps}, got {step}.")
        if step not in self._recent:
            is_lbfgs = isinstance(record.recipe.optimizer, LBFGS)
            self._remember(self._iterate(int(step)) if is_lbfgs else self._reach(int(step)))
        return self._recent[step]

    def close(self) -> None:
        """Give back the engine's threads and buffers."""
        if self._steps is not None:
            self._steps.close()
            self._steps = None

    def _remember(self, frame: Keyframe) -> None:
        self._recent[frame.step] = frame
        while len(self._recent) > 2 and sum(one.nbytes for one in self._recent.values()) > OWN_BUDGET:
            del self._recent[next(iter(self._recent))]

    def _reach(self, step: int) -> Keyframe:
        """Run to a step, keep what is there, and go on to the next checkpoint to see that the way was right."""
        steps = self._put_before(step)
        steps.run_to(step)
        found = steps.frame()
        if (ahead := self._witness.ahead(step)) is not None:
            steps.run_to(ahead)
        if self._own.is_due(steps.step) and self.record.keyframes.before(step) is None:
            frame = found if ahead is None else steps.frame()
            self._own.add(frame)
        return found

    def _put_before(self, step: int) -> StepsAgain:
        """Return the session that takes steps again, put to the nearest state at hand that is not after a step."""
        if self._steps is not None and 0 <= self._steps.step <= step:
            nearest = self._nearest(step)
            if nearest is not None and nearest.step > self._steps.step:
                self._steps.go_to(nearest)
            return self._steps
        start = self._nearest(step) or self._beginning()
        if self._steps is None:
            self._steps = StepsAgain(
                self.record,
                self.network,
                self.source,
                start,
                engine=self._engine,
                n_threads=self._n_threads,
                witness=self._witness,
            )
        else:
            self._steps.go_to(start)
        return self._steps

    def _iterate(self, step: int) -> Keyframe:
        """Return the state after ``step`` iterations of lbfgs: as it was kept, or by descending again."""
        nearest = self._nearest(step) or self._beginning()
        if nearest.step == step:
            return nearest
        start = self._nearest(self.record.first_step) or self._beginning()
        return iterate_again(
            self.record, self.network, self.source, start, step, engine=self._engine, witness=self._witness
        )

    def _nearest(self, step: int) -> Keyframe | None:
        """Return the latest state kept that is not after a step."""
        known = [self.record.keyframes.before(step), self._own.before(step)]
        known += [frame for frame in self._recent.values() if frame.step <= step]
        return max((frame for frame in known if frame is not None), key=lambda frame: frame.step, default=None)

    def _weights_of_the_seed(self) -> Floats:
        return self.network.initialise(self.record.recipe.settings.seed, self.source.numbers.dtype)

    def _beginning(self) -> Keyframe:
        """Return the state before the first step, if that is a function of the seed."""
        record, weights = self.record, self._first_weights()
        if record.first_step != 0 or digest(weights) != record.digests[0]:
            began = f"at step {record.first_step}, from a checkpoint" if record.first_step else "from given weights"
            raise ReplayError(
                f"this run began {began}, and its keyframes were not kept; save the model with include_record=True."
            )
        optimizer = record.recipe.optimizer
        n_vectors = optimizer.n_vectors if isinstance(optimizer, Optimizer) else 0
        return Keyframe(0, weights, tuple(np.zeros_like(weights) for _ in range(n_vectors)))
