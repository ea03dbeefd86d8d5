"""Overfitting: what the network learns of its training rows does not carry over to others."""

import numpy as np

from chainrule.engine import Batch
from chainrule.glassbox.doctor.base_rate import base_error
from chainrule.glassbox.doctor.changes import more_penalty
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "overfitting"
LEARNED = 0.2  # base errors that the training rows must have lost
LITTLE, NOTHING = 0.25, 0.05  # share of that which validation rows lost too
FEWEST_ROWS = 20


def look(examination: Examination) -> Finding | None:
    """Return a finding if validation rows lost, at their best, less than a quarter of what training rows lost at last.

    A run that did better on validation rows before it overfitted was only stopped too late.
    """
    validation = examination.case.validation
    if not examination.is_validated or validation is None or validation.n_rows < FEWEST_ROWS:
        return None
    step = int(examination.case.history[int(examination.validation_errors.argmin())]["step"])
    best, rows = float(examination.validation_errors.min()), validation.take(slice(None))
    weight = None if rows.weight is None else rows.weight.astype(np.float64)
    base = base_error(examination.network, Batch(rows.numbers, rows.target, weight))
    train = examination.passes_at(examination.run.n_steps).error
    learned = (examination.base_error - train) / examination.scale
    carried = (base - best) / examination.scale
    if learned < LEARNED or carried > LITTLE * learned:
        return None
    return Finding(
        rule=NAME,
        level=Level.FAULT if carried < NOTHING * learned else Level.WARNING,
        symptom=f"training rows lost {learned:.2g} base errors, and validation rows at their best only "
        f"{max(carried, 0.0):.2g}",
        evidence=Evidence(
            step=max(step - 1, 0),
            numbers={"train error at the end": train, "best validation error": best, "base error of validation": base},
        ),
        cause="more weights than the rows can determine: it learns them by heart, with their noise",
        cure=Cure("Hold the weights back (alpha, dropout), take fewer neurons, or more rows.", more_penalty),
    )


RULE = RunRule(name=NAME, explains=("stopped_too_late",), look=look)
