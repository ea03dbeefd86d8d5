"""How one column becomes numbers: what was learned on the training rows, and the encoding."""

__all__ = ["BooleanPlan", "DatePlan", "DroppedPlan", "NumberPlan", "Plan"]

from dataclasses import dataclass
from typing import ClassVar, Protocol

import numpy as np
import numpy.typing as npt

from chainrule.table.conversion import to_numbers, to_times, to_truths
from chainrule.table.raw_column import Column, ColumnName, FloatArray
from chainrule.table.scaling import Scale

Output = npt.NDArray[np.floating]
Times = npt.NDArray[np.datetime64]


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


def gap_name(name: ColumnName) -> str:
    """Return the name of a missing-indicator."""
    return f"{label(name)} is missing"


@dataclass(frozen=True)
class DroppedPlan:
    """A column that is left out, and why."""

    kind: ClassVar[str] = "dropped"
    name: ColumnName
    reason: str

    @property
    def note(self) -> str:
        return f"dropped: {self.reason}"

    def encoded_names(self) -> list[str]:
        return []

    def encode(self, column: Column, out: Output) -> None:
        """Write nothing: there is no room."""


@dataclass(frozen=True)
class NumberPlan:
    """A number, scaled; missing values become the median, which is 0 once scaled.

    If training rows had gaps, a second column is 1 where the value is missing.
    """

    kind: ClassVar[str] = "number"
    name: ColumnName
    scale: Scale
    gaps: bool
    said: str = ""

    @classmethod
    def learn(cls, column: Column, weights: FloatArray | None, *, said: str = "") -> "NumberPlan":
        """Learn scale and gaps from the training rows' numbers."""
        missing = column.missing
        present = None if weights is None else weights[~missing]
        return cls(column.name, Scale.learn(column.numbers[~missing], present), bool(missing.any()), said)

    @property
    def note(self) -> str:
        gaps = "gaps get the median and an indicator" if self.gaps else ""
        return "; ".join(filter(None, [self.said, gaps]))

    def encoded_names(self) -> list[str]:
        return [label(self.name), *([gap_name(self.name)] if self.gaps else [])]

    def encode(self, column: Column, out: Output) -> None:
        scaled = self.scale.apply(to_numbers(column))
        missing = np.isnan(scaled)
        scaled[missing] = 0
        out[:, 0] = scaled
        if self.gaps:
            out[:, 1] = missing


@dataclass(frozen=True)
class BooleanPlan:
    """A truth: −1 for false, +1 for true, 0 where missing; an indicator as for numbers."""

    kind: ClassVar[str] = "boolean"
    name: ColumnName
    gaps: bool
    said: str = ""

    @classmethod
    def learn(cls, column: Column, *, said: str = "") -> "BooleanPlan":
        """Learn whether the training rows had gaps."""
        return cls(column.name, bool(column.missing.any()), said)

    @property
    def note(self) -> str:
        return "; ".join(filter(None, [self.said, "gaps get an indicator" if self.gaps else ""]))

    def encoded_names(self) -> list[str]:
        return [label(self.name), *([gap_name(self.name)] if self.gaps else [])]

    def encode(self, column: Column, out: Output) -> None:
        truths = to_truths(column)
        missing = np.isnan(truths)
        out[:, 0] = np.where(missing, 0.0, 2 * truths - 1)
        if self.gaps:
            out[:, 1] = missing


@dataclass(frozen=True)
class DatePlan:
    """A date or time: elapsed days, year, month, weekday and hour, those that vary in training, each scaled.

    Elapsed days count from ``origin``, the earliest time in training (microseconds since 1970, UTC). Weekdays count
    from Monday, 0. Missing times become each part's median, 0 once scaled; an indicator as for numbers.
    """

    kind: ClassVar[str] = "date"
    name: ColumnName
    origin: int
    parts: dict[str, Scale]
    gaps: bool
    said: str = ""

    @classmethod
    def learn(cls, column: Column, weights: FloatArray | None, *, said: str = "") -> "DatePlan":
        """Learn the origin, the parts that vary, and their scales from the training rows' times."""
        missing = column.missing
        times = column.times[~missing]
        present = None if weights is None else weights[~missing]
        origin = int(times.min().astype(np.int64))
        found = {part: values for part, values in _parts(times, origin).items() if np.ptp(values) > 0}
        parts = {part: Scale.learn(values, present) for part, values in found.items()}
        return cls(column.name, origin, parts, bool(missing.any()), said)

    @property
    def note(self) -> str:
        gaps = "gaps get an indicator" if self.gaps else ""
        return "; ".join(filter(None, [self.said, ", ".join(self.parts), gaps]))

    def encoded_names(self) -> list[str]:
        names = [f"{label(self.name)}: {part}" for part in self.parts]
        return [*names, *([gap_name(self.name)] if self.gaps else [])]

    def encode(self, column: Column, out: Output) -> None:
        times = to_times(column)
        missing = np.isnat(times)
        parts = _parts(np.where(missing, np.datetime64(self.origin, "us"), times), self.origin)
        for place, (part, scale) in enumerate(self.parts.items()):
            out[:, place] = np.where(missing, 0.0, scale.apply(parts[part]))
        if self.gaps:
            out[:, -1] = missing


def _parts(times: Times, origin: int) -> dict[str, FloatArray]:
    """Take times (n,) apart; every part is float64 (n,)."""
    day = times.astype("datetime64[D]")
    parts = {
        "elapsed days": (times - np.datetime64(origin, "us")) / np.timedelta64(1, "D"),
        "year": times.astype("datetime64[Y]").astype(np.int64) + 1970,
        "month": times.astype("datetime64[M]").astype(np.int64) % 12 + 1,
        "weekday": (day.astype(np.int64) + 3) % 7,
        "hour": (times - day) // np.timedelta64(1, "h"),
    }
    return {part: values.astype(np.float64) for part, values in parts.items()}
