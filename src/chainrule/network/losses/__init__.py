"""Losses: functions of logits and target that give error and gradient together."""

from chainrule.network.losses.base import Loss
from chainrule.network.losses.cross_entropy import CrossEntropy
from chainrule.network.losses.log_loss import LogLoss
from chainrule.network.losses.poisson import Poisson
from chainrule.network.losses.reported import (
    REPORTED_LOSSES,
    ClippedCrossEntropy,
    ClippedLogLoss,
    MeanSquaredError,
    PoissonDeviance,
)
from chainrule.network.losses.residual import AbsoluteError, Huber, Quantile, ResidualLoss, SquaredError

__all__ = [
    "LOSSES",
    "REPORTED_LOSSES",
    "AbsoluteError",
    "ClippedCrossEntropy",
    "ClippedLogLoss",
    "CrossEntropy",
    "Huber",
    "LogLoss",
    "Loss",
    "MeanSquaredError",
    "Poisson",
    "PoissonDeviance",
    "Quantile",
    "ResidualLoss",
    "SquaredError",
]

LOSSES: dict[str, type[Loss]] = {
    loss.kind: loss for loss in (SquaredError, AbsoluteError, Huber, Quantile, Poisson, LogLoss, CrossEntropy)
}
