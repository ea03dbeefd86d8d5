"""A cure tried out: the run forked with the changed setting, trained a while, and held to the original."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chainrule.errors import ParameterError
from chainrule.glassbox.doctor.case import Case
from chainrule.glassbox.doctor.cure import Training
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.examine import look
from chainrule.glassbox.doctor.finding import Finding
from chainrule.glassbox.doctor.observe import observe
from chainrule.glassbox.doctor.rules import RULES
from chainrule.glassbox.tables import Shown, Table
from chainrule.training import HistoryRow

__all__ = ["Trial", "try_cure"]

ALIKE = 0.02  # of the base error: a smaller difference is none
MOST_SHOWN = 10


@dataclass(frozen=True, eq=False, repr=False)
class Trial(Shown):
    """The original's and the cured run's errors, epoch by epoch, each as a share of its own base error.

    Parameters
    ----------
    finding : Finding
        Whose cure it is.
    original, cured : list of float (E,)
        Error over base error, of validation rows where both have some, else of training rows; 1 is no better than the
        base rate. They may differ in length: the original may have diverged, or the cure goes on after its end.
    measured_on : str
        "validation" or "training".
    diverged : bool
        Whether the cured run was given up.
    gone : bool
        Whether the rule finds nothing in the cured run that is as grave.
    seconds : float
        Time that the cured run took.
    """

    finding: Finding
    original: list[float]
    cured: list[float]
    measured_on: str
    diverged: bool
    gone: bool
    seconds: float

    @property
    def improvement(self) -> float:
        """By how much lower the cured run's error ends than the original's where it is compared, in base errors."""
        if self.diverged or not self.cured:
            return -np.inf
        if not self.original:
            return np.inf
        same = self.original[-1] if self.finding.cure.goes_on else self.original[: len(self.cured)][-1]
        return same - self.cured[-1]

    @property
    def verdict(self) -> str:
        """What came of it, in words."""
        symptom = "the symptom is gone" if self.gone else "the symptom is still there"
        if self.diverged:
            return "the cured run diverged"
        if self.improvement == np.inf:
            return f"it trains, and the original did not; {symptom}"
        if abs(self.improvement) <= ALIKE:
            return f"the error is about the same; {symptom}"
        way = "lower" if self.improvement > 0 else "higher"
        return f"the error is {way} by {abs(self.improvement):.3g} base errors; {symptom}"

    def to_dict(self) -> dict[str, Any]:
        """Return the trial as plain values, for JSON; errors that are not finite become None."""
        curves = {"original": self.original, "cured": self.cured}
        return {
            "rule": self.finding.rule,
            "cure": self.finding.cure.text,
            "measured_on": self.measured_on,
            "verdict": self.verdict,
            "gone": self.gone,
            **{name: [e if np.isfinite(e) else None for e in curve] for name, curve in curves.items()},
        }

    def tables(self) -> Iterator[Table]:
        """Show both curves at some epochs."""
        n_epochs = max(len(self.original), len(self.cured))
        shown = np.unique(np.linspace(0, n_epochs - 1, min(MOST_SHOWN, n_epochs)).round().astype(int))
        rows = [(int(i) + 1, _at(self.original, i), _at(self.cured, i)) for i in shown]
        title = f"{self.finding.cure.text} Error over base error of the {self.measured_on} rows:"
        yield Table(title, ("epoch", "original", "cured"), rows, self.verdict)


def _at(curve: Sequence[float], epoch: int) -> float | None:
    return curve[epoch] if epoch < len(curve) else None


def try_cure(finding: Finding, *, seconds: float) -> Trial:
    """Fork a finding's run with its cure; see ``Finding.try_cure``."""
    if finding.examination is None:
        raise ParameterError(f"{finding.rule} was found in a table: there is no run to fork. Train a model first.")
    if finding.cure.change is None:
        raise ParameterError(f"the cure of {finding.rule} is no setting of the training: {finding.cure.text}")
    if not seconds > 0:
        raise ParameterError(f"seconds must be above 0, got {seconds!r}.")
    before = finding.examination
    cured = _cured(finding, before, finding.cure.change(before.training()), seconds)
    after = Examination(cured)
    rule = next(rule for rule in RULES if rule.name == finding.rule)
    again = look(rule, after)
    on_validation = before.is_validated and after.is_validated
    return Trial(
        finding=finding,
        original=_curve(before, on_validation),
        cured=_curve(after, on_validation),
        measured_on="validation" if on_validation else "training",
        diverged=cured.diverged,
        gone=again is None or again.level < finding.level,
        seconds=float(cured.history[-1]["seconds"]) if cured.history else 0.0,
    )


def _cured(finding: Finding, before: Examination, training: Training, seconds: float) -> Case:
    """Train with the cure, from the start or from the run's end."""
    n_epochs = max(len(before.case.history), 2)
    recipe = replace(training.recipe, epochs=n_epochs // 2, time_limit=seconds)
    weights = before.run.weights_before(before.run.n_steps) if finding.cure.goes_on else training.weights
    return observe(
        training.network,
        training.source,
        recipe,
        weights=weights,
        validation=training.validation,
        names=replace(before.names, network=training.network),
    )


def _curve(examination: Examination, on_validation: bool) -> list[float]:
    rows: Sequence[HistoryRow] = examination.case.history
    name = "validation_error" if on_validation else "train_error"
    return [1.0 + (float(row[name]) - examination.base_error) / examination.scale for row in rows]
