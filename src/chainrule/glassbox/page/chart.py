"""A small chart as SVG: lines over the steps, on a logarithmic axis."""

import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["log_chart"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 220, 64, 110, 14, 32
STROKES = ("#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#8c8c8c")  # Okabe and Ito's

Values = Sequence[float | None]


def log_chart(steps: Sequence[int], lines: Mapping[str, Values], *, label: str) -> str:
    """Return the chart; values that are not finite and above 0 leave gaps.

    Parameters
    ----------
    steps : sequence of int (n,)
        Ascending.
    lines : mapping of name to sequence (n,)
    label : str
        What the chart shows.
    """
    drawn = [value for values in lines.values() for value in values if value is not None and _has_place(value)]
    if not drawn:
        return f"<p>{escape(label)}: there is no number above 0 to draw.</p>"
    scale = _Scale(steps[0], max(steps[-1], steps[0] + 1), *_ends(min(drawn), max(drawn)))
    parts = [*_axes(scale), *(_line(scale, steps, values, i) for i, values in enumerate(lines.values()))]
    parts += _legend(lines)
    return (
        f'<div class="wide"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg></div>"
    )


def _has_place(value: float) -> bool:
    return 0 < value < math.inf


def _ends(least: float, greatest: float) -> tuple[float, float]:
    """Return the logarithms at the chart's bottom and top: the values', and room for at least a factor of two."""
    low, high = math.log10(least), math.log10(greatest)
    factor_of_two = math.log10(2.0)
    room = max(0.05 * (high - low), (factor_of_two - (high - low)) / 2)
    top = min(high + room, math.log10(sys.float_info.max))  # beyond it there are no round values
    return min(low - room, top - factor_of_two), top


@dataclass(frozen=True)
class _Scale:
    """From steps and values to places on the chart; ``low`` and ``high`` are logarithms."""

    first: int
    last: int
    low: float
    high: float

    def x(self, step: float) -> float:
        """Return a step's place from the left."""
        return LEFT + (WIDTH - LEFT - RIGHT) * (step - self.first) / (self.last - self.first)

    def y(self, value: float) -> float:
        """Return a value's place from the top."""
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(value) - self.low) / (self.high - self.low)

    def ticks(self) -> list[float]:
        """Return round values within the chart: powers of ten, every few where there are many, or parts of them."""
        powers = range(math.floor(self.low), math.ceil(self.high) + 1)
        for parts in ((1,), (1, 2, 5), range(1, 10), (1, 1.5, 2, 2.5, 3, 3.5, 4, 4.5, 5, 5.5, 6, 6.5, 7, 7.5, 8, 9)):
            found = [float(f"{part}e{power}") for power in powers for part in parts]
            within = [tick for tick in found if _has_place(tick) and self.low <= math.log10(tick) <= self.high]
            if len(within) >= 3:
                return within[:: -(-len(within) // 6)]
        return within


def _axes(scale: _Scale) -> Iterator[str]:
    for tick in scale.ticks():
        y = f"{scale.y(tick):.1f}"
        yield f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text class="dim" x="{LEFT - 8}" y="{y}" dy="4" text-anchor="end">{tick:.4g}</text>'
    for step in dict.fromkeys((scale.first, (scale.first + scale.last) // 2, scale.last)):
        place = f'x="{scale.x(step):.1f}" y="{HEIGHT - 12}" text-anchor="middle"'
        yield f'<text class="dim" {place}>step {step}</text>'


def _line(scale: _Scale, steps: Sequence[int], values: Values, number: int) -> str:
    pieces: list[list[str]] = [[]]
    for step, value in zip(steps, values, strict=True):
        if value is not None and _has_place(value):
            pieces[-1].append(f"{scale.x(step):.1f},{scale.y(value):.1f}")
        else:
            pieces.append([])
    stroke = f'stroke="{STROKES[number % len(STROKES)]}" stroke-linecap="round"'
    shown = (piece if len(piece) > 1 else piece * 2 for piece in pieces if piece)  # one point is a dot
    return "".join(f'<polyline {stroke} points="{" ".join(piece)}"/>' for piece in shown)


def _legend(names: Mapping[str, Values]) -> Iterator[str]:
    for number, name in enumerate(names):
        x, y = WIDTH - RIGHT + 10, TOP + 8 + 18 * number
        stroke = STROKES[number % len(STROKES)]
        yield f'<line x1="{x}" x2="{x + 18}" y1="{y}" y2="{y}" stroke="{stroke}" stroke-width="3"/>'
        yield f'<text x="{x + 24}" y="{y + 4}">{escape(name)}</text>'
