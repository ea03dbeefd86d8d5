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
BLOWN_UP = 5.0  # base errors by which an epoch's error is above that of the first step
N_MORE = 16  # steps looked at in that epoch


def look(examination: Examination) -> Finding | None:
    """Return a finding if a third of the steps looked at raise E of their own batch; in a run that broke down, any.

    That noise tells batches apart is no reason: steps are held to the rows that they were made for. A run broke down if
    a step was not finite, or an epoch's error was far above that of the first step.
    """
    if examination.is_lbfgs:
        return None
    broke_down = examination.failure is not None and examination.failure.step > 0
    probes, worst_epoch = list(examination.probes), _blown_up(examination)
    if worst_epoch is not None:
        broke_down = True
        probes += [p for p in examination.opened(worst_epoch, N_MORE) if p.is_finite]
    over = [p for p in probes if p.overshoot > BEYOND and p.own_rise > CLEAR * examination.scale]
    if not over or (len(over) < OFTEN * len(probes) and not broke_down):
        return None
    worst = max(over, key=lambda p: p.own_rise)
    return Finding(
        rule=NAME,
        level=Level.FAULT if examination.case.diverged or not examination.remaining < 0.9 else Level.WARNING,
        symptom=f"{len(over)} of {len(probes)} steps looked at raised the error of the rows they were made for"
        + (", and the run broke down" if broke_down else ""),
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


def _blown_up(examination: Examination) -> range | None:
    """Return the steps of the worst epoch, if its error was far above that of the first step."""
    errors, history = examination.train_errors, examination.case.history
    if len(errors) == 0 or not examination.probes:
        return None
    worst = int(errors.argmax())
    if not errors[worst] - examination.probes[0].before.error > BLOWN_UP * examination.scale:
        return None
    return range(examination.run.first_step if worst == 0 else history[worst - 1]["step"], history[worst]["step"])


RULE = RunRule(
    name=NAME,
    explains=(
        "oscillation",
        "dead_units",
        "saturated_units",
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
