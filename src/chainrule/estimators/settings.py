"""From an estimator's parameters to the objects that network and training are made of, and the rules they keep."""

from os import PathLike
from typing import Any

import numpy as np

from chainrule.engine import ENGINES, Settings
from chainrule.errors import ParameterError
from chainrule.estimators.metrics import GREATER_IS_BETTER
from chainrule.estimators.parameters import AnyOf, Instance, Number, OneOf, Rule, Sizes
from chainrule.network import ACTIVATIONS, INITIALISERS, Loss
from chainrule.training import LBFGS, OPTIMIZERS, SCHEDULES, Optimizer, Recipe, Schedule, Stopping

__all__ = ["COMMON_RULES", "make_recipe", "make_solver", "rows_in_batch", "seed_of", "settle"]

LEARNING_RATE = 1e-3  # the default of learning_rate_init
DROPOUT = 0.15  # RealMLP's (Holzmüller et al. 2024)
FULL_BATCH_ROWS = 100  # fewer rows than this are taken all at once, and none is kept back for validation

# Options that have no effect in some combinations, with the values that do not ask for one.
IDLE: dict[str, tuple[Any, ...]] = {
    "dropout": ("auto", 0),
    "activation": ("relu",),
    "batch_size": ("auto",),
    "schedule": ("auto", "constant"),
    "learning_rate_init": (LEARNING_RATE,),
    "max_grad_norm": (None,),
    "shuffle": (True,),
    "n_iter_no_change": (20,),
    "tol": (0,),
    "validation_fraction": (0.2,),
    "eval_metric": ("error",),
}

_BOOL = OneOf((True, False))
_NONE = OneOf((None,))
_POSITIVE_INT = Number(1, integer=True)
_POSITIVE = Number(0, open="low")

COMMON_RULES: dict[str, Rule] = {
    "hidden_layer_sizes": Sizes(),
    "activation": OneOf(tuple(ACTIVATIONS)),
    "initialiser": AnyOf((OneOf(tuple(INITIALISERS)), _NONE)),
    "dropout": AnyOf((OneOf(("auto",)), Number(0, 1, open="high"))),
    "alpha": Number(0),
    "l1": Number(0),
    "solver": AnyOf(
        (OneOf((*OPTIMIZERS, LBFGS.kind)), Instance((Optimizer, LBFGS), "an optimizer of chainrule.training"))
    ),
    "learning_rate_init": _POSITIVE,
    "momentum": AnyOf((Number(0, 1, open="high"), _NONE)),
    "weight_decay": AnyOf((Number(0), _NONE)),
    "schedule": AnyOf((OneOf(("auto", *SCHEDULES)), Instance((Schedule,), "a schedule of chainrule.training"))),
    "batch_size": AnyOf((OneOf(("auto",)), _POSITIVE_INT)),
    "shuffle": _BOOL,
    "max_iter": _POSITIVE_INT,
    "max_grad_norm": AnyOf((_POSITIVE, _NONE)),
    "early_stopping": _BOOL,
    "validation_fraction": Number(0, 1, open="low high"),
    "n_iter_no_change": _POSITIVE_INT,
    "tol": Number(0),
    "time_limit": AnyOf((_POSITIVE, _NONE)),
    "record": AnyOf((OneOf(("auto", "full")), Instance((PathLike,), "a folder (pathlib.Path)"), OneOf((False,)))),
    "columns": AnyOf((Instance((dict,), "a dict of column name to kind"), _NONE)),
    "max_categories": Number(2, integer=True),
    "n_bins": Number(0, integer=True),
    "dtype": OneOf(("auto", "float32", "float64")),
    "engine": OneOf(("auto", *ENGINES)),
    "n_threads": AnyOf((_POSITIVE_INT, _NONE)),
    "random_state": AnyOf(
        (Number(0, 2**64 - 1, integer=True), Instance((np.random.RandomState,), "a RandomState"), _NONE)
    ),
    "verbose": OneOf(("auto", True, False)),
}
"""Rules of the parameters that both table estimators have."""


def loss_rule(names: tuple[str, ...]) -> Rule:
    """Return the rule of a ``loss`` parameter that knows these names."""
    return AnyOf((OneOf(("auto", *names)), Instance((Loss,), "a loss of chainrule.network")))


def metric_rule(names: tuple[str, ...]) -> Rule:
    """Return the rule of an ``eval_metric`` parameter that knows these names."""
    return AnyOf((OneOf(("error", *names)), _Function()))


class _Function:
    """A function of the user's."""

    def accepts(self, value: Any) -> bool:
        """Return whether the value keeps the rule."""
        return callable(value)

    def __str__(self) -> str:
        return "a function of (y_true, y_pred) whose greater values are better"


def seed_of(random_state: Any) -> int:
    """Return the seed a ``random_state`` stands for: an int itself, a RandomState's next number, None a fresh one."""
    if random_state is None:
        return int(np.random.SeedSequence().generate_state(1, np.uint64)[0] >> np.uint64(1))
    if isinstance(random_state, np.random.RandomState):
        return int(random_state.randint(np.iinfo(np.int32).max))
    return int(random_state)


def rows_in_batch(batch_size: int | str, n_rows: int) -> int:
    """Return the rows a step takes: all of few, else about a fortieth, a power of two between 32 and 256."""
    if not isinstance(batch_size, str):
        return min(int(batch_size), n_rows)
    if n_rows < FULL_BATCH_ROWS:
        return n_rows
    return int(np.clip(2 ** round(np.log2(n_rows / 40)), 32, 256))


def make_solver(params: dict[str, Any]) -> Optimizer | LBFGS:
    """Return the optimizer that ``solver``, ``momentum`` and ``weight_decay`` ask for.

    Raises
    ------
    ParameterError
        If momentum or weight decay is given where it would have no effect.
    """
    solver = params["solver"]
    own = {name: params[name] for name in ("momentum", "weight_decay") if params[name] is not None}
    if isinstance(solver, Optimizer | LBFGS):
        for name in own:
            raise ParameterError(
                f"{name} has no effect when solver is an object; give it to {type(solver).__name__}()."
            )
        return solver
    takes = {"momentum": ("momentum", "nesterov"), "weight_decay": ("adamw",)}
    for name in own:
        if solver not in takes[name]:
            instead = " (alpha is the penalty that every solver has)" if name == "weight_decay" else ""
            raise ParameterError(
                f"{name} has no effect with solver={solver!r}; use {' or '.join(map(repr, takes[name]))}{instead}."
            )
    return LBFGS() if solver == LBFGS.kind else OPTIMIZERS[solver](**own)


def settle(params: dict[str, Any], *, n_rows: int, has_validation: bool, has_eval_set: bool) -> dict[str, Any]:
    """Return the parameters with every "auto" of the training decided, and ``listens``: whether validation rows decide.

    Parameters
    ----------
    params : dict
        The estimator's parameters, within their rules.
    n_rows : int
        Training rows.
    has_validation, has_eval_set : bool
        Whether there are validation rows, and whether they are the user's.

    Raises
    ------
    ParameterError
        If an option has no effect in this combination.
    """
    solver = make_solver(params)
    is_lbfgs, few = isinstance(solver, LBFGS), n_rows < FULL_BATCH_ROWS
    listens = has_validation and params["early_stopping"]
    _refuse_idle(params, is_lbfgs=is_lbfgs, listens=listens, has_eval_set=has_eval_set)
    settled = params | {"solver": solver, "listens": listens}
    settled["batch_size"] = rows_in_batch(params["batch_size"], n_rows)
    if params["dropout"] == "auto":
        settled["dropout"] = 0.0 if is_lbfgs or few else DROPOUT
    if params["schedule"] == "auto":
        settled["schedule"] = "constant" if is_lbfgs else "reduce_on_plateau" if listens else "cosine"
    return settled


def _refuse_idle(params: dict[str, Any], *, is_lbfgs: bool, listens: bool, has_eval_set: bool) -> None:
    """Refuse options that were given and would have no effect."""
    given = {name for name, idle in IDLE.items() if params[name] not in idle}
    for name in given & {"dropout", "batch_size", "schedule", "learning_rate_init", "max_grad_norm", "shuffle"}:
        if is_lbfgs:
            raise ParameterError(f"{name} has no effect with lbfgs; leave it out, or choose another solver.")
    for name in given & {"dropout", "activation"}:
        if np.size(params["hidden_layer_sizes"]) == 0:
            raise ParameterError(f"{name} has no effect without hidden layers; leave it out.")
    for name in given & {"n_iter_no_change", "tol", "validation_fraction"}:
        if not params["early_stopping"] or (name == "validation_fraction" and has_eval_set):
            without = "with an eval_set" if params["early_stopping"] else "with early_stopping=False"
            raise ParameterError(f"{name} has no effect {without}; leave it out.")
    if "eval_metric" in given and not listens:
        raise ParameterError(
            f"eval_metric={params['eval_metric']!r} has no effect without validation rows that decide: leave "
            f"early_stopping on, with an eval_set or at least {FULL_BATCH_ROWS} rows."
        )


def make_recipe(settled: dict[str, Any], *, seed: int) -> Recipe:
    """Return the recipe of settled parameters."""
    schedule, metric, listens = settled["schedule"], settled["eval_metric"], settled["listens"]
    name = metric if isinstance(metric, str) else "score"
    is_lbfgs = isinstance(settled["solver"], LBFGS)
    stops_early = settled["early_stopping"] and (listens or is_lbfgs)
    return Recipe(
        optimizer=settled["solver"],
        learning_rate=float(settled["learning_rate_init"]),
        schedule=SCHEDULES[schedule]() if isinstance(schedule, str) else schedule,
        epochs=int(settled["max_iter"]),
        settings=Settings(
            batch_size=settled["batch_size"],
            seed=seed,
            shuffle=bool(settled["shuffle"]),  # an engine may know plain types only
            max_gradient_norm=settled["max_grad_norm"],
            n_threads=settled["n_threads"],
        ),
        stopping=Stopping(
            monitor="train_error" if not listens else "validation_error" if name == "error" else name,
            greater_is_better=GREATER_IS_BETTER.get(name, name == "score"),
            patience=int(settled["n_iter_no_change"]) if stops_early else None,
            tol=float(settled["tol"]),
            restore_best=settled["early_stopping"],
        ),
        max_recoveries=0 if is_lbfgs else 3,
        time_limit=settled["time_limit"],
    )
