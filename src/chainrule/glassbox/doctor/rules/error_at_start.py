"""Error at the start: before the first step the network is far worse than the base rate."""

from chainrule.glassbox.doctor.changes import fresh_weights
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "error_at_start"
FAR, VERY_FAR = 7.0, 20.0  # excess over the base error, in base errors; usual initialisers make about 1, seldom 5


def look(examination: Examination) -> Finding | None:
    """Return a finding if the first error exceeds the base error more than seven times over."""
    first = examination.first
    if first is None:
        return None
    excess = (first.before.error - examination.base_error) / max(examination.scale, abs(examination.base_error))
    if not excess > FAR:
        return None
    shift = float(abs(first.before.forward.logits.mean(axis=0)).max())
    return Finding(
        rule=NAME,
        level=Level.FAULT if excess > VERY_FAR else Level.WARNING,
        symptom=f"E begins at {first.before.error:.4g}, and is {examination.base_error:.4g} for the base rate",
        evidence=Evidence(
            step=first.index,
            layer=examination.names.layer(examination.names.dense[-1]),
            numbers={
                "E at the start": first.before.error,
                "base error": examination.base_error,
                "largest mean output": shift,
            },
        ),
        cause="the outputs begin far from the target's mean or shares: biases or weights were given that do not suit, "
        "or the target is not centred",
        cure=Cure(
            "Begin with a bias of the output that answers the base rate"
            f"{examination.case.setting('initialiser=None')}.",
            fresh_weights,
        ),
    )


RULE = RunRule(name=NAME, explains=("learning_rate_too_large", "oscillation"), look=look)
