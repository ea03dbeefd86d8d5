"""The doctor's two doors: the examination of a run, and of a table before any training."""

from collections.abc import Sequence

from chainrule.glassbox.doctor.case import Case
from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.doctor.diagnosis import Diagnosis
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Finding
from chainrule.glassbox.doctor.ranking import ranked
from chainrule.glassbox.doctor.rule import Rule, RunRule, TableRule
from chainrule.glassbox.doctor.rules import RULES
from chainrule.glassbox.sampling import with_progress
from chainrule.glassbox.tables import counted

__all__ = ["examine", "examine_columns", "look"]


def examine(case: Case) -> Diagnosis:
    """Examine a run by all rules; what takes over two seconds says how far it is.

    Raises
    ------
    ReplayError
        If the run cannot be repeated as it was.
    """
    examination, findings = Examination(case), []
    parts: list[int | Rule] = [*examination.steps, *RULES]
    for part in with_progress(parts, "examining"):
        if isinstance(part, int):
            examination.probe(part)
        elif (finding := look(part, examination)) is not None:
            findings.append(finding)
    record = case.run.record
    subject = f"a run of {counted(record.n_steps - record.first_step, 'step')} on {counted(record.n_rows, 'row')}"
    return _diagnosis(findings, RULES, subject)


def examine_columns(columns: Columns) -> Diagnosis:
    """Examine columns and target by the rules about tables."""
    rules = [rule for rule in RULES if isinstance(rule, TableRule)]
    findings = [finding for rule in rules if (finding := rule.look(columns)) is not None]
    size = f"{counted(columns.n_rows, 'row')} and {counted(len(columns.names), 'column')}"
    return _diagnosis(findings, rules, f"a table of {size}")


def look(rule: Rule, examination: Examination) -> Finding | None:
    """Return what one rule finds in a run."""
    if isinstance(rule, TableRule):
        columns = examination.inputs if rule.of_inputs else examination.columns
        finding = None if columns is None else rule.look(columns)
    else:
        assert isinstance(rule, RunRule), "rules are of runs or of tables"
        finding = rule.look(examination)
    return None if finding is None else finding.seen_in(examination)


def _diagnosis(findings: list[Finding], rules: Sequence[Rule], subject: str) -> Diagnosis:
    causes = ranked(findings, {rule.name: rule.explains for rule in rules})
    return Diagnosis(causes, n_rules=len(rules), subject=subject)
