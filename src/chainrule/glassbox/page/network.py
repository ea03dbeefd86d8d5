"""A sketch of a step's network as SVG: circles for units, lines for weights, drawn as strong as they are large."""

import math
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from html import escape

from chainrule.glassbox.sketch import Edge, Sketch, Unit
from chainrule.glassbox.tables import said, shortened

__all__ = ["NetworkDrawing"]

WIDTH, ROW, RADIUS, TOP, MARGIN = 760, 50, 17, 46, 165
MOST_LETTERS = 22


@dataclass(frozen=True, kw_only=True)
class NetworkDrawing:
    """A drawing of the network with the numbers of one phase of the step.

    Parameters
    ----------
    sketch : Sketch
    unit : callable
        From a ``Unit`` to the number that is shown of it; None for none.
    edge : callable
        From an ``Edge`` to the number that is shown of it.
    name : callable
        From a weight's position in the flat vector to its name.
    linked : collection of int
        Weights whose lines lead to ``#w…``, their derivation.
    label : str
        What the drawing shows, for those who cannot see it.
    """

    sketch: Sketch
    unit: Callable[[Unit], float | None]
    edge: Callable[[Edge], float]
    name: Callable[[int], str]
    linked: Collection[int]
    label: str

    def to_svg(self) -> str:
        """Return the drawing, in a box that scrolls where it is too wide."""
        height = TOP + self._tallest * ROW + 24
        drawn = "".join([*self._edges(), *self._columns()])
        return (
            f'<div class="wide"><svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(self.label)}">'
            f"{drawn}</svg></div>"
        )

    @cached_property
    def _tallest(self) -> int:
        return max(len(column.units) for column in self.sketch.columns)

    def _place(self, column: int, unit: int) -> tuple[float, float]:
        """Return the middle of a unit's circle."""
        columns = self.sketch.columns
        x = MARGIN + column * (WIDTH - 2 * MARGIN) / (len(columns) - 1)
        return x, TOP + (unit + (self._tallest - len(columns[column].units)) / 2 + 0.5) * ROW

    def _edges(self) -> Iterator[str]:
        for column, edges in enumerate(self.sketch.edges):
            top = _largest(self.edge(edge) for edge in edges)
            for edge in sorted(edges, key=lambda edge: edge.index in self.linked):  # what can be clicked lies on top
                line = self._line(column, edge, _strength(self.edge(edge), top))
                yield f'<a href="#w{edge.index}">{line}</a>' if edge.index in self.linked else line

    def _line(self, column: int, edge: Edge, strength: float) -> str:
        (x1, y1), (x2, y2) = self._place(column, edge.source), self._place(column + 1, edge.target)
        value = self.edge(edge)
        return (
            f'<line class="{_sign(value)}" x1="{x1:.0f}" y1="{y1:.0f}" x2="{x2:.0f}" y2="{y2:.0f}" '
            f'stroke-width="{0.5 + 4 * strength:.2f}" stroke-opacity="{0.15 + 0.75 * strength:.2f}">'
            f"<title>{escape(self.name(edge.index))}: {escape(said(value))}</title></line>"
        )

    def _columns(self) -> Iterator[str]:
        last = len(self.sketch.columns) - 1
        for number, column in enumerate(self.sketch.columns):
            x, _ = self._place(number, 0)
            yield f'<text x="{x:.0f}" y="16" text-anchor="middle" font-weight="600">{escape(column.name)}</text>'
            if len(column.units) < column.n_units:
                shown = f"{len(column.units)} of {column.n_units:,}"
                yield f'<text class="dim" x="{x:.0f}" y="31" text-anchor="middle">{shown}</text>'
            top = _largest(value for unit in column.units if (value := self.unit(unit)) is not None)
            side = "left" if number == 0 else "right" if number == last else "below"
            for row, unit in enumerate(column.units):
                yield _circle(unit.name, self.unit(unit), top, self._place(number, row))
                yield _name(unit.name, self._place(number, row), side)


def _sign(value: float) -> str:
    return "odd" if not math.isfinite(value) else "minus" if value < 0 else "plus"


def _largest(values: Iterable[float]) -> float:
    return max((abs(value) for value in values if math.isfinite(value)), default=0.0) or 1.0


def _strength(value: float, top: float) -> float:
    """Return a number from 0 to 1; what is not finite is as strong as can be."""
    return abs(value) / top if math.isfinite(value) else 1.0


def _circle(name: str, value: float | None, top: float, place: tuple[float, float]) -> str:
    x, y = place
    circle = f'cx="{x:.0f}" cy="{y:.0f}" r="{RADIUS}"'
    if value is None:
        return f'<circle class="none" {circle}/>'
    opacity = 0.08 + 0.5 * _strength(value, top)
    return (
        f'<circle class="under" {circle}/><circle class="{_sign(value)}" {circle} fill-opacity="{opacity:.2f}">'
        f"<title>{escape(name)}: {escape(said(value))}</title></circle>"
        f'<text x="{x:.0f}" y="{y + 3.5:.0f}" text-anchor="middle" class="small">{_short(value)}</text>'
    )


def _short(value: float) -> str:
    """Return a number that fits into a circle."""
    text = f"{value:.2f}" if 0.01 <= abs(value) < 100 or value == 0 else f"{value:.0e}"
    return text.replace("e-0", "e-").replace("e+0", "e").replace("-", "−")


def _name(name: str, place: tuple[float, float], side: str) -> str:
    x, y = place
    shown = escape(shortened(name, MOST_LETTERS))
    at, below, anchor = {
        "left": (x - RADIUS - 6, y + 4, "end"),
        "right": (x + RADIUS + 6, y + 4, "start"),
        "below": (x, y + RADIUS + 11, "middle"),
    }[side]
    return f'<text class="dim halo" x="{at:.0f}" y="{below:.0f}" text-anchor="{anchor}">{shown}</text>'
