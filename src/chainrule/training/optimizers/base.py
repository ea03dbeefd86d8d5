"""What every optimizer is: a number of state vectors and an elementwise formula over the flat weight vector."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import DescentStep
from chainrule.errors import ParameterError

__all__ = ["Optimizer"]

Floats = NDArray[np.floating[Any]]


@dataclass(frozen=True)
class Optimizer:
    """Base of the optimizers: immutable settings; the state is the caller's.

    ``momentum`` and ``weight_decay`` are where an optimizer's own settings enter the step plan. Weight decay is
    decoupled and applied by the engine, whatever the optimizer: w ← w − η·λ·w, leaving biases alone (Loshchilov &
    Hutter 2019).

    Raises
    ------
    ParameterError
        If a setting is outside [0, 1) (beta, decay) or [0, 1] (momentum), or negative (epsilon, weight_decay).
    """

    kind: ClassVar[str]
    vector_names: ClassVar[tuple[str, ...]] = ()
    momentum: ClassVar[float] = 0.0
    weight_decay: ClassVar[float] = 0.0

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            holds, rule = _rule(field.name)
            if not holds(value):
                raise ParameterError(f"{field.name} of {self.kind} must be {rule}, got {value!r}.")

    @property
    def n_vectors(self) -> int:
        """Number of state vectors, each (P,) and zero at the start."""
        return len(self.vector_names)

    def change(self, gradient: Floats, vectors: tuple[Floats, ...], step: DescentStep) -> Floats:
        """Return Δw (P,) for the gradient (P,), updating the state vectors in place.

        Parameters
        ----------
        gradient : array (P,)
            ∂E/∂w, clipped if clipping was asked for.
        vectors : tuple of arrays (P,)
            The state, in the order of ``vector_names``.
        step : DescentStep
            t (``number``, from 1), η (``learning_rate``) and μ (``momentum``).
        """
        raise NotImplementedError

    def to_config(self) -> dict[str, Any]:
        """Return the kind and the settings as plain values."""
        return {"kind": self.kind, **asdict(self)}


def _rule(name: str) -> tuple[Callable[[Any], bool], str]:
    """Return the rule of a setting, as a function and in words."""
    if name == "bias_correction":
        return lambda value: isinstance(value, bool), "True or False"
    if name in ("epsilon", "weight_decay"):
        return lambda value: 0.0 <= value < np.inf, "at least 0 and finite"
    if name == "momentum":
        return lambda value: 0.0 <= value <= 1.0, "at least 0 and at most 1"
    return lambda value: 0.0 <= value < 1.0, "at least 0 and below 1"
