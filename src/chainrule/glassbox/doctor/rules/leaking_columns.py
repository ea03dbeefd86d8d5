"""Leaking columns: one column alone gives the target away."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from chainrule.glassbox.doctor.changes import without_inputs
from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.passes import Numbers
from chainrule.glassbox.doctor.rule import TableRule

__all__ = ["RULE"]

NAME = "leaking_columns"
FEWEST_ROWS = 30
ALL = 0.99  # share of the doubt that one column takes away
FEWEST_IN_BIN = 5


def look(columns: Columns) -> Finding | None:
    """Return a finding if a column orders the rows by their target, or tells the classes apart, all but perfectly."""
    if columns.n_rows < FEWEST_ROWS or not np.isfinite(columns.target).all():
        return None
    tells = {int(j): _tells(columns.values[:, j], columns.target, columns.has_classes) for j in _candidates(columns)}
    found = sorted((j for j, share in tells.items() if share > ALL), key=lambda j: -tells[j])
    if not found:
        return None
    best = found[0]
    return Finding(
        rule=NAME,
        level=Level.WARNING,
        symptom=f"{columns.names[best]} alone tells {tells[best]:.1%} of the target",
        evidence=Evidence(columns=columns.named(found), numbers={"told by it alone": tells[best]}),
        cause="a column that is a copy of the target, was derived from it, or is known only once the target is",
        cure=Cure(
            "Leave it out, unless it is known when a prediction is needed.",
            without_inputs(found) if columns.is_encoded else None,
        ),
    )


def _candidates(columns: Columns) -> NDArray[np.intp]:
    whole = np.isfinite(columns.values).all(axis=0)
    return np.flatnonzero(whole & ~columns.is_constant)


def _tells(values: Numbers, target: NDArray[np.generic], has_classes: bool) -> float:
    """Return the share of the target's doubt that a column takes away: of wrong guesses, or of a rank's variance."""
    if has_classes:
        return _tells_classes(values, target.astype(np.int64))
    numbers = target.reshape(len(target), -1).astype(np.float64)
    ranks = rankdata(values)
    squares = [np.corrcoef(ranks, rankdata(y))[0, 1] ** 2 for y in numbers.T if y.std() > 0]
    return max(squares, default=0.0)


def _tells_classes(values: Numbers, codes: NDArray[np.int64]) -> float:
    """Return the share of the base rate's wrong guesses that the majorities of bins of the column get right.

    A bin has five rows or more, grows while it is pure, and does not part equal values.
    """
    order = np.argsort(values, kind="stable")
    ordered, classes = values[order], codes[order]
    counts = np.zeros(codes.max() + 1, dtype=np.int64)
    right = start = 0
    for i in range(len(ordered)):
        counts[classes[i]] += 1
        ends = i + 1 == len(ordered) or (ordered[i + 1] != ordered[i] and i + 1 - start >= FEWEST_IN_BIN)
        pure = counts.max() == i + 1 - start
        if ends and (i + 1 == len(ordered) or not pure or classes[i + 1] != classes[i]):
            right, start = right + int(counts.max()), i + 1
            counts[:] = 0
    base = int(np.bincount(codes).max())
    return (right - base) / (len(codes) - base) if len(codes) > base else 0.0


RULE = TableRule(name=NAME, look=look)
