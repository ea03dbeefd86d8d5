"""A probe: one step of the run, opened, beside both passes of a sample of rows before and after it."""

from functools import cached_property

import numpy as np

from chainrule.engine import Batch
from chainrule.glassbox.doctor.passes import Numbers, SamplePass
from chainrule.glassbox.step import Step

__all__ = ["Probe"]


class Probe:
    """What rules ask of a step.

    Parameters
    ----------
    step : Step
    sample : Batch
        Training rows in float64, the same for all probes.
    """

    def __init__(self, step: Step, sample: Batch) -> None:
        self.step, self._sample = step, sample

    @property
    def index(self) -> int:
        """The step's number."""
        return self.step.index

    @cached_property
    def before(self) -> SamplePass:
        """The sample's passes with the weights before the step."""
        return SamplePass(self.step.moment.network, self.step.weights, self._sample)

    @cached_property
    def after(self) -> SamplePass:
        """The sample's passes with the weights after it."""
        return SamplePass(self.step.moment.network, self.step.descent.after, self._sample)

    @property
    def is_finite(self) -> bool:
        """Whether error and gradient of the sample are."""
        return bool(np.isfinite(self.before.error) and np.isfinite(self.before.backward.gradient).all())

    @cached_property
    def overshoot(self) -> float:
        """Where the step ends on the parabola that the batch's slopes before and after it make.

        −1: it did not move; 0: at the bottom; 1: as far beyond; above 1: higher than where it began. NaN where the step
        began uphill, as momentum may, and a parabola says nothing (Schneider, Dangel, Hennig, "Cockpit", NeurIPS 2021).
        """
        step, moment = self.step, self.step.moment
        change = step.descent.change
        slope = float(step.backward_pass.gradient @ change)
        if not slope < 0:
            return float("nan")
        with np.errstate(all="ignore"):
            there = moment.network.forward(step.descent.after, step.inputs, moment.context)
            weight = moment.batch.weight
            passed = moment.network.backward(
                step.descent.after,
                there,
                moment.batch.target,
                None if weight is None else weight.astype(np.float64),
                **moment.scales,
            )
            return float(-(passed.gradient @ change) / slope)

    @property
    def own_rise(self) -> float:
        """By how much E of the step's own batch rose."""
        return -self.step.actual_drop

    @property
    def sample_rise(self) -> float:
        """By how much E of the sample rose."""
        return self.after.error - self.before.error

    @cached_property
    def update_ratio(self) -> float:
        """‖Δw‖/‖w‖ over all weights."""
        norm = float(np.linalg.norm(self.step.weights))
        return float(np.linalg.norm(self.step.descent.change)) / norm if norm > 0 else float("nan")

    @property
    def signal_to_noise(self) -> float:
        """‖g‖²·n/trace: the squared signal of a batch of n rows over its noise (McCandlish et al. 2018)."""
        noise = self.before.noise
        gradient: Numbers = self.before.backward.gradient
        n_rows = len(self.step.moment.rows)
        return float("inf") if noise == 0 else n_rows * float(gradient @ gradient) / noise
