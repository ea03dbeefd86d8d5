"""Plateau or saddle: the error stands still where it is not at its lowest, for want of a slope."""

import numpy as np

from chainrule.glassbox.doctor.changes import fresh_weights
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.curvature import extreme_curvatures
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "plateau"
FEWEST_EPOCHS = 10
LONG = 0.3  # of the epochs
FLAT = 0.02  # base errors that a flat stretch goes down
LEFT = 0.7  # of the base error that is left there
SLOPE = 0.3  # base errors that a way as long as w would take off, were the slope to last
DOWNWARD = 0.02  # least curvature over the largest: below minus this there is a way down


def look(examination: Examination) -> Finding | None:
    """Return a finding if the error stood still high up for a third of the run, where it is level and curves downwards.

    Where there is a slope, steps were too short or too noisy to go down it: other rules. Where it curves upwards only,
    it is a minimum: the network can do no better.
    """
    stretch = _flat_stretch(examination)
    if stretch is None:
        return None
    begin, end = stretch
    step = int(examination.case.history[(begin + end) // 2]["step"])
    passes = examination.passes_at(min(step, examination.run.n_steps - 1))
    norm = float(np.linalg.norm(passes.backward.gradient))
    if norm * float(np.linalg.norm(passes.weights)) > SLOPE * examination.scale:
        return None
    low, high = extreme_curvatures(passes)
    if low > -DOWNWARD * max(high, 0.0) and high > 0:
        return None
    return Finding(
        rule=NAME,
        level=Level.FAULT if end == len(examination.case.history) - 1 else Level.WARNING,
        symptom=f"from epoch {begin + 1} to {end + 1} of {len(examination.case.history)} the error stood still, high "
        "up and with a way down",
        evidence=Evidence(
            step=min(step, examination.run.n_steps - 1),
            numbers={"‖g‖": norm, "least curvature": low, "largest curvature": high},
        ),
        cause="a saddle: the gradient is small, and the surface curves up in some directions and down in others",
        cure=Cure(
            "Begin from other weights (random_state), or use an optimizer that scales its steps (adamw).", fresh_weights
        ),
    )


def _flat_stretch(examination: Examination) -> tuple[int, int] | None:
    """Return first and last epoch of the longest stretch in which the error was high and hardly moved."""
    errors = (examination.train_errors - examination.base_error) / examination.scale + 1.0
    if len(errors) < FEWEST_EPOCHS or not np.isfinite(errors).all():
        return None
    best, begin = (0, 0), 0
    for i in range(len(errors)):
        while errors[begin : i + 1].max() - errors[begin : i + 1].min() > FLAT:
            begin += 1
        if errors[i] > LEFT and i - begin > best[1] - best[0]:
            best = (begin, i)
    return best if best[1] - best[0] + 1 >= LONG * len(errors) else None


RULE = RunRule(name=NAME, explains=("stopped_too_early",), look=look)
