"""What scikit-learn's networks do to the learning rate and the penalty from step to step, as schedules."""

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import RowOrder, Settings, Source
from chainrule.training.schedules import Clock, Schedule

__all__ = ["FOREIGN_SCHEDULES", "BiasCorrection", "InverseScalingByRows", "PenaltyOfBatch"]

Factors = NDArray[np.float64]


@dataclass(frozen=True)
class BiasCorrection(Schedule):
    """√(1 − β₂ᵗ) / (1 − β₁ᵗ) times another schedule, t counting from 1: Adam's correction inside the learning rate.

    Parameters
    ----------
    schedule : Schedule
        The other one.
    beta_1, beta_2 : float
        Adam's.
    steps_before : int
        Steps that the optimizer had taken before this training.

    References
    ----------
    Kingma & Ba, "Adam: a method for stochastic optimization", ICLR 2015, end of section 2.
    """

    kind: ClassVar[str] = "bias_correction"
    schedule: Schedule
    beta_1: float
    beta_2: float
    steps_before: int = 0

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        t = self.steps_before + steps + 1.0
        correction = np.sqrt(1.0 - self.beta_2**t) / (1.0 - self.beta_1**t)
        return np.asarray(correction * self.schedule.factors(steps, clock))

    def to_config(self) -> dict[str, Any]:
        """Return the kind and the settings as plain values, those of the other schedule among them."""
        return super().to_config() | {"schedule": self.schedule.to_config()}


@dataclass(frozen=True)
class InverseScalingByRows(Schedule):
    """(rows seen + 1)^−power, rows seen being counted at the ends of epochs: scikit-learn's "invscaling".

    Parameters
    ----------
    power : float
    rows : int
        Rows of an epoch.
    rows_before : int
        Rows seen before this training.
    first : float
        The factor of the first epoch.
    """

    kind: ClassVar[str] = "inverse_scaling_by_rows"
    power: float
    rows: int
    rows_before: int = 0
    first: float = 1.0

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        return self.after_epochs(steps // clock.steps_per_epoch)

    def after_epochs(self, epochs: Factors) -> Factors:
        """Return the factor once these numbers of epochs are over."""
        scaled = (self.rows_before + epochs * self.rows + 1.0) ** -self.power
        return np.where(epochs == 0, self.first, scaled)


@dataclass(frozen=True)
class PenaltyOfBatch(Schedule):
    """1 / the sum of the row weights of the step's batch: scikit-learn's alpha means less for a larger batch.

    It is a function of the rows, which a training tells it (``for_rows``).

    Parameters
    ----------
    n_rows, batch_size : int
        0 until it is told.
    weight : array (N,) or None
        The rows' weights; None means 1 for each.
    order : RowOrder or None
        In which order an epoch takes the rows; None for their own.
    """

    kind: ClassVar[str] = "penalty_of_batch"
    n_rows: int = 0
    batch_size: int = 0
    weight: NDArray[np.floating] | None = None
    order: RowOrder | None = None

    def to_config(self) -> dict[str, Any]:
        """Return the kind: the rest is the rows'."""
        return {"kind": self.kind}

    def for_rows(self, source: Source | None, settings: Settings) -> "PenaltyOfBatch":
        """Return the schedule of a training on these rows; without any, the one that knows none."""
        if source is None:
            return PenaltyOfBatch()
        return replace(
            self, n_rows=source.n_rows, batch_size=settings.batch_size, weight=source.weight, order=settings.order
        )

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``. A batch without weight, which is passed over, has 1."""
        epochs, positions = np.divmod(steps.astype(np.int64), clock.steps_per_epoch)
        if self.weight is None:
            return np.asarray(1.0 / np.minimum(self.batch_size, self.n_rows - positions * self.batch_size))
        sums = self._sums(int(epochs[0]), int(epochs[-1] - epochs[0]) + 1)[epochs - epochs[0], positions]
        return np.asarray(1.0 / np.where(sums == 0, 1.0, sums))

    def _sums(self, first: int, n_epochs: int) -> Factors:
        """Return the sum of the weights of each batch of some epochs, (n_epochs, n_batches)."""
        assert self.weight is not None
        weight = self.weight.astype(np.float64, copy=False)
        starts = np.arange(0, self.n_rows, self.batch_size)
        if self.order is None:
            return np.tile(np.add.reduceat(weight, starts), (n_epochs, 1))
        sums: Factors = np.add.reduceat(weight[self.order.of_epochs(first, n_epochs)], starts, axis=1)
        return sums


FOREIGN_SCHEDULES: dict[str, type[Schedule]] = {
    cls.kind: cls for cls in (BiasCorrection, InverseScalingByRows, PenaltyOfBatch)
}
"""These schedules by name."""
