"""Dates and times as numbers."""

__all__ = ["DATE_PARTS", "DatePlan"]

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from chainrule.table.conversion import to_times
from chainrule.table.plans import Output, gap_names, label
from chainrule.table.raw_column import Column, ColumnName, FloatArray
from chainrule.table.scaling import Scale

Times = npt.NDArray[np.datetime64]

DATE_PARTS = ("elapsed days", "year", "month", "weekday", "hour")


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
        """Whose choice the kind was, the parts that vary, and what becomes of gaps."""
        gaps = "gaps get an indicator" if self.gaps else ""
        return "; ".join(filter(None, [self.said, ", ".join(self.parts), gaps]))

    def encoded_names(self) -> list[str]:
        """Return names such as "sold_on: year", and that of the indicator where there were gaps."""
        return [*(f"{label(self.name)}: {part}" for part in self.parts), *gap_names(self.name, self.gaps)]

    def encode(self, column: Column, out: Output) -> None:
        """Write the scaled parts, and the indicator."""
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
    parts = (
        (times - np.datetime64(origin, "us")) / np.timedelta64(1, "D"),
        times.astype("datetime64[Y]").astype(np.int64) + 1970,
        times.astype("datetime64[M]").astype(np.int64) % 12 + 1,
        (day.astype(np.int64) + 3) % 7,  # 1 January 1970 was a Thursday.
        (times - day) // np.timedelta64(1, "h"),
    )
    return {part: values.astype(np.float64) for part, values in zip(DATE_PARTS, parts, strict=True)}
