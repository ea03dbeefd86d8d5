"""Exploding gradients: on the way back the error's gradient grows from layer to layer."""

from chainrule.glassbox.doctor.changes import fresh_weights
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "exploding_gradients"
STRONG, WILD = 70.0, 1e4  # ‖δ‖ of the first hidden layer over that of the output; 70 is AUTOTRAINER's


def look(examination: Examination) -> Finding | None:
    """Return a finding if the first gradient of the run grows seventyfold on its way back.

    A gradient that only grows in the course of the run comes of steps that are too long: another rule.
    """
    if not examination.probes:
        return None
    probe, names = examination.probes[0], examination.names
    flow = probe.before.flow
    if not flow > STRONG:
        return None
    layer = names.layer(names.dense[0])
    return Finding(
        rule=NAME,
        level=Level.FAULT if flow > WILD else Level.WARNING,
        symptom=f"the gradient that reaches {layer} is {flow:.3g} times the output's",
        evidence=Evidence(
            step=probe.index, layer=layer, numbers={"‖δ‖ first / output": flow, "layers": len(names.dense)}
        ),
        cause="every layer on the way back multiplies the gradient by its weights, which here begin large",
        cure=Cure(
            f"Begin with weights that suit the activation{examination.case.setting('initialiser=None')}, or set "
            "max_grad_norm=1.",
            fresh_weights,
        ),
    )


RULE = RunRule(
    name=NAME,
    explains=(
        "error_at_start",
        "learning_rate_too_large",
        "saturated_units",
        "dead_units",
        "learning_rate_too_small",
        "oscillation",
        "non_finite",
    ),
    look=look,
)
