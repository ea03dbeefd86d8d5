"""A small chart as SVG: lines over the steps, on a logarithmic axis."""

import math
from collections.abc import Mapping, Sequence
from html import escape

__all__ = ["log_chart"]

WIDTH, HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 760, 220, 64, 110, 14, 32
_STROKES = ("#0072b2", "#d55e00", "#009e73", "#e69f00", "#56b4e9", "#cc79a7", "#8c8c8c")


def log_chart(steps: Sequence[int], lines: Mapping[str, Sequence[float | None]], *, label: str) -> str:
    """Return the chart; values that are not finite and above 0 leave gaps.

    Parameters
    ----------
    steps : sequence of int (n,)
    lines : mapping of name to sequence (n,)
    label : str
        What the chart shows.
    """
    drawn = [value for values in lines.values() for value in values if value is not None and _has_place(value)]
    if not drawn:
        return f"<p>{escape(label)}: there is no number above 0 to draw.</p>"
    low, high = math.floor(math.log10(min(drawn))), math.ceil(math.log10(max(drawn)))
    scale = _Scale(steps[0], max(steps[-1], steps[0] + 1), low, max(high, low + 1))
    parts = [*_axes(scale), *(_line(scale, steps, values, i) for i, values in enumerate(lines.values()))]
    parts += _legend(list(lines))
    return (
        f'<div class="wide"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{escape(label)}">'
        f"{''.join(parts)}</svg></div>"
    )


def _has_place(value: float) -> bool:
    return 0 < value < math.inf


class _Scale:
    """From steps and powers of ten to places on the chart."""

    def __init__(self, first: int, last: int, low: int, high: int) -> None:
        self.first, self.last, self.low, self.high = first, last, low, high

    def x(self, step: float) -> float:
        return LEFT + (WIDTH - LEFT - RIGHT) * (step - self.first) / (self.last - self.first)

    def y(self, value: float) -> float:
        return HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (math.log10(value) - self.low) / (self.high - self.low)


def _axes(scale: _Scale) -> list[str]:
    parts = []
    every = -(-(scale.high - scale.low) // 5)
    for power in range(scale.low, scale.high + 1, every):
        y = HEIGHT - BOTTOM - (HEIGHT - TOP - BOTTOM) * (power - scale.low) / (scale.high - scale.low)
        parts.append(f'<line class="axis" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>')
        parts.append(f'<text class="dim" x="{LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">1e{power}</text>')
    ticks = dict.fromkeys((scale.first, (scale.first + scale.last) // 2, scale.last))
    below = f'y="{HEIGHT - 12}" text-anchor="middle"'
    return parts + [f'<text class="dim" x="{scale.x(step):.1f}" {below}>step {step}</text>' for step in ticks]


def _line(scale: _Scale, steps: Sequence[int], values: Sequence[float | None], number: int) -> str:
    pieces: list[list[str]] = [[]]
    for step, value in zip(steps, values, strict=True):
        if value is not None and _has_place(value):
            pieces[-1].append(f"{scale.x(step):.1f},{scale.y(value):.1f}")
        else:
            pieces.append([])
    color = _STROKES[number % len(_STROKES)]
    return "".join(
        f'<polyline stroke="{color}" stroke-linecap="round" points="{" ".join(piece if piece[1:] else piece * 2)}"/>'
        for piece in pieces
        if piece
    )


def _legend(names: list[str]) -> list[str]:
    parts = []
    for number, name in enumerate(names):
        x, y = WIDTH - RIGHT + 10, TOP + 8 + 18 * number
        stroke = _STROKES[number % len(_STROKES)]
        parts.append(f'<line x1="{x}" x2="{x + 18}" y1="{y}" y2="{y}" stroke="{stroke}" stroke-width="3"/>')
        parts.append(f'<text x="{x + 24}" y="{y + 4}">{escape(name)}</text>')
    return parts
