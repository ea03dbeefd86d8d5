"""The results as a picture: SVG written by hand, so that drawing needs no library and the file can be compared."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from html import escape
from statistics import median
from typing import Any

from benchmarks.speed.verdict import groups

WIDTH, HEIGHT = 1060, 750  # pixels
MIDDLE = 345  # above it are ratios, below it times against rows and width; a part that is not there is cut off
FONT = "font-family='system-ui, sans-serif'"
COLORS = {  # Okabe and Ito's, told apart by the colour-blind too
    "chainrule": "#D55E00",
    "chainrule-engine": "#E69F00",
    "scikit-learn": "#009E73",
    "torch": "#0072B2",
    "torch-usual": "#56B4E9",
    "jax": "#1b1b1b",
    "jax-usual": "#8c8c8c",
}


@dataclass(frozen=True)
class LogScale:
    """Positions of positive numbers on a logarithmic axis: ``low`` at ``start`` pixels, ``high`` at ``stop``."""

    low: float
    high: float
    start: float
    stop: float

    def __call__(self, value: float) -> float:
        """Return the position of a number, in pixels."""
        part = (math.log(value) - math.log(self.low)) / (math.log(self.high) - math.log(self.low))
        return self.start + part * (self.stop - self.start)

    def ticks(self) -> list[float]:
        """Return 1, 2 and 5 times the powers of ten in between, or the powers alone if there are many."""
        powers = range(math.floor(math.log10(self.low)), math.ceil(math.log10(self.high)) + 1)
        steps = (1, 2, 5) if self.high / self.low < 300 else (1,)
        return [s * 10.0**p for p in powers for s in steps if self.low <= s * 10.0**p * 1.0001 <= self.high * 1.001]


def draw(results: dict[str, Any]) -> str:
    """Return the picture: each contestant's time as a multiple of ours, and time against rows and width."""
    parts = [f"<rect width='{WIDTH}' height='{HEIGHT}' fill='white'/>"]
    fits, scaling = results.get("fits"), results.get("scaling", {})
    if fits:
        parts += draw_ratios(fits, max(fit["threads"] for fit in fits))
    for i, (axis, lines) in enumerate(scaling.items()):
        if lines:
            parts += draw_lines(axis, lines, 70 + i * 510)
    body = "\n".join(parts)
    has_lines = any(scaling.values())
    top, bottom = MIDDLE if has_lines and not fits else 0, HEIGHT if has_lines else MIDDLE
    size = f"viewBox='0 {top} {WIDTH} {bottom - top}'"
    return f"<svg xmlns='http://www.w3.org/2000/svg' {size} {FONT} font-size='13'>\n{body}\n</svg>\n"


def text(x: float, y: float, words: str, *, anchor: str = "start", extra: str = "") -> str:
    """Return a piece of text."""
    return f"<text x='{x:.1f}' y='{y:.1f}' text-anchor='{anchor}' {extra}>{escape(words)}</text>"


def line(x1: float, y1: float, x2: float, y2: float, *, stroke: str, width: float = 1.0) -> str:
    """Return a straight line."""
    return f"<line x1='{x1:.1f}' y1='{y1:.1f}' x2='{x2:.1f}' y2='{y2:.1f}' stroke='{stroke}' stroke-width='{width}'/>"


def draw_ratios(fits: list[dict[str, Any]], threads: int) -> Iterator[str]:
    """Draw a row of dots for each case: times as multiples of our median, with the range of the repeats."""
    rows = [
        (group, median(ours[0]["seconds"]))
        for group in groups([fit for fit in fits if fit["threads"] == threads], "case")
        if (ours := [fit for fit in group if fit["contestant"] == "chainrule"])
    ]
    if not rows:
        return
    multiples = [second / own for group, own in rows for fit in group for second in fit["seconds"]]
    x = LogScale(min(0.5, *multiples), max(2.0, *multiples) * 1.1, 70, WIDTH - 30)
    top, height = 75, 42
    bottom = top + height * len(rows)
    title = f"Time of training as a multiple of chainrule's median ({threads} threads; bar: range of the repeats)"
    yield text(70, 24, title, extra="font-size='16' font-weight='600'")
    names = list(dict.fromkeys(fit["contestant"] for group, _ in rows for fit in group))
    for i, name in enumerate(names):
        yield f"<circle cx='{76 + i * 134}' cy='45' r='5' fill='{COLORS[name]}'/>" + text(86 + i * 134, 50, name)
    yield from vertical_grid(x, top - 10, bottom)
    for i, (group, own) in enumerate(rows):
        y = top + height * (i + 0.5)
        yield text(58, y + 5, group[0]["case"], anchor="end", extra="font-weight='600'")
        for j, fit in enumerate(group):
            level = y + (j - (len(group) - 1) / 2) * 4.5
            ends = (x(min(fit["seconds"]) / own), x(max(fit["seconds"]) / own))
            color = COLORS[fit["contestant"]]
            yield line(ends[0], level, ends[1], level, stroke=color, width=2)
            yield f"<circle cx='{x(median(fit['seconds']) / own):.1f}' cy='{level:.1f}' r='4.5' fill='{color}'/>"


def vertical_grid(
    x: LogScale, top: float, bottom: float, label: Callable[[float], str] = "{:g}".format
) -> Iterator[str]:
    """Draw the lines and numbers of a horizontal axis."""
    for tick in x.ticks():
        yield line(x(tick), top, x(tick), bottom, stroke="#dddddd")
        yield text(x(tick), bottom + 16, label(tick), anchor="middle", extra="fill='#555555'")


def draw_lines(axis: str, lines: list[dict[str, Any]], left: float) -> Iterator[str]:
    """Draw seconds of a fit against rows or width, both logarithmic; each line's legend says its slope."""
    seconds = [value for entry in lines for value in entry["seconds"]]
    places = lines[0]["x"]
    x = LogScale(places[0] / 1.2, places[-1] * 1.2, left, left + 410)
    y = LogScale(min(seconds) / 1.3, max(seconds) * 1.3, 720, 460)
    title = "rows (S4's network, 1 epoch)" if axis == "rows" else "width of both layers (20,000 rows, 1 epoch)"
    yield text(left, 372, f"Seconds against {title}", extra="font-weight='600'")
    yield from vertical_grid(x, 460, 720, "{:,.0f}".format)
    for tick in y.ticks():
        yield line(left, y(tick), left + 410, y(tick), stroke="#dddddd")
        yield text(left - 6, y(tick) + 4, f"{tick:g}", anchor="end", extra="fill='#555555'")
    for i, entry in enumerate(lines):
        color = COLORS[entry["contestant"]]
        dash = " stroke-dasharray='5 4'" if entry["threads"] == 1 else ""
        points = " ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in zip(entry["x"], entry["seconds"], strict=True))
        yield f"<polyline points='{points}' fill='none' stroke='{color}' stroke-width='2'{dash}/>"
        slope = "" if entry["slope"] is None else f", slope {entry['slope']:.2f}"
        label = f"{entry['contestant']}, {entry['threads']} thread{'s' if entry['threads'] > 1 else ''}{slope}"
        at = (left + i % 2 * 228, 392 + i // 2 * 17)
        yield f"<path d='M{at[0]} {at[1] - 4} h22' stroke='{color}' stroke-width='2'{dash}/>"
        yield text(at[0] + 28, at[1], label, extra="font-size='12'")
