"""What a training is asked to do, as immutable settings."""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Settings, Source, StepPlan
from chainrule.errors import ParameterError
from chainrule.training.lbfgs import LBFGS
from chainrule.training.optimizers import Adam, Optimizer
from chainrule.training.schedules import Clock, Constant, Schedule

__all__ = ["Metrics", "Recipe", "Stopping", "Validation"]

Metrics = dict[str, float | None]


@dataclass(frozen=True)
class Validation:
    """Rows that are not trained on, and what to measure on them after every epoch.

    Parameters
    ----------
    source : Source
        The rows, encoded like the training rows.
    score : callable or None
        Takes the network's predictions (n, K) of these rows, float64, and returns metrics by name, in the user's own
        units; None stands for a metric that is not defined there.
    """

    source: Source
    score: Callable[[NDArray[Any]], Metrics] | None = None


@dataclass(frozen=True)
class Stopping:
    """When to stop early, and which weights to keep.

    Parameters
    ----------
    monitor : str
        "train_error", "validation_error" or the name of a validation metric.
    greater_is_better : bool
        Whether the monitored number should grow.
    patience : int or None
        Stop after this many epochs in which it did not improve by more than ``tol``; None never stops early.
    tol : float
        Smallest improvement that counts against patience (the best weights take any improvement).
    restore_best : bool
        End with the weights of the best epoch. Only a number measured on validation rows belongs to the weights at an
        epoch's end (the train error is that of weights on the move), so with "train_error" the last weights are kept.
    against_best : bool
        Improvement that counts against patience is one by at least ``tol`` on the best epoch so far, as scikit-learn
        has it; False: by more than ``tol`` on the last one that counted.
    """

    monitor: str = "train_error"
    greater_is_better: bool = False
    patience: int | None = None
    tol: float = 0.0
    restore_best: bool = True
    against_best: bool = False

    @property
    def keeps_best(self) -> bool:
        """Whether the weights of the best epoch are kept."""
        return self.restore_best and self.monitor != "train_error"

    def improves(self, score: float, reference: float | None, *, tol: float = 0.0) -> bool:
        """Return whether ``score`` is better than ``reference`` by more than ``tol``."""
        if reference is None:
            return True
        return (score - reference if self.greater_is_better else reference - score) > tol

    def ends_waiting(self, score: float, *, best: float | None, last: float | None) -> bool:
        """Return whether ``score`` counts against patience: given the best so far, and the last that did."""
        if not self.against_best or best is None:
            return self.improves(score, last, tol=self.tol)
        return score >= best + self.tol if self.greater_is_better else score <= best - self.tol


@dataclass(frozen=True)
class Recipe:
    """Everything that decides how a network is trained.

    Parameters
    ----------
    optimizer : Optimizer or LBFGS
    learning_rate : float
        η before the schedule. L-BFGS has none.
    schedule : Schedule
    penalty : Schedule
        Of the penalty's strength.
    mean_over_rows : bool
        An epoch's error is the mean of its steps' errors by their numbers of rows, as scikit-learn has it; False: by
        their sums of row weights, which makes it a mean over the rows by weight.
    epochs : int
        At most this many (for L-BFGS: iterations).
    settings : Settings
        Batch size, seed, shuffling, clipping, threads.
    stopping : Stopping
    max_recoveries : int
        How often a diverging run goes back to the last finite state with half the learning rate before it is an error.
    time_limit : float or None
        Seconds after which training ends with what it has.

    Raises
    ------
    ParameterError
        If the learning rate is not positive and finite, ``epochs`` is below 1, or something has no effect with L-BFGS.
    """

    optimizer: Optimizer | LBFGS = field(default_factory=Adam)
    learning_rate: float = 1e-3
    schedule: Schedule = field(default_factory=Constant)
    penalty: Schedule = field(default_factory=Constant)
    mean_over_rows: bool = False
    epochs: int = 200
    settings: Settings = field(default_factory=lambda: Settings(batch_size=256))
    stopping: Stopping = field(default_factory=Stopping)
    max_recoveries: int = 0
    time_limit: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.learning_rate < np.inf:
            raise ParameterError(f"learning_rate must be positive and finite, got {self.learning_rate!r}.")
        if self.epochs < 1:
            raise ParameterError(f"epochs must be at least 1, got {self.epochs!r}.")
        if isinstance(self.optimizer, LBFGS):
            idle = {
                "schedule": self.schedule != Constant(),
                "max_gradient_norm": self.settings.max_gradient_norm is not None,
            }
            for name in (name for name, given in idle.items() if given):
                raise ParameterError(f"{name} has no effect with lbfgs; leave it out or choose another optimizer.")

    def for_rows(self, source: Source) -> "Recipe":
        """Return the recipe of a training on these rows: its schedules know them then."""
        return replace(
            self,
            schedule=self.schedule.for_rows(source, self.settings),
            penalty=self.penalty.for_rows(source, self.settings),
        )

    def without_rows(self) -> "Recipe":
        """Return the recipe without anything as long as the rows: an order is drawn again when it is asked for."""
        settings = replace(self.settings, order=copy(self.settings.order))
        return replace(
            self,
            settings=settings,
            schedule=self.schedule.for_rows(None, settings),
            penalty=self.penalty.for_rows(None, settings),
        )

    def rates(self, steps: NDArray[np.float64], clock: Clock, factor: float) -> NDArray[np.float64]:
        """Return the learning rate (T,) at the steps t (T,), counted from 0; ``factor`` scales it."""
        return self.learning_rate * factor * self.schedule.factors(steps, clock)

    def plan(self, first_step: int, n_steps: int, clock: Clock, factor: float) -> StepPlan:
        """Return the plan of ``n_steps`` steps from ``first_step`` on; ``factor`` scales the learning rate."""
        optimizer = self.optimizer
        assert isinstance(optimizer, Optimizer), "lbfgs takes no planned steps"
        steps, ones = np.arange(first_step, first_step + n_steps, dtype=np.float64), np.ones(n_steps)
        return StepPlan(
            learning_rate=self.rates(steps, clock, factor),
            momentum=np.full(n_steps, optimizer.momentum),
            weight_decay=np.full(n_steps, optimizer.weight_decay),
            dropout=ones,
            penalty=self.penalty.factors(steps, clock),
        )
