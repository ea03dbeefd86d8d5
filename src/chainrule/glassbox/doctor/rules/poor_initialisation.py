"""Poor initialisation: weights begin so small or so large that no layer keeps its signal's size."""

import numpy as np

from chainrule.glassbox.doctor.changes import fresh_weights
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "poor_initialisation"
SMALL, LARGE = 0.1, 5.0  # gain σ·√n; 1 to 1.5 keeps the signal's size


def look(examination: Examination) -> Finding | None:
    """Return a finding if a layer's first weights have a gain far from 1, both forward and back.

    The gain is σ·√n_in forward and σ·√n_out back, σ being the weights' root mean square: Glorot's and He's initialisers
    make one or both about 1. Weights that are all 0 have a rule of their own (symmetric units).
    """
    if examination.first is None:
        return None
    passes, names = examination.first.before, examination.names
    gains = {}
    for i in names.dense:
        W = passes.weights_of(i)[:-1]
        size = float(np.sqrt((W**2).mean()))
        gains[i] = (size * np.sqrt(W.shape[0]), size * np.sqrt(W.shape[1]))
    small = [i for i, (forward, back) in gains.items() if 0 < max(forward, back) < SMALL]
    large = [i for i, (forward, back) in gains.items() if min(forward, back) > LARGE or forward > 2 * LARGE]
    if not small and not large:
        return None
    layer = (large or small)[0]
    forward, back = gains[layer]
    return Finding(
        rule=NAME,
        level=Level.FAULT if examination.remaining > 0.5 else Level.WARNING,
        symptom=f"the weights of {names.layer(layer)} begin {'too large' if large else 'too small'}: what passes is "
        f"multiplied by about {forward:.2g}",
        evidence=Evidence(
            step=examination.first.index,
            layer=names.layer(layer),
            numbers={"gain forward": float(forward), "gain back": float(back), "layers": len(large or small)},
        ),
        cause="the initial weights do not suit the layer's number of inputs and outputs",
        cure=Cure(
            f"Begin with weights that suit the activation{examination.case.setting('initialiser=None')}.", fresh_weights
        ),
    )


RULE = RunRule(
    name=NAME,
    explains=(
        "vanishing_gradients",
        "exploding_gradients",
        "saturated_units",
        "dead_units",
        "error_at_start",
        "plateau",
        "learning_rate_too_large",
        "learning_rate_too_small",
        "oscillation",
        "non_finite",
        "cannot_fit_one_batch",
        "stopped_too_early",
        "class_imbalance",
        "overfitting",
        "batch_too_small",
    ),
    look=look,
)
