"""Weights of classes by label, of both classifiers."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ParameterError
from chainrule.estimators.parameters import Number

__all__ = ["class_factors"]


def class_factors(given: Mapping[Any, Any], labels: Sequence[Any]) -> NDArray[np.float64]:
    """Return each class's factor (K,) on the weights of its rows: 1 where none is given.

    Parameters
    ----------
    given : dict
        The parameter ``class_weight``: factors by label.
    labels : sequence (K,)
        The classes.

    Raises
    ------
    ParameterError
        If a label is none of the classes, a factor is negative or not a number, or all of them are 0.
    """
    factors = np.ones(len(labels))
    for label, factor in given.items():
        if label not in labels:
            raise ParameterError(f"class_weight names {label!r}, which is not one of the classes {list(labels)}.")
        if not Number(0).accepts(factor):
            raise ParameterError(f"class_weight[{label!r}] must be {Number(0)}. Got {factor!r} instead.")
        factors[labels.index(label)] = factor
    if not factors.any():
        raise ParameterError(f"class_weight={given!r} gives no class a weight above 0.")
    return factors
