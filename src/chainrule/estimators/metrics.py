"""Metrics in the user's units, weighted by row; None where one is not defined."""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import log_loss, mean_absolute_error, r2_score, roc_auc_score, root_mean_squared_error

from chainrule.training import Metrics

__all__ = ["GREATER_IS_BETTER", "classification_metrics", "label_set_metrics", "regression_metrics"]

GREATER_IS_BETTER = {"rmse": False, "mae": False, "r2": True, "accuracy": True, "log_loss": False, "roc_auc": True}


def regression_metrics(y: NDArray[Any], prediction: NDArray[Any], sample_weight: NDArray[Any] | None = None) -> Metrics:
    """Return rmse, mae (units of the target; mean over outputs) and r2 (None below two rows).

    Parameters
    ----------
    y, prediction : arrays (N,) or (N, K)
    sample_weight : array (N,), optional
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        metrics = {
            "rmse": root_mean_squared_error(y, prediction, sample_weight=sample_weight),
            "mae": mean_absolute_error(y, prediction, sample_weight=sample_weight),
            "r2": r2_score(y, prediction, sample_weight=sample_weight) if len(y) > 1 else None,
        }
    return _plain(metrics)


def classification_metrics(
    codes: NDArray[np.int64], probabilities: NDArray[Any], sample_weight: NDArray[Any] | None = None
) -> Metrics:
    """Return accuracy, log_loss (nats) and, with two classes, roc_auc (None where only one class is present).

    Parameters
    ----------
    codes : array (N,)
        Class codes.
    probabilities : array (N, K)
        K ≥ 2 classes.
    sample_weight : array (N,), optional
    """
    n_classes = probabilities.shape[1]
    right = probabilities.argmax(axis=1) == codes
    metrics: dict[str, Any] = {
        "accuracy": np.average(right, weights=sample_weight),
        "log_loss": log_loss(codes, probabilities, labels=np.arange(n_classes), sample_weight=sample_weight),
    }
    if n_classes == 2:
        both = len(np.unique(codes)) == 2
        metrics["roc_auc"] = roc_auc_score(codes, probabilities[:, 1], sample_weight=sample_weight) if both else None
    return _plain(metrics)


def label_set_metrics(
    labels: NDArray[Any], probabilities: NDArray[Any], sample_weight: NDArray[Any] | None = None
) -> Metrics:
    """Return accuracy (share of rows with every label right) and log_loss (sum over the labels, nats).

    Parameters
    ----------
    labels : array (N, K) of 0 and 1
    probabilities : array (N, K)
    sample_weight : array (N,), optional
    """
    right = ((probabilities > 0.5) == (labels == 1)).all(axis=1)
    chosen = np.where(labels == 1, probabilities, 1.0 - probabilities).astype(np.float64)
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
