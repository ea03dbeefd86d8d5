"""The update ratio: how far a step moves the weights, compared with how large they are."""

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glassbox.figures.by_layer import drawn_by_layer
from chainrule.glassbox.figures.style import GREEN
from chainrule.glassbox.ratios import update_ratios
from chainrule.glassbox.sampling import N_STEPS

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun

__all__ = ["update_ratio"]

HEALTHY = (1e-4, 1e-2)
"""The band that is marked, around the 1e-3 at which networks usually learn well."""


@np.errstate(all="ignore")  # what is not finite is shown as it is
def update_ratio(run: "RecordedRun", *, title: str = "Update ratio", n_steps: int = N_STEPS) -> Any:
    """Draw ‖Δw‖/‖w‖ of each layer over the steps, the band about 1e-3 marked; otherwise as ``gradient_flow``.

    Δw is the change that the step really made: learning rate, schedule, clipping, momentum, adaptive scaling and weight
    decay are in it. Biases, which start at 0, are left out. Far above the band a step overwrites what was learnt; far
    below it the layer hardly learns.
    """
    figure = drawn_by_layer(run, update_ratios, title=title, axis="‖Δw‖ / ‖w‖", n_steps=n_steps, with_values=HEALTHY)
    figure.add_hrect(*HEALTHY, fillcolor=GREEN, opacity=0.12, line_width=0, layer="below")
    figure.add_hline(1e-3, line={"color": GREEN, "width": 1, "dash": "dot"}, layer="below")
    figure.add_annotation(text="usual", x=1, xref="paper", y=np.log10(HEALTHY[1]), yanchor="top", xanchor="right")
    figure.update_annotations(showarrow=False, font={"color": "#00694c", "size": 13})
    return figure
