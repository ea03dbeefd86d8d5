"""Constant columns: one value in every row tells nothing."""

import numpy as np

from chainrule.glassbox.doctor.changes import without_inputs
from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import TableRule

__all__ = ["RULE"]

NAME = "constant_columns"
FEWEST_ROWS = 10
LARGE = 3.0  # a constant input of this size acts as a bias that moves faster than all other weights


def look(columns: Columns) -> Finding | None:
    """Return a finding if a column holds one value only; a warning if the network takes it as a large number."""
    constant = np.flatnonzero(columns.is_constant)
    if columns.n_rows < FEWEST_ROWS or len(constant) == 0:
        return None
    sizes = np.abs(np.nan_to_num(columns.values[0, constant]))
    is_large = columns.is_encoded and bool((sizes > LARGE).any())
    return Finding(
        rule=NAME,
        level=Level.WARNING if is_large else Level.NOTICE,
        symptom=f"{len(constant)} of {len(columns.names)} columns hold one value only",
        evidence=Evidence(columns=columns.named(constant), numbers={"largest value": float(sizes.max())}),
        cause="a column that is the same in every row tells no rows apart; to a network it is a second bias",
        cure=Cure("Leave them out.", without_inputs([int(j) for j in constant]) if columns.is_encoded else None),
    )


RULE = TableRule(name=NAME, explains=("learning_rate_too_large", "oscillation", "saturated_units"), look=look)
