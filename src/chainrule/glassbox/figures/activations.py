"""The activations: how the outputs of each hidden layer are spread over the training, and how many units rest."""

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ParameterError
from chainrule.glassbox.doctor.passes import STEEPEST, SamplePass
from chainrule.glassbox.figures.style import BLUE, INK, RED, check_plotly, lay_out
from chainrule.glassbox.sample import sample_of
from chainrule.glassbox.sampling import N_STEPS, sampled_steps, with_progress

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun

__all__ = ["activations"]

Numbers = NDArray[np.float64]

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
PANEL_HEIGHT = 190


@np.errstate(all="ignore")  # what is not finite is shown as it is
def activations(run: "RecordedRun", *, title: str = "Activations", n_steps: int = N_STEPS) -> Any:
    """Draw the distribution of each hidden layer's activations over the steps, and its share of resting units.

    On the left: the median over units and rows, and the bands from the 25th to the 75th and from the 5th to the 95th
    percentile. On the right: the share of units that are dead (φ′ is 0 on every row), and of units and rows that are
    saturated (tanh, logistic: φ′ below a hundredth of its greatest). The rows are the same for all steps: the training
    rows, or 512 spread over them; nothing is dropped out.

    Parameters
    ----------
    run : RecordedRun
    title : str
        Heading; taken as plain text.
    n_steps : int
        How many moments of the run are looked at, spread evenly; the last one is after the last step.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    ParameterError
        If the network has no hidden layer with an activation function.
    ReplayError
        If the run cannot be repeated as it was.
    """
    check_plotly()
    batch, steps = sample_of(run.source), sampled_steps(run, n_steps, after_last=True)
    passes = [
        SamplePass(run.network, run.weights_before(step).astype(np.float64), batch)
        for step in with_progress(steps, "activations")
    ]
    layers = [slopes.layer for slopes in passes[0].slopes]
    if not layers:
        raise ParameterError("activations are of hidden layers, and this network has none.")
    figure = _panels(len(layers))
    for row, layer in enumerate(layers, 1):
        outputs = (one.forward.outputs[layer + 1] for one in passes)
        _add_bands(figure, steps, np.array([_quantiles(a) for a in outputs]), row)
        _add_shares(figure, steps, [one.slopes[row - 1] for one in passes], row)
        figure.update_yaxes(title_text=f"{run.names.layer(layer)}<br>activation a", row=row, col=1)
        figure.update_yaxes(title_text="share", tickformat=".0%", range=[-0.04, 1.04], row=row, col=2)
    lay_out(figure, title, height=125 + PANEL_HEIGHT * len(layers), hovermode="x unified")
    figure.update_xaxes(title_text="step", row=len(layers))
    figure.update_yaxes(title_standoff=8)
    return figure


def _panels(n_layers: int) -> Any:
    from plotly.subplots import make_subplots

    return make_subplots(
        rows=n_layers,
        cols=2,
        shared_xaxes=True,
        column_widths=[0.62, 0.38],
        horizontal_spacing=0.13,
        vertical_spacing=0.22 / (2 * n_layers),
    )


def _quantiles(a: Numbers) -> Numbers:
    known = a[np.isfinite(a)]
    return np.quantile(known, QUANTILES) if len(known) else np.full(len(QUANTILES), np.nan)


def _add_bands(figure: Any, steps: list[int], quantiles: Numbers, row: int) -> None:
    """Add the two bands and the median, quantiles (T, 5)."""
    first = row == 1
    for low, high, opacity, name in ((0, 4, 0.18, "5–95 %"), (1, 3, 0.38, "25–75 %")):
        edge: dict[str, Any] = {"mode": "lines", "line": {"width": 0}, "hoverinfo": "skip", "legendgroup": name}
        figure.add_scatter(x=steps, y=quantiles[:, low], showlegend=False, row=row, col=1, **edge)
        color = f"rgba(0,114,178,{opacity})"
        fill = {"fill": "tonexty", "fillcolor": color, "name": name, "showlegend": first}
        figure.add_scatter(x=steps, y=quantiles[:, high], row=row, col=1, **fill, **edge)
    median: dict[str, Any] = {"name": "median", "line": {"color": BLUE, "width": 2}, "mode": "lines"}
    figure.add_scatter(x=steps, y=quantiles[:, 2], hovertemplate="%{y:.3g}", showlegend=first, row=row, col=1, **median)


def _add_shares(figure: Any, steps: list[int], slopes: list[Any], row: int) -> None:
    """Add how many units are dead, and how many units and rows saturated where the function can saturate."""
    lines = [("dead units", [float(one.dead.mean()) for one in slopes], INK, "solid")]
    if slopes[0].function in STEEPEST:
        lines.append(("saturated", [one.saturated_share for one in slopes], RED, "dash"))
    known = {trace.name for trace in figure.data}
    for name, shares, color, dash in lines:
        look: dict[str, Any] = {"mode": "lines", "line": {"color": color, "width": 2, "dash": dash}}
        look |= {"name": name, "showlegend": name not in known, "hovertemplate": "%{y:.1%}"}
        figure.add_scatter(x=steps, y=shares, row=row, col=2, **look)
