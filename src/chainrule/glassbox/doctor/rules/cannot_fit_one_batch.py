"""Cannot fit one batch: a network that cannot learn sixteen rows by heart will not learn a table."""

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from chainrule.engine import Batch
from chainrule.glassbox.doctor.base_rate import base_error, least_error
from chainrule.glassbox.doctor.changes import wider_layers
from chainrule.glassbox.doctor.columns import spread_rows
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule
from chainrule.glassbox.moment import Moment
from chainrule.network import Penalty

__all__ = ["RULE"]

NAME = "cannot_fit_one_batch"
N_ROWS = 16
MOST_ITERATIONS = 150
MUCH, MOST = 0.5, 0.8  # of the base error that is left
HARM = 0.3  # of the base error that the run itself left


def look(examination: Examination) -> Finding | None:
    """Return a finding if L-BFGS, from the run's first weights, leaves half of the base error of sixteen rows.

    L-BFGS chooses its own steps, so that the run's learning rate has no part in it; the penalty has. A run that fitted
    its own rows well is not asked.
    """
    if examination.first is None or not examination.remaining > HARM:
        return None
    rows = spread_rows(len(examination.sample_rows), N_ROWS)
    sample = examination.sample
    batch = Batch(sample.numbers[rows], sample.target[rows], None)
    base, least = base_error(examination.network, batch), least_error(examination.network, batch)
    if not base - least > 0.1 * examination.scale:
        return None
    left = (_fitted(examination.first.step.moment, batch) - least) / (base - least)
    if not left > MUCH:
        return None
    return Finding(
        rule=NAME,
        level=Level.FAULT if left > MOST else Level.WARNING,
        symptom=f"of {len(rows)} rows the network keeps {left:.0%} of the base error, trained on them alone",
        evidence=Evidence(
            step=examination.first.index,
            rows=examination.row_numbers(rows),
            numbers={"share of the base error left": left, "weights": examination.network.layout.size},
        ),
        cause="too few neurons, a penalty that is too strong, first weights from which nothing learns, or rows that "
        "contradict one another",
        cure=Cure(f"Widen the hidden layers{_penalty(examination.network.penalty)}.", wider_layers),
    )


def _penalty(penalty: Penalty) -> str:
    """Return what to do about a penalty, if there is one, by the parameters of the estimators that set it."""
    names = [name for name, strength in (("alpha", penalty.l2), ("l1", penalty.l1)) if strength > 0]
    return f", and lower the penalty ({', '.join(names)})" if names else ""


def _fitted(first: Moment, batch: Batch) -> float:
    """Return E of the batch, penalty left out, after a descent from the first step's weights, with its penalty."""
    network, strength = first.network, first.scales["penalty"]

    def error(w: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        passed = network.backward(w, network.forward(w, batch.numbers), batch.target, penalty=strength)
        return passed.error, np.asarray(passed.gradient)

    weights = first.weights.astype(np.float64)
    with np.errstate(all="ignore"):
        found = minimize(error, weights, jac=True, method="L-BFGS-B", options={"maxiter": MOST_ITERATIONS})
        return network.error(found.x, batch.numbers, batch.target, penalty=0.0)


RULE = RunRule(name=NAME, explains=("plateau", "stopped_too_early", "class_imbalance"), look=look)
