"""The learning rate range test: steps from the run's start at a rate that grows, until the error does."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import StepPlan, open_session
from chainrule.errors import ParameterError
from chainrule.glassbox.sampling import with_progress
from chainrule.training import Optimizer

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun

__all__ = ["RangeTest", "range_test"]

Numbers = NDArray[np.float64]

SMOOTHING = 0.9
EXPLODED = 4.0  # times the lowest error
DECADES = 2.0  # of rates over which a fall is measured
FEWEST = 3  # errors that a fall is measured by
TINY = 1e-9  # decades: rounding
PIECE = 10  # steps between two looks at the error


@dataclass(frozen=True, eq=False)
class RangeTest:
    """What the test saw.

    Parameters
    ----------
    rates : array (T,)
        The learning rate of each step.
    errors : array (T,)
        E of the step's minibatch, before the step.
    smoothed : array (T,)
        A fading mean of the errors, freed of its start at 0.
    """

    rates: Numbers
    errors: Numbers
    smoothed: Numbers

    @property
    def steepest(self) -> float | None:
        """The rate about which the error falls fastest, before the smoothed one is lowest; None if it does not fall.

        The fall is that of a straight line through the errors of two decades of rates (of all, where there are fewer):
        minibatches differ, and from one step to the next their error says little. A fall that is less than twice the
        errors' scatter about the line is none.
        """
        stop = int(np.argmin(self.smoothed)) + 1
        decades, errors = np.log10(self.rates[:stop]), self.errors[:stop]
        half = min(DECADES, decades[-1] - decades[0]) / 2
        inner = (decades >= decades[0] + half - TINY) & (decades <= decades[-1] - half + TINY)
        steepest, found = 0.0, None
        for middle in decades[inner]:
            near = np.abs(decades - middle) <= half + TINY
            if near.sum() < FEWEST:
                continue
            slope, height = np.polyfit(decades[near] - middle, errors[near], 1)
            scatter = float(np.std(errors[near] - height - slope * (decades[near] - middle)))
            if slope < steepest and -2 * half * slope > 2 * scatter:
                steepest, found = slope, float(10.0**middle)
        return found


def range_test(run: "RecordedRun", *, least: float = 1e-7, greatest: float = 10.0, n_steps: int = 100) -> RangeTest:
    """Train from the run's start with its optimizer and minibatches, the rate growing by a factor from step to step.

    It ends when the smoothed error is four times its lowest, or not finite (Smith, "Cyclical learning rates for
    training neural networks", WACV 2017, with the growth and the end of fast.ai's). The run itself is left as it is.

    Parameters
    ----------
    run : RecordedRun
    least, greatest : float
        Learning rates of the first and the last step.
    n_steps : int
        At least 2.

    Raises
    ------
    ParameterError
        If the run is one of lbfgs, which has no learning rate, or a parameter breaks its rule.
    ReplayError
        If the run cannot be repeated as it was.
    """
    optimizer = run.record.recipe.optimizer
    if not isinstance(optimizer, Optimizer):
        raise ParameterError("a range test has no effect with lbfgs, which has no learning rate; use another solver.")
    if not 0 < least < greatest < np.inf:
        raise ParameterError(f"least and greatest must be 0 < least < greatest, got {least!r} and {greatest!r}.")
    if isinstance(n_steps, bool) or not isinstance(n_steps, int) or n_steps < 2:
        raise ParameterError(f"n_steps must be an int of at least 2, got {n_steps!r}.")
    rates = np.geomspace(least, greatest, n_steps)
    errors = _errors(run, optimizer, rates)
    smoothed = _smoothed(errors)
    n_kept = _end(errors, smoothed)
    return RangeTest(rates[:n_kept], errors[:n_kept], smoothed[:n_kept])


def _errors(run: "RecordedRun", optimizer: Optimizer, rates: Numbers) -> Numbers:
    """Return the errors of the steps, up to the first that is not finite or the end of the test."""
    weights, record = run.weights_before(run.first_step), run.record
    vectors = tuple(np.zeros_like(weights) for _ in range(optimizer.n_vectors))
    plan = replace(record.recipe.plan(0, len(rates), record.clock, 1.0), learning_rate=rates)
    session = open_session(
        run.network, run.source, optimizer, record.recipe.settings, weights=weights, vectors=vectors, engine="auto"
    )
    errors = np.empty(0)
    try:
        for start in with_progress(range(0, len(rates), PIECE), "range test"):
            part: StepPlan = plan.part(start, min(start + PIECE, len(rates)))
            report = session.run(start, part)
            errors = np.concatenate([errors, report.error])
            if not report.finite or _end(errors, _smoothed(errors)) < len(errors):
                break
    finally:
        session.close()
    return errors


def _smoothed(errors: Numbers) -> Numbers:
    mean, found = 0.0, []
    for t, error in enumerate(errors, 1):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * float(error)
        found.append(mean / (1 - SMOOTHING**t))
    return np.array(found)


def _end(errors: Numbers, smoothed: Numbers) -> int:
    """Return how many steps belong to the test."""
    lowest = np.minimum.accumulate(smoothed)
    over = ~np.isfinite(errors) | (smoothed - lowest > (EXPLODED - 1) * np.abs(lowest))
    return int(np.argmax(over)) if over.any() else len(errors)
