"""An optimizer under way: what ``partial_fit`` goes on with, and what files hold of it."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.estimators.parameters import Number, check_parameters
from chainrule.estimators.stored_parameters import parameter_of, plain_parameter
from chainrule.training import Optimizer

__all__ = ["OptimizerState"]

_NUMBERS = {"first_rate": Number(0, open="low"), "rate": Number(0), "steps": Number(0, integer=True)}


@dataclass(frozen=True)
class OptimizerState:
    """An optimizer under way: what it was made with counts until the next ``fit``.

    Parameters
    ----------
    optimizer : Optimizer
    first_rate : float
        η at its beginning.
    rate : float
        η now, bias correction and schedule of the user's left out.
    vectors : tuple of arrays (P,)
    steps : int
        Steps taken.
    """

    optimizer: Optimizer
    first_rate: float
    rate: float
    vectors: tuple[NDArray[Any], ...]
    steps: int = 0

    def to_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return plain values (for JSON) and arrays, by name.

        Raises
        ------
        ParameterError
            If the optimizer is one of the user's own.
        """
        values = {name: getattr(self, name) for name in _NUMBERS}
        values["optimizer"] = plain_parameter("solver", self.optimizer, seed=None)
        return values, {f"optimizer.{i}": vector for i, vector in enumerate(self.vectors)}

    @classmethod
    def from_parts(cls, values: dict[str, Any], arrays: dict[str, NDArray[Any]], weights: Any) -> "OptimizerState":
        """Return the state that ``to_parts`` took apart; ``weights`` (P,) are those it is of.

        Raises
        ------
        ModelFileError, ValueError, KeyError
            If the parts are not those of one.
        """
        numbers = {name: values[name] for name in _NUMBERS}
        check_parameters("the file", numbers, _NUMBERS)
        optimizer = parameter_of("solver", values["optimizer"])
        if not isinstance(optimizer, Optimizer):
            raise ModelFileError("the optimizer is none")
        vectors = tuple(arrays[f"optimizer.{i}"].copy() for i in range(optimizer.n_vectors))
        for vector in vectors:
            if (vector.shape, vector.dtype) != (weights.shape, weights.dtype) or not np.isfinite(vector).all():
                raise ModelFileError("the optimizer's state does not fit the weights")
        return cls(optimizer, vectors=vectors, **numbers)
