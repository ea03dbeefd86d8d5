"""Options of chainrule's own that would have no effect in a combination are refused; scikit-learn's own are not."""

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
    is_lbfgs = params["solver"] == LBFGS.kind
    stops_early = params["early_stopping"] and not is_lbfgs
    reasons = {
        "with solver='lbfgs'; choose another solver": given & {"dropout", "schedule", "max_grad_norm"}
        if is_lbfgs
        else set(),
        "without hidden layers": given & {"dropout"} if np.size(params["hidden_layer_sizes"]) == 0 else set(),
        "in partial_fit, which does not know how long training will be; set learning_rate_init": given & {"schedule"}
        if incremental
        else set(),
        "in partial_fit, which has no validation rows": given & {"restore_best"} if incremental else set(),
        "with early_stopping=True, which ends with the best weights anyway": given & {"restore_best"}
        if stops_early
        else set(),
        "without validation rows; give fit an eval_set": given & {"restore_best"} if eval_set is None else set(),
    }
    for reason, names in reasons.items():
        for name in names:
            raise ParameterError(f"{name}={params[name]!r} has no effect {reason}, or leave it out.")
    if "schedule" in given and params["learning_rate"] != "constant" and params["solver"] != "adam":
        raise ParameterError(
            f"learning_rate={params['learning_rate']!r} has no effect with schedule={params['schedule']!r}; leave one "
            "of them out."
        )
    if eval_metric is not None and eval_set is None and not stops_early:
        raise ParameterError(
            f"eval_metric={eval_metric!r} has no effect without validation rows; give fit an eval_set as well."
        )
