"""How a network is trained: optimizers, schedules, the loop, stopping, callbacks, history, state."""

from chainrule.training.callbacks import Callback, CallbackLike, as_callbacks
from chainrule.training.lbfgs import LBFGS
from chainrule.training.loop import train
from chainrule.training.optimizers import OPTIMIZERS, SGD, Adagrad, Adam, AdamW, Momentum, Nesterov, Optimizer, RMSprop
from chainrule.training.progress import ProgressBar
from chainrule.training.recipe import Metrics, Recipe, Stopping, Validation
from chainrule.training.run import Run
from chainrule.training.schedules import (
    SCHEDULES,
    Clock,
    Constant,
    Cosine,
    CosLog4,
    DivideWhenPatienceEnds,
    FlatCosine,
    InverseScaling,
    OneCycle,
    ReduceOnPlateau,
    Schedule,
    StepDecay,
    WarmUp,
)
from chainrule.training.state import HistoryRow, TrainingState

__all__ = [
    "LBFGS",
    "OPTIMIZERS",
    "SCHEDULES",
    "SGD",
    "Adagrad",
    "Adam",
    "AdamW",
    "Callback",
    "CallbackLike",
    "Clock",
    "Constant",
    "CosLog4",
    "Cosine",
    "DivideWhenPatienceEnds",
    "FlatCosine",
    "HistoryRow",
    "InverseScaling",
    "Metrics",
    "Momentum",
    "Nesterov",
    "OneCycle",
    "Optimizer",
    "ProgressBar",
    "RMSprop",
    "Recipe",
    "ReduceOnPlateau",
    "Run",
    "Schedule",
    "StepDecay",
    "Stopping",
    "TrainingState",
    "Validation",
    "WarmUp",
    "as_callbacks",
    "train",
]
