"""Numbers that are not finite: the first step, layer and row in which a NaN or an infinity appears."""

from chainrule.glassbox.doctor.changes import gradient_clipped, without_rows
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.failure import Failure, Origin
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "non_finite"


def look(examination: Examination) -> Finding | None:
    """Return a finding if a step of the run was not finite, also if the run went back and recovered."""
    failure = examination.failure
    if failure is None:
        return None
    origin = failure.origin(examination.run)
    places = failure.rows(examination.run)[origin.rows]
    rows = [int(row) for row in examination.run.rows[places]]
    is_given = origin.place in ("the inputs", "the target")
    cause = (
        f"{origin.place} hold a NaN or an infinity"
        if is_given
        else "numbers grew until they were beyond the largest that the dtype has"
    )
    text = (
        "Correct or leave out these rows."
        if is_given
        else "Clip the gradient (max_grad_norm=1), or lower the learning rate."
    )
    return Finding(
        rule=NAME,
        level=Level.FAULT if examination.case.diverged else Level.WARNING,
        symptom=f"step {failure.step} is not finite, first in {origin.place}" + _whose(examination, origin),
        evidence=_evidence(examination, failure, origin, rows),
        cause=cause,
        cure=Cure(text, without_rows(places.tolist()) if is_given else gradient_clipped(1.0)),
    )


def _whose(examination: Examination, origin: Origin) -> str:
    return "" if origin.layer is None else f" of {examination.names.layer(origin.layer)}"


def _evidence(examination: Examination, failure: Failure, origin: Origin, rows: list[int]) -> Evidence:
    names = examination.names
    neurons = names.neurons(origin.layer) if origin.layer in names.dense else []
    inputs = names.sources(names.dense[0])
    return Evidence(
        step=failure.step,
        layer="" if origin.layer is None else names.layer(origin.layer),
        neurons=[neurons[j] for j in origin.units if j < len(neurons)],
        rows=rows,
        columns=[inputs[j] for j in origin.units] if origin.place == "the inputs" else (),
        numbers={"rows concerned": len(rows), "learning rate": examination.recipe.learning_rate * failure.factor},
    )


RULE = RunRule(name=NAME, look=look)
