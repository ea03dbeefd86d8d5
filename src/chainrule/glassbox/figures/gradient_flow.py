"""The gradient flow: how large the gradient is in each layer, over the training."""

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glassbox.figures.style import add_series, check_plotly, lay_out, log_axis
from chainrule.glassbox.sampling import N_STEPS, opened_steps

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun

__all__ = ["gradient_flow"]


@np.errstate(all="ignore")  # what is not finite is shown as it is
def gradient_flow(run: "RecordedRun", *, title: str = "Gradient flow", n_steps: int = N_STEPS) -> Any:
    """Draw the size of each layer's gradient over the steps, on a logarithmic axis.

    The size is the root mean square of ∂E/∂w over the layer's weights and biases, so that layers of different size
    compare. Lines that run apart by orders of magnitude show a gradient that vanishes (or explodes) on its way back.
    It is that of the step's minibatch, before clipping.

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

    steps, sizes = [], []
    for step in opened_steps(run, n_steps, what="gradient flow"):
        steps.append(step.index)
        sizes.append({layer.name: _size(layer.gradient) for layer in step.backward.layers})
    figure = Figure()
    for number, name in enumerate(sizes[0]):
        add_series(figure, steps, [at_step[name] or None for at_step in sizes], name=name, number=number)
    lay_out(figure, title, hovermode="x unified")
    figure.update_xaxes(title_text="step")
    log_axis(figure, "root mean square of ∂E/∂w", (size for at_step in sizes for size in at_step.values()))
    return figure


def _size(gradient: Any) -> float:
    return float(np.sqrt(np.mean(np.square(gradient))))
