"""What a rule is: a name, what it explains, and a look at a run or at a table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chainrule.glassbox.doctor.columns import Columns
from chainrule.glassbox.doctor.finding import Finding

if TYPE_CHECKING:
    from chainrule.glassbox.doctor.examination import Examination

__all__ = ["Rule", "RunRule", "TableRule"]


@dataclass(frozen=True, kw_only=True)
class Rule:
    """A rule of the doctor.

    Parameters
    ----------
    name : str
        Of the rule, and of what it finds.
    explains : tuple of str
        Names of the rules whose symptoms it causes.
    """

    name: str
    explains: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class RunRule(Rule):
    """A rule about a run; ``look`` returns what it found, or None, also where there is too little evidence."""

    look: "Callable[[Examination], Finding | None]"


@dataclass(frozen=True, kw_only=True)
class TableRule(Rule):
    """A rule about columns and target.

    Parameters
    ----------
    look : callable
        From columns to a finding or None.
    of_inputs : bool
        Whether a run is judged by what its network takes, rather than by the table it was made from.
    """

    look: Callable[[Columns], Finding | None]
    of_inputs: bool = False
