"""Conflicting labels: rows that are alike in every column and differ in their target."""

import numpy as np
from numpy.typing import NDArray

from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import TableRule

__all__ = ["RULE"]

NAME = "conflicting_labels"
FEWEST_ROWS = 4
SOME, MANY = 0.05, 0.2  # shares of the rows
GAP = -1.2345e300  # stands for a gap, which is like another gap and like no number
APART = 0.1  # numbers differ if they are so many standard deviations of the target apart


def look(columns: Columns) -> Finding | None:
    """Return a finding if rows that are alike have different targets; a warning from a twentieth of all rows on."""
    _, which = np.unique(np.nan_to_num(columns.values, nan=GAP), axis=0, return_inverse=True)
    which = which.reshape(-1)
    conflicts = np.flatnonzero(_differs(columns, which)[which])
    share = len(conflicts) / columns.n_rows
    if len(conflicts) < FEWEST_ROWS:
        return None
    level = Level.FAULT if share > MANY else Level.WARNING if share > SOME else Level.NOTICE
    return Finding(
        rule=NAME,
        level=level,
        symptom=f"{len(conflicts)} of {columns.n_rows} rows are like another in every column, with another target",
        evidence=Evidence(rows=columns.row_numbers(conflicts), numbers={"share of the rows": share}),
        cause="wrong labels, rows entered twice, or a column that would tell them apart is missing",
        cure=Cure("Look at these rows; correct the labels or add what tells them apart. No training can fit them all."),
    )


def _differs(columns: Columns, which: NDArray[np.intp]) -> NDArray[np.bool_]:
    """Return for each group of rows that are alike whether its targets differ."""
    target = columns.target.reshape(columns.n_rows, -1).astype(np.float64)
    low, high = (np.full((which.max() + 1, target.shape[1]), sign * np.inf) for sign in (1, -1))
    np.minimum.at(low, which, target)
    np.maximum.at(high, which, target)
    with np.errstate(invalid="ignore"):
        tolerance = 0.0 if columns.has_classes else APART * target.std(axis=0)
        return np.asarray((high - low > tolerance).any(axis=1))


RULE = TableRule(
    name=NAME,
    explains=("cannot_fit_one_batch", "overfitting", "plateau", "stopped_too_late", "batch_too_small", "oscillation"),
    look=look,
)
