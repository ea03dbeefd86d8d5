"""Oscillation: the error goes up and down from epoch to epoch instead of down."""

import numpy as np

from chainrule.glassbox.doctor.changes import less_momentum
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "oscillation"
FEWEST_EPOCHS = 8
OFTEN = 0.2  # of the epochs end higher than the one before
CLEAR = 0.02  # mean rise of those, in base errors
BACK = 0.3  # all rises together, in base errors


def look(examination: Examination) -> Finding | None:
    """Return a finding if the train error rises clearly in a fifth of the epochs after the first quarter."""
    errors = examination.train_errors
    late = errors[len(errors) // 4 :]
    if len(errors) < FEWEST_EPOCHS or not np.isfinite(late).all():
        return None
    rises = np.diff(late)
    rises = rises[rises > 0] / examination.scale
    share = len(rises) / (len(late) - 1)
    if share < OFTEN or rises.mean() < CLEAR or rises.sum() < BACK:
        return None
    epoch = len(errors) // 4 + int(np.diff(late).argmax()) + 1
    row = examination.case.history[epoch]
    return Finding(
        rule=NAME,
        level=Level.FAULT if examination.remaining > 0.9 else Level.WARNING,
        symptom=f"the error rises in {share:.0%} of the epochs, by {rises.mean():.2g} base errors each time",
        evidence=Evidence(
            step=None if examination.is_lbfgs else int(row["step"]) - 1,
            numbers={
                "epoch of the largest rise": epoch + 1,
                "share of rising epochs": share,
                "mean rise": float(rises.mean()),
            },
        ),
        cause="steps run to and fro across a valley: much momentum, a large learning rate, or a few rows to a batch",
        cure=Cure("Lower the momentum to 0.5, or the learning rate to a third.", less_momentum),
    )


RULE = RunRule(name=NAME, explains=("stopped_too_late", "stopped_too_early"), look=look)
