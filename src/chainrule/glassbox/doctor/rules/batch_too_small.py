"""Batch too small: each step helps its own rows and harms the others, because their gradients differ too much."""

from collections.abc import Sequence

import numpy as np

from chainrule.glassbox.doctor.changes import batch_size_times
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.probe import Probe
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "batch_too_small"
NOISY = 0.2  # squared signal over noise of a batch
N_STEPS, FEWEST_STEPS = 32, 8
OFTEN = 1 / 3  # of the steps looked at harm the other rows
WANDERS = 0.01  # base errors that a step changes E of all rows by, on average, up or down


def look(examination: Examination) -> Finding | None:
    """Return a finding if steps lower E of their own batch, and throw that of all rows clearly up and down.

    The noise is the trace of the covariance of the rows' gradients, from ‖a‖²·‖δ‖² (McCandlish et al., "An empirical
    model of large-batch training", 2018).
    """
    probes, n_rows = examination.late(), examination.source.n_rows
    batch_size = examination.recipe.settings.batch_size
    if examination.is_lbfgs or not probes or batch_size * 4 > n_rows:
        return None
    ratio = float(np.median([p.signal_to_noise for p in probes]))
    if ratio > NOISY or _wander(probes) < WANDERS * examination.scale / 4:
        return None
    late = range(probes[0].index, examination.run.n_steps)
    steps = [p for p in examination.opened(late, N_STEPS) if p.is_finite]
    harmful = [p for p in steps if p.sample_rise > 0 and p.own_rise < 0]
    wander = _wander(steps) / examination.scale
    if len(steps) < FEWEST_STEPS or len(harmful) < OFTEN * len(steps) or wander < WANDERS:
        return None
    worst = max(harmful, key=lambda p: p.sample_rise)
    return Finding(
        rule=NAME,
        level=Level.FAULT if not examination.remaining < 0.9 else Level.WARNING,
        symptom=f"{len(harmful)} of {len(steps)} steps looked at lowered the error of their own {batch_size} rows and "
        f"raised that of all; a step throws it {wander:.2g} base errors up or down",
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


def _wander(probes: Sequence[Probe]) -> float:
    """Return by how much, up or down, a step changes E of the sample on average."""
    return float(np.mean([abs(probe.sample_rise) for probe in probes])) if probes else 0.0


RULE = RunRule(name=NAME, explains=("oscillation", "stopped_too_late", "plateau"), look=look)
