"""The gradient flow: how large the gradient is in each layer, over the training."""

from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.glassbox.figures.by_layer import drawn_by_layer
from chainrule.glassbox.sampling import N_STEPS

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun
    from chainrule.glassbox.step import Step

__all__ = ["gradient_flow"]


@np.errstate(all="ignore")  # what is not finite is shown as it is
def gradient_flow(run: "RecordedRun", *, title: str = "Gradient flow", n_steps: int = N_STEPS) -> Any:
    """Draw the size of each layer's gradient over the steps, on a logarithmic axis, as a plotly figure.

    The size is the root mean square of ∂E/∂w over the layer's weights and biases, so that layers of different size
    compare. Lines that run apart by orders of magnitude show a gradient that vanishes (or explodes) on its way back.
    It is that of the step's minibatch, before clipping.

    Parameters
    ----------
    run : RecordedRun
    title : str
        Heading; taken as plain text.
    n_steps : int
        How many steps are opened, spread evenly over the run; at least 2.

    Raises
    ------
    MissingExtraError, ParameterError, ReplayError
        If plotly is not installed, ``n_steps`` is too small, or the run cannot be repeated as it was.
    """
    return drawn_by_layer(run, _sizes, title=title, axis="root mean square of ∂E/∂w", n_steps=n_steps)


def _sizes(step: "Step") -> dict[str, float]:
    return {layer.name: float(np.sqrt(np.mean(np.square(layer.gradient)))) for layer in step.backward.layers}
