"""What a cure is: words, and a change of the training, which is one immutable object."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Source
from chainrule.network import Network
from chainrule.training import Recipe

__all__ = ["Change", "Cure", "Training"]


@dataclass(frozen=True, eq=False, kw_only=True)
class Training:
    """What a run is a function of.

    Parameters
    ----------
    network : Network
    source : Source
        The rows to train on.
    recipe : Recipe
    weights : array (P,) or None
        To start from; None lets the network draw them for the recipe's seed.
    validation : Source, optional
    """

    network: Network
    source: Source
    recipe: Recipe
    weights: NDArray[np.floating[Any]] | None
    validation: Source | None = None


Change = Callable[[Training], Training]


@dataclass(frozen=True)
class Cure:
    """What to do about a finding.

    Parameters
    ----------
    text : str
        In words, with the setting to change.
    change : callable, optional
        From the run's training to one with the cure.
    goes_on : bool
        Whether the cured training goes on from the run's end; else it begins anew.
    """

    text: str
    change: Change | None = None
    goes_on: bool = False
