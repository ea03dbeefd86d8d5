"""Dead units: neurons whose φ′ is 0 on every row pass no gradient on, and so never change again."""

from chainrule.glassbox.doctor.changes import with_activation
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.passes import STEEPEST
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "dead_units"
SOME, MANY, NEARLY_ALL = 0.2, 0.5, 0.9  # shares of a layer
FEWEST_ROWS = 20


def look(examination: Examination) -> Finding | None:
    """Return a finding if more than a fifth of a hidden layer's units are dead at the end of the run.

    Of functions with two limits (tanh, logistic), whose units saturate, another rule speaks.
    """
    if not examination.probes or len(examination.sample_rows) < FEWEST_ROWS:
        return None
    last = examination.probes[-1]
    layers = [slopes for slopes in last.before.slopes if slopes.function not in STEEPEST]
    if not layers:
        return None
    worst = max(layers, key=lambda slopes: slopes.dead.mean())
    share = float(worst.dead.mean())
    if share <= SOME:
        return None
    names, died = examination.names, worst.dead.nonzero()[0]
    born = next(slopes for slopes in examination.probes[0].before.slopes if slopes.layer == worst.layer)
    neurons = names.neurons(worst.layer)
    at_first = float(born.dead.mean())
    began_so = at_first > share / 2
    level = Level.FAULT if share > NEARLY_ALL else Level.WARNING if share > MANY else Level.NOTICE
    return Finding(
        rule=NAME,
        level=level,
        symptom=f"{len(died)} of {len(neurons)} units of {names.layer(worst.layer)} are dead: φ′ is 0 on every row",
        evidence=Evidence(
            step=last.index,
            layer=names.layer(worst.layer),
            neurons=[neurons[j] for j in died],
            numbers={"share dead at the end": share, "share dead at the start": at_first},
        ),
        cause="they began so: biases or weights were given that keep them off"
        if began_so
        else "steps that were too large threw their biases far to the negative side",
        cure=Cure(
            'Use activation="silu" (or "leaky_relu"), which is never flat, or a smaller learning rate.',
            with_activation("silu"),
        ),
        unrelated=() if began_so else ("cannot_fit_one_batch",),  # which is asked of the first weights
    )


RULE = RunRule(
    name=NAME,
    explains=("vanishing_gradients", "plateau", "cannot_fit_one_batch", "learning_rate_too_small", "class_imbalance"),
    look=look,
)
