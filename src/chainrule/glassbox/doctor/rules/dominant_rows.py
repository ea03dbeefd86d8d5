"""Dominant rows: a few rows make most of the gradient, and all others hardly count."""

import numpy as np

from chainrule.glassbox.doctor.changes import without_rows
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "dominant_rows"
FEWEST_ROWS = 30
FEW = 0.01  # of the rows
MOST, NEARLY_ALL = 0.5, 0.9  # of the sum of all rows' gradient norms


def look(examination: Examination) -> Finding | None:
    """Return a finding if, early in the run, a hundredth of the rows has over half of the sum of the gradients' norms.

    Late in a good run only the hard rows are left with a gradient: that is as it should be.
    """
    early = examination.early()
    n_rows = len(examination.sample_rows)
    if n_rows < FEWEST_ROWS or not early:
        return None
    n_few = max(int(FEW * n_rows), 1)
    shares = [
        float(np.sort(p.before.row_norms)[-n_few:].sum() / p.before.row_norms.sum())
        for p in early
        if p.before.row_norms.any()
    ]
    share = float(np.median(shares)) if shares else 0.0
    if share < MOST:
        return None
    probe = early[0]
    few = np.argsort(-probe.before.row_norms)[:n_few]
    rows = examination.row_numbers(few)
    return Finding(
        rule=NAME,
        level=Level.FAULT if share > NEARLY_ALL else Level.WARNING,
        symptom=f"{n_few} of {n_rows} rows make {share:.0%} of the gradient",
        evidence=Evidence(
            step=probe.index, rows=rows, numbers={"share of the gradient": share, "rows looked at": n_rows}
        ),
        cause="an outlier in the target or the inputs, or a row weight far above all others",
        cure=Cure(
            "Look at these rows; correct or leave them out, or use a loss that minds outliers less (huber).",
            without_rows(examination.sample_rows[few].tolist()),
        ),
    )


RULE = RunRule(
    name=NAME,
    explains=(
        "error_at_start",
        "exploding_gradients",
        "learning_rate_too_large",
        "oscillation",
        "batch_too_small",
        "target_scale",
        "unscaled_columns",
        "non_finite",
        "dead_units",
        "saturated_units",
        "overfitting",
        "stopped_too_late",
        "stopped_too_early",
        "plateau",
    ),
    look=look,
)
