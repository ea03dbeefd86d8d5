"""The examination of a case: what rules ask for, measured once and shared."""

from collections.abc import Iterator
from dataclasses import replace
from functools import cached_property
from itertools import takewhile
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Batch, Source
from chainrule.glassbox.doctor.base_rate import base_error, least_error
from chainrule.glassbox.doctor.case import Case
from chainrule.glassbox.doctor.columns import Columns, columns_of_source, spread_rows
from chainrule.glassbox.doctor.cure import Training
from chainrule.glassbox.doctor.failure import Failure, find_failure
from chainrule.glassbox.doctor.passes import Numbers, SamplePass
from chainrule.glassbox.doctor.probe import Probe
from chainrule.glassbox.names import Names
from chainrule.glassbox.step import Step
from chainrule.network import CrossEntropy, LogLoss, Network
from chainrule.training import LBFGS, Recipe, Stopping

__all__ = ["Examination"]

SAMPLE_ROWS = 512
MOST_PROBES = 11
MOST_LBFGS_PROBES = 4  # every one of them may take a descent of its own


class Examination:
    """What is measured of a case.

    Parameters
    ----------
    case : Case
    """

    def __init__(self, case: Case) -> None:
        self.case, self.run = case, case.run
        self._probes: dict[int, Probe] = {}

    @property
    def network(self) -> Network:
        """What was trained."""
        return self.run.network

    @property
    def source(self) -> Source:
        """The training rows."""
        return self.run.source

    @property
    def recipe(self) -> Recipe:
        """How it was trained."""
        return self.run.record.recipe

    @cached_property
    def names(self) -> Names:
        """What layers, neurons and inputs are called."""
        return self.run.names

    @property
    def is_lbfgs(self) -> bool:
        """Whether the optimizer chose its own step lengths."""
        return isinstance(self.recipe.optimizer, LBFGS)

    @property
    def has_classes(self) -> bool:
        """Whether the rows are of one class each."""
        loss = self.network.loss
        return isinstance(loss, CrossEntropy) or (isinstance(loss, LogLoss) and self.network.n_outputs == 1)

    @cached_property
    def sample_rows(self) -> NDArray[np.int64]:
        """The rows (m,) that all probes share, evenly spread over the training rows."""
        return spread_rows(self.source.n_rows, SAMPLE_ROWS)

    @cached_property
    def sample(self) -> Batch:
        """These rows, in float64."""
        return _as_float64(self.source.take(self.sample_rows))

    @property
    def steps(self) -> list[int]:
        """Numbers of the steps that are looked at: the first, the last, and some between, more of them early."""
        first, stop = self.run.first_step, self.run.n_steps
        if stop == first:
            return []
        if self.is_lbfgs:
            return sorted({int(s) for s in np.linspace(first, stop - 1, MOST_LBFGS_PROBES).round()})
        early = [first, min(first + 1, stop - 1), first + (stop - 1 - first) // 16]
        return sorted({*early, *(int(s) for s in np.linspace(first, stop - 1, MOST_PROBES - 2).round())})

    def probe(self, step: int) -> Probe:
        """Open a step; it is opened once."""
        if step not in self._probes:
            self._probes[step] = Probe(self.run.step(step), self.sample)
        return self._probes[step]

    @cached_property
    def probes(self) -> tuple[Probe, ...]:
        """The steps that are looked at, up to the first whose numbers are not finite."""
        return tuple(takewhile(lambda probe: probe.is_finite, map(self.probe, self.steps)))

    @property
    def first(self) -> Probe | None:
        """The run's first step, if the run began there and it is finite."""
        begins = self.probes and self.run.first_step == 0
        return self.probes[0] if begins else None

    def early(self) -> tuple[Probe, ...]:
        """Return the probes of the first third of the run."""
        limit = self.run.first_step + (self.run.n_steps - self.run.first_step) / 3
        return tuple(probe for probe in self.probes if probe.index <= limit)

    def late(self) -> tuple[Probe, ...]:
        """Return the probes of the last two thirds."""
        return tuple(probe for probe in self.probes if probe not in self.early())

    def opened(self, steps: range, n_steps: int) -> Iterator[Probe]:
        """Yield ``n_steps`` of a range of steps, evenly spread, or all there are, opened."""
        chosen = spread_rows(len(steps), n_steps).tolist() if len(steps) else []
        yield from (Probe(self.run.step(steps[i]), self.sample) for i in chosen)

    @cached_property
    def base_error(self) -> float:
        """E of the best answer that does not look at the inputs, on the sample."""
        return base_error(self.network, self.sample)

    @cached_property
    def scale(self) -> float:
        """What errors are measured in: the base error, above a perfect fit's; at least ln 2 where one class is rare."""
        least = np.log(2.0) if self.has_classes else np.finfo(np.float64).tiny
        return max(self.base_error - least_error(self.network, self.sample), float(least))

    @cached_property
    def kept(self) -> SamplePass:
        """The sample's passes with the weights that training returned."""
        return self.passes_at(self.run.kept_step)

    def passes_at(self, step: int) -> SamplePass:
        """Return the sample's passes with the weights before a step."""
        return SamplePass(self.network, self.run.weights_before(step).astype(np.float64), self.sample)

    @cached_property
    def remaining(self) -> float:
        """What training left of the base error: 0 is a perfect fit, 1 no better than the base rate."""
        return 1.0 + (self.kept.error - self.base_error) / self.scale

    @cached_property
    def train_errors(self) -> Numbers:
        """Train error of every epoch (E,)."""
        return np.array([row["train_error"] for row in self.case.history], dtype=np.float64)

    @cached_property
    def validation_errors(self) -> Numbers:
        """Validation error of every epoch (E,), NaN where there is none."""
        return np.array([row["validation_error"] for row in self.case.history], dtype=np.float64)

    @property
    def is_validated(self) -> bool:
        """Whether every epoch has a validation error, and there is more than one."""
        errors = self.validation_errors
        return len(errors) > 1 and bool(np.isfinite(errors).all())

    @cached_property
    def failure(self) -> Failure | None:
        """The first step that was not finite, if there was one."""
        return find_failure(self.case)

    @cached_property
    def inputs(self) -> Columns | None:
        """The network's inputs as columns; None where there are too many."""
        names = self.names.sources(self.names.dense[0])[:-1]
        return columns_of_source(self.source, names, self.run.rows, is_classes=self.has_classes)

    @property
    def columns(self) -> Columns | None:
        """The table's columns as given, where they are at hand; else the network's inputs."""
        return self.inputs if self.case.columns is None else self.case.columns

    def open(self, step: int) -> Step:
        """Open a step, also the one that was not finite."""
        if self.failure is not None and step == self.failure.step:
            return self.failure.open(self.run)
        return self.run.step(step)

    def row_numbers(self, chosen: NDArray[Any]) -> list[int]:
        """Return the numbers in the table of rows of the sample, by position."""
        return [int(row) for row in self.run.rows[self.sample_rows[chosen]]]

    def training(self) -> Training:
        """Return what the run is a function of, from its first step on; when it stops is left open."""
        return Training(
            network=self.network,
            source=self.source,
            recipe=replace(self.recipe, stopping=Stopping(), max_recoveries=0),
            weights=self.run.weights_before(self.run.first_step),
            validation=self.case.validation,
        )


def _as_float64(batch: Batch) -> Batch:
    target = batch.target if batch.target.dtype.kind in "iu" else batch.target.astype(np.float64)
    weight = None if batch.weight is None else batch.weight.astype(np.float64)
    return Batch(batch.numbers.astype(np.float64), target, weight)
