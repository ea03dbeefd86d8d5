"""Learning rate too large: steps land beyond the bottom of the valley, higher than where they began."""

import numpy as np

from chainrule.glassbox.doctor.changes import learning_rate_times
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "learning_rate_too_large"
BEYOND = 1.0  # overshoot: above it the step ends higher than it began, on the very rows it was made for
OFTEN = 1 / 3  # of the steps looked at
CLEAR = 0.02  # rise of E in base errors that counts


def look(examination: Examination) -> Finding | None:
    """Return a finding if a third of the steps looked at raise E of their own batch, or the run went back or was given up.

    Steps overshoot by their own batch, so that noise between batches is no reason.
    """
    if examination.is_lbfgs:
        return None
    probes = examination.probes
    over = [p for p in probes if p.overshoot > BEYOND and p.own_rise > CLEAR * examination.scale]
    share = len(over) / len(probes) if probes else 0.0
    failure = examination.failure
    grew = failure is not None and failure.step > 0 and bool(over)
    if share < OFTEN and not grew:
        return None
    worst = max(over, key=lambda p: p.own_rise)
    failed = failure is not None or not examination.remaining < 0.9
    return Finding(
        rule=NAME,
        level=Level.FAULT if failed else Level.WARNING,
        symptom=f"{len(over)} of {len(probes)} steps looked at raised the error of the rows they were made for",
        evidence=Evidence(
            step=worst.index,
            numbers={
                "learning rate": float(worst.step.moment.plan.learning_rate[0]),
                "overshoot": worst.overshoot,
                "E before": worst.step.backward_pass.error,
                "E after": worst.step.backward_pass.error + worst.own_rise,
                "median overshoot": float(np.nanmedian([p.overshoot for p in probes])),
            },
        ),
        cause="the step against the gradient is longer than the valley is wide (above 1 the overshoot climbs)",
        cure=Cure("Divide the learning rate by 10, or let it warm up.", learning_rate_times(0.1)),
    )


RULE = RunRule(
    name=NAME,
    explains=(
        "oscillation",
        "dead_units",
        "saturated_units",
        "exploding_gradients",
        "vanishing_gradients",
        "non_finite",
        "plateau",
        "batch_too_small",
        "class_imbalance",
        "stopped_too_late",
        "stopped_too_early",
    ),
    look=look,
)
