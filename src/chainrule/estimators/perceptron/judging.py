"""Rows to judge by: the score that early stopping goes by, the user's metric, and the best weights by it."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ParameterError, nearest
from chainrule.estimators.metrics import GREATER_IS_BETTER, metric_value
from chainrule.estimators.perceptron.problem import Problem
from chainrule.training import Callback, Metrics, Run, Validation

if TYPE_CHECKING:
    from chainrule.estimators.perceptron.base import MultilayerPerceptron

__all__ = ["BestWeights", "validation"]


def validation(model: "MultilayerPerceptron", judged: Problem, metric: Any, dtype: Any) -> Validation:
    """Return what is measured after every epoch: the score if it stops training early, and the user's metric.

    Parameters
    ----------
    model : MultilayerPerceptron
    judged : Problem
        The rows.
    metric : str, function of (y_true, y_pred) or None
    dtype : dtype
        Of the weights.

    Raises
    ------
    ParameterError
        When measuring: if there is no metric of that name, it is not defined on these rows, or the function returns no
        number.
    """
    answer = None if not callable(metric) else model._answer_of_truth(judged.truth)

    def measure(predicted: NDArray[Any]) -> Metrics:
        metrics: Metrics = {}
        if model.early_stopping:
            metrics["score"] = model._score_of(judged.truth, predicted, judged.weight)
        if callable(metric):
            metrics["eval_metric"] = metric_value(metric(answer, model._answer(predicted)))
        elif metric is not None:
            metrics["eval_metric"] = _named(metric, model._metrics(judged.truth, predicted, judged.weight))
        return metrics

    return Validation(judged.source(dtype), measure)


def _named(name: Any, metrics: Metrics) -> float:
    if not isinstance(name, str) or name not in metrics:
        raise ParameterError(
            f"eval_metric must be one of {sorted(metrics)} or a function of (y_true, y_pred), got {name!r}."
            f"{nearest(name, metrics) if isinstance(name, str) else ''}"
        )
    value = metrics[name]
    if value is None:
        raise ParameterError(
            f"eval_metric={name!r} is not defined on the validation rows (a single class or row, or numbers too large)."
        )
    return value


class BestWeights(Callback):
    """Keeps the weights of the best epoch by the rows to judge by, and ends with them.

    Parameters
    ----------
    metric
        The user's ``eval_metric``; None goes by the loss.
    """

    def __init__(self, metric: Any) -> None:
        self._name = "validation_error" if metric is None else "eval_metric"
        greater = callable(metric) or GREATER_IS_BETTER.get(metric, False)
        self._sign = -1.0 if metric is not None and greater else 1.0
        self._lowest = np.inf
        self._best: tuple[int, NDArray[Any]] | None = None

    def on_epoch_end(self, run: Run) -> None:
        """Keep the weights if they are the best."""
        number = self._sign * run.state.history[-1][self._name]
        if number < self._lowest:
            self._lowest, self._best = number, (run.state.epoch, run.state.weights.copy())

    def on_last_step(self, run: Run) -> None:
        """Have the training end with the best ones."""
        if self._best is not None:
            run.state.best_epoch, run.state.best_weights = self._best
