"""Learning rate too small: every step goes downhill, and hardly any way."""

import numpy as np

from chainrule.glassbox.doctor.changes import learning_rate_times
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "learning_rate_too_small"
HARDLY = -0.9  # overshoot: the step went less than a tenth of the way to the bottom
TINY = 1e-3  # ‖Δw‖/‖w‖; about 1e-3 is healthy
TRAVELLED = 0.1  # way of all steps together, in lengths of w


def look(examination: Examination) -> Finding | None:
    """Return a finding if the steps together went nowhere, each stayed short of the bottom, and much error is left."""
    probes = examination.probes
    if examination.is_lbfgs or len(probes) < 3:
        return None
    ratio = float(np.nanmedian([p.update_ratio for p in probes]))
    overshoots = [p.overshoot for p in probes if np.isfinite(p.overshoot)]
    n_steps = examination.run.n_steps - examination.run.first_step
    start, end = probes[0].before.error, examination.kept.error
    improved = (start - end) / examination.scale
    is_short = bool(overshoots) and float(np.median(overshoots)) < HARDLY and ratio < TINY
    if not is_short or ratio * n_steps > TRAVELLED or examination.remaining < 0.5:
        return None
    probe = probes[len(probes) // 2]
    return Finding(
        rule=NAME,
        level=Level.FAULT if examination.remaining > 0.9 else Level.WARNING,
        symptom=f"a step changes the weights by {ratio:.2g} of their size; all {n_steps} steps together took "
        f"{improved:.2g} base errors off",
        evidence=Evidence(
            step=probe.index,
            numbers={
                "learning rate": float(probe.step.moment.plan.learning_rate[0]),
                "‖Δw‖/‖w‖": ratio,
                "overshoot (−1: no way, 0: the bottom)": float(np.median(overshoots)),
            },
        ),
        cause="the step against the gradient is far shorter than the valley is wide",
        cure=Cure("Multiply the learning rate by 100, or use adamw.", learning_rate_times(100.0)),
    )


RULE = RunRule(
    name=NAME,
    explains=("stopped_too_early", "plateau", "class_imbalance"),
    look=look,
)
