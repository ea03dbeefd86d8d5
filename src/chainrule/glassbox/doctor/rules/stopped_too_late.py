"""Stopped too late: the weights that were kept are worse on held-out rows than earlier ones."""

from chainrule.glassbox.doctor.changes import keeping_best
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "stopped_too_late"
FEWEST_EPOCHS = 4
SOME, CLEAR, MUCH = 0.05, 0.1, 0.5  # rise of the validation error since its best epoch, in base errors
BEST_BEFORE = 0.7  # of the epochs


def look(examination: Examination) -> Finding | None:
    """Return a finding if the validation error had risen since its best epoch, and the last weights were kept."""
    errors = examination.validation_errors
    if not examination.is_validated or len(errors) < FEWEST_EPOCHS:
        return None
    history = examination.case.history
    kept = next((i for i, row in enumerate(history) if row["step"] == examination.run.kept_step), len(errors) - 1)
    best = int(errors.argmin())
    rise = float(errors[kept] - errors[best]) / examination.scale
    if rise < SOME or best > BEST_BEFORE * len(errors):
        return None
    return Finding(
        rule=NAME,
        level=Level.FAULT if rise > MUCH else Level.WARNING if rise > CLEAR else Level.NOTICE,
        symptom=f"the validation error was best after epoch {best + 1} of {len(errors)}, and is {rise:.2g} base errors "
        "worse with the weights that were kept",
        evidence=Evidence(
            step=int(history[best]["step"]) - 1,
            numbers={
                "best epoch": best + 1,
                "best validation error": errors[best],
                "kept validation error": errors[kept],
            },
        ),
        cause="from there on training learned its own rows by heart",
        cure=Cure("Let the best epoch's weights be kept: early_stopping=True.", keeping_best),
    )


RULE = RunRule(name=NAME, look=look)
