"""Symmetric units: neurons of a layer with the same weights get the same gradient, and stay one neuron for ever."""

import numpy as np
from numpy.typing import NDArray

from chainrule.glassbox.doctor.changes import fresh_weights
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.passes import Numbers
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "symmetric_units"
SAME_DIGITS = 6
SOME, MOST = 0.2, 0.9  # shares of a layer


def look(examination: Examination) -> Finding | None:
    """Return a finding if a fifth of a hidden layer's neurons have the weights of another, first and last."""
    first, names = examination.first, examination.names
    if first is None:
        return None
    for i in names.dense[:-1]:
        alike = _alike(first.before.weights_of(i)) & _alike(examination.probes[-1].before.weights_of(i))
        share = float(alike.mean())
        if share <= SOME:
            continue
        neurons = names.neurons(i)
        return Finding(
            rule=NAME,
            level=Level.FAULT if share > MOST else Level.WARNING,
            symptom=f"{int(alike.sum())} of {len(neurons)} neurons of {names.layer(i)} have the same weights as "
            "another, from the first step to the last",
            evidence=Evidence(
                step=examination.probes[-1].index,
                layer=names.layer(i),
                neurons=[neurons[j] for j in np.flatnonzero(alike)],
                numbers={"share of the layer": share},
            ),
            cause="neurons that begin alike get the same gradient in every step: nothing ever tells them apart",
            cure=Cure(
                f"Draw the first weights at random{examination.case.setting('initialiser=None')}.", fresh_weights
            ),
        )
    return None


def _alike(W: Numbers) -> NDArray[np.bool_]:
    """Return which columns of W (n_in + 1, n_out) equal another, to six digits of its largest weight."""
    size = np.abs(W).max() or 1.0
    rounded = np.round(W / size, SAME_DIGITS) + 0.0  # + 0.0 makes −0 a 0
    _, which, counts = np.unique(rounded, axis=1, return_inverse=True, return_counts=True)
    return np.asarray(counts[which.reshape(-1)] > 1)


RULE = RunRule(
    name=NAME,
    explains=(
        "vanishing_gradients",
        "dead_units",
        "plateau",
        "cannot_fit_one_batch",
        "learning_rate_too_small",
        "poor_initialisation",
        "stopped_too_early",
        "class_imbalance",
        "error_at_start",
        "oscillation",
    ),
    look=look,
)
