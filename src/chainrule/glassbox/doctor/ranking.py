"""Ranking by cause: what a finding explains goes beneath it, and what explains most comes first."""

from collections.abc import Mapping, Sequence

from chainrule.glassbox.doctor.finding import Finding, Level

__all__ = ["ranked"]


def ranked(findings: Sequence[Finding], explains: Mapping[str, Sequence[str]]) -> list[Finding]:
    """Return the causes among findings, each with its consequences, gravest first.

    A finding is a consequence if one at least as grave, or a warning, names its rule as a symptom, and does not call it
    unrelated. Causes are ordered
    by the gravest level among them and their consequences, then by the number of these, then as they were found.

    Parameters
    ----------
    findings : sequence of Finding
        In the order of the rules: what explains a finding comes before it.
    explains : mapping of str to sequence of str
        For each rule the names of those whose symptoms it causes.
    """
    cause_of = {id(finding): _cause(finding, findings[:i], explains) for i, finding in enumerate(findings)}
    causes = []
    for finding in findings:
        if cause_of[id(finding)] is None:
            mine = [other for other in findings if _root(other, cause_of) is finding and other is not finding]
            mine.sort(key=lambda other: -other.level)
            causes.append(finding.explaining(mine))
    return sorted(causes, key=lambda cause: (-_gravity(cause), -len(cause.consequences)))


def _gravity(cause: Finding) -> int:
    """Return the level that a cause answers for: its own, or a consequence's."""
    return max([cause.level, *(finding.level for finding in cause.consequences)])


def _cause(finding: Finding, before: Sequence[Finding], explains: Mapping[str, Sequence[str]]) -> Finding | None:
    """Return the gravest of the findings before that explain another, the first of them, or None."""
    able = [
        other
        for other in before
        if other.level >= min(finding.level, Level.WARNING)
        and finding.rule in explains[other.rule]
        and finding.rule not in other.unrelated
    ]
    return max(able, key=lambda other: other.level, default=None)


def _root(finding: Finding, cause_of: Mapping[int, Finding | None]) -> Finding:
    """Return the first cause in a chain of causes."""
    cause = cause_of[id(finding)]
    return finding if cause is None else _root(cause, cause_of)
