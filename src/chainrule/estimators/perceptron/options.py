"""Options of chainrule's own that would have no effect in a combination are refused; scikit-learn's own are not."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from chainrule.errors import ParameterError
from chainrule.training import LBFGS

__all__ = ["refuse_idle_options"]

# With the values that do not ask for anything.
_IDLE: dict[str, Any] = {"dropout": 0, "schedule": None, "max_grad_norm": None, "restore_best": False}


def refuse_idle_options(params: dict[str, Any], *, incremental: bool, eval_set: Any, eval_metric: Any) -> None:
    """Raise ParameterError for an option that was given and would have no effect.

    Parameters
    ----------
    params : dict
        The estimator's parameters.
    incremental : bool
        Whether this is ``partial_fit``.
    eval_set, eval_metric
        As ``fit`` was given them.
    """
    given = {name for name, idle in _IDLE.items() if params[name] != idle}
    stops_early = params["early_stopping"] and params["solver"] != LBFGS.kind
    rules = _rules(params, incremental=incremental, stops_early=stops_early, has_eval_set=eval_set is not None)
    for names, reason in rules:
        for name in sorted(names & given):
            raise ParameterError(f"{name}={params[name]!r} has no effect {reason}.")
    if "schedule" in given and params["learning_rate"] != "constant" and params["solver"] != "adam":
        raise ParameterError(
            f"learning_rate={params['learning_rate']!r} has no effect with schedule={params['schedule']!r}; leave one "
            "of them out."
        )
    if eval_metric is not None and eval_set is None and not stops_early:
        raise ParameterError(
            f"eval_metric={eval_metric!r} has no effect without validation rows; give fit an eval_set as well."
        )


def _rules(
    params: dict[str, Any], *, incremental: bool, stops_early: bool, has_eval_set: bool
) -> Iterator[tuple[set[str], str]]:
    """Yield the options that have no effect here, each with the reason and the way out."""
    if params["solver"] == LBFGS.kind:
        yield {"dropout", "schedule", "max_grad_norm"}, "with solver='lbfgs'; choose another solver, or leave it out"
    if np.size(params["hidden_layer_sizes"]) == 0:
        yield {"dropout"}, "without hidden layers; set hidden_layer_sizes, or leave it out"
    if incremental:
        yield {"schedule"}, "in partial_fit, which does not know how long training is; set learning_rate_init"
        yield {"restore_best"}, "in partial_fit, which has no validation rows; use fit"
    elif stops_early:
        yield {"restore_best"}, "with early_stopping=True, which ends with the best weights anyway; leave it out"
    elif not has_eval_set:
        yield {"restore_best"}, "without validation rows; give fit an eval_set, or leave it out"
