"""The page of a run: how error, gradients and changes went, and its first and last step opened."""

from html import escape
from typing import TYPE_CHECKING

import numpy as np

from chainrule.glassbox.page.chart import log_chart
from chainrule.glassbox.page.document import document
from chainrule.glassbox.page.step_page import Sections, step_sections
from chainrule.glassbox.ratios import update_ratios
from chainrule.glassbox.sampling import N_STEPS, opened_steps
from chainrule.glassbox.tables import Table

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun
    from chainrule.glassbox.step import Step

__all__ = ["run_page"]


@np.errstate(all="ignore")  # what is not finite is shown as it is
def run_page(run: "RecordedRun", *, include_rows: bool = True, n_steps: int = N_STEPS) -> str:
    """Return the page.

    Parameters
    ----------
    run : RecordedRun
    include_rows : bool
        Whether it may hold rows of the table: those of the step that is opened.
    n_steps : int
        How many steps are looked at, spread evenly over the run.
    """
    looks = [_Look(step) for step in opened_steps(run, n_steps, what="page of the run")]
    steps = [look.index for look in looks]
    first = run.step(run.first_step)
    sections: Sections = [
        ("run", "The run", [_tables(run)]),
        ("course", "Its course", [*_charts(steps, looks), _table(looks)]),
    ]
    opened = [
        (name, f"Step {first.index}: {heading}", parts) for name, heading, parts in step_sections(first, include_rows)
    ]
    return document("A training", _introduction(run, first, include_rows), [*sections, *opened])


class _Look:
    """What is kept of a step that was opened."""

    def __init__(self, step: "Step") -> None:
        self.index, self.error = step.index, step.error.value
        self.gradient = step.backward.norm
        self.change = float(np.linalg.norm(step.descent.change))
        self.drops = step.predicted_drop, step.actual_drop
        self.sizes = {layer.name: float(np.sqrt(np.mean(layer.gradient**2))) for layer in step.backward.layers}
        self.ratios = update_ratios(step)


def _introduction(run: "RecordedRun", first: "Step", include_rows: bool) -> str:
    n = len(first.moment.rows)
    rows = f"the {n:,} rows of step {first.index}, which is opened below" if include_rows else "no rows of it"
    return (
        f"<p>{len(run):,} steps on {run.record.n_rows:,} rows, repeated from their record bit for bit.</p>"
        f'<p class="note">Of the table this file holds {rows}.</p>'
    )


def _tables(run: "RecordedRun") -> str:
    return "".join(table.to_html() for table in run.tables())


def _charts(steps: list[int], looks: list[_Look]) -> list[str]:
    names = list(looks[0].sizes)
    lines: dict[str, dict[str, list[float | None]]] = {
        "E of the step's rows": {"E": [look.error for look in looks]},
        "Gradient: root mean square of ∂E/∂w in each layer": {n: [look.sizes[n] for look in looks] for n in names},
        "Update ratio: ‖Δw‖ / ‖w‖ of each layer": {n: [look.ratios[n] for look in looks] for n in names},
    }
    return [f"<h3>{escape(title)}</h3>{log_chart(steps, some, label=title)}" for title, some in lines.items()]


def _table(looks: list[_Look]) -> str:
    columns = ("step", "E", "norm of the gradient", "norm of the change", "predicted drop of E", "actual drop of E")
    rows = [(look.index, look.error, look.gradient, look.change, *look.drops) for look in looks]
    return f'<div class="wide">{Table("The steps looked at", columns, rows).to_html()}</div>'
