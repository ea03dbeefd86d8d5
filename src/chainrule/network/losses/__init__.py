"""Losses: functions of logits and target that give error and gradient together."""

from chainrule.network.losses.base import Loss
from chainrule.network.losses.cross_entropy import CrossEntropy
from chainrule.network.losses.log_loss import LogLoss
from chainrule.network.losses.poisson import Poisson
from chainrule.network.losses.residual import AbsoluteError, Huber, Quantile, ResidualLoss, SquaredError

__all__ = [
    "LOSSES",
    "AbsoluteError",
    "CrossEntropy",
    "Huber",
    "LogLoss",
    "Loss",
    "Poisson",
    "Quantile",
    "ResidualLoss",
    "SquaredError",
]

LOSSES: dict[str, type[Loss]] = {
    loss.kind: loss for loss in (SquaredError, AbsoluteError, Huber, Quantile, Poisson, LogLoss, CrossEntropy)
}
