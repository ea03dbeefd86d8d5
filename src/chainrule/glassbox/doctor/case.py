"""A case: a run, and what is known of it besides its record."""

from collections.abc import Container, Sequence
from dataclasses import dataclass

from chainrule.engine import Source
from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.run import RecordedRun
from chainrule.training import HistoryRow

__all__ = ["Case"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """What the doctor is given.

    Parameters
    ----------
    run : RecordedRun
    history : sequence of dict
        One row an epoch, as training wrote them.
    stop_reason : str or None
        Why training ended: "max_iter", "early_stopping", …, or "diverged".
    validation : Source, optional
        Rows that the run was judged by.
    columns : Columns, optional
        The columns of the table as they were given, of the training rows; by default the network's inputs stand for
        them.
    parameters : container of str, optional
        Names of the parameters that the model has, which cures may speak of; by default any.
    """

    run: RecordedRun
    history: Sequence[HistoryRow]
    stop_reason: str | None = None
    validation: Source | None = None
    columns: Columns | None = None
    parameters: Container[str] | None = None

    @property
    def diverged(self) -> bool:
        """Whether training was given up because a step was not finite: the step after the last recorded."""
        return self.stop_reason == "diverged"

    def setting(self, text: str) -> str:
        """Return a setting such as "initialiser=None" in brackets, after a space, if the model has the parameter."""
        name = text.partition("=")[0]
        return f" ({text})" if self.parameters is None or name in self.parameters else ""
