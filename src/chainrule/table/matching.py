"""Which column of a table belongs to which plan."""

__all__ = ["check_count", "compare_names", "match_columns"]

from collections.abc import Sequence
from typing import Literal

from chainrule.errors import TableError, nearest
from chainrule.table.columns import Columns
from chainrule.table.plans import DroppedPlan, Plan
from chainrule.table.raw_column import ColumnName


def match_columns(
    table: Columns, plans: Sequence[Plan], *, by_name: bool, extra: Literal["raise", "ignore"], caller: str
) -> list[int | None]:
    """Return where the column of each plan is in the table; None for dropped columns that are not there.

    Raises
    ------
    TableError
        If a column is absent or, unless ``extra`` is "ignore", not expected; or, where names are not to be had on both
        sides, if their number is another.
    """
    if not (table.named and by_name):
        check_count(len(table.names), len(plans), caller)
        return list(range(len(plans)))
    missing, unknown = compare_names(table.names, plans)
    if missing:
        guess = nearest(missing[0], map(str, table.names))
        raise TableError(f"X has no column {missing[0]!r}, but {caller} was fitted with it.{guess}")
    if unknown and extra != "ignore":
        raise TableError(f"X has the column {unknown[0]!r}, but {caller} was fitted without it; leave it out.")
    place = {name: position for position, name in enumerate(table.names)}
    return [place.get(plan.name) for plan in plans]


def compare_names(names: Sequence[ColumnName], plans: Sequence[Plan]) -> tuple[list[str], list[str]]:
    """Return the names that plans need and a table lacks, and those it has and no plan knows."""
    needed = [plan.name for plan in plans if not isinstance(plan, DroppedPlan)]
    there, known = set(names), {plan.name for plan in plans}
    return [str(name) for name in needed if name not in there], [str(name) for name in names if name not in known]


def check_count(count: int, expected: int, caller: str) -> None:
    """Raise a `TableError`, in scikit-learn's words, if a table has another number of columns than in training."""
    if count != expected:
        raise TableError(f"X has {count} features, but {caller} is expecting {expected} features as input.")
