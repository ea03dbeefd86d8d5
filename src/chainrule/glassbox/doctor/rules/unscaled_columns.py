"""Unscaled columns: inputs of large or very different scales."""

import numpy as np

from chainrule.glassbox.doctor.changes import scaled_inputs
from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import TableRule

__all__ = ["RULE"]

NAME = "unscaled_columns"
LARGE, VERY_LARGE = 10.0, 100.0  # root mean square of a column; 1 where it is standardised
APART = 30.0  # times the median column's
FEWEST_ROWS = 10


def look(columns: Columns) -> Finding | None:
    """Return a finding if a column's numbers are large, or far larger than the median column's.

    A network's inputs are judged as they are. Of a table before encoding it is a notice: chainrule's estimators scale.
    """
    number = np.array([not category for category in columns.is_category] or [True] * len(columns.names))
    chosen = np.flatnonzero(number & ~columns.is_constant)
    if columns.n_rows < FEWEST_ROWS or len(chosen) == 0:
        return None
    values = np.where(np.isinf(columns.values[:, chosen]), np.nan, columns.values[:, chosen])
    with np.errstate(all="ignore"):
        sizes = np.sqrt(np.nanmean(values**2, axis=0))
    wrong = (sizes > LARGE) | (sizes > max(APART * float(np.median(sizes)), 1.0))
    if not wrong.any():
        return None
    order = chosen[wrong][np.argsort(-sizes[wrong])]
    largest = float(sizes.max())
    level = Level.FAULT if largest > VERY_LARGE else Level.WARNING
    return Finding(
        rule=NAME,
        level=level if columns.is_encoded else Level.NOTICE,
        symptom=f"{len(order)} of {len(columns.names)} columns hold large numbers, most so {columns.names[order[0]]}: "
        f"about {largest:.3g}",
        evidence=Evidence(
            step=0 if columns.is_encoded else None,
            columns=columns.named(order),
            numbers={"largest size": largest, "median size": float(np.median(sizes))},
        ),
        cause="a weight's gradient is proportional to its input: these columns' weights move far, all others hardly",
        cure=Cure(
            "Standardise every column (chainrule's table estimators do).", scaled_inputs if columns.is_encoded else None
        ),
    )


RULE = TableRule(
    name=NAME,
    explains=(
        "exploding_gradients",
        "vanishing_gradients",
        "saturated_units",
        "dead_units",
        "learning_rate_too_large",
        "learning_rate_too_small",
        "oscillation",
        "error_at_start",
        "non_finite",
        "plateau",
        "batch_too_small",
        "stopped_too_early",
        "stopped_too_late",
        "overfitting",
        "cannot_fit_one_batch",
        "class_imbalance",
    ),
    look=look,
    of_inputs=True,
)
