"""A finding: what the doctor saw, how sure it is that it matters, where it comes from, and what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import IntEnum
from math import isfinite
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ParameterError
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.tables import Shown, Table, said

if TYPE_CHECKING:
    from chainrule.glassbox.doctor.examination import Examination
    from chainrule.glassbox.doctor.trial import Trial
    from chainrule.glassbox.step import Step

__all__ = ["Evidence", "Finding", "Level"]

MOST_NAMES = 6  # rows, neurons and columns that are named in text


class Level(IntEnum):
    """How much a finding matters: a notice is worth knowing, a warning costs quality, a fault keeps from learning."""

    NOTICE = 1
    WARNING = 2
    FAULT = 3

    def __str__(self) -> str:
        return self.name.lower()


@dataclass(frozen=True)
class Evidence:
    """Where a finding can be seen, and in which numbers.

    Parameters
    ----------
    step : int, optional
        The step that shows it best: ``Finding.open`` opens it.
    layer : str
        "hidden 1"; empty where it is no matter of a layer.
    neurons : sequence of str
        Of that layer.
    rows : sequence of int
        Training rows, as the run numbers them.
    columns : sequence of str
        Inputs of the network, or columns of the table.
    numbers : mapping of str to float
        What was measured, by name.
    """

    step: int | None = None
    layer: str = ""
    neurons: Sequence[str] = ()
    rows: Sequence[int] = ()
    columns: Sequence[str] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)

    def cells(self) -> Iterator[tuple[str, Any]]:
        """Yield what there is, as (name, value) pairs for people."""
        for name in ("step", "layer"):
            if getattr(self, name) not in (None, ""):
                yield name, getattr(self, name)
        for name in ("neurons", "rows", "columns"):
            if given := getattr(self, name):
                more = f", … ({len(given)} in all)" if len(given) > MOST_NAMES else ""
                yield name, ", ".join(map(str, given[:MOST_NAMES])) + more
        yield from self.numbers.items()

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON; a number that is not finite becomes text, which JSON can hold."""
        return {
            "step": self.step,
            "layer": self.layer,
            "neurons": list(self.neurons),
            "rows": [int(row) for row in self.rows],
            "columns": list(self.columns),
            "numbers": {name: _plain(number) for name, number in self.numbers.items()},
        }


def _plain(number: float) -> float | str:
    return float(number) if isfinite(number) else str(float(number))


@dataclass(frozen=True, eq=False, repr=False)
class Finding(Shown):
    """One thing that is wrong, or worth knowing.

    Parameters
    ----------
    rule : str
        Name of the rule that found it.
    level : Level
    symptom : str
        What was seen, in a sentence with its numbers.
    evidence : Evidence
    cause : str
        What it most likely comes from.
    cure : Cure
        What to do, in words, and as a change of the training where there is one.
    consequences : tuple of Finding
        Findings that this one explains.
    unrelated : tuple of str
        Rules whose symptoms it did not cause this time, though its rule may.
    examination : Examination, optional
        Of the run it was found in.
    """

    rule: str
    level: Level
    symptom: str
    evidence: Evidence
    cause: str
    cure: Cure
    consequences: tuple["Finding", ...] = ()
    unrelated: tuple[str, ...] = ()
    examination: "Examination | None" = None

    def explaining(self, consequences: Sequence["Finding"]) -> "Finding":
        """Return the finding as the cause of others."""
        return replace(self, consequences=tuple(consequences))

    def seen_in(self, examination: "Examination") -> "Finding":
        """Return the finding with the examination that made it."""
        return replace(self, examination=examination)

    def numbered(self, numbers: NDArray[np.int64]) -> "Finding":
        """Return the finding with rows called by the numbers (rows of the table,) of a larger table."""
        rows = [int(numbers[row]) for row in self.evidence.rows]
        consequences = tuple(finding.numbered(numbers) for finding in self.consequences)
        return replace(self, evidence=replace(self.evidence, rows=rows), consequences=consequences)

    def open(self) -> "Step":
        """Open the step that proves it.

        Raises
        ------
        ParameterError
            If it is no matter of a step: it was found in the table, or in the errors of all epochs.
        ReplayError
            If the run cannot be repeated as it was.
        """
        if self.examination is None or self.evidence.step is None:
            raise ParameterError(f"{self.rule} is not seen in a single step; its evidence holds what was measured.")
        return self.examination.open(self.evidence.step)

    def try_cure(self, *, seconds: float = 10.0) -> "Trial":
        """Train again with the cure, for at most half of the run's epochs, and compare.

        Parameters
        ----------
        seconds : float
            At most so long.

        Returns
        -------
        Trial
            Both curves, and a verdict.

        Raises
        ------
        ParameterError
            If the cure is not a setting of the training, or there is no run to fork.
        """
        from chainrule.glassbox.doctor.trial import try_cure

        return try_cure(self, seconds=seconds)

    def to_dict(self) -> dict[str, Any]:
        """Return the finding as plain values, for JSON."""
        return {
            "rule": self.rule,
            "level": str(self.level),
            "symptom": self.symptom,
            "evidence": self.evidence.to_dict(),
            "cause": self.cause,
            "cure": self.cure.text,
            "can_try_cure": self.cure.change is not None and self.examination is not None,
            "consequences": [finding.to_dict() for finding in self.consequences],
        }

    def tables(self) -> Iterator[Table]:
        """Show the finding, and in short what it explains."""
        cells = [("seen", self.symptom), *self.evidence.cells(), ("cause", self.cause), ("cure", self.cure.text)]
        cells += [("explains", f"{finding.level}: {finding.symptom}") for finding in self.consequences]
        rows = [(name, said(value)) for name, value in cells]
        yield Table(f"{self.level}: {self.rule.replace('_', ' ')}", ("", ""), rows)
