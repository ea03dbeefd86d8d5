"""Oscillation: the error goes up and down from epoch to epoch instead of down."""

import numpy as np

from chainrule.glassbox.doctor.changes import less_momentum
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.passes import Numbers
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "oscillation"
FEWEST_EPOCHS = 8
CLEAR = 0.04  # base errors that the error rises by, over epochs in a row, before it falls again
OFTEN = 3  # such rises after the first quarter of the run
BACK = 0.3  # base errors of all of them together
MOSTLY = 0.5  # of the epochs after the first quarter the error is clearly above the best so far


def look(examination: Examination) -> Finding | None:
    """Return a finding if, after the first quarter, the train error rises clearly again and again.

    It is a notice where the error soon falls back to the best so far each time: training gets where it should.
    """
    errors = examination.train_errors
    begin = len(errors) // 4
    late = errors[begin:] / examination.scale
    if len(errors) < FEWEST_EPOCHS or not np.isfinite(late).all():
        return None
    rises = _rises(late)
    rises = rises[rises > CLEAR]
    if len(rises) < OFTEN or rises.sum() < BACK:
        return None
    epoch = begin + int(np.diff(late).argmax()) + 1
    best = np.minimum.accumulate(errors)[begin:] / examination.scale
    above = float(np.mean(late - best > CLEAR))
    return Finding(
        rule=NAME,
        level=Level.FAULT if not examination.remaining < 0.9 else Level.WARNING if above > MOSTLY else Level.NOTICE,
        symptom=f"the error rises {len(rises)} times after epoch {begin}, by {rises.mean():.2g} base errors each time, "
        f"and is above the best so far in {above:.0%} of the epochs",
        evidence=Evidence(
            step=int(examination.case.history[epoch]["step"]) - 1,
            numbers={"epoch of the steepest rise": epoch + 1, "rises": len(rises), "mean rise": float(rises.mean())},
        ),
        cause="steps run to and fro across a valley: much momentum, a large learning rate, or a few rows to a batch",
        cure=Cure("Lower the momentum to 0.5, or the learning rate to a third.", less_momentum),
    )


def _rises(errors: Numbers) -> Numbers:
    """Return by how much the error rises each time before it falls again."""
    turns = np.flatnonzero(np.diff(np.sign(np.diff(errors))) != 0) + 1
    ends = errors[[0, *turns, len(errors) - 1]]
    steps = np.diff(ends)
    return np.asarray(steps[steps > 0])


RULE = RunRule(name=NAME, explains=("stopped_too_late", "stopped_too_early"), look=look)
