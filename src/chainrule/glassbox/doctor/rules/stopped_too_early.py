"""Stopped too early: the error was still falling when training ended."""

import numpy as np

from chainrule.glassbox.doctor.cure import Cure, Training
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule
from chainrule.glassbox.tables import counted

__all__ = ["RULE"]

NAME = "stopped_too_early"
FEWEST_EPOCHS = 3
SOME, CLEAR = 0.02, 0.05  # fall of the error over the last fifth of the epochs, in base errors
SHARE = 0.05  # of all that it fell
LEFT = 0.5  # of the base error: with more than this left, a fall that has not slowed down is one, however small
PACE = 0.5  # of the mean fall of an epoch: slower than this it has slowed down
STEADY = 0.01  # base errors that it fell in all, at least, for its pace to mean anything
LITTLE_WAY = 0.5  # of all steps together, in lengths of w: nowhere yet, whatever the rows are like


def look(examination: Examination) -> Finding | None:
    """Return a finding if the last fifth of the epochs still took a clear part off the error, held-out rows deciding.

    So they did if most of the error is left and it fell by as much as in the epochs before: training had just begun. Of
    one or two epochs the steps tell that. Training that ended because the error no longer fell ("early_stopping",
    "converged") is not meant.
    """
    is_judged = examination.is_validated
    errors = examination.validation_errors if is_judged else examination.train_errors
    ended = examination.case.stop_reason
    if ended in ("early_stopping", "converged", "diverged") or not np.isfinite(errors).all():
        return None
    if len(errors) < FEWEST_EPOCHS:
        return _begun(examination, len(errors))
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
        cause=_cause(examination),
        cure=CURE,
    )


def _begun(examination: Examination, n_epochs: int) -> Finding | None:
    """Return a finding if a run so short left most of the error, was going down, and had gone hardly any way yet.

    Or went down at the end by as much as before. A large table may well be learned in an epoch: it is not meant.
    """
    probes, run = examination.probes, examination.run
    if examination.first is None or not examination.remaining > LEFT:
        return None
    steps = np.array([*(probe.index for probe in probes), run.n_steps])
    errors = np.array([*(probe.before.error for probe in probes), examination.passes_at(run.n_steps).error])
    in_all = float(errors[0] - errors[-1])
    middle = int(np.searchsorted(steps, steps[-1] / 2, side="right")) - 1
    pace = float(errors[middle] - errors[-1]) / (steps[-1] - steps[middle])
    is_steady = in_all > STEADY * examination.scale and pace > PACE * in_all / steps[-1]
    way = run.n_steps * float(np.nanmedian([probe.update_ratio for probe in probes]))
    if not in_all > 0 or not (is_steady or way < LITTLE_WAY):
        return None
    return Finding(
        rule=NAME,
        level=Level.WARNING,
        symptom=f"{counted(n_epochs, 'epoch')}, of {counted(run.n_steps, 'step')} in all, left "
        f"{examination.remaining:.0%} of the base error, and it was going down",
        evidence=Evidence(
            step=run.n_steps - 1,
            numbers={
                "epochs": n_epochs,
                "fall, in base errors": in_all / examination.scale,
                "way, in lengths of w": way,
            },
        ),
        cause=_cause(examination),
        cure=CURE,
    )


def _cause(examination: Examination) -> str:
    return f'training ended by "{examination.case.stop_reason}" before it had converged'


def _on(training: Training) -> Training:
    """Leave everything as it is: the run goes on from its end."""
    return training


CURE = Cure("Train on: more epochs (max_iter), or a larger learning rate.", _on, goes_on=True)
RULE = RunRule(name=NAME, look=look)
