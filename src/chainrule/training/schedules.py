"""Learning-rate schedules: factors on the learning rate, one a step.

A schedule is a function of the step's number t and of a clock, which knows how long the training will be. It is Python
and ends in the step plan; engines only read the values. ``ReduceOnPlateau`` and ``DivideWhenPatienceEnds`` also listen
to the monitored score.
"""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Settings, Source
from chainrule.errors import ParameterError

__all__ = [
    "SCHEDULES",
    "Clock",
    "Constant",
    "CosLog4",
    "Cosine",
    "DivideWhenPatienceEnds",
    "FlatCosine",
    "InverseScaling",
    "OneCycle",
    "ReduceOnPlateau",
    "Schedule",
    "StepDecay",
    "WarmUp",
]

Factors = NDArray[np.float64]


class Clock(NamedTuple):
    """How long a training is: steps in an epoch, and steps in all."""

    steps_per_epoch: int
    n_steps: int


def _require(ok: bool, schedule: "Schedule", name: str, rule: str) -> None:
    if not ok:
        raise ParameterError(f"{name} of schedule {schedule.kind!r} must be {rule}, got {getattr(schedule, name)!r}.")


@dataclass(frozen=True)
class Schedule:
    """Base of the schedules."""

    kind: ClassVar[str]

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factor (T,) on the learning rate at the steps t (T,), counted from 0."""
        raise NotImplementedError

    def for_rows(self, source: Source | None, settings: Settings) -> "Schedule":
        """Return the schedule for a training on some rows, or, for None, without any: most do not depend on them."""
        return self

    def to_config(self) -> dict[str, Any]:
        """Return the kind and the settings as plain values."""
        return {"kind": self.kind, **asdict(self)}


@dataclass(frozen=True)
class Constant(Schedule):
    """Always 1."""

    kind: ClassVar[str] = "constant"

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        return np.ones_like(steps)


@dataclass(frozen=True)
class InverseScaling(Schedule):
    """1 / (1 + t)^power."""

    kind: ClassVar[str] = "inverse_scaling"
    power: float = 0.5

    def __post_init__(self) -> None:
        _require(0 <= self.power < np.inf, self, "power", "at least 0")

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        return (1.0 + steps) ** -self.power


@dataclass(frozen=True)
class StepDecay(Schedule):
    """``factor`` to the number of times that ``epochs`` epochs have passed."""

    kind: ClassVar[str] = "step"
    epochs: int = 30
    factor: float = 0.1

    def __post_init__(self) -> None:
        _require(self.epochs >= 1, self, "epochs", "at least 1")
        _require(0 < self.factor <= 1, self, "factor", "above 0 and at most 1")

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        return np.asarray(self.factor ** (steps // (self.epochs * clock.steps_per_epoch)))


@dataclass(frozen=True)
class Cosine(Schedule):
    """Half a cosine down to ``floor``: floor + (1 − floor)·(1 + cos πs)/2, s = t/T (Loshchilov & Hutter 2017)."""

    kind: ClassVar[str] = "cosine"
    floor: float = 0.0

    def __post_init__(self) -> None:
        _require(0 <= self.floor < 1, self, "floor", "at least 0 and below 1")

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        return self.floor + (1.0 - self.floor) * 0.5 * (1.0 + np.cos(np.pi * steps / clock.n_steps))


@dataclass(frozen=True)
class OneCycle(Schedule):
    """Half a cosine up from ``start`` to 1 over the first ``rise`` of the training, then half a cosine down to ``end``.

    Smith & Topin, "Super-convergence", 2018, in the cosine form of fast.ai.
    """

    kind: ClassVar[str] = "one_cycle"
    rise: float = 0.25
    start: float = 0.04
    end: float = 1e-4

    def __post_init__(self) -> None:
        _require(0 < self.rise < 1, self, "rise", "above 0 and below 1")
        _require(0 <= self.start <= 1, self, "start", "between 0 and 1")
        _require(0 <= self.end <= 1, self, "end", "between 0 and 1")

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        share = steps / clock.n_steps
        up = self.start + (1.0 - self.start) * 0.5 * (1.0 - np.cos(np.pi * share / self.rise))
        down = self.end + (1.0 - self.end) * 0.5 * (1.0 + np.cos(np.pi * (share - self.rise) / (1.0 - self.rise)))
        return np.where(share < self.rise, up, down)


@dataclass(frozen=True)
class WarmUp(Schedule):
    """Linear from 1/n to 1 over the first n = ``epochs``·steps-per-epoch steps (at most all of them), then 1."""

    kind: ClassVar[str] = "warm_up"
    epochs: float = 5.0

    def __post_init__(self) -> None:
        _require(0 < self.epochs < np.inf, self, "epochs", "positive")

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        n_warm = min(max(self.epochs * clock.steps_per_epoch, 1.0), clock.n_steps)
        return np.minimum((steps + 1.0) / n_warm, 1.0)


@dataclass(frozen=True)
class CosLog4(Schedule):
    """Four cosine waves, each twice as long as the one before: (1 − cos(2π·log₂(1 + 15s)))/2, s = t/T.

    Holzmüller, Grinsztajn, Steinwart, "Better by default", NeurIPS 2024.
    """

    kind: ClassVar[str] = "coslog4"

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        return 0.5 * (1.0 - np.cos(2.0 * np.pi * np.log2(1.0 + 15.0 * steps / clock.n_steps)))


@dataclass(frozen=True)
class FlatCosine(Schedule):
    """1 for the first half, then half a cosine to 0: (1 + cos(π(2s − 1)))/2, s = t/T (Holzmüller et al. 2024)."""

    kind: ClassVar[str] = "flat_cosine"

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        return 0.5 * (1.0 + np.cos(np.pi * np.maximum(2.0 * steps / clock.n_steps - 1.0, 0.0)))


@dataclass(frozen=True)
class ReduceOnPlateau(Schedule):
    """1, times ``factor`` each time the monitored score has not improved for ``patience`` epochs, down to ``floor``.

    What has happened so far is part of the training state (``plateau_epochs``, ``plateau_factor``), not of this object.
    """

    kind: ClassVar[str] = "reduce_on_plateau"
    factor: float = 0.3
    patience: int = 5
    floor: float = 1e-4

    def __post_init__(self) -> None:
        _require(0 < self.factor < 1, self, "factor", "above 0 and below 1")
        _require(self.patience >= 1, self, "patience", "at least 1")
        _require(0 <= self.floor < 1, self, "floor", "at least 0 and below 1")

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        return np.ones_like(steps)


@dataclass(frozen=True)
class DivideWhenPatienceEnds(Schedule):
    """1, divided by ``divisor`` each time patience ends; training stops where the learning rate is ``least`` by then.

    scikit-learn's "adaptive". What has happened so far is the training state's ``plateau_factor``.
    """

    kind: ClassVar[str] = "divide_when_patience_ends"
    divisor: float = 5.0
    least: float = 1e-6

    def __post_init__(self) -> None:
        _require(1 < self.divisor < np.inf, self, "divisor", "above 1")
        _require(0 <= self.least < np.inf, self, "least", "at least 0")

    def factors(self, steps: Factors, clock: Clock) -> Factors:
        """Return the factors; see ``Schedule.factors``."""
        return np.ones_like(steps)

    def next_factor(self, factor: float, learning_rate: float) -> float | None:
        """Return the factor after ``factor``, or None where the learning rate is no larger than ``least``."""
        rate = learning_rate
        for _ in range(round(-np.log(factor) / np.log(self.divisor))):  # divided again and again, as in scikit-learn:
            rate /= self.divisor  # the last bit may decide
        return None if rate <= self.least else rate / self.divisor / learning_rate


SCHEDULES: dict[str, type[Schedule]] = {
    cls.kind: cls
    for cls in (
        Constant,
        InverseScaling,
        StepDecay,
        Cosine,
        OneCycle,
        WarmUp,
        CosLog4,
        FlatCosine,
        ReduceOnPlateau,
    )
}
"""Schedules by name."""
