"""The record of a run: what it takes to repeat any step of it, bit for bit."""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np

from chainrule.engine import StepPlan
from chainrule.training.callbacks import Callback
from chainrule.training.fingerprint import digest
from chainrule.training.keyframes import Keyframe, Keyframes
from chainrule.training.lbfgs import LBFGS
from chainrule.training.recipe import Recipe
from chainrule.training.schedules import Clock
from chainrule.training.surroundings import Surroundings

if TYPE_CHECKING:
    from chainrule.training.run import Run
    from chainrule.training.state import TrainingState

__all__ = ["Recorder", "RunRecord"]

COPY_SHARE = 0.01
COPIES_TIMED = 31  # the last ones: one that was interrupted must not keep the next keyframe far away
MOST_DIGESTS = 16  # checksums that are kept without their keyframes


@dataclass
class RunRecord:
    """What is known of a run besides its rows: with them, every step of it can be repeated.

    Steps are counted from 0; "at step t" means: when t steps had been taken.

    Parameters
    ----------
    recipe : Recipe
    n_rows : int
        Training rows.
    first_step, n_steps : int
        Steps taken when the record begins (above 0 for a run that went on from a checkpoint) and when the run ended.
    kept_step : int
        The step at which the weights are those that training returned: the best epoch's end, or the last step.
    surroundings : Surroundings
    factors : list of (int, float)
        From which step on which factor was on the learning rate, besides the schedule's: what recoveries and plateaus
        left of it.
    keyframes : Keyframes
    digests : dict of int to str
        Checksums of the weights at some steps.
    fingerprint : str
        Checksum of the encoded rows; empty where none was taken.
    """

    recipe: Recipe
    n_rows: int
    first_step: int
    n_steps: int
    kept_step: int
    surroundings: Surroundings
    factors: list[tuple[int, float]]
    keyframes: Keyframes
    digests: dict[int, str] = field(default_factory=dict)
    fingerprint: str = ""

    @property
    def clock(self) -> Clock:
        """The run's length, as its schedule was told."""
        steps_per_epoch = self.recipe.settings.steps_per_epoch(self.n_rows)
        return Clock(steps_per_epoch, steps_per_epoch * self.recipe.epochs)

    @property
    def checkpoints(self) -> list[int]:
        """The steps at which the weights are known, by keyframe or checksum, in order."""
        return sorted({*self.digests, *self.keyframes.steps})

    def digest_at(self, step: int) -> str:
        """Return the checksum of the weights at one of the ``checkpoints``."""
        if step not in self.digests:
            frame = self.keyframes.before(step)
            assert frame is not None, "asked of checkpoints only"
            self.digests[step] = digest(frame.weights)
        return self.digests[step]

    def plans(self, first: int, stop: int) -> Iterator[tuple[int, StepPlan]]:
        """Yield the plans of steps ``first`` to ``stop`` (excluded), each with the number of its first step."""
        starts = [*(step for step, _ in self.factors), stop]
        for (start, factor), end in zip(self.factors, starts[1:], strict=True):
            begin, end = max(start, first), min(end, stop)
            if begin < end:
                yield begin, self.recipe.plan(begin, end - begin, self.clock, factor)

    def plan_of(self, step: int) -> StepPlan:
        """Return the plan of one step; of lbfgs, whose line search finds the rate, at a learning rate of 1."""
        if isinstance(self.recipe.optimizer, LBFGS):
            [strength] = self.recipe.penalty.factors(np.zeros(1), self.clock)
            return StepPlan.constant(1, learning_rate=1.0, penalty=strength)
        [(_, plan)] = self.plans(step, step + 1)
        return plan

    def without_keyframes(self) -> "RunRecord":
        """Return the record with checksums in place of keyframes, of some spread over the run; nothing of the rows."""
        steps = self.keyframes.steps
        chosen = {steps[i] for i in np.linspace(0, len(steps) - 1, MOST_DIGESTS).round().astype(int)} if steps else ()
        digests = {step: self.digest_at(step) for step in chosen}
        ends = {step: self.digests[step] for step in (self.first_step, self.kept_step) if step in self.digests}
        recipe = self.recipe.without_rows()
        return replace(self, recipe=recipe, keyframes=Keyframes(0), digests=digests | ends)


class Recorder(Callback):
    """A callback that writes the record of a run; ``record`` holds it when training has ended, or was given up.

    Keyframes are taken where the engine comes back from a chunk of steps, and no more often than keeping them costs a
    share of the time.

    Parameters
    ----------
    keyframes : Keyframes
        Where they are kept; empty.
    share : float
        Of the training time, at most so much goes into keeping them. 1 keeps one at the end of every chunk.

    Attributes
    ----------
    record : RunRecord or None
    given_up : TrainingState or None
        Where a run was that diverged and was given up.
    """

    def __init__(self, keyframes: Keyframes, *, share: float = COPY_SHARE) -> None:
        self.keyframes, self._share = keyframes, share
        self.record: RunRecord | None = None
        self.given_up: TrainingState | None = None
        self._factors: list[tuple[int, float]] = []
        self._step = 0
        self._due = 0.0
        self._costs: deque[float] = deque(maxlen=COPIES_TIMED)  # seconds

    def on_train_begin(self, run: "Run") -> None:
        """Begin the record."""
        self._surroundings = Surroundings.of(run.session)
        self._begin(run)

    def _begin(self, run: "Run") -> None:
        self._step = self._first_step = run.state.step
        self._first_digest = digest(run.state.weights)
        self._add(run)

    def on_steps_end(self, run: "Run") -> None:
        """Note the factor on the learning rate, and keep a keyframe if it is time for one."""
        self._note(run, run.state.step)
        if self.keyframes.is_due(self._step) and (self._share == 1.0 or perf_counter() >= self._due):
            self._add(run)

    def _note(self, run: "Run", step: int) -> None:
        """Note the factor on the learning rate of the steps up to ``step``."""
        if not self._factors or self._factors[-1][1] != run.rate_factor:
            self._factors.append((self._step, run.rate_factor))
        self._step = step

    def _add(self, run: "Run") -> None:
        started = perf_counter()
        self.keyframes.add(Keyframe(self._step, run.state.weights, run.state.vectors))
        now = perf_counter()
        self._costs.append(now - started)
        self._due = now + sorted(self._costs)[len(self._costs) // 2] / self._share  # their median

    def on_go_back(self, run: "Run") -> None:
        """Forget what was undone; a run that goes back to before it was taken up again begins there."""
        self._step = run.state.step
        self.keyframes.drop_after(self._step)
        self._factors = [(step, factor) for step, factor in self._factors if step < self._step]
        if self._step < self._first_step:
            self._begin(run)

    def on_last_step(self, run: "Run") -> None:
        """Keep the end of the run, which the best weights are about to replace."""
        self._step = run.state.step
        if len(self.keyframes) and self.keyframes.steps[-1] != self._step:
            self._add(run)

    def on_give_up(self, run: "Run") -> None:
        """Close the record of a run that diverged, before the step that was not finite."""
        self.given_up = run.state
        if run.steps_taken > self._step:
            self._note(run, run.steps_taken)
        self.keyframes.drop_after(run.steps_taken)
        if len(self.keyframes) and self.keyframes.steps[-1] != self._step:
            self._add(run)
        self._close(run)

    def on_train_end(self, run: "Run") -> None:
        """Close the record."""
        self._close(run)

    def _close(self, run: "Run") -> None:
        state = run.state
        kept, weights = self._step, state.weights
        if state.best_weights is not None:
            kept, weights = int(state.history[state.best_epoch - 1]["step"]), state.best_weights
        self.record = RunRecord(
            recipe=run.recipe,
            n_rows=run.source.n_rows,
            first_step=self._first_step,
            n_steps=self._step,
            kept_step=kept,
            surroundings=self._surroundings,
            factors=self._factors,
            keyframes=self.keyframes,
            digests={self._first_step: self._first_digest, kept: digest(weights)},
        )
