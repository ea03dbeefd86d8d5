"""What all figures look like: colours, fonts, margins, axes."""

import html
import math
from collections.abc import Iterable, Sequence
from typing import Any

from chainrule.errors import MissingExtraError

__all__ = [
    "BLUE",
    "COLORS",
    "DIVERGING",
    "GREEN",
    "GRID",
    "INK",
    "RED",
    "YELLOW",
    "add_series",
    "check_plotly",
    "finite",
    "lay_out",
    "log_axis",
]

# Okabe and Ito's palette: told apart with any colour vision.
BLUE, RED, GREEN, YELLOW = "#0072B2", "#D55E00", "#009E73", "#F0E442"
COLORS = (BLUE, RED, GREEN, "#E69F00", "#56B4E9", "#CC79A7", "#1b1b1b")
DASHES = ("solid", "dash", "dot", "dashdot")
DIVERGING = ((0.0, RED), (0.5, "#ffffff"), (1.0, BLUE))  # below and above 0
INK, GRID = "#24292f", "#e7e9ec"
FONT = "system-ui, -apple-system, Segoe UI, Roboto, sans-serif"


def check_plotly() -> None:
    """Check that figures can be drawn, so that it is known before the work.

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    """
    try:
        import plotly.subplots  # noqa: F401
    except ImportError as error:
        raise MissingExtraError('figures need the package plotly: pip install "chainrule[page]"') from error


def finite(value: Any) -> float | None:
    """Return a number as a float, or None, which is a gap in a line, where it is missing or not finite."""
    return float(value) if value is not None and math.isfinite(value) else None


def add_series(figure: Any, x: Sequence[Any], y: Sequence[Any], *, name: str, number: int, **place: Any) -> None:
    """Add one of several lines; beyond the seven colours, dashes tell them apart.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    x, y : sequence (n,)
        Numbers that are not finite leave a gap.
    name : str
        For the legend; taken as plain text.
    number : int
        Which of the lines it is, from 0.
    place : dict
        ``row`` and ``col`` of the panel, and what else a scatter takes.
    """
    line = {"color": COLORS[number % len(COLORS)], "width": 2, "dash": DASHES[number // len(COLORS) % len(DASHES)]}
    options: dict[str, Any] = {"mode": "lines+markers", "marker": {"size": 5}, "line": line} | place
    values = [finite(value) for value in y]
    figure.add_scatter(x=list(x), y=values, name=html.escape(name), hovertemplate="%{y:.3g}", **options)


def lay_out(figure: Any, title: str, *, height: int | None = 420, **layout: Any) -> None:
    """Give a figure the title (plain text), fonts, margins and grid that all have."""
    text, place = html.escape(title, quote=False), {"x": 0, "xref": "paper", "xanchor": "left"}
    place |= {"y": 1, "yref": "container", "yanchor": "top", "pad": {"t": 18}}  # above a legend of two lines
    figure.update_layout(
        title={"text": text, "font": {"size": 19}, **place},
        template="plotly_white",
        font={"family": FONT, "size": 14, "color": INK},
        legend={"orientation": "h", "x": 0, "y": 1.01, "yanchor": "bottom"},
        margin={"l": 80, "r": 30, "t": 95, "b": 60},
        height=height,
    )
    figure.update_layout(**layout)
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_yaxes(gridcolor=GRID, zeroline=False)


def log_axis(figure: Any, title: str, values: Iterable[float | None], **place: Any) -> None:
    """Make the vertical axis logarithmic: labelled at powers of ten, or finer where the values span less than two.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    title : str
    values : iterable of float or None
        What is drawn; only numbers above 0 count.
    place : dict
        ``row`` and ``col`` of the panel.
    """
    drawn = [value for value in values if value is not None and 0 < value < math.inf]
    spans_decades = bool(drawn) and max(drawn) / min(drawn) > 100
    ticks = 1 if spans_decades else "D2"
    figure.update_yaxes(title_text=title, title_standoff=12, type="log", exponentformat="power", dtick=ticks, **place)
