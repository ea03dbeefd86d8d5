"""The update ratio: how far a step moves the weights, compared with how large they are."""

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glassbox.figures.style import GREEN, add_series, check_plotly, lay_out, log_axis
from chainrule.glassbox.ratios import update_ratios
from chainrule.glassbox.sampling import N_STEPS, opened_steps

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun

__all__ = ["update_ratio"]

HEALTHY = (1e-4, 1e-2)
"""The band that is marked, around the 1e-3 at which networks usually learn well."""


@np.errstate(all="ignore")  # what is not finite is shown as it is
def update_ratio(run: "RecordedRun", *, title: str = "Update ratio", n_steps: int = N_STEPS) -> Any:
    """Draw ‖Δw‖/‖w‖ of each layer over the steps, on a logarithmic axis, the band about 1e-3 marked.

    Δw is the change that the step really made: learning rate, schedule, clipping, momentum, adaptive scaling and weight
    decay are in it. Biases, which start at 0, are left out. Far above the band a step overwrites what was learnt; far
    below it the layer hardly learns.

    Parameters
    ----------
    run : RecordedRun
    title : str
        Heading; taken as plain text.
    n_steps : int
        How many steps are opened, spread evenly over the run.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    ReplayError
        If the run cannot be repeated as it was.
    """
    check_plotly()
    from plotly.graph_objects import Figure

    steps, ratios = [], []
    for step in opened_steps(run, n_steps, what="update ratio"):
        steps.append(step.index)
        ratios.append(update_ratios(step))
    figure = Figure()
    for number, name in enumerate(ratios[0]):
        add_series(figure, steps, [at_step[name] for at_step in ratios], name=name, number=number)
    figure.add_hrect(*HEALTHY, fillcolor=GREEN, opacity=0.12, line_width=0, layer="below")
    figure.add_hline(1e-3, line={"color": GREEN, "width": 1, "dash": "dot"}, layer="below")
    figure.add_annotation(text="usual", x=1, xref="paper", y=np.log10(HEALTHY[1]), yanchor="top", xanchor="right")
    figure.update_annotations(showarrow=False, font={"color": "#00694c", "size": 13})
    lay_out(figure, title, hovermode="x unified")
    figure.update_xaxes(title_text="step")
    log_axis(figure, "‖Δw‖ / ‖w‖", (*HEALTHY, *(ratio for at_step in ratios for ratio in at_step.values())))
    return figure
