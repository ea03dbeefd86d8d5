"""The doctor: what is wrong with a run or a table, why, where to see it, and what to do about it."""

from chainrule.glassbox.doctor.case import Case
from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.diagnosis import Diagnosis
from chainrule.glassbox.doctor.examine import examine, examine_columns
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.observe import observe
from chainrule.glassbox.doctor.rules import RULES
from chainrule.glassbox.doctor.trial import Trial

__all__ = [
    "RULES",
    "Case",
    "Columns",
    "Cure",
    "Diagnosis",
    "Evidence",
    "Finding",
    "Level",
    "Trial",
    "examine",
    "examine_columns",
    "observe",
]
