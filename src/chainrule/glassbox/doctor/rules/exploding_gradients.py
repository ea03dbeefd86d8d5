"""Exploding gradients: on the way back the error's gradient grows from layer to layer."""

import numpy as np

from chainrule.glassbox.doctor.changes import fresh_weights
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "exploding_gradients"
STRONG, WILD = 70.0, 1e4  # ‖δ‖ of the first hidden layer over that of the output; 70 is AUTOTRAINER's
GROWTH = 100.0  # of the gradient's norm over its norm at the start


def look(examination: Examination) -> Finding | None:
    """Return a finding if the gradient grows on the way back, or in the course of the run, a hundredfold."""
    probes, names = examination.probes, examination.names
    if not probes:
        return None
    flows = np.array([probe.before.flow for probe in probes])
    norms = np.array([float(np.linalg.norm(probe.before.backward.gradient)) for probe in probes])
    growth = float(norms.max() / norms[0]) if norms[0] > 0 else 1.0
    flow = float(np.nanmax(flows)) if not np.isnan(flows).all() else 1.0
    rises = growth > GROWTH and probes[int(norms.argmax())].before.error > 2 * probes[0].before.error
    if flow <= STRONG and not rises:
        return None
    worst = probes[int(np.nanargmax(flows))] if flow > STRONG else probes[int(norms.argmax())]
    layer = names.layer(names.dense[0])
    seen = (
        f"the gradient that reaches {layer} is {flow:.3g} times the output's"
        if flow > STRONG
        else f"the gradient's norm grew to {growth:.3g} times that of the start"
    )
    return Finding(
        rule=NAME,
        level=Level.FAULT if max(flow, growth if rises else 0.0) > WILD else Level.WARNING,
        symptom=seen,
        evidence=Evidence(
            step=worst.index, layer=layer, numbers={"‖δ‖ first / output": flow, "largest ‖g‖ / first ‖g‖": growth}
        ),
        cause="every layer on the way back multiplies the gradient by its weights, which here are large",
        cure=Cure("Let the initialiser suit the activation (initialiser=None), or set max_grad_norm=1.", fresh_weights),
    )


RULE = RunRule(
    name=NAME,
    explains=("non_finite", "oscillation", "dead_units", "saturated_units"),
    look=look,
)
