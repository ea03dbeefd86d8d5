"""The training loop on one screen: train → epoch → steps (which the engine runs)."""

from collections.abc import Iterable

import numpy as np

from chainrule.engine import Source
from chainrule.errors import DivergedError, ShapeError
from chainrule.network import Network
from chainrule.training.ahead import go_ahead
from chainrule.training.callbacks import CallbackLike, as_callbacks
from chainrule.training.interrupt import Interrupt
from chainrule.training.lbfgs import LBFGS, descend_lbfgs
from chainrule.training.recipe import Recipe, Validation
from chainrule.training.run import Run
from chainrule.training.state import Floats, TrainingState

__all__ = ["train"]


def train(
    network: Network,
    source: Source,
    recipe: Recipe,
    *,
    weights: Floats | None = None,
    state: TrainingState | None = None,
    validation: Validation | None = None,
    callbacks: Iterable[CallbackLike] | CallbackLike | None = None,
    engine: str = "auto",
) -> TrainingState:
    """Train a network by gradient descent.

    The same arguments give the same bits, and so does a run that was stopped and goes on from its state.

    Parameters
    ----------
    network : Network
    source : Source
        The rows to train on, N of D features.
    recipe : Recipe
    weights : array (P,), optional
        Where to start; their dtype is the dtype of the whole training. They are not changed. Default: the network's
        initial weights for the recipe's seed, in float64.
    state : TrainingState, optional
        Go on from here, in place, instead of starting: a state as callbacks see it in ``on_steps_end`` and ``on_stop``
        (not with lbfgs, whose memory is inside SciPy). One that has ended is returned as it is.
    validation : Validation, optional
    callbacks : callbacks or functions of the ``Run``, optional
        Functions are called after every epoch.
    engine : str
        "auto" or the name of an engine.

    Returns
    -------
    TrainingState
        With the final weights, the history and the reason it ended: "max_iter", "early_stopping", "converged" (lbfgs),
        "max_evaluations", "line_search" (lbfgs), "time_limit", "interrupted" (Ctrl-C) or a callback's own.

    Raises
    ------
    DivergedError
        If the error is not finite and the recipe's recoveries are used up.
    ShapeError
        If ``weights`` are not (P,), or the state is that of another network or optimizer.
    KeyboardInterrupt
        On Ctrl-C before the first step is completed; on a second one at any time, at the end of the step in hand.
    """
    if state is None:
        state = _start(network, recipe, weights)
    _check(state, network, recipe)
    if state.stop_reason is not None:
        return state
    with Interrupt() as interrupt:
        run = Run(
            network,
            source,
            recipe,
            validation=validation,
            state=state,
            callbacks=as_callbacks(callbacks),
            engine=engine,
            interrupt=interrupt,
        )
        try:
            run.notify("on_train_begin")
            if isinstance(recipe.optimizer, LBFGS):
                descend_lbfgs(run)
            while state.stop_reason is None:
                if not go_ahead(run):
                    _epoch(run)
            run.finish()
        except DivergedError:
            run.notify("on_give_up")
            raise
        finally:
            run.session.close()
    return state


def _epoch(run: Run) -> None:
    """Take the steps that are left of the epoch and close it, or go back to its start if it diverges."""
    while run.steps_left > 0 and not run.breaks_off:
        if not run.take_steps().finite:
            return run.go_back()
        run.after_steps()
    if run.ending is not None:
        run.notify("on_stop")
    return run.end_epoch()


def _start(network: Network, recipe: Recipe, weights: Floats | None) -> TrainingState:
    """Return the state before the first step."""
    if weights is None:
        weights = network.initialise(seed=recipe.settings.seed)
    vectors = tuple(np.zeros_like(weights) for _ in range(_n_vectors(recipe)))
    return TrainingState(weights.copy(), vectors)


def _n_vectors(recipe: Recipe) -> int:
    return 0 if isinstance(recipe.optimizer, LBFGS) else recipe.optimizer.n_vectors


def _check(state: TrainingState, network: Network, recipe: Recipe) -> None:
    shape = (network.layout.size,)
    if state.weights.shape != shape:
        raise ShapeError(f"weights must have shape {shape}, one for each parameter, got {state.weights.shape}.")
    if [vector.shape for vector in state.vectors] != [shape] * _n_vectors(recipe):
        raise ShapeError(
            f"{recipe.optimizer.kind} needs {_n_vectors(recipe)} state vectors of shape {shape}, got "
            f"{[vector.shape for vector in state.vectors]}."
        )
