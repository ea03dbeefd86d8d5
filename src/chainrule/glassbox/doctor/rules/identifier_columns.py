"""Identifier-like columns: numbers that only count the rows."""

import numpy as np

from chainrule.glassbox.doctor.changes import without_inputs
from chainrule.glassbox.doctor.columns import MOST_ROWS, Columns
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.passes import Numbers
from chainrule.glassbox.doctor.rule import TableRule

__all__ = ["RULE"]

NAME = "identifier_columns"
FEWEST_ROWS = 30
DENSE = 2.0  # numbers that count rows fill their range: so many times as many places as rows, at most
WHOLE = 0.01  # of a step: what is lost by rounding
ALL_DIFFERENT = 0.9  # share of categories that are their own


def look(columns: Columns) -> Finding | None:
    """Return a finding if a column numbers the rows, whatever its unit, or nearly every row is its own category."""
    if columns.n_rows < FEWEST_ROWS:
        return None
    category = list(columns.is_category) or [False] * len(columns.names)
    n_rows = _rows_of_table(columns)
    found = [
        j
        for j in np.flatnonzero(~columns.is_constant).tolist()
        if (_names_rows(columns.values[:, j]) if category[j] else _numbers_rows(columns.values[:, j], n_rows))
    ]
    if not found:
        return None
    names = columns.named(found)
    kinds = ", ".join(f'{name!r}: "drop"' for name in names)
    setting = "" if columns.is_encoded else f": columns={{{kinds}}}"  # what takes columns as they are drops none
    return Finding(
        rule=NAME,
        level=Level.WARNING,
        symptom=f"{names[0]} has another value in every row, as if it numbered them",
        evidence=Evidence(columns=names, numbers={"rows": columns.n_rows}),
        cause="an identifier tells which row it is, not what it is like: a network learns rows by heart with it",
        cure=Cure(
            f"Leave {'it' if len(names) == 1 else 'them'} out{setting}.",
            without_inputs(found) if columns.is_encoded else None,
        ),
    )


def _rows_of_table(columns: Columns) -> int:
    """Return how many rows an identifier would number: those between the first and the last of a sample."""
    if columns.rows is None or columns.n_rows < MOST_ROWS:
        return columns.n_rows
    return int(columns.rows.max() - columns.rows.min()) + 1


def _numbers_rows(values: Numbers, n_rows: int) -> bool:
    """Whether all numbers differ and are whole multiples of one step, in a range that the table's rows half fill."""
    ordered = np.sort(values)
    gaps = np.diff(ordered)
    if not np.isfinite(ordered).all() or not (gaps > 0).all():
        return False
    extent, step = float(ordered[-1] - ordered[0]), float(gaps.min())
    while extent / step < DENSE * n_rows:  # Euclid's algorithm, by halves at least
        rests = np.abs(gaps - np.rint(gaps / step) * step)
        odd = rests[rests > WHOLE * step]
        if not len(odd):
            return True
        step = float(odd.min())
    return False


def _names_rows(codes: Numbers) -> bool:
    return len(np.unique(codes)) > ALL_DIFFERENT * len(codes)


RULE = TableRule(name=NAME, explains=("overfitting", "stopped_too_late"), look=look)
