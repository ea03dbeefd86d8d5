"""``chainrule explain``: a step of a model's training opened, and one weight of it derived."""

import re
from typing import Any

import numpy as np

from chainrule.cli.console import Teller
from chainrule.cli.models import Features
from chainrule.cli.outputs import check_outputs, check_page
from chainrule.cli.recorded import on_training_rows
from chainrule.cli.rows import LabelledRows
from chainrule.errors import ParameterError
from chainrule.glassbox import RecordedRun, Step, update_ratios
from chainrule.glassbox.tables import largest

__all__ = ["explain"]

N_LARGEST = 20


def explain(
    model_path: str,
    table: str,
    *,
    step: int | None,
    row: int | None,
    weight: str | None,
    row_weight: str | None,
    holdout: float | None,
    html: str | None,
    as_json: bool,
) -> None:
    """Tell what a step of the training did, and derive one weight's change.

    Parameters
    ----------
    model_path, table : str
        Files; the table is the one of ``train``.
    step : int or None
        The step's number, from 0; negative ones count from the end.
    row : int or None
        A row of the table, from 0: the last step that took it, and the derivation through this row. At most one of the
        two is given; with none of them, the first step is opened.
    weight : str or None
        Which weight is derived; by default the one with the largest gradient.
    row_weight, holdout
        As ``train`` was told.
    html : str or None
        Where the page of the step is written.
    as_json : bool
        Whether to print one JSON object.

    Raises
    ------
    ChainruleError
        If an option breaks its rule, a file cannot be read or written, or the training cannot be repeated.
    """
    if step is not None and row is not None:
        raise ParameterError("--step and --row both choose a step; give one of them.")
    if html is not None:
        check_page("--html", html)
    check_outputs({"--html": html}, inputs={"MODEL": model_path, "TABLE": table})
    teller = Teller(as_json=as_json)
    run = on_training_rows(_run, model_path, table, weight=row_weight, holdout=holdout, teller=teller)
    number = run.step_of_row(row) if row is not None else run.first_step if step is None else step
    opened: Step = run.step(number)
    chosen = (
        opened.names.weight(int(largest(opened.backward.gradient, 1)[0])) if weight is None else _weight(opened, weight)
    )
    derivation = None if opened.moment.is_passed_over else opened.derive(chosen, row=row)
    if html is not None:
        opened.to_html(html)
    for text in [] if as_json else filter(None, [opened, opened.error, derivation]):
        teller.say(f"{text}\n")
    if html is not None:
        teller.say(f"page: {html}")
    facts = {"model": model_path, "table": table, "row": row, "html": html, **_facts(opened)}
    derived = {
        "weight": _weight_facts(opened, chosen.index),
        "derivation": None if derivation is None else str(derivation),
    }
    teller.finish(facts | derived)


def _run(estimator: Any, X: Features, rows: LabelledRows) -> RecordedRun:
    """Return the recorded run, its rows numbered as in the table's file."""
    run: RecordedRun = estimator.replay(X, rows.y, rows.weight)
    return run.numbered(rows.numbers)


def _weight(step: Step, text: str) -> Any:
    """Return the weight that ``--weight`` names: a position, a full name, or "layer, neuron, source"."""
    text = re.sub(r"\s*<-\s*", " ← ", text.strip(), count=1)
    if text.isdecimal() or "←" in text:
        return step.weight(int(text) if text.isdecimal() else text)
    parts = [part.strip() for part in text.split(",", 2)]
    if len(parts) != 3:
        example = step.names.weight(0)
        raise ParameterError(
            f"--weight must be a full name like '{example}', or 'layer, neuron, source' like 'output, 1, bias', or a "
            f"number. Got {text!r}."
        )
    return step.weight(*parts)


def _facts(step: Step) -> dict[str, Any]:
    ratios = update_ratios(step)
    return {
        "step": step.index,
        "rows": step.moment.rows.tolist(),
        "error": step.error.value,
        "penalty": step.error.penalty,
        "gradient_norm": step.backward.norm,
        "change_norm": float(np.linalg.norm(step.descent.change)),
        "predicted_drop": step.predicted_drop,
        "actual_drop": step.actual_drop,
        "layers": [
            {
                "name": layer.name,
                "gradient_norm": float(np.linalg.norm(layer.gradient)),
                "update_ratio": ratios[layer.name],
            }
            for layer in step.backward.layers
        ],
        "largest_changes": [_weight_facts(step, int(i)) for i in largest(step.descent.change, N_LARGEST)],
    }


def _weight_facts(step: Step, index: int) -> dict[str, Any]:
    descent = step.descent
    return {
        "index": index,
        "name": step.names.weight(index).name,
        "before": float(descent.before[index]),
        "gradient": float(step.backward.gradient[index]),
        "change": float(descent.change[index]),
        "parts": {name: float(part[index]) for name, part in descent.parts.items()},
    }
