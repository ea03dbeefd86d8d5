"""Target scale: a target in units that make its errors, and so all gradients, huge or tiny."""

import numpy as np

from chainrule.glassbox.doctor.changes import scaled_target
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule
from chainrule.network import ResidualLoss

__all__ = ["RULE"]

NAME = "target_scale"
LARGE, VERY_LARGE = 10.0, 100.0  # root mean square; 1 where it is standardised
SMALL = 0.01  # standard deviation
APART = 10.0  # standard deviations of two outputs, one over the other


def look(examination: Examination) -> Finding | None:
    """Return a finding if a target is far from a standard deviation of 1 about 0, or outputs differ widely in scale."""
    if not isinstance(examination.network.loss, ResidualLoss):
        return None
    target = examination.sample.target
    if len(target) < 2 or not np.isfinite(target).all():
        return None
    sizes, spreads = np.sqrt((target**2).mean(axis=0)), target.std(axis=0)
    varying = spreads[spreads > 0]
    apart = float(varying.max() / varying.min()) if len(varying) else 1.0
    size = float(sizes.max())
    is_small = len(varying) > 0 and float(varying.max()) < SMALL
    if size <= LARGE and not is_small and apart <= APART:
        return None
    what = (
        f"its numbers are about {size:.3g}"
        if size > LARGE or is_small
        else f"its outputs' scales differ {apart:.3g} times"
    )
    return Finding(
        rule=NAME,
        level=Level.FAULT if size > VERY_LARGE or apart > VERY_LARGE else Level.WARNING,
        symptom=f"the target is not scaled: {what}",
        evidence=Evidence(
            step=examination.run.first_step if examination.run.n_steps > examination.run.first_step else None,
            columns=[examination.names.neurons(examination.names.dense[-1])[int(sizes.argmax())]],
            numbers={"largest size": size, "largest / least spread": apart},
        ),
        cause="errors and gradients are in the target's units: biases must travel far, large outputs drown small ones",
        cure=Cure("Standardise the target (TableRegressor does).", scaled_target),
    )


RULE = RunRule(
    name=NAME,
    explains=(
        "error_at_start",
        "exploding_gradients",
        "vanishing_gradients",
        "learning_rate_too_large",
        "learning_rate_too_small",
        "oscillation",
        "dead_units",
        "saturated_units",
        "non_finite",
        "plateau",
        "stopped_too_early",
        "stopped_too_late",
        "cannot_fit_one_batch",
        "batch_too_small",
        "overfitting",
    ),
    look=look,
)
