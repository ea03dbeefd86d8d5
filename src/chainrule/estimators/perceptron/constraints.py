"""What the parameters of the drop-in must be, in scikit-learn's own terms: errors have its wording."""

from numbers import Integral, Real
from os import PathLike
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from chainrule.engine import ENGINES
from chainrule.network import ACTIVATIONS
from chainrule.training import LBFGS, OPTIMIZERS, SCHEDULES, Optimizer, Schedule

__all__ = ["CONSTRAINTS"]

_AT_LEAST_ONE = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")

_SCIKIT_LEARN: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _AT_LEAST_ONE],
    "activation": [StrOptions(set(ACTIVATIONS)), list, tuple],
    "solver": [StrOptions({*OPTIMIZERS, LBFGS.kind}), Optimizer],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _AT_LEAST_ONE],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_AT_LEAST_ONE],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_AT_LEAST_ONE, Options(Real, {np.inf})],
    "max_fun": [_AT_LEAST_ONE],
}

_OWN: dict[str, list[Any]] = {
    "dropout": [Interval(Real, 0, 1, closed="left")],
    "schedule": [StrOptions(set(SCHEDULES)), Schedule, None],
    "max_grad_norm": [_POSITIVE, None],
    "restore_best": ["boolean"],
    "time_limit": [_POSITIVE, None],
    "record": [StrOptions({"auto", "full"}), PathLike, Options(bool, {False})],
    "n_threads": [_AT_LEAST_ONE, None],
    "engine": [StrOptions({"auto", *ENGINES})],
}

CONSTRAINTS = _SCIKIT_LEARN | _OWN
"""Constraints of the parameters that both estimators have."""
