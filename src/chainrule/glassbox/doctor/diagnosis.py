"""A diagnosis: the findings of a case or a table, ranked by cause."""

from collections.abc import Iterator, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from chainrule.glassbox.doctor.finding import Finding, Level
from chainrule.glassbox.tables import Shown, Table

__all__ = ["Diagnosis"]


class Diagnosis(Shown, Sequence[Finding]):
    """Findings, gravest cause first; each holds those that it explains as ``consequences``.

    Parameters
    ----------
    causes : sequence of Finding
    n_rules : int
        How many rules were asked.
    subject : str
        What was examined.
    """

    def __init__(self, causes: Sequence[Finding], *, n_rules: int, subject: str) -> None:
        self._causes, self.n_rules, self.subject = tuple(causes), n_rules, subject

    def __len__(self) -> int:
        return len(self._causes)

    @overload
    def __getitem__(self, index: int) -> Finding: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Finding]: ...

    def __getitem__(self, index: int | slice) -> Finding | Sequence[Finding]:
        return self._causes[index]

    @property
    def all(self) -> list[Finding]:
        """Every finding, each cause followed by its consequences."""
        return [finding for cause in self._causes for finding in (cause, *cause.consequences)]

    @property
    def level(self) -> Level | None:
        """The gravest level of all findings; None if there is none."""
        return max((finding.level for finding in self.all), default=None)

    def numbered(self, numbers: NDArray[np.int64]) -> "Diagnosis":
        """Return the diagnosis with rows of its table called by other numbers: those of a table that it is a part of.

        Parameters
        ----------
        numbers : array (rows of the table,) of int
            Each row's place in the larger table.
        """
        causes = [finding.numbered(numbers) for finding in self._causes]
        return Diagnosis(causes, n_rules=self.n_rules, subject=self.subject)

    def to_dict(self) -> dict[str, Any]:
        """Return the diagnosis as plain values, for JSON."""
        return {
            "subject": self.subject,
            "n_rules": self.n_rules,
            "level": None if self.level is None else str(self.level),
            "findings": [finding.to_dict() for finding in self._causes],
        }

    def tables(self) -> Iterator[Table]:
        """Show an overview, then every finding."""
        if not self._causes:
            yield Table(f"{self.subject}: nothing found", ("rules asked",), [(self.n_rules,)])
            return
        rows = [(str(finding.level), finding.rule.replace("_", " "), finding.symptom) for finding in self._causes]
        yield Table(f"{self.subject}: {self.n_rules} rules asked", ("level", "finding", "seen"), rows)
        for finding in self._causes:
            yield from finding.tables()
