"""Training the drop-in by ``chainrule.training.train``, and what scikit-learn's attributes make of it."""

from collections.abc import Sequence
from dataclasses import replace
from numbers import Integral
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from warnings import warn

import numpy as np
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils.optimize import _check_optimize_result

from chainrule.errors import DivergedError, EngineWarning
from chainrule.estimators.all_or_nothing import twin
from chainrule.estimators.perceptron.custom_loss import is_own
from chainrule.estimators.perceptron.drawn_rows import DrawnRows, go_on_after
from chainrule.estimators.perceptron.judging import BestWeights, validation
from chainrule.estimators.perceptron.optimizer_state import OptimizerState
from chainrule.estimators.perceptron.problem import Problem, split
from chainrule.estimators.perceptron.recipe import lbfgs_recipe, make_optimizer, stochastic_recipe
from chainrule.estimators.perceptron.reopening import Observation
from chainrule.estimators.perceptron.telling import Telling
from chainrule.training import Callback, Recipe, TrainingState, train
from chainrule.training.foreign_schedules import InverseScalingByRows
from chainrule.training.shuffled_rows import MARKS_BUDGET, ShuffledRows

if TYPE_CHECKING:
    from chainrule.estimators.perceptron.base import MultilayerPerceptron

__all__ = ["Told", "fit_lbfgs", "fit_stochastic"]

# How scikit-learn's message speaks of the ways in which SciPy's L-BFGS-B ends without having converged.
_LBFGS_ENDS = {
    "max_iter": (1, "STOP: TOTAL NO. OF ITERATIONS REACHED LIMIT"),
    "max_evaluations": (1, "STOP: TOTAL NO. OF F,G EVALUATIONS EXCEEDS LIMIT"),
    "line_search": (2, "ABNORMAL: "),
}


class Told(NamedTuple):
    """What watches a fit: rows to judge by, where there are some, the user's ``eval_metric``, callbacks, the record."""

    judged: Problem | None
    metric: Any
    callbacks: Sequence[Callback]
    observation: Observation


def fit_stochastic(model: "MultilayerPerceptron", problem: Problem, told: Told, *, incremental: bool) -> None:
    """Train by minibatches.

    Parameters
    ----------
    model : MultilayerPerceptron
        Has its network, and the weights to start from; gets the new ones.
    problem : Problem
        The rows of ``fit``.
    told : Told
    incremental : bool
        One epoch, going on with the optimizer there is.
    """
    params, random = model._settings(), model._random_state
    if model.early_stopping and told.judged is None:
        strata = model._strata(problem.truth)
        problem, judged = split(problem, kept=model.validation_fraction, strata=strata, random=random)
        told = told._replace(judged=judged)
    seed = int(random.randint(2**31)) + model.t_ if model.dropout else 0  # a fit that goes on drops others
    n_rows = len(problem.target)
    order = _row_order(model, n_rows, told.observation) if model.shuffle else None
    if not incremental or not hasattr(model, "_optimizer"):
        model._optimizer = _first_optimizer(params, model.weights_)
    recipe = stochastic_recipe(
        params,
        model._optimizer,
        n_rows=n_rows,
        rows_before=model.t_,
        order=order,
        seed=seed,
        incremental=incremental,
    )
    state = _run(model, recipe, _start(model), problem, told)
    if order is not None and not isinstance(model.random_state, Integral):  # somebody else may draw on
        go_on_after(order, state.epoch, random)
    model.t_ += n_rows * state.epoch
    _keep_optimizer(model, recipe, state)
    _keep_curves(model, state)
    if state.stop_reason == "max_iter" and not incremental:
        warn(
            f"Stochastic Optimizer: Maximum iterations ({model.max_iter}) reached and the optimization hasn't "
            "converged yet.",
            ConvergenceWarning,
            stacklevel=2,
        )


def _row_order(model: "MultilayerPerceptron", n_rows: int, observation: Observation) -> ShuffledRows | DrawnRows:
    """Return the order of the epochs' rows that scikit-learn would draw."""
    if observation.origin is None:  # another generator than the Mersenne Twister
        return DrawnRows(model._random_state, n_rows)
    return ShuffledRows(model._random_state, n_rows, budget=None if model.record == "full" else MARKS_BUDGET)


def fit_lbfgs(model: "MultilayerPerceptron", problem: Problem, told: Told) -> None:
    """Train by L-BFGS, in float64 as scikit-learn does; parameters as for :func:`fit_stochastic`."""
    recipe = lbfgs_recipe(model._settings(), n_rows=len(problem.target))
    state = _run(model, recipe, TrainingState(model.weights_.astype(np.float64)), problem, told)
    model.n_iter_ = state.step
    model.loss_ = state.history[-1]["train_error"]
    if state.stop_reason in _LBFGS_ENDS:
        status, message = _LBFGS_ENDS[state.stop_reason]
        ended = SimpleNamespace(nit=model.n_iter_, status=status, message=message)
        _check_optimize_result("lbfgs", ended, model.max_iter)


def _first_optimizer(params: dict[str, Any], weights: Any) -> OptimizerState:
    optimizer = make_optimizer(params)
    rate = float(params["learning_rate_init"])
    return OptimizerState(optimizer, rate, rate, tuple(np.zeros_like(weights) for _ in range(optimizer.n_vectors)))


def _start(model: "MultilayerPerceptron") -> TrainingState:
    """Return the state to train from: an earlier fit's best and patience go on, as in scikit-learn."""
    best = getattr(model, "best_validation_score_" if model.early_stopping else "best_loss_", None)
    return TrainingState(
        model.weights_.copy(),
        tuple(vector.copy() for vector in model._optimizer.vectors),
        best_score=best,
        patience_epochs=model._no_improvement_count,
    )


def _run(
    model: "MultilayerPerceptron", recipe: Recipe, state: TrainingState, problem: Problem, told: Told
) -> TrainingState:
    """Train, and keep what every solver leaves.

    Raises
    ------
    DivergedError (ValueError)
        In scikit-learn's words, if the weights do not stay finite, and there are no best ones to end with.
    """
    dtype, observation = state.weights.dtype, told.observation
    source = problem.source(dtype)
    judge = None if told.judged is None else validation(model, told.judged, told.metric, dtype)
    best = [BestWeights(told.metric)] if model.restore_best else []
    telling = [Telling(stops_early=recipe.stopping.monitor == "score")] if model.verbose else []
    callbacks = [*telling, *told.callbacks, *best, *observation.recorders]
    _say_if_slow(model)
    diverged = None
    try:
        train(model.network_, source, recipe, state=state, validation=judge, callbacks=callbacks, engine=model.engine)
    except DivergedError as error:
        diverged = error
        _end_diverged(state, error)
    if state.stop_reason == "interrupted":
        warn("Training interrupted by user.", stacklevel=2)
    model.weights_, model.history_, model.stop_reason_ = state.weights, state.history, state.stop_reason
    model._recording = observation.recording(source, problem.places, None if judge is None else judge.source)
    if diverged is not None and state.best_weights is None:
        raise _in_their_words(model) from diverged
    if judge is not None:
        name = "validation_error" if told.metric is None else "eval_metric"
        model.validation_curve_ = [row[name] for row in state.history]
    return state


def _end_diverged(state: TrainingState, error: DivergedError) -> None:
    """End a diverged training, with the weights of its best epoch if they are kept."""
    state.stop_reason = "diverged"
    if state.best_weights is not None:
        state.weights[...] = state.best_weights
        message = f"{error} The weights of epoch {state.best_epoch}, the best one, are kept."
        warn(message, ConvergenceWarning, stacklevel=2)


def _in_their_words(model: "MultilayerPerceptron") -> DivergedError:
    """Return scikit-learn's error of weights that are not finite, with the model as it is."""
    error = DivergedError(
        "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
        "preprocessed."
    )
    error.model = twin(model)
    return error


def _say_if_slow(model: "MultilayerPerceptron") -> None:
    loss = model.network_.loss
    if model.engine == "auto" and not is_own(loss):
        warn(
            f"loss={type(loss).__name__} is not one of chainrule's own: training runs on the reference engine, many "
            "times slower. engine='reference' says that you know.",
            EngineWarning,
            stacklevel=2,
        )


def _keep_optimizer(model: "MultilayerPerceptron", recipe: Recipe, state: TrainingState) -> None:
    """Take over where the optimizer is, for ``partial_fit`` to go on from."""
    before, rate = model._optimizer, model._optimizer.rate
    if isinstance(recipe.schedule, InverseScalingByRows):
        rate = before.first_rate * float(recipe.schedule.after_epochs(np.array(float(state.epoch))))
    model._optimizer = replace(
        before, vectors=state.vectors, steps=before.steps + state.step, rate=rate * state.plateau_factor
    )


def _keep_curves(model: "MultilayerPerceptron", state: TrainingState) -> None:
    """Take over losses and scores, in scikit-learn's attributes."""
    losses = [row["train_error"] for row in state.history]
    early = model.early_stopping
    model.n_iter_ = state.epoch
    model.loss_ = losses[-1]
    model.loss_curve_ = [*getattr(model, "loss_curve_", ()), *losses]
    model._no_improvement_count = state.patience_epochs
    best = state.best_score
    model.best_loss_ = None if early else np.inf if best is None else best
    model.best_validation_score_ = None if not early else -np.inf if best is None else best
    scores = [np.nan if row["score"] is None else row["score"] for row in state.history] if early else []
    model.validation_scores_ = [*(getattr(model, "validation_scores_", None) or ()), *scores] if early else None
