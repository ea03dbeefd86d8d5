"""The training state: everything a run needs to go on. Checkpoint, resume and recovery all use this one object."""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError

__all__ = ["HistoryRow", "TrainingState"]

Floats = NDArray[np.floating[Any]]
HistoryRow = dict[str, Any]


@dataclass
class TrainingState:
    """Everything a run needs to go on, and nothing else.

    Parameters
    ----------
    weights : array (P,)
    vectors : tuple of arrays (P,)
        The optimizer's state.
    step : int
        Descent steps taken; with the seed it fixes the position in the row order.
    epoch_steps : array (3, n)
        Error, Σ weight and gradient norm of the n steps taken in the unfinished epoch.
    anchor : tuple of arrays (P,)
        Weights and vectors at the start of the unfinished epoch: where a diverging run goes back to (empty: nowhere).
    rate_factor : float
        What recoveries have left of the learning rate.
    recoveries : int
        How often the run has gone back.
    best_weights, best_score, best_epoch
        The best epoch so far by the monitored number, its score, and its weights if they are kept.
    patience_score, patience_epochs
        The score to beat by more than the tolerance, and for how many epochs it has not been.
    plateau_score, plateau_epochs, plateau_factor
        The same for a schedule that listens, and its factor on the learning rate.
    history : list of dict
        One plain row an epoch.
    seconds : float
        Training time so far.
    stop_reason : str or None
        Why training has ended; None while it goes on.
    """

    weights: Floats
    vectors: tuple[Floats, ...] = ()
    step: int = 0
    epoch_steps: NDArray[np.float64] = field(default_factory=lambda: np.empty((3, 0)))
    anchor: tuple[Floats, ...] = ()
    rate_factor: float = 1.0
    recoveries: int = 0
    best_weights: Floats | None = None
    best_score: float | None = None
    best_epoch: int = 0
    patience_score: float | None = None
    patience_epochs: int = 0
    plateau_score: float | None = None
    plateau_epochs: int = 0
    plateau_factor: float = 1.0
    history: list[HistoryRow] = field(default_factory=list)
    seconds: float = 0.0
    stop_reason: str | None = None

    @property
    def epoch(self) -> int:
        """Number of the last epoch closed, from 1; 0 before the first."""
        return len(self.history)

    def set_anchor(self) -> None:
        """Remember weights and vectors as the state to go back to."""
        if not self.anchor:
            self.anchor = tuple(np.empty_like(self.weights) for _ in range(1 + len(self.vectors)))
        for kept, current in zip(self.anchor, (self.weights, *self.vectors), strict=True):
            kept[...] = current

    def go_to_anchor(self) -> None:
        """Go back to the start of the unfinished epoch."""
        for kept, current in zip(self.anchor, (self.weights, *self.vectors), strict=True):
            current[...] = kept
        self.step -= self.epoch_steps.shape[1]
        self.epoch_steps = np.empty((3, 0))

    def to_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the state as plain values (for JSON) and arrays, both by name."""
        arrays: dict[str, NDArray[Any]] = {"weights": self.weights, "epoch_steps": self.epoch_steps}
        arrays |= {f"vectors.{i}": v for i, v in enumerate(self.vectors)}
        arrays |= {f"anchor.{i}": v for i, v in enumerate(self.anchor)}
        if self.best_weights is not None:
            arrays["best_weights"] = self.best_weights
        held = {"weights", "vectors", "epoch_steps", "anchor", "best_weights"}
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in held}, arrays

    @classmethod
    def from_parts(cls, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> "TrainingState":
        """Return the state that ``to_parts`` took apart.

        Raises
        ------
        ModelFileError
            If the parts are not those of a training state.
        """

        def group(name: str) -> tuple[NDArray[Any], ...]:
            return tuple(arrays[f"{name}.{i}"].copy() for i in range(sum(key.startswith(f"{name}.") for key in arrays)))

        try:
            return cls(
                weights=arrays["weights"].copy(),
                vectors=group("vectors"),
                epoch_steps=arrays["epoch_steps"],
                anchor=group("anchor"),
                best_weights=arrays.get("best_weights"),
                **values,
            )
        except (KeyError, TypeError) as error:
            raise ModelFileError(f"This is not a training state of this version of chainrule: {error}.") from error
