"""Classification or regression: decided by rule from the target, and said."""

__all__ = ["Task", "infer_task"]

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.errors import TableError
from chainrule.table.strays import describe_strays
from chainrule.table.target_array import as_target_array, target_gaps

MANY_CLASSES = 20
"""Integers with more distinct values than this are quantities."""

CLASS_SHARE = 0.05
"""Integers with 3 to 20 distinct values are classes if these are at most this share of the rows."""


@dataclass(frozen=True)
class Task:
    """What to train.

    Attributes
    ----------
    kind : {"classification", "regression"}
        The task.
    reason : str
        One line for people: why, and how to override it.
    """

    kind: Literal["classification", "regression"]
    reason: str


def infer_task(y: Any, *, name: str | None = None, override: str = "choose {other} yourself") -> Task:
    """Tell the task from a target (N,) or (N, K); rows without a target do not count.

    Text, truths and categories are classes; so are integers with exactly two distinct values, or with at most 20 that
    are at most 5 % of the rows. All else is regression. Several columns are classification if each holds truths or
    integers 0 and 1. Text of which more than 90 % are numbers is classes still, but ``reason`` names the first that is
    none.

    Parameters
    ----------
    y : array-like, Series or DataFrame
        The target.
    name : str or None
        What to call it; None takes its own name, if it has one.
    override : str
        How the reader of ``reason`` overrides it; "{other}" stands for the other task, as in "--task {other}".

    Raises
    ------
    TableError
        If y is no target, or wholly missing.
    """
    array = as_target_array(y)
    name = name or getattr(y, "name", None)
    called = repr(name) if isinstance(name, str) and name else "the target"
    gaps = target_gaps(array)
    present = array[~gaps]
    if not len(present):
        raise TableError(f"{called} has no values at all, so there is nothing to learn")
    is_class, held = _judge(present)
    kind: Literal["classification", "regression"] = "classification" if is_class else "regression"
    other = "regression" if is_class else "classification"
    strays = _strays(present, np.flatnonzero(~gaps)) if held.startswith("text") else ""
    return Task(kind, f"{kind}: {called} holds {held}{strays} (override: {override.format(other=other)})")


def _strays(present: npt.NDArray[Any], rows: npt.NDArray[np.intp]) -> str:
    texts = pl.Series([str(label) for label in present.ravel().tolist()], dtype=pl.String)
    strays = describe_strays(texts, lambda place: int(rows[place]))
    return f", though {strays}" if strays else ""


def _judge(present: npt.NDArray[Any]) -> tuple[bool, str]:
    """Return whether a target without gaps holds classes, and what it holds, in words."""
    if present.ndim == 2 and present.shape[1] > 1:
        zero_one = present.dtype.kind in "biu" and np.isin(present, (0, 1)).all()
        columns = f"{present.shape[1]} columns"
        return bool(zero_one), f"{columns} of 0 and 1, a set of labels" if zero_one else f"{columns} of numbers"
    labels = set(present.ravel().tolist())
    values = f"{len(labels)} distinct {'value' if len(labels) == 1 else 'values'}"
    if any(isinstance(label, str) for label in labels):
        return True, f"text with {values}"
    if all(isinstance(label, bool) for label in labels):
        return True, f"truths with {values}"
    if not all(isinstance(label, int) for label in labels):
        return False, f"numbers with {values}"
    few = len(labels) <= MANY_CLASSES and len(labels) <= CLASS_SHARE * len(present)
    return len(labels) == 2 or few, f"integers with {values} in {len(present)} rows"
