"""Vanishing gradients: on the way back the error's gradient shrinks to nothing before it reaches the first layer."""

import numpy as np

from chainrule.glassbox.doctor.changes import with_activation
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "vanishing_gradients"
WEAK, NOTHING = 1e-3, 1e-6  # ‖δ‖ of the first hidden layer over that of the output; about 1 where weights suit


def look(examination: Examination) -> Finding | None:
    """Return a finding if most early steps have hardly any gradient in the first layer.

    Needs a hidden layer. Dead units, which pass nothing on by themselves, have a rule of their own.
    """
    names, probes = examination.names, examination.early()
    if len(names.dense) < 2 or not probes:
        return None
    flows = [probe.before.flow for probe in probes]
    flow = float(np.nanmedian(flows)) if not np.isnan(flows).all() else 1.0
    if flow >= WEAK:
        return None
    worst = probes[int(np.nanargmin(flows))]
    layer = names.layer(names.dense[0])
    return Finding(
        rule=NAME,
        level=Level.FAULT if flow < NOTHING else Level.WARNING,
        symptom=f"the gradient that reaches {layer} is {flow:.2g} of the output's",
        evidence=Evidence(
            step=worst.index, layer=layer, numbers={"‖δ‖ first / output": flow, "layers": len(names.dense)}
        ),
        cause="every layer on the way back multiplies the gradient by its weights and by φ′, which here are small: "
        "many layers of an activation that is flat (logistic, tanh), or weights that begin too small",
        cure=Cure('Use activation="relu" with its own initialiser, or fewer hidden layers.', with_activation("relu")),
    )


RULE = RunRule(
    name=NAME,
    explains=("learning_rate_too_small", "plateau", "cannot_fit_one_batch", "stopped_too_early", "class_imbalance"),
    look=look,
)
