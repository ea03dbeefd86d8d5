"""Duplicate columns: the same numbers twice, perhaps in another unit."""

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
SAME = 1 - 1e-9  # correlation, which float32 keeps through a change of unit
NEIGHBOURS = 4  # columns of about the same mark that one is compared with


def look(columns: Columns) -> Finding | None:
    """Return a finding if columns are the same but for unit, origin and direction."""
    if columns.n_rows < FEWEST_ROWS:
        return None
    twins = [group for group in _groups(columns) if len(group) > 1]
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


def _groups(columns: Columns) -> list[list[int]]:
    """Return groups of columns that are the same, each in order.

    Columns that are the same have the same mark, the size of their product with a random vector: so each needs to be
    compared with its neighbours in the order of the marks only.
    """
    chosen = [j for j in np.flatnonzero(~columns.is_constant).tolist() if _has_values(columns.values[:, j])]
    standard = {j: _standard(columns.values[:, j]) for j in chosen}
    random = np.random.default_rng(0).normal(size=columns.n_rows)
    groups: list[list[int]] = []
    for j in sorted(chosen, key=lambda j: abs(float(random @ standard[j]))):
        gaps = np.isnan(columns.values[:, j])
        for group in groups[-NEIGHBOURS:]:
            same_gaps = np.array_equal(gaps, np.isnan(columns.values[:, group[0]]))
            if same_gaps and abs(float(standard[j] @ standard[group[0]])) > SAME:
                group.append(j)
                break
        else:
            groups.append([j])
    return sorted(sorted(group) for group in groups)


def _has_values(values: Numbers) -> bool:
    return not np.isinf(values).any() and len(np.unique(values[~np.isnan(values)])) >= FEWEST_VALUES


def _standard(values: Numbers) -> Numbers:
    """Return a column about its mean and of length 1; gaps become 0."""
    values = values / np.nanmax(np.abs(values))  # squares of large numbers would be infinite
    centred = np.nan_to_num(values - np.nanmean(values))
    length = float(np.linalg.norm(centred))
    return np.asarray(centred / length if length > 0 else centred)


RULE = TableRule(name=NAME, look=look)
