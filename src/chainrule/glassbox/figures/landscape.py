"""The error landscape: E(w) on a plane, with the path of the descent."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from chainrule.glassbox.error_plane import Landscape, landscape_of
from chainrule.glassbox.figures.style import INK, RED, YELLOW, check_plotly, lay_out

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun

__all__ = ["landscape"]

Numbers = NDArray[np.float64]

_LOG_FROM = 10.0
"""Errors whose largest is this many times their smallest are coloured by their logarithm."""


def landscape(
    run: "RecordedRun",
    *,
    plane: Literal["path", "random"] = "path",
    n_points: int = 25,
    seed: int = 0,
    title: str = "Error landscape",
) -> Any:
    """Draw E(w) on a plane through the weights that were kept, dark where it is low.

    See ``chainrule.glassbox.landscape_of`` for the planes and the rows. On the plane of the path the weights on the way
    are drawn where they project to; hovering over them shows E at the weights themselves. On a random plane the path
    has no place: it leaves it at once.

    Parameters
    ----------
    run : RecordedRun
    plane : str
        "path" or "random".
    n_points : int
        Points a side of the grid on which E is computed.
    seed : int
        Of the random directions.
    title : str
        Heading; taken as plain text.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    ParameterError
        If the plane is another, or ``n_points`` below 2.
    ReplayError
        If the run cannot be repeated as it was.
    """
    check_plotly()
    from plotly.graph_objects import Figure

    found = landscape_of(run, plane=plane, n_points=n_points, seed=seed)
    figure = Figure()
    _add_ground(figure, found)
    _add_path(figure, found)
    lay_out(figure, title, height=480, showlegend=True)
    for axis, number in ((figure.update_xaxes, 0), (figure.update_yaxes, 1)):
        axis(title_text=_axis_title(found, number), title_standoff=12, showgrid=False)
    return figure


def _axis_title(found: Landscape, number: int) -> str:
    if found.explained is None:
        return f"random direction {number + 1}"
    return f"principal direction {number + 1} ({found.explained[number]:.0%} of the path's spread)"


def _add_ground(figure: Any, found: Landscape) -> None:
    error = np.where(np.isfinite(found.error), found.error, np.nan)
    is_log = bool(np.nanmin(error) > 0 and np.nanmax(error) / np.nanmin(error) > _LOG_FROM)
    shown = np.log10(error) if is_log else error
    bar: dict[str, Any] = {"title": {"text": "E"}, "thickness": 14, "outlinewidth": 0}
    if is_log:
        powers = _ticks(float(np.nanmin(shown)), float(np.nanmax(shown)))
        bar |= {"tickvals": np.log10(powers), "ticktext": [f"{power:g}" for power in powers]}
    figure.add_contour(
        x=found.x,
        y=found.y,
        z=shown,
        customdata=error,
        ncontours=24,
        colorscale="Blues_r",
        line={"width": 0.5, "color": "white"},
        colorbar=bar,
        hovertemplate="E = %{customdata:.4g}<extra></extra>",
    )


def _ticks(low: float, high: float) -> list[float]:
    """Return the powers of ten between two logarithms, or 1, 2 and 5 times them where there are few."""
    powers = [10.0**k for k in range(int(np.floor(low)), int(np.ceil(high)) + 1)]
    some = powers if high - low > 3 else [m * power for power in powers for m in (1, 2, 5)]
    return [tick for tick in some if low <= np.log10(tick) <= high]


def _add_path(figure: Any, found: Landscape) -> None:
    if found.steps:
        figure.add_scatter(
            x=found.path[:, 0],
            y=found.path[:, 1],
            mode="lines+markers",
            name="path of the descent",
            line={"color": RED, "width": 2},
            marker={"size": 6},
            customdata=np.stack([found.steps, found.path_error], axis=1),
            hovertemplate="before step %{customdata[0]:d}: E = %{customdata[1]:.4g}<extra></extra>",
        )
        _add_mark(figure, found.path[0], "start", "circle-open")
    _add_mark(figure, np.zeros(2), "weights kept", "star")


def _add_mark(figure: Any, place: Numbers, name: str, symbol: str) -> None:
    color = YELLOW if symbol == "star" else INK
    marker = {"symbol": symbol, "size": 14, "color": color, "line": {"width": 2, "color": INK}}
    figure.add_scatter(x=[place[0]], y=[place[1]], name=name, mode="markers", marker=marker, hoverinfo="name")
