"""Small tables that read alike in a terminal and in a notebook."""

from abc import abstractmethod
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["LARGEST", "Shown", "Table", "counted", "largest", "printable", "said", "shortened"]

FEWEST_LETTERS = 3  # of a column's name
LARGEST = 8  # rows that a table of the largest shows


def said(value: Any) -> str:
    """Return a cell as text: numbers to six digits, a missing value as "–"."""
    if value is None:
        return "–"
    if isinstance(value, float | np.floating):
        return f"{value + 0.0:.6g}"  # −0 is 0
    return printable(str(value))


def counted(n: int, noun: str) -> str:
    """Return "1 row" or "1,234 rows"."""
    return f"{n:,} {noun}{'' if n == 1 else 's'}"


def shortened(name: str, most: int) -> str:
    """Return a name of at most ``most`` letters; of an input's ("town = Rome") what tells it from its like."""
    if len(name) <= most:
        return name
    place = max(name.rfind(mark) for mark in (": ", " = "))
    room = most - 1 - len(name[place:])
    return f"{name[:room]}…{name[place:]}" if place > 0 and room >= FEWEST_LETTERS else f"{name[: most - 1]}…"


def printable(words: str) -> str:
    """Return the words with what cannot be seen, or would act on a terminal, written as its code."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)


def largest(values: NDArray[Any], n: int = LARGEST) -> NDArray[np.intp]:
    """Return the positions of the ``n`` values (m,) of largest size, the largest first, equal ones in order."""
    return np.argsort(-np.abs(values), kind="stable")[:n]


@dataclass(frozen=True)
class Table:
    """A heading, the names of the columns, and rows of cells; ``note`` follows below."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Any]]
    note: str = ""

    def to_text(self) -> str:
        """Return the table in columns of even width, numbers on the right."""
        cells = [[said(name) for name in self.columns], *([said(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
        right = [self._is_number(j) for j in range(len(widths))]
        lines = [
            "  ".join(c.rjust(w) if r else c.ljust(w) for c, w, r in zip(row, widths, right, strict=True)).rstrip()
            for row in cells
        ]
        return "\n".join(filter(None, [printable(self.title), *lines, printable(self.note)]))

    def to_html(self) -> str:
        """Return the table as HTML; every name and value is escaped."""
        sides = ["right" if self._is_number(j) else "left" for j in range(len(self.columns))]
        align = [f" style='text-align:{side};padding:1px 8px;white-space:nowrap'" for side in sides]
        head = "".join(f"<th{a}>{escape(said(name))}</th>" for name, a in zip(self.columns, align, strict=True))
        body = "".join(
            "<tr>" + "".join(f"<td{a}>{escape(said(c))}</td>" for c, a in zip(row, align, strict=True)) + "</tr>"
            for row in self.rows
        )
        note = f"<p>{escape(self.note)}</p>" if self.note else ""
        caption = (
            f"<caption style='text-align:left;font-weight:bold'>{escape(self.title)}</caption>" if self.title else ""
        )
        return f"<table style='margin:8px 0'>{caption}<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{note}"

    def _is_number(self, column: int) -> bool:
        return all(row[column] is None or isinstance(row[column], int | float | np.number) for row in self.rows)


class Shown:
    """Something that is shown as tables: as text in a terminal, as HTML (without JavaScript) in a notebook."""

    @abstractmethod
    def tables(self) -> Iterable[Table]:
        """Return the tables that show it."""

    def __str__(self) -> str:
        return "\n\n".join(table.to_text() for table in self.tables())

    __repr__ = __str__

    def _repr_html_(self) -> str:
        return "".join(table.to_html() for table in self.tables())
