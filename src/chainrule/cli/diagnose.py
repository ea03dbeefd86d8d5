"""``chainrule diagnose``: the doctor's findings about a model's training."""

from typing import Any

from chainrule.cli.console import Teller
from chainrule.cli.models import Features
from chainrule.cli.outputs import check_outputs, check_page
from chainrule.cli.recorded import on_training_rows
from chainrule.cli.rows import LabelledRows
from chainrule.glassbox.doctor import Diagnosis
from chainrule.glassbox.page import diagnosis_page
from chainrule.storage import atomic_write

__all__ = ["diagnose"]


def diagnose(
    model_path: str, table: str, *, row_weight: str | None, holdout: float | None, html: str | None, as_json: bool
) -> None:
    """Tell what the doctor finds in a model's training.

    Parameters
    ----------
    model_path, table : str
        Files; the table is the one of ``train``.
    row_weight, holdout
        As ``train`` was told.
    html : str or None
        Where the findings are written as a page.
    as_json : bool
        Whether to print one JSON object.

    Raises
    ------
    ChainruleError
        If a file cannot be read or written, or the training cannot be repeated.
    """
    if html is not None:
        check_page("--html", html)
    check_outputs({"--html": html}, inputs={"MODEL": model_path, "TABLE": table})
    teller = Teller(as_json=as_json)
    diagnosis = on_training_rows(_diagnosis, model_path, table, weight=row_weight, holdout=holdout, teller=teller)
    if html is not None:
        atomic_write(html, diagnosis_page(diagnosis).encode())
    if not as_json:
        teller.say(str(diagnosis))
    if html is not None:
        teller.say(f"page: {html}")
    teller.finish({"model": model_path, "table": table, "html": html, **diagnosis.to_dict()})


def _diagnosis(estimator: Any, X: Features, rows: LabelledRows) -> Diagnosis:
    """Return the findings, rows numbered as in the table's file."""
    found: Diagnosis = estimator.diagnose(X, rows.y, rows.weight)
    return found.numbered(rows.numbers)
