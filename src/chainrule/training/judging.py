"""An epoch judged by its row: whether it is the best, whether patience ends, whether the learning rate falls."""

from math import isfinite

from chainrule.errors import ParameterError
from chainrule.training.history import HistoryRow
from chainrule.training.recipe import Recipe, Stopping
from chainrule.training.schedules import DivideWhenPatienceEnds, ReduceOnPlateau
from chainrule.training.state import TrainingState

__all__ = ["judge", "monitored", "reason_to_stop"]


def monitored(rows: list[HistoryRow], name: str) -> list[float | None]:
    """Return the number of each row that decides; one that is not finite becomes None, there too.

    Raises
    ------
    ParameterError
        If a row has no number of that name.
    """
    scores: list[float | None] = []
    for row in rows:
        score: float | None = row.get(name)
        if score is not None and not isfinite(score):
            score = row[name] = None
        if name not in row or (name == "validation_error" and score is None):
            known = [key for key in row if key not in ("epoch", "step", "seconds") and row[key] is not None]
            raise ParameterError(f"Cannot monitor {name!r}: this training measures {known}.")
        scores.append(score)
    return scores


def judge(state: TrainingState, recipe: Recipe, scores: list[float | None]) -> bool:
    """Update best epoch, patience and plateau by the scores of the last epochs closed, the oldest first.

    A score that is not defined improves nothing. Return whether patience had ended after one of them.
    """
    stopping, schedule = recipe.stopping, recipe.schedule
    has_ended = False
    for epoch, score in enumerate(scores, state.epoch - len(scores) + 1):
        state.patience_epochs += 1
        if score is not None:
            if stopping.ends_waiting(score, best=state.best_score, last=state.patience_score):
                state.patience_score, state.patience_epochs = score, 0
            if stopping.improves(score, state.best_score):
                state.best_score, state.best_epoch = score, epoch
                state.best_weights = state.weights.copy() if stopping.keeps_best else None
        if isinstance(schedule, ReduceOnPlateau):
            _judge_plateau(state, stopping, schedule, score)
        if isinstance(schedule, DivideWhenPatienceEnds) and _patience_has_ended(state, recipe):
            factor = schedule.next_factor(state.plateau_factor, recipe.learning_rate)
            if factor is not None:
                state.plateau_factor, state.patience_epochs = factor, 0
        has_ended = has_ended or _patience_has_ended(state, recipe)
    return has_ended


def _judge_plateau(state: TrainingState, stopping: Stopping, schedule: ReduceOnPlateau, score: float | None) -> None:
    state.plateau_epochs += 1
    if score is not None and stopping.improves(score, state.plateau_score):
        state.plateau_score, state.plateau_epochs = score, 0
    if state.plateau_epochs >= schedule.patience:
        state.plateau_factor = max(state.plateau_factor * schedule.factor, schedule.floor)
        state.plateau_epochs = 0


def _patience_has_ended(state: TrainingState, recipe: Recipe) -> bool:
    patience = recipe.stopping.patience
    return patience is not None and state.patience_epochs >= patience


def reason_to_stop(state: TrainingState, recipe: Recipe) -> str | None:
    """Return why training ends after the last epoch closed, or None if it goes on."""
    if _patience_has_ended(state, recipe):
        return "early_stopping"
    return "max_iter" if state.epoch >= recipe.epochs else None
