"""Identifier-like columns: numbers that only count the rows."""

import numpy as np

from chainrule.glassbox.doctor.changes import without_inputs
from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.passes import Numbers
from chainrule.glassbox.doctor.rule import TableRule

__all__ = ["RULE"]

NAME = "identifier_columns"
FEWEST_ROWS = 30
DENSE = 2.0  # numbers that count rows fill their range: so many times as many places as rows, at most
ALL_DIFFERENT = 0.9  # share of categories that are their own


def look(columns: Columns) -> Finding | None:
    """Return a finding if a column numbers the rows, whatever its unit, or nearly every row is its own category."""
    if columns.n_rows < FEWEST_ROWS:
        return None
    category = list(columns.is_category) or [False] * len(columns.names)
    found = [
        j
        for j in np.flatnonzero(~columns.is_constant)
        if (_names_rows if category[int(j)] else _numbers_rows)(columns.values[:, j])
    ]
    if not found:
        return None
    return Finding(
        rule=NAME,
        level=Level.WARNING,
        symptom=f"{columns.names[int(found[0])]} has another value in every row, as if it numbered them",
        evidence=Evidence(columns=columns.named([int(j) for j in found]), numbers={"rows": columns.n_rows}),
        cause="an identifier tells which row it is, not what it is like: a network learns rows by heart with it",
        cure=Cure(
            f'Leave it out: columns={{{columns.names[int(found[0])]!r}: "drop"}}.',
            without_inputs([int(j) for j in found]) if columns.is_encoded else None,
        ),
    )


def _numbers_rows(values: Numbers) -> bool:
    """Whether all numbers differ and are whole multiples of one step, in a range that they half fill."""
    ordered = np.sort(values)
    if not np.isfinite(ordered).all() or not (np.diff(ordered) > 0).all():
        return False
    gaps = np.diff(ordered)
    step = float(gaps.min())
    places = gaps / step
    whole = np.abs(places - np.rint(places)).max() < 0.01
    return bool(whole and (ordered[-1] - ordered[0]) / step < DENSE * len(values))


def _names_rows(codes: Numbers) -> bool:
    return len(np.unique(codes)) > ALL_DIFFERENT * len(codes)


RULE = TableRule(name=NAME, explains=("overfitting", "stopped_too_late"), look=look)
