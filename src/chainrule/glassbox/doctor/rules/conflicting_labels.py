"""Conflicting labels: rows that are alike in every column and differ in their target."""

from typing import Any

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
APART = 0.1  # numbers differ if they are so many standard deviations of the target apart


def look(columns: Columns) -> Finding | None:
    """Return a finding if rows that are alike have different targets; a warning from a twentieth of all rows on.

    All rows of the table are looked at, however many: in a sample, few have their like.
    """
    keys, target, numbers = columns.keyed
    order = np.argsort(keys)
    begins = np.flatnonzero(np.append(True, np.diff(keys[order]) != 0))  # of rows that are alike
    sizes = np.diff(np.append(begins, len(keys)))
    differs = _differs(target[order], begins, has_classes=columns.has_classes)
    conflicts = np.sort(order[np.repeat(differs, sizes)])
    share = len(conflicts) / len(keys)
    if len(conflicts) < FEWEST_ROWS:
        return None
    level = Level.FAULT if share > MANY else Level.WARNING if share > SOME else Level.NOTICE
    return Finding(
        rule=NAME,
        level=level,
        symptom=f"{len(conflicts):,} of {len(keys):,} rows are like another in every column, with another target",
        evidence=Evidence(rows=numbers[conflicts].tolist(), numbers={"share of the rows": share}),
        cause="wrong labels, rows entered twice, or a column that would tell them apart is missing",
        cure=Cure("Look at these rows; correct the labels or add what tells them apart. No training can fit them all."),
    )


def _differs(target: NDArray[Any], begins: NDArray[np.intp], *, has_classes: bool) -> NDArray[np.bool_]:
    """Return for each group of rows, which begin at these places, whether its targets (N,) or (N, K) differ."""
    values = target.reshape(len(target), -1).astype(np.float64)
    low, high = (extreme.reduceat(values, begins) for extreme in (np.minimum, np.maximum))
    with np.errstate(invalid="ignore"):
        tolerance = 0.0 if has_classes else APART * values.std(axis=0)
        return np.asarray((high - low > tolerance).any(axis=1))


RULE = TableRule(
    name=NAME,
    explains=("cannot_fit_one_batch", "overfitting", "plateau", "stopped_too_late", "batch_too_small", "oscillation"),
    look=look,
)
