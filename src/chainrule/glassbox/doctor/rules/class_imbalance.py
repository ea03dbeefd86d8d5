"""Class imbalance ignored: a rare class is hardly ever predicted, and the error hardly minds."""

import numpy as np
from numpy.typing import NDArray

from chainrule.glassbox.doctor.changes import balanced_classes
from chainrule.glassbox.doctor.columns import spread_rows
from chainrule.glassbox.doctor.cure import Cure
from chainrule.glassbox.doctor.examination import Examination
from chainrule.glassbox.doctor.finding import Evidence, Finding, Level
from chainrule.glassbox.doctor.rule import RunRule

__all__ = ["RULE"]

NAME = "class_imbalance"
APART = 5.0  # times as much weight as the rarest class
FEWEST_ROWS = 3
MOST_ROWS = 256  # of a class, evenly spread, are predicted
MISSED = 0.5  # recall below which a class counts as ignored


def look(examination: Examination) -> Finding | None:
    """Return a finding if a class of a fifth of the largest's weight, or less, is mostly missed in training rows.

    The classes are counted in all training rows: of a sample, a rare one may have no row.
    """
    if not examination.has_classes or not examination.probes:
        return None
    source = examination.source
    codes = np.asarray(source.target).reshape(-1).astype(np.int64)
    n_classes = max(examination.network.n_outputs, 2)
    counts = np.bincount(codes, minlength=n_classes)
    weights = np.bincount(codes, weights=source.weight, minlength=n_classes)
    rare = np.flatnonzero((counts >= FEWEST_ROWS) & (weights * APART <= weights.max()))
    missed = {int(code): _missed(examination, codes, int(code)) for code in rare}
    recall = {code: 1.0 - len(rows) / min(counts[code], MOST_ROWS) for code, rows in missed.items()}
    worst = min(recall, key=lambda code: recall[code], default=None)
    if worst is None or not recall[worst] < MISSED:
        return None
    share, label = float(weights[worst] / weights.sum()), examination.names.class_label(worst)
    return Finding(
        rule=NAME,
        level=Level.FAULT if recall[worst] == 0 else Level.WARNING,
        symptom=f"class {label} is recognised in {recall[worst]:.0%} of its rows, and has {share:.1%} of the weight",
        evidence=Evidence(
            step=examination.probes[-1].index,
            rows=[int(row) for row in examination.run.rows[missed[worst]]],
            numbers={"recall": float(recall[worst]), "share of the weight": share},
        ),
        cause="the error is a mean over rows: a rare class adds little to it, so that ignoring it costs little",
        cure=Cure('Weigh the classes alike: class_weight="balanced".', balanced_classes),
    )


def _missed(examination: Examination, codes: NDArray[np.int64], code: int) -> NDArray[np.int64]:
    """Return the training rows of a class (some, where it has many) that the weights kept take for another."""
    rows = np.flatnonzero(codes == code)
    rows = rows[spread_rows(len(rows), MOST_ROWS)]
    logits = examination.network.forward(examination.kept.weights, examination.source.take(rows).numbers).logits
    guesses = logits.argmax(axis=1) if logits.shape[1] > 1 else (logits[:, 0] > 0).astype(np.int64)
    return np.asarray(rows[guesses != code])


RULE = RunRule(name=NAME, explains=("stopped_too_early", "plateau"), look=look)
