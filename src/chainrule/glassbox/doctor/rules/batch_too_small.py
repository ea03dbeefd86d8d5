"""Batch too small: each step helps its own rows and harms the others, because their gradients differ too much."""

import numpy as np

from chainrule.glassbox.doctor.changes import batch_size_times
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "batch_too_small"
NOISY = 0.2  # squared signal over noise of a batch
FEWEST_PROBES = 4
OFTEN = 0.4  # of the steps looked at harm the other rows
CLEAR = 0.01  # base errors by which they do


def look(examination: Examination) -> Finding | None:
    """Return a finding if steps lower E of their own batch, and clearly raise that of all rows, for the noise in it.

    The noise is the trace of the covariance of the rows' gradients, from ‖a‖²·‖δ‖² (McCandlish et al., "An empirical
    model of large-batch training", 2018).
    """
    probes, n_rows = examination.late(), examination.source.n_rows
    batch_size = examination.recipe.settings.batch_size
    if examination.is_lbfgs or len(probes) < FEWEST_PROBES or batch_size * 4 > n_rows:
        return None
    ratio = float(np.median([p.signal_to_noise for p in probes]))
    harmful = [p for p in probes if p.sample_rise > 0 and p.own_rise < 0]
    if ratio > NOISY or len(harmful) < OFTEN * len(probes):
        return None
    rise = float(np.mean([p.sample_rise for p in harmful])) / examination.scale
    if rise < CLEAR:
        return None
    worst = max(harmful, key=lambda p: p.sample_rise)
    return Finding(
        rule=NAME,
        level=Level.FAULT if not examination.remaining < 0.9 else Level.WARNING,
        symptom=f"{len(harmful)} of {len(probes)} steps looked at lowered the error of their own {batch_size} rows and raised "
        f"that of all, by {rise:.2g} base errors",
        evidence=Evidence(
            step=worst.index,
            numbers={
                "batch size": batch_size,
                "signal / noise": ratio,
                "rows for a ratio of 1": batch_size / ratio if ratio > 0 else float("inf"),
            },
        ),
        cause="the rows' gradients differ far more than they have in common, and a few rows do not average that out",
        cure=Cure("Take more rows to a batch (batch_size), or a smaller learning rate.", batch_size_times(16)),
    )


RULE = RunRule(name=NAME, explains=("oscillation", "stopped_too_late", "plateau"), look=look)
