"""Metrics in the user's units, weighted by row; None where one is not defined.

They are measured after every epoch, so they are a few passes over arrays; scikit-learn's, equal to rounding, also check
what is known here, which takes longer than an epoch of a small network.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ParameterError
from chainrule.training import Metrics

__all__ = ["GREATER_IS_BETTER", "classification_metrics", "label_set_metrics", "metric_value", "regression_metrics"]

GREATER_IS_BETTER = {"rmse": False, "mae": False, "r2": True, "accuracy": True, "log_loss": False, "roc_auc": True}

EPSILON = float(np.finfo(np.float64).eps)

Numbers = NDArray[np.float64]


def metric_value(returned: Any) -> float:
    """Return what a user's own metric returned as a float.

    Raises
    ------
    ParameterError
        If it is not a number.
    """
    try:
        return float(returned)
    except (TypeError, ValueError) as error:
        raise ParameterError(f"eval_metric must return a number, got {returned!r}.") from error


def regression_metrics(y: Numbers, prediction: Numbers, sample_weight: Numbers | None = None) -> Metrics:
    """Return rmse, mae (units of the target; mean over outputs) and r2 (mean over outputs; None below two rows).

    Parameters
    ----------
    y, prediction : arrays (N,) or (N, K) of float64
    sample_weight : array (N,), optional
    """
    y, prediction = y.reshape(len(y), -1), prediction.reshape(len(y), -1)
    with np.errstate(all="ignore"):
        errors = np.abs(y - prediction)
        mean_squares = np.average(errors * errors, axis=0, weights=sample_weight)
        variances = np.average(np.square(y - np.average(y, axis=0, weights=sample_weight)), 0, sample_weight)
        metrics = {
            "rmse": np.sqrt(mean_squares).mean(),
            "mae": np.average(errors, axis=0, weights=sample_weight).mean(),
            "r2": _explained(mean_squares, variances).mean() if len(y) > 1 else None,
        }
    return _plain(metrics)


def _explained(mean_squares: Numbers, variances: Numbers) -> Numbers:
    """Return R² of each output (K,): 1 − mean square / variance; of a constant one 1 if it is met, else 0."""
    constant = variances == 0
    ratios = mean_squares / np.where(constant, 1.0, variances)
    return 1.0 - np.where(constant, mean_squares > 0, ratios)


def classification_metrics(
    codes: NDArray[np.int64], probabilities: Numbers, sample_weight: Numbers | None = None
) -> Metrics:
    """Return accuracy, log_loss (nats) and, with two classes, roc_auc (None where only one class is present).

    Parameters
    ----------
    codes : array (N,)
        Class codes.
    probabilities : array (N, K) of float64
        K ≥ 2 classes. In log_loss they count as at least 2⁻⁵² away from 0 and 1.
    sample_weight : array (N,), optional
    """
    right = probabilities.argmax(axis=1) == codes
    chosen = probabilities[np.arange(len(codes)), codes]
    losses = -np.log(np.clip(chosen, EPSILON, 1.0 - EPSILON))
    metrics: dict[str, Any] = {
        "accuracy": np.average(right, weights=sample_weight),
        "log_loss": np.average(losses, weights=sample_weight),
    }
    if probabilities.shape[1] == 2:
        metrics["roc_auc"] = _roc_auc(codes == 1, probabilities[:, 1], sample_weight)
    return _plain(metrics)


def _roc_auc(positive: NDArray[np.bool_], scores: Numbers, sample_weight: Numbers | None) -> float | None:
    """Return the share of pairs of a positive and a negative row that the scores put in order, ties counting half.

    The area under the ROC curve is this share (Hanley & McNeil 1982), a pair weighing the product of its rows' weights.
    """
    order = np.argsort(scores)
    scores, positive = scores[order], positive[order]
    weight = np.ones(len(order)) if sample_weight is None else sample_weight[order]
    last_of_ties = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))
    positives = np.cumsum(weight * positive)[last_of_ties]
    negatives = np.cumsum(weight * ~positive)[last_of_ties]
    pairs = positives[-1] * negatives[-1]
    if pairs == 0:
        return None
    below_or_half = negatives - 0.5 * np.diff(negatives, prepend=0.0)
    return float(np.dot(np.diff(positives, prepend=0.0), below_or_half) / pairs)


def label_set_metrics(labels: NDArray[Any], probabilities: Numbers, sample_weight: Numbers | None = None) -> Metrics:
    """Return accuracy (share of rows with every label right) and log_loss (sum over the labels, nats).

    Parameters
    ----------
    labels : array (N, K) of 0 and 1
    probabilities : array (N, K) of float64
    sample_weight : array (N,), optional
    """
    is_set = labels == 1
    right = ((probabilities > 0.5) == is_set).all(axis=1)
    chosen = np.where(is_set, probabilities, 1.0 - probabilities)
    losses = -np.log(np.maximum(chosen, np.finfo(np.float64).tiny)).sum(axis=1)
    return _plain(
        {
            "accuracy": np.average(right, weights=sample_weight),
            "log_loss": np.average(losses, weights=sample_weight),
        }
    )


def _plain(metrics: dict[str, Any]) -> Metrics:
    """Return Python floats, and None for what is not finite (JSON has no name for it)."""
    return {name: float(value) if value is not None and np.isfinite(value) else None for name, value in metrics.items()}
