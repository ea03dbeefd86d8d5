"""Stopped too early: the error was still falling when training ended."""

import numpy as np

from chainrule.glassbox.doctor.cure import Cure, Training
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "stopped_too_early"
FEWEST_EPOCHS = 3
SOME, CLEAR = 0.02, 0.05  # fall of the error over the last fifth of the epochs, in base errors
SHARE = 0.05  # of all that it fell
LEFT = 0.5  # of the base error: with more than this left, a fall that has not slowed down is one, however small
PACE = 0.5  # of the mean fall of an epoch: slower than this it has slowed down
STEADY = 0.01  # base errors that it fell in all, at least, for its pace to mean anything


def look(examination: Examination) -> Finding | None:
    """Return a finding if the last fifth of the epochs still took a clear part off the error, held-out rows deciding.

    So they did if most of the error is left and it fell by as much as in the epochs before: training had just begun.
    Training that ended because the error no longer fell ("early_stopping", "converged") is not meant.
    """
    is_judged = examination.is_validated
    errors = examination.validation_errors if is_judged else examination.train_errors
    ended = examination.case.stop_reason
    if (
        len(errors) < FEWEST_EPOCHS
        or ended in ("early_stopping", "converged", "diverged")
        or not np.isfinite(errors).all()
    ):
        return None
    n_last = max(len(errors) // 5, 1)
    fell = float(errors[-2 * n_last : -n_last].mean() - errors[-n_last:].mean())
    in_all = float(errors.max() - errors.min())
    has_begun = (
        examination.remaining > LEFT
        and in_all > STEADY * examination.scale
        and fell / n_last > PACE * in_all / (len(errors) - 1)
    )
    is_little = fell < SOME * examination.scale and not has_begun
    if is_little or fell < SHARE * in_all or errors[-1] > np.median(errors[-2 * n_last :]):
        return None
    return Finding(
        rule=NAME,
        level=Level.WARNING if has_begun or fell > CLEAR * examination.scale else Level.NOTICE,
        symptom=f"over the last {n_last} of {len(errors)} epochs the {'validation' if is_judged else 'train'} error "
        f"still fell by {fell / examination.scale:.2g} base errors",
        evidence=Evidence(
            step=examination.run.n_steps - 1,
            numbers={
                "epochs": len(errors),
                "fall, in base errors": fell / examination.scale,
                "error at the end": errors[-1],
            },
        ),
        cause=f'training ended by "{ended}" before it had converged',
        cure=Cure("Train on: more epochs (max_iter), or a larger learning rate.", _on, goes_on=True),
    )


def _on(training: Training) -> Training:
    """Leave everything as it is: the run goes on from its end."""
    return training


RULE = RunRule(name=NAME, look=look)
