"""Class imbalance ignored: a rare class is hardly ever predicted, and the error hardly minds."""

import numpy as np

from chainrule.glassbox.doctor.changes import balanced_classes
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "class_imbalance"
APART = 5.0  # times as much weight as the rarest class
FEWEST_ROWS = 3
MISSED = 0.5  # recall below which a class counts as ignored


def look(examination: Examination) -> Finding | None:
    """Return a finding if a class of a fifth of the largest's weight, or less, is mostly missed in training rows."""
    if not examination.has_classes or not examination.probes:
        return None
    sample, logits = examination.sample, examination.kept.forward.logits
    codes = np.asarray(sample.target).reshape(-1).astype(np.int64)
    guesses = logits.argmax(axis=1) if logits.shape[1] > 1 else (logits[:, 0] > 0).astype(np.int64)
    n_classes = max(logits.shape[1], 2)
    counts = np.bincount(codes, minlength=n_classes)
    weights = np.bincount(codes, weights=sample.weight, minlength=n_classes)
    recall = np.bincount(codes[guesses == codes], minlength=n_classes) / np.maximum(counts, 1)
    rare = np.flatnonzero((counts >= FEWEST_ROWS) & (weights * APART <= weights.max()) & (recall < MISSED))
    if not len(rare):
        return None
    worst = int(rare[np.argmin(recall[rare])])
    return Finding(
        rule=NAME,
        level=Level.FAULT if recall[worst] == 0 else Level.WARNING,
        symptom=f"class {_label(examination, worst)} is recognised in {recall[worst]:.0%} of its rows, and has "
        f"{weights[worst] / weights.sum():.1%} of the weight",
        evidence=Evidence(
            step=examination.probes[-1].index,
            rows=examination.row_numbers(np.flatnonzero((codes == worst) & (guesses != worst))),
            numbers={"recall": float(recall[worst]), "share of the weight": float(weights[worst] / weights.sum())},
        ),
        cause="the error is a mean over rows: a rare class adds little to it, so that ignoring it costs little",
        cure=Cure('Weigh the classes alike: class_weight="balanced".', balanced_classes),
    )


def _label(examination: Examination, code: int) -> str:
    outputs = examination.names.outputs
    if outputs is None:
        return str(code)
    if len(outputs) == 1:  # the logit of the second of two classes
        return str(outputs[0]) if code else f"other than {outputs[0]}"
    return str(outputs[code])


RULE = RunRule(name=NAME, explains=("stopped_too_early", "plateau"), look=look)
