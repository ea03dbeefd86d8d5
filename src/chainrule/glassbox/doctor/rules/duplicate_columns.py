"""Duplicate columns: the same numbers twice, perhaps in another unit."""

from collections import defaultdict

import numpy as np

from chainrule.glassbox.doctor.changes import without_inputs
from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.passes import Numbers
from chainrule.glassbox.doctor.rule import TableRule

__all__ = ["RULE"]

NAME = "duplicate_columns"
FEWEST_ROWS = 10
FEWEST_VALUES = 3  # two columns of two values each are alike too easily
DIGITS = 4  # float32 keeps as many through a change of unit


def look(columns: Columns) -> Finding | None:
    """Return a finding if columns are the same but for unit, origin and direction."""
    if columns.n_rows < FEWEST_ROWS:
        return None
    groups: dict[bytes, list[int]] = defaultdict(list)
    for j in np.flatnonzero(~columns.is_constant):
        values = columns.values[:, j]
        if len(np.unique(values[~np.isnan(values)])) >= FEWEST_VALUES:
            groups[_key(values)].append(int(j))
    twins = [group for group in groups.values() if len(group) > 1]
    if not twins:
        return None
    spare = [j for group in twins for j in group[1:]]
    first = columns.named(twins[0])
    return Finding(
        rule=NAME,
        level=Level.WARNING,
        symptom=f"{first[1]} holds the same as {first[0]}, but for its unit"
        + (f"; so do {len(spare) - 1} more columns as others" if len(spare) > 1 else ""),
        evidence=Evidence(
            columns=columns.named([j for group in twins for j in group]), numbers={"to spare": len(spare)}
        ),
        cause="the same quantity was recorded or derived twice; it counts twice, and its weights are not determined",
        cure=Cure("Keep one of each.", without_inputs(spare) if columns.is_encoded else None),
    )


def _key(values: Numbers) -> bytes:
    """Return the same bytes for columns that are the same but for unit, origin and direction."""
    known = values[~np.isnan(values)]
    standard = (values - known.mean()) / (known.std() or 1.0)
    lead = standard[int(np.nanargmax(np.abs(standard) > 0.5))]
    rounded: Numbers = np.round(standard * np.sign(lead), DIGITS) + 0.0  # + 0.0 makes −0 a 0
    return rounded.tobytes()


RULE = TableRule(name=NAME, look=look)
