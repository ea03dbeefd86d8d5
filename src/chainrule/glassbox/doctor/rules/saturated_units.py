"""Saturated units: net inputs so far out that tanh or logistic are flat there."""

from chainrule.glassbox.doctor.changes import fresh_weights
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "saturated_units"
MANY, NEARLY_ALL = 0.5, 0.9  # shares of a layer's units and rows


def look(examination: Examination) -> Finding | None:
    """Return a finding if φ′ is below a hundredth of its greatest for over half of a layer's units and rows.

    From the first third of the run on it keeps from learning; later it comes of learning, and is a notice.
    """
    early = examination.early()
    for probes, is_late in ((early, False), (examination.late(), True)):
        shares = [(slopes.saturated_share, probe, slopes) for probe in probes for slopes in probe.before.slopes]
        share, probe, slopes = max(shares, key=lambda item: item[0], default=(0.0, None, None))
        if share <= MANY or probe is None or slopes is None:
            continue
        names = examination.names
        layer = names.layer(slopes.layer)
        level = Level.NOTICE if is_late else Level.FAULT if share > NEARLY_ALL else Level.WARNING
        return Finding(
            rule=NAME,
            level=level,
            symptom=f"{share:.0%} of the units of {layer}, over all rows, are where {slopes.function} is flat",
            evidence=Evidence(step=probe.index, layer=layer, numbers={"share saturated": share}),
            cause="net inputs are large: weights grew, began too large, or meet inputs of large numbers",
            cure=Cure(
                "Standardise the inputs, and begin with weights that suit the activation"
                f"{examination.case.setting('initialiser=None')}.",
                fresh_weights,
            ),
        )
    return None


RULE = RunRule(
    name=NAME,
    explains=("vanishing_gradients", "plateau", "learning_rate_too_small", "cannot_fit_one_batch"),
    look=look,
)
