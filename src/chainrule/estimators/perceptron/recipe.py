"""From the parameters of the drop-in to what training is asked to do, by scikit-learn's rules."""

from typing import Any
from warnings import warn

import numpy as np

from chainrule.engine import RowOrder, Settings
from chainrule.estimators.perceptron.optimizer_state import OptimizerState
from chainrule.training import (
    LBFGS,
    OPTIMIZERS,
    SCHEDULES,
    Adam,
    AdamW,
    Constant,
    DivideWhenPatienceEnds,
    Momentum,
    Nesterov,
    Optimizer,
    Recipe,
    Schedule,
    Stopping,
)
from chainrule.training.foreign_schedules import BiasCorrection, InverseScalingByRows, PenaltyOfBatch

__all__ = ["lbfgs_recipe", "make_optimizer", "rows_in_batch", "stochastic_recipe"]

SCIPY_FTOL = 2.2204460492503131e-09  # the default of L-BFGS-B, which scikit-learn leaves as it is


def make_optimizer(params: dict[str, Any]) -> Optimizer:
    """Return the optimizer that ``solver`` and its settings ask for."""
    solver = params["solver"]
    if isinstance(solver, Optimizer):
        return solver
    momentum = float(params["momentum"])
    adam: dict[str, Any] = {name: float(params[name]) for name in ("beta_1", "beta_2", "epsilon")}
    made: dict[str, Any] = {
        "sgd": lambda: (Nesterov if params["nesterovs_momentum"] else Momentum)(momentum),
        "momentum": lambda: Momentum(momentum),
        "nesterov": lambda: Nesterov(momentum),
        "adam": lambda: Adam(**adam, bias_correction=False),
        "adamw": lambda: AdamW(**adam, weight_decay=float(params["alpha"])),
    }
    optimizer: Optimizer = made.get(solver, OPTIMIZERS[solver])()
    return optimizer


def rows_in_batch(batch_size: Any, n_rows: int) -> int:
    """Return the rows of a step: 200, or as many as asked for, and at most all; with scikit-learn's warning."""
    if isinstance(batch_size, str):
        return min(200, n_rows)
    if batch_size > n_rows:
        warn("Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2)
    return int(min(batch_size, n_rows))


def stochastic_recipe(
    params: dict[str, Any],
    state: OptimizerState,
    *,
    n_rows: int,
    rows_before: int,
    order: RowOrder | None,
    seed: int,
    incremental: bool,
) -> Recipe:
    """Return the recipe of a stochastic solver.

    Parameters
    ----------
    params : dict
        The estimator's parameters.
    state : OptimizerState
        The optimizer that training starts or goes on with.
    n_rows : int
        N, of the rows to train on.
    rows_before : int
        Rows seen before, over all epochs (``t_``).
    order : RowOrder or None
        The order of the rows; None does not shuffle.
    seed : int
        Of dropout.
    incremental : bool
        One epoch, as ``partial_fit`` does.
    """
    batch_size = rows_in_batch(params["batch_size"], n_rows)
    early, patience = params["early_stopping"], params["n_iter_no_change"]
    return Recipe(
        optimizer=state.optimizer,
        learning_rate=state.rate if params["learning_rate"] == "adaptive" else state.first_rate,
        schedule=_schedule(params, state, n_rows=n_rows, rows_before=rows_before),
        penalty=PenaltyOfBatch(),
        mean_over_rows=True,
        epochs=1 if incremental else int(params["max_iter"]),
        settings=Settings(
            batch_size=batch_size,
            seed=seed,
            shuffle=order is not None,
            order=order,
            max_gradient_norm=params["max_grad_norm"],
            n_threads=params["n_threads"],
        ),
        stopping=Stopping(
            monitor="score" if early else "train_error",
            greater_is_better=bool(early),
            patience=None if patience == np.inf else int(patience) + 1,  # scikit-learn waits for more than it says
            tol=float(params["tol"]),
            restore_best=bool(early),
            against_best=True,
        ),
        time_limit=params["time_limit"],
    )


def _schedule(params: dict[str, Any], state: OptimizerState, *, n_rows: int, rows_before: int) -> Schedule:
    given, solver, rate = params["schedule"], params["solver"], params["learning_rate"]
    schedule: Schedule = Constant()
    if given is not None:
        schedule = SCHEDULES[given]() if isinstance(given, str) else given
    elif solver != "adam" and rate == "invscaling":
        schedule = InverseScalingByRows(params["power_t"], n_rows, rows_before, state.rate / state.first_rate)
    elif solver != "adam" and rate == "adaptive":
        schedule = DivideWhenPatienceEnds()
    optimizer = state.optimizer
    if isinstance(optimizer, Adam) and not optimizer.bias_correction:
        return BiasCorrection(schedule, optimizer.beta_1, optimizer.beta_2, state.steps)
    return schedule


def lbfgs_recipe(params: dict[str, Any], *, n_rows: int) -> Recipe:
    """Return the recipe of L-BFGS; parameters as for :func:`stochastic_recipe`."""
    return Recipe(
        optimizer=LBFGS(tol=float(params["tol"]), error_tol=SCIPY_FTOL, max_evaluations=int(params["max_fun"])),
        penalty=PenaltyOfBatch(),
        epochs=int(params["max_iter"]),
        settings=Settings(batch_size=n_rows, shuffle=False, n_threads=params["n_threads"]),
        time_limit=params["time_limit"],
    )
