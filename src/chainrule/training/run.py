"""A training under way: what the loop's steps and callbacks work on."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from math import isfinite
from time import perf_counter
from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Session, Source, StepReport, open_session
from chainrule.errors import DivergedError, DivergenceWarning, ParameterError
from chainrule.network import Network
from chainrule.training.callbacks import Callback, overrides
from chainrule.training.history import HistoryRow, history_rows
from chainrule.training.interrupt import Interrupt
from chainrule.training.judging import judge, monitored, reason_to_stop
from chainrule.training.lbfgs import LBFGS
from chainrule.training.optimizers import SGD
from chainrule.training.recipe import Recipe, Validation
from chainrule.training.schedules import Clock, DivideWhenPatienceEnds, ReduceOnPlateau
from chainrule.training.state import TrainingState

__all__ = ["Run"]

# Steps are run in chunks of about this long, so that Ctrl-C and limits are noticed soon, and keyframes lie so close
# that opening a step of a small network takes no longer.
CHUNK_SECONDS = 0.016
# Of long steps, a few in up to so many times as long: each call of the engine lays out all weights anew, which takes
# a twentieth of a large network's step.
FEW_STEPS, LONGEST_OF_FEW = 8, 6
SHORTEST_CALL = 1e-5  # seconds: a clock that tells less is not to be believed


class Run:
    """One training under way; callbacks get it.

    Attributes
    ----------
    network, source, recipe, validation
        What is trained, on which rows, how, and what it is judged on.
    state : TrainingState
        Where training is; its arrays are the live ones.
    session : Session
        The engine at work.
    chunk : int
        Steps that take about ``CHUNK_SECONDS``.
    few : int
        Steps to take in one call where that are more: few, but long ones.
    is_watched : bool
        Whether something must be seen or decided at the end of every epoch.
    """

    def __init__(
        self,
        network: Network,
        source: Source,
        recipe: Recipe,
        *,
        validation: Validation | None,
        state: TrainingState,
        callbacks: Sequence[Callback],
        engine: str,
        interrupt: Interrupt,
    ) -> None:
        recipe = recipe.for_rows(source)
        self.network, self.source, self.recipe, self.validation, self.state = network, source, recipe, validation, state
        # L-BFGS descends by itself: its session only sums gradients.
        optimizer = SGD() if isinstance(recipe.optimizer, LBFGS) else recipe.optimizer
        self.session: Session = open_session(
            network, source, optimizer, recipe.settings, weights=state.weights, vectors=state.vectors, engine=engine
        )
        steps_per_epoch = recipe.settings.steps_per_epoch(source.n_rows)
        self.clock = Clock(steps_per_epoch, steps_per_epoch * recipe.epochs)
        self.ending: str | None = None
        self._callbacks, self._interrupt = callbacks, interrupt
        self.chunk = self.few = 1
        self.is_watched = (
            validation is not None
            or isinstance(recipe.schedule, ReduceOnPlateau | DivideWhenPatienceEnds)
            or recipe.stopping.keeps_best
            or any(overrides(callback, "on_epoch_end") for callback in callbacks)
        )
        self._started = perf_counter() - state.seconds

    def stop(self, reason: str = "callback") -> None:
        """Ask training to end after the current steps; ``reason`` becomes the state's ``stop_reason``.

        Raises
        ------
        ParameterError
            If the reason is not a word.
        """
        if not isinstance(reason, str) or not reason:
            raise ParameterError(f"the reason to stop must be a str that is not empty, got {reason!r}.")
        self.ending = reason

    def notify(self, event: str) -> None:
        """Tell every callback of an event."""
        for callback in self._callbacks:
            getattr(callback, event)(self)

    @property
    def learning_rate(self) -> float | None:
        """η of the last step taken (before the first, of the first); lbfgs has none."""
        return self._rates([self.state.step])[0]

    def _rates(self, steps: list[int]) -> list[float] | list[None]:
        """Return η of the last step taken after each of these numbers of steps."""
        if isinstance(self.recipe.optimizer, LBFGS):
            return [None] * len(steps)
        last_steps = np.array([max(step - 1, 0) for step in steps], dtype=np.float64)
        rates: list[float] = self.recipe.rates(last_steps, self.clock, self.rate_factor).tolist()
        return rates

    @property
    def rate_factor(self) -> float:
        """What recoveries and plateaus leave of the learning rate, besides the schedule."""
        return self.state.rate_factor * self.state.plateau_factor

    @property
    def steps_taken(self) -> int:
        """Steps taken: one whose error is not finite is counted by the state, and not taken."""
        last = self.state.epoch_steps[:, -1:]
        return self.state.step - (0 if np.isfinite(last).all() else 1)

    @property
    def steps_left(self) -> int:
        """Steps until the current epoch is complete."""
        return self.clock.steps_per_epoch - len(self.state.epoch_steps[0])

    @property
    def breaks_off(self) -> bool:
        """Whether somebody asked to end training, and there is a step to keep."""
        return self.ending is not None and self._has_a_step

    @property
    def _has_a_step(self) -> bool:
        return self.state.epoch > 0 or self.state.epoch_steps.shape[1] > 0

    def take_steps(self) -> StepReport:
        """Take the next chunk of the epoch's steps."""
        state = self.state
        if state.epoch_steps.shape[1] == 0 and self.recipe.max_recoveries > 0:
            state.set_anchor()
        with self.unbroken():
            report = self.run_engine(min(max(self.chunk, self.few), self.steps_left), self._interrupted)
            before, new = state.epoch_steps, np.array(report)
            state.epoch_steps = np.concatenate([before, new], axis=1) if before.shape[1] else new
        return report

    def unbroken(self) -> AbstractContextManager[None]:
        """Return a block in which weights, step and history change together: a second Ctrl-C waits for its end."""
        return self._interrupt.held()

    def run_engine(self, n_steps: int, interrupted: Callable[[], bool] | None = None) -> StepReport:
        """Let the engine take steps, and learn from it how many make a chunk."""
        state = self.state
        started = perf_counter()
        plan = self.recipe.plan(state.step, n_steps, self.clock, self.rate_factor)
        report = self.session.run(state.step, plan, interrupted)
        seconds = perf_counter() - started
        if seconds < CHUNK_SECONDS / 2:  # so much more that the next call takes half of a chunk's time
            self.chunk = max(self.chunk, int(n_steps * CHUNK_SECONDS / 2 / max(seconds, SHORTEST_CALL)))
        elif seconds > CHUNK_SECONDS:
            self.chunk = max(1, n_steps // 2)
        in_longest = int(n_steps * CHUNK_SECONDS * LONGEST_OF_FEW / max(seconds, SHORTEST_CALL))
        self.few = min(in_longest, FEW_STEPS)
        state.step += len(report.error)
        return report

    def _interrupted(self) -> bool:
        """Tell the engine whether to give up the step in hand: on Ctrl-C, or over time if there is a step to keep."""
        self.look_up()
        return self.ending == "interrupted" or (self.ending == "time_limit" and self._has_a_step)

    def after_steps(self) -> None:
        """Keep the time, tell the callbacks, notice Ctrl-C and the time limit.

        Raises
        ------
        KeyboardInterrupt
            On Ctrl-C before a step was completed: there is nothing to keep yet.
        """
        self.state.seconds = perf_counter() - self._started
        self.notify("on_steps_end")
        self.look_up()
        if self.ending == "interrupted" and not self._has_a_step:
            raise KeyboardInterrupt

    def look_up(self) -> None:
        """Notice Ctrl-C and the time limit."""
        self.state.seconds = perf_counter() - self._started
        if self._interrupt.requested:
            self.stop("interrupted")
        elif self.recipe.time_limit is not None and self.state.seconds > self.recipe.time_limit:
            self.stop("time_limit")

    def go_back(self) -> None:
        """Return to the last finite state with half the learning rate, or give up.

        Raises
        ------
        DivergedError
            If the recipe's recoveries are used up.
        """
        state, rate = self.state, self.learning_rate
        if rate is None:
            raise DivergedError("The validation error is not finite. Try standardised inputs, alpha=1e-4, or adamw.")
        place = f"step {state.step} (epoch {state.epoch + 1})"
        if state.recoveries >= self.recipe.max_recoveries:
            tried = f", after {state.recoveries} halvings of the learning rate" if state.recoveries else ""
            raise DivergedError(
                f"Training diverged: the error is not finite at {place}{tried}. The learning rate was {rate:.3g}: try "
                "a tenth of it, max_grad_norm=1.0, or look for extreme values in the inputs or the target."
            )
        state.recoveries += 1
        state.rate_factor /= 2
        state.go_to_anchor()
        warn(
            f"Training diverged: the error is not finite at {place}. Went back to the end of epoch {state.epoch}, "
            f"learning rate {rate:.3g} → {rate / 2:.3g} (try {state.recoveries} of {self.recipe.max_recoveries}).",
            DivergenceWarning,
            stacklevel=2,
        )
        self.notify("on_go_back")

    def end_epoch(self) -> None:
        """Close the epoch: write its history row, judge it, tell the callbacks, decide whether it was the last.

        An epoch that is broken off before its first step has no row.
        """
        state = self.state
        if state.epoch_steps.shape[1] == 0:
            state.stop_reason = self.ending
            return None
        [row] = self._rows(state.epoch_steps[:, np.newaxis])
        if self.validation is not None:
            row |= self._validate(self.validation)
            if not isfinite(row["validation_error"]):
                return self.go_back()
        row["seconds"] = perf_counter() - self._started
        self._close([row])
        self.notify("on_epoch_end")
        state.stop_reason = self.ending or reason_to_stop(state, self.recipe)
        return None

    def close_epochs(self, steps: NDArray[np.float64]) -> bool:
        """Close several epochs just run, ``steps`` (3, E, n) being their reports and their time the mean of it.

        Returns
        -------
        bool
            Whether training plainly goes on after each: patience has not ended, and the error has not grown.
        """
        now = perf_counter() - self._started
        moments = np.linspace(self.state.seconds, now, steps.shape[1] + 1)[1:].tolist()
        rows = self._rows(steps)
        for row, moment in zip(rows, moments, strict=True):
            row["seconds"] = moment
        return self._close(rows)

    def _rows(self, steps: NDArray[np.float64]) -> list[HistoryRow]:
        """Return the rows of the epochs whose reports ``steps`` (3, E, n) are, the last of them ending here."""
        n_epochs, n_steps = steps.shape[1:]
        last_steps = [self.state.step - n_steps * i for i in reversed(range(n_epochs))]
        rates = self._rates(last_steps)
        if self.recipe.mean_over_rows:
            steps = self._weighted_by_rows(steps)
        return history_rows(steps, first_epoch=self.state.epoch + 1, last_steps=last_steps, rates=rates)

    def _weighted_by_rows(self, steps: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the reports (3, E, n) with numbers of rows for sums of row weights; batches passed over keep 0."""
        batch_size = self.recipe.settings.batch_size
        n_rows = np.minimum(batch_size, self.source.n_rows - batch_size * np.arange(steps.shape[2]))
        return np.stack([steps[0], n_rows * (steps[1] != 0), steps[2]])

    def _close(self, rows: list[HistoryRow]) -> bool:
        """Close epochs with their complete rows; return whether error and patience let training go on after each."""
        self.state.seconds = rows[-1]["seconds"]
        had_grown = self.state.close_epochs(rows)
        patience_had_ended = judge(self.state, self.recipe, monitored(rows, self.recipe.stopping.monitor))
        return not (had_grown or patience_had_ended)

    def _validate(self, validation: Validation) -> dict[str, Any]:
        source = validation.source
        logits = self.session.logits(source.numbers)
        with np.errstate(all="ignore"):  # a non-finite error is dealt with, not warned of
            total, _ = self.network.loss(logits, source.target, source.weight)
        weight = source.n_rows if source.weight is None else float(source.weight.sum(dtype=np.float64))
        error = total / weight
        if validation.score is None or not isfinite(error):
            return {"validation_error": error}
        return {"validation_error": error} | validation.score(self.network.loss.predict(logits.astype(np.float64)))

    def finish(self) -> None:
        """Restore the best weights, if they were kept, and tell the callbacks."""
        state = self.state
        self.notify("on_last_step")
        if state.best_weights is not None:
            state.weights[...] = state.best_weights
        self.notify("on_train_end")
