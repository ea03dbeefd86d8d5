"""The training state: everything a run needs to go on. Checkpoint, resume and recovery all use this one object."""

from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.training.history import HistoryRow, history_from_parts, history_to_parts

__all__ = ["HistoryRow", "TrainingState"]

Floats = NDArray[np.floating[Any]]

EPSILON = float(np.finfo(np.float64).eps)
GROWTH = 10.0  # a train error this many times its scale above the lowest is taken for the beginning of an explosion


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
    epoch : int
        Number of the last epoch closed, from 1; 0 before the first.
    epoch_steps : array (3, n)
        Error, Σ weight and gradient norm of the n steps taken in the unfinished epoch.
    anchor : TrainingState or None
        Where a diverging run goes back to: the state at the start of the last epoch before the error began to grow (or
        of an earlier one, where several were run in one call). Its history is the beginning of this state's, the same
        list.
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
    lowest_error : float or None
        The lowest train error of an epoch so far.
    history : list of dict
        One plain row for each epoch closed.
    seconds : float
        Training time so far.
    stop_reason : str or None
        Why training has ended; None while it goes on.
    """

    weights: Floats
    vectors: tuple[Floats, ...] = ()
    step: int = 0
    epoch: int = 0
    epoch_steps: NDArray[np.float64] = field(default_factory=lambda: np.empty((3, 0)))
    anchor: "TrainingState | None" = None
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
    lowest_error: float | None = None
    history: list[HistoryRow] = field(default_factory=list)
    seconds: float = 0.0
    stop_reason: str | None = None

    def close_epochs(self, rows: list[HistoryRow]) -> bool:
        """End the epoch under way, or several just run, with their rows; return whether the error had grown after one.

        It has where a train error is over ``GROWTH`` times the errors' scale above the lowest. The scale is what the
        error has come down so far, or its lowest size where that is larger: it is positive for errors that are negative
        (Poisson), and for errors that only rise. Differences within rounding of 0 are no growth.
        """
        self.history += rows
        self.epoch += len(rows)
        self.epoch_steps = np.empty((3, 0))
        first: float = self.history[0]["train_error"]
        lowest = first if self.lowest_error is None else self.lowest_error
        had_grown = False
        for row in rows:
            error: float = row["train_error"]
            if error < lowest:
                lowest = error
            elif _has_grown(error, lowest, first):
                had_grown = True
        self.lowest_error = lowest
        return had_grown

    @property
    def has_grown(self) -> bool:
        """Whether the error has grown after the last epoch closed; see ``close_epochs``."""
        if self.lowest_error is None:
            return False
        last, first = self.history[self.epoch - 1]["train_error"], self.history[0]["train_error"]
        return _has_grown(last, self.lowest_error, first)

    def set_anchor(self) -> bool:
        """Remember the present state as the one to go back to, unless the error has grown; return whether it is now.

        An exploding run is finite for a while, and going back to a state that is already exploding helps nobody: the
        anchor stays behind while ``has_grown``.
        """
        if self.anchor is not None and self.has_grown:
            return False
        copies = tuple(vector.copy() for vector in self.vectors)
        self.anchor = replace(self, weights=self.weights.copy(), vectors=copies, anchor=None)
        return True

    def go_to_anchor(self) -> None:
        """Go back, in place; the learning rate's halvings, their count and the time stay."""
        anchor = self.anchor
        assert anchor is not None, "an anchor is set before the first step"
        self.weights[...] = anchor.weights
        for current, kept in zip(self.vectors, anchor.vectors, strict=True):
            current[...] = kept
        stays = {"weights", "vectors", "anchor", "rate_factor", "recoveries", "history", "seconds"}
        for name in {f.name for f in fields(self)} - stays:
            setattr(self, name, getattr(anchor, name))
        del self.history[anchor.epoch :]

    def to_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return the state as plain values (for JSON) and arrays, both by name.

        Raises
        ------
        ParameterError
            If the history holds something else than numbers and None.
        """
        values, arrays = self._own_parts("")
        values["history"], columns = history_to_parts(self.history)
        if self.anchor is not None:
            values["anchor"], more = self.anchor._own_parts("anchor.")
            arrays |= more
        return values, arrays | columns

    def _own_parts(self, prefix: str) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return all parts but anchor and history; ``prefix`` goes before array names."""
        held = {"weights", "vectors", "epoch_steps", "anchor", "best_weights", "history"}
        values = {f.name: getattr(self, f.name) for f in fields(self) if f.name not in held}
        arrays: dict[str, NDArray[Any]] = {f"{prefix}weights": self.weights, f"{prefix}epoch_steps": self.epoch_steps}
        arrays |= {f"{prefix}vectors.{i}": v for i, v in enumerate(self.vectors)}
        if self.best_weights is not None:
            arrays[f"{prefix}best_weights"] = self.best_weights
        return values | {"n_vectors": len(self.vectors)}, arrays

    @classmethod
    def from_parts(cls, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> "TrainingState":
        """Return the state that ``to_parts`` took apart; arrays are copied.

        Raises
        ------
        ModelFileError
            If the parts are not those of a training state.
        """
        try:
            values = dict(values)
            anchor, history = values.pop("anchor", None), history_from_parts(values.pop("history"), arrays)
            _check_epoch(values["epoch"], range(len(history), len(history) + 1))
            state = cls._from_own_parts(values, arrays, prefix="", history=history)
            if anchor is not None:
                _check_epoch(anchor["epoch"], range(len(history) + 1))
                state.anchor = cls._from_own_parts(anchor, arrays, prefix="anchor.", history=history)
            return state
        except (KeyError, TypeError, ValueError) as error:
            raise ModelFileError(f"This is not a training state of this version of chainrule: {error}.") from error

    @classmethod
    def _from_own_parts(
        cls, values: dict[str, Any], arrays: dict[str, NDArray[Any]], *, prefix: str, history: list[HistoryRow]
    ) -> "TrainingState":
        values = dict(values)
        n_vectors, best = values.pop("n_vectors"), arrays.get(f"{prefix}best_weights")
        return cls(
            weights=arrays[f"{prefix}weights"].copy(),
            vectors=tuple(arrays[f"{prefix}vectors.{i}"].copy() for i in range(n_vectors)),
            epoch_steps=arrays[f"{prefix}epoch_steps"].copy(),
            best_weights=None if best is None else best.copy(),
            history=history,
            **values,
        )


def _has_grown(error: float, lowest: float, first: float) -> bool:
    return error - lowest > GROWTH * max(first - lowest, abs(lowest), EPSILON)


def _check_epoch(epoch: Any, possible: range) -> None:
    if type(epoch) is not int or epoch not in possible:
        raise ModelFileError(f"epoch {epoch!r} does not go with a history of {possible[-1]} rows")
