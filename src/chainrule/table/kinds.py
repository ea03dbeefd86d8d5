"""What a column means: number, boolean, category, date, or nothing worth learning from."""

__all__ = ["KINDS", "Decision", "decide"]

import re
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from chainrule.table.conversion import to_keys, to_numbers, to_times, to_truths
from chainrule.table.raw_column import Column
from chainrule.table.strays import describe_strays
from chainrule.table.text import parse_numbers, parse_times, parse_truths

Kind = Literal["number", "boolean", "category", "date", "drop"]
KINDS: tuple[Kind, ...] = ("number", "boolean", "category", "date", "drop")

IDENTIFIER_ROWS = 30
"""Identifiers are looked for in tables of more rows than this; fewer prove nothing."""

_CONSTANT = "constant"
_EMPTY = "no values"
_IDENTIFIER = "looks like an identifier"
_ID_NAME = re.compile(r"(?i:(^|.*[\s_.-])(id|uuid|guid|rowid|row|index|idx|key))|.*[a-z](Id|ID)")


@dataclass(frozen=True)
class Decision:
    """What a column is taken for.

    Attributes
    ----------
    kind : {"number", "boolean", "category", "date", "drop"}
        How it is encoded.
    column : Column
        The column, converted to that kind's storage (for ``category`` and ``drop`` as it came).
    reason : str
        Why it is dropped, that the user said so, or which few cells keep it from being a number; empty where the
        kind speaks for itself.
    """

    kind: Kind
    column: Column
    reason: str = ""


def decide(column: Column, override: Kind | None = None, *, named: bool = True) -> Decision:
    """Decide what a column means, on rows that all count.

    Rules, in this order. (1) No value at all, or a single value and no gaps: dropped as constant. (2) Categories
    declared by the table are categories. (3) Text all of whose values are numbers is a number; all truth words
    (yes/no, true/false, t/f, on/off): boolean; all ISO dates or times: date. (4) Dropped as an identifier, in tables
    of more than 30 rows: text with more than 30 distinct values, distinct in more than half of all rows; and integers
    without gaps, all distinct, in a column whose name says so (``id``, ``PassengerId``, ``row``, ``index``, …) or that
    number the rows: none negative, all below twice the number of rows (a shuffled part of 0, 1, 2, … does that). The
    integer rule needs names, so it leaves arrays alone, and no rule ever drops other numbers. (5) All else is what it
    is stored as; text is a category. Rows are counted, not weighed.

    An override replaces rules 2 to 5.

    Raises
    ------
    chainrule.errors.TableError
        If a value cannot be read as the kind that the override asks for.
    """
    said = f"typed as {override} by you" if override else ""
    if override == "drop":
        return Decision("drop", column, "by you")
    if column.missing.all():
        return Decision("drop", column, _EMPTY)
    decision = Decision(override, _converted(column, override), said) if override else _by_rule(column, named)
    if decision.kind != "drop" and _is_constant(decision.column):
        return Decision("drop", column, _CONSTANT)
    return decision


def _by_rule(column: Column, named: bool) -> Decision:
    if column.categorical:
        return Decision("category", column)
    if column.storage == "text":
        return _read_text(column, named)
    if column.storage == "time":
        return Decision("date", column)
    if column.storage == "boolean":
        return Decision("boolean", column)
    if named and _numbers_rows(column):
        return Decision("drop", column, _identifier(column, "number"))
    return Decision("number", _converted(column, "number"))


def _read_text(column: Column, named: bool) -> Decision:
    distinct = column.texts.drop_nulls().unique()
    numbers = parse_numbers(distinct)
    if numbers.complete and numbers.values.null_count() == len(distinct):
        return Decision("drop", column, _EMPTY)
    if numbers.complete:
        whole = not bool(distinct.str.contains(r"[.eE]").any())
        as_number = replace(_converted(column, "number"), whole=whole)
        return _by_rule(as_number, named)
    if parse_truths(distinct).complete:
        return Decision("boolean", _converted(column, "boolean"))
    if parse_times(distinct).complete:
        return Decision("date", _converted(column, "date"))
    if len(column) > IDENTIFIER_ROWS and len(distinct) > max(IDENTIFIER_ROWS, len(column) / 2):
        return Decision("drop", column, _strays(column) or _identifier(column, "category"))
    return Decision("category", column, _strays(column))


def _identifier(column: Column, kind: Kind) -> str:
    return f"{_IDENTIFIER}; columns={{{column.name!r}: {kind!r}}} keeps it"


def _strays(column: Column) -> str:
    strays = describe_strays(column.texts, column.place)
    return f"{strays}: correct or empty what is none to make this a number" if strays else ""


def _converted(column: Column, kind: Kind) -> Column:
    if kind == "number":
        return replace(column, storage="number", values=to_numbers(column))
    if kind == "boolean":
        return replace(column, storage="boolean", values=to_truths(column))
    if kind == "date":
        return replace(column, storage="time", values=to_times(column))
    return column


def _is_constant(column: Column) -> bool:
    if column.missing.any():
        return False
    if column.storage == "text":
        return to_keys(column, "text").n_unique() == 1
    values = column.times if column.storage == "time" else column.numbers
    return bool((values == values[0]).all())


def _numbers_rows(column: Column) -> bool:
    """Whether integers identify rows: rule 4 of `decide`."""
    n_rows, numbers = len(column), column.numbers
    if not column.whole or n_rows <= IDENTIFIER_ROWS or column.missing.any():
        return False
    if len(np.unique(numbers)) < n_rows:
        return False
    by_name = _ID_NAME.fullmatch(str(column.name)) is not None
    return by_name or bool(numbers.min() >= 0 and numbers.max() < 2 * n_rows)
