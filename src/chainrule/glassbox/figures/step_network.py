"""A step's network, drawn with activations, deltas and changes; where layers are large, heat maps of the change."""

import html
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.errors import ParameterError
from chainrule.glassbox.figures.style import BLUE, DIVERGING, INK, RED, check_plotly, lay_out
from chainrule.glassbox.sketch import Edge, Sketch, Unit, sketch_of
from chainrule.glassbox.tables import largest, shortened

if TYPE_CHECKING:
    from chainrule.glassbox.step import Step

__all__ = ["step_network"]

LEVELS = 4  # widths of lines
MOST_CELLS = 64  # rows and columns of a heat map
UNIT_HEIGHT, MAP_HEIGHT = 66, 260
MOST_LETTERS = 18
ROOMY = 6  # columns whose headings have room in the usual size


@np.errstate(all="ignore")  # what is not finite is shown as it is
def step_network(step: "Step", *, row: int | None = None) -> Any:
    """Draw the network of a step: in the circles a, beside them δ, as lines the changes Δw.

    Blue is positive, orange negative. Of a layer with more than eight units, those with the largest changes are drawn,
    and heat maps below show Δw of whole layers (of the 64 inputs and neurons with the largest changes).

    Parameters
    ----------
    step : Step
    row : int, optional
        The number of the training row whose a and δ are shown; by default a is the mean and δ the sum over the rows of
        the minibatch, which for δ is the gradient of the bias.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    ParameterError
        If the row is not one of the step.
    """
    check_plotly()
    sketch = sketch_of(step, place=None if row is None else _place(step, row))
    has_maps = any(len(column.units) < column.n_units for column in sketch.columns)
    figure = _panels(len(sketch.edges) if has_maps else 0, _network_height(sketch))
    _add_edges(figure, step, sketch)
    _add_units(figure, sketch)
    if has_maps:
        _add_maps(figure, step)
    what = "means of a and sums of δ over its rows" if row is None else f"a and δ of row {row}"
    height = 100 + _network_height(sketch) + (MAP_HEIGHT if has_maps else 0)
    lay_out(figure, f"Step {step.index}: {what}; Δw", height=height, showlegend=False, plot_bgcolor="white")
    last = len(sketch.columns) - 1
    beside = last + 0.7  # names of inputs and outputs take as much of the width however many columns there are
    figure.update_xaxes(visible=False, range=[-max(1.05, 0.22 * beside), last + max(0.7, 0.18 * beside)], row=1, col=1)
    figure.update_yaxes(visible=False, range=[_tallest(sketch) - 0.4, -1.1], row=1, col=1)
    figure.update_layout(margin={"l": 15, "r": 15, "t": 70, "b": 30})
    return figure


def _place(step: "Step", row: int) -> int:
    places = np.flatnonzero(step.moment.rows == row)
    if not len(places):
        shown = ", ".join(map(str, step.moment.rows[:5]))
        raise ParameterError(f"row must be one of step {step.index}: {shown}, …. Got {row!r}.")
    return int(places[0])


def _tallest(sketch: Sketch) -> int:
    return max(len(column.units) for column in sketch.columns)


def _network_height(sketch: Sketch) -> int:
    return UNIT_HEIGHT * (_tallest(sketch) + 1)


def _panels(n_maps: int, network_height: int) -> Any:
    from plotly.subplots import make_subplots

    if not n_maps:
        return make_subplots(rows=1, cols=1)
    specs: list[list[Any]] = [[{"colspan": n_maps}, *[None] * (n_maps - 1)], [{}] * n_maps]
    heights = [network_height, MAP_HEIGHT]
    return make_subplots(rows=2, cols=n_maps, specs=specs, row_heights=heights, vertical_spacing=0.08)


def _at(sketch: Sketch, column: int, unit: int) -> tuple[float, float]:
    return float(column), unit + (_tallest(sketch) - len(sketch.columns[column].units)) / 2


def _add_edges(figure: Any, step: "Step", sketch: Sketch) -> None:
    """Add the lines, those of one sign and width as one trace, and what hovering over their middles says."""
    for column, edges in enumerate(sketch.edges):
        top = max((abs(edge.change) for edge in edges if np.isfinite(edge.change)), default=0.0) or 1.0
        for sign, color in ((1, BLUE), (-1, RED)):
            for level in range(1, LEVELS + 1):
                some = [edge for edge in edges if _level(edge.change, top) == sign * level]
                xs, ys = _lines(sketch, column, some)
                line = {"color": color, "width": 0.4 + level}
                figure.add_scatter(
                    x=xs, y=ys, mode="lines", line=line, opacity=0.15 + 0.2 * level, hoverinfo="skip", row=1, col=1
                )
        _add_middles(figure, step, sketch, column)


def _level(change: float, top: float) -> int:
    """Return the width of a line, from 1, with the sign of the change."""
    if not np.isfinite(change):
        return LEVELS
    level = min(int(LEVELS * abs(change) / top) + 1, LEVELS)
    return level if change >= 0 else -level


def _lines(sketch: Sketch, column: int, edges: list[Edge]) -> tuple[list[Any], list[Any]]:
    xs: list[Any] = []
    ys: list[Any] = []
    for edge in edges:
        (x1, y1), (x2, y2) = _at(sketch, column, edge.source), _at(sketch, column + 1, edge.target)
        xs += [x1, x2, None]
        ys += [y1, y2, None]
    return xs, ys


def _add_middles(figure: Any, step: "Step", sketch: Sketch, column: int) -> None:
    edges = sketch.edges[column]
    ends = [(_at(sketch, column, edge.source), _at(sketch, column + 1, edge.target)) for edge in edges]
    text = [
        f"{html.escape(step.names.weight(edge.index).name)}<br>w = {edge.weight:.4g}<br>∂E/∂w = {edge.gradient:.4g}"
        f"<br>Δw = {edge.change:.4g}"
        for edge in edges
    ]
    figure.add_scatter(
        x=[(a[0] + b[0]) / 2 for a, b in ends],
        y=[(a[1] + b[1]) / 2 for a, b in ends],
        mode="markers",
        marker={"size": 9, "opacity": 0},
        hovertext=text,
        hoverinfo="text",
        row=1,
        col=1,
    )


def _add_units(figure: Any, sketch: Sketch) -> None:
    last = len(sketch.columns) - 1
    for number, column in enumerate(sketch.columns):
        places = [_at(sketch, number, place) for place in range(len(column.units))]
        values = [unit.activation for unit in column.units]
        top = max((abs(value) for value in values if np.isfinite(value)), default=0.0) or 1.0
        marker = {
            "size": 38,
            "color": values,
            "colorscale": DIVERGING,
            "cmin": -1.6 * top,  # pale enough for the number to be read
            "cmax": 1.6 * top,
            "line": {"color": INK, "width": 1},
        }
        figure.add_scatter(
            x=[x for x, _ in places],
            y=[y for _, y in places],
            mode="markers+text",
            marker=marker,
            text=[_short(value) for value in values],
            textfont={"size": 11},
            hovertext=[_hover(unit) for unit in column.units],
            hoverinfo="text",
            row=1,
            col=1,
        )
        _add_heading(figure, sketch, number)
        for unit, (x, y) in zip(column.units, places, strict=True):
            _add_label(figure, unit, (x, y), "left" if number == 0 else "right" if number == last else "below")


def _short(value: float) -> str:
    return f"{value:.2g}".replace("-", "−")


def _hover(unit: Unit) -> str:
    delta = "" if unit.delta is None else f"<br>δ = {unit.delta:.4g}"
    bias = "" if unit.bias is None else f"<br>bias = {unit.bias:.4g}<br>Δ bias = {unit.bias_change:.4g}"
    return f"{html.escape(unit.name)}<br>a = {unit.activation:.4g}{delta}{bias}"


def _add_heading(figure: Any, sketch: Sketch, number: int) -> None:
    column = sketch.columns[number]
    shown = f"<br>{len(column.units)} of {column.n_units:,}" if len(column.units) < column.n_units else ""
    text = f"<b>{html.escape(column.name)}</b>{shown}"
    size = 14 if len(sketch.columns) <= ROOMY else 11
    place = {"x": number, "y": -0.45, "yanchor": "bottom", "row": 1, "col": 1}
    figure.add_annotation(text=text, showarrow=False, font={"size": size}, **place)


def _add_label(figure: Any, unit: Unit, place: tuple[float, float], side: str) -> None:
    text = html.escape(shortened(unit.name, MOST_LETTERS))
    if unit.delta is not None:
        text += f"<br>δ {_short(unit.delta)}"
    shift = {
        "left": {"xanchor": "right", "xshift": -22},
        "right": {"xanchor": "left", "xshift": 22, "align": "left"},
        "below": {"yanchor": "top", "yshift": -19, "bgcolor": "rgba(255,255,255,0.75)", "borderpad": 0},
    }[side]
    figure.add_annotation(
        x=place[0], y=place[1], text=text, showarrow=False, font={"size": 10.5}, row=1, col=1, **shift
    )


def _add_maps(figure: Any, step: "Step") -> None:
    """Add Δw of every layer, on one scale of colours."""
    views = step.moment.network.layout.views(step.descent.change)
    maps = [np.asarray(views[layer][0])[:-1] for layer in step.names.dense]
    known = np.concatenate([np.abs(one[np.isfinite(one)]) for one in maps])
    top = float(np.quantile(known, 0.995)) if len(known) else 1.0
    for number, (layer, change) in enumerate(zip(step.names.dense, maps, strict=True), 1):
        rows, columns = _largest_of(change, axis=1), _largest_of(change, axis=0)
        sources, neurons = step.names.sources(layer), step.names.neurons(layer)
        figure.add_heatmap(
            z=change[np.ix_(rows, columns)],
            customdata=[[f"{html.escape(neurons[j])} ← {html.escape(sources[i])}" for j in columns] for i in rows],
            hovertemplate="%{customdata}<br>Δw = %{z:.4g}<extra></extra>",
            coloraxis="coloraxis",
            row=2,
            col=number,
        )
        title = f"Δw to {step.names.layer(layer)}<br>{len(rows)} × {len(columns)}"
        title += "" if change.size == len(rows) * len(columns) else f" of {change.shape[0]} × {change.shape[1]}"
        place = {"showticklabels": False, "row": 2, "col": number}
        figure.update_xaxes(title_text=title, title_font_size=12, title_standoff=6, **place)
        figure.update_yaxes(autorange="reversed", **place)
    bar = {"title": "Δw", "len": 0.35, "y": 0, "yanchor": "bottom", "thickness": 14, "exponentformat": "power"}
    figure.update_layout(coloraxis={"colorscale": DIVERGING, "cmin": -top, "cmax": top, "colorbar": bar})


def _largest_of(change: Any, *, axis: int) -> list[int]:
    size = np.abs(np.nan_to_num(change)).max(axis=axis)
    return sorted(int(i) for i in largest(size, MOST_CELLS))
