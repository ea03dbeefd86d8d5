"""How one column becomes numbers: what was learned on the training rows, and the encoding."""

__all__ = ["BooleanPlan", "DroppedPlan", "NumberPlan", "Output", "Plan", "gap_names", "label"]

from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.table.bins import bin_names, encode_bins, learn_knots
from chainrule.table.conversion import to_numbers, to_truths
from chainrule.table.raw_column import Column, ColumnName, FloatArray
from chainrule.table.scaling import Scale
from chainrule.table.text import parse_truths

Output = npt.NDArray[np.floating]


class Plan(Protocol):
    """What every plan offers."""

    kind: ClassVar[str]

    @property
    def name(self) -> ColumnName:
        """The column's name, or position in an array."""
        ...

    @property
    def note(self) -> str:
        """For people: how the column is treated."""
        ...

    def encoded_names(self) -> list[str]:
        """Return the names of the encoded columns, as many as the plan is wide."""
        ...

    def encode(self, column: Column, out: Output) -> None:
        """Write the encoded column to ``out`` (N, width), which holds zeros."""
        ...


def label(name: ColumnName) -> str:
    """Return what encoded columns are called after: the name, or x0, x1, … for columns of arrays."""
    return f"x{name}" if isinstance(name, int) else name


def gap_names(name: ColumnName, gaps: bool) -> list[str]:
    """Return the name of the missing-indicator, if training rows had gaps."""
    return [f"{label(name)} is missing"] if gaps else []


@dataclass(frozen=True)
class DroppedPlan:
    """A column that is left out, and why."""

    kind: ClassVar[str] = "dropped"
    name: ColumnName
    reason: str

    @property
    def note(self) -> str:
        """Why it is dropped."""
        return f"dropped: {self.reason}"

    def encoded_names(self) -> list[str]:
        """Return no names."""
        return []

    def encode(self, column: Column, out: Output) -> None:
        """Write nothing: there is no room."""


@dataclass(frozen=True)
class NumberPlan:
    """A number, scaled; missing values become the median, which is 0 once scaled.

    With ``knots`` (see `chainrule.table.bins`), further columns say how far the number has come through each bin. If
    training rows had gaps, a last column is 1 where the value is missing.
    """

    kind: ClassVar[str] = "number"
    name: ColumnName
    scale: Scale
    gaps: bool
    said: str = ""
    knots: tuple[float, ...] = ()

    @classmethod
    def learn(cls, column: Column, weights: FloatArray | None, *, said: str = "") -> "NumberPlan":
        """Learn scale and gaps from the training rows' numbers."""
        missing = column.missing
        present = None if weights is None else weights[~missing]
        return cls(column.name, Scale.learn(column.numbers[~missing], present), bool(missing.any()), said)

    def with_bins(self, column: Column, weights: FloatArray | None, n_bins: int) -> "NumberPlan":
        """Return the plan with up to ``n_bins`` bins, learned from the same rows."""
        numbers = to_numbers(column)
        missing = np.isnan(numbers)
        present = None if weights is None else weights[~missing]
        return replace(self, knots=learn_knots(numbers[~missing], present, self.scale, n_bins))

    @property
    def note(self) -> str:
        """Whose choice the kind was, and what becomes of bins and gaps."""
        bins = f"{len(self.knots) - 1} bins" if self.knots else ""
        gaps = "gaps get the median and an indicator" if self.gaps else ""
        return "; ".join(filter(None, [self.said, bins, gaps]))

    def encoded_names(self) -> list[str]:
        """Return the column's name, those of its bins and, where there were gaps, that of the indicator."""
        return [label(self.name), *bin_names(label(self.name), self.knots), *gap_names(self.name, self.gaps)]

    def encode(self, column: Column, out: Output) -> None:
        """Write the scaled numbers, the bins and the indicator."""
        scaled = self.scale.apply(to_numbers(column))
        missing = np.isnan(scaled)
        scaled[missing] = 0
        out[:, 0] = scaled
        if self.knots:
            encode_bins(scaled, self.knots, self.scale, out[:, 1 : len(self.knots)])
        if self.gaps:
            out[:, -1] = missing


@dataclass(frozen=True)
class BooleanPlan:
    """A truth: −1 for false, +1 for true, 0 where missing; an indicator as for numbers.

    If training rows held ``words`` such as yes and no, any other word is unknown, 0, as an unseen category is. If they
    held truths, text that is no truth is an error: the column is of another type.
    """

    kind: ClassVar[str] = "boolean"
    name: ColumnName
    words: bool
    gaps: bool
    said: str = ""

    @classmethod
    def learn(cls, column: Column, *, words: bool, said: str = "") -> "BooleanPlan":
        """Learn whether the training rows had gaps."""
        return cls(column.name, words, bool(column.missing.any()), said)

    @property
    def note(self) -> str:
        """Whose choice the kind was, and what becomes of gaps."""
        return "; ".join(filter(None, [self.said, "gaps get an indicator" if self.gaps else ""]))

    def encoded_names(self) -> list[str]:
        """Return the column's name and, where there were gaps, that of the indicator."""
        return [label(self.name), *gap_names(self.name, self.gaps)]

    def encode(self, column: Column, out: Output) -> None:
        """Write −1, 0 or +1, and the indicator."""
        truths = to_truths(column, other_words=self.words)
        out[:, 0] = np.where(np.isnan(truths), 0.0, 2 * truths - 1)
        if self.gaps:
            out[:, 1] = np.isnan(truths) if column.storage != "text" else parse_truths(column.texts).missing
