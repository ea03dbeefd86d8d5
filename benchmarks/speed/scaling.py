"""Fit time against the number of rows and against the width of the hidden layers."""

import tempfile
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import asdict, replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from benchmarks.speed.cases import CASES, Case, save_data
from benchmarks.speed.contestants import roles
from benchmarks.speed.pool import hire, take_turns

ROWS = (1_000, 3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
WIDTHS = (32, 64, 128, 256, 512, 1024)
WIDTH_ROWS = 20_000
NAMES = ("chainrule", "scikit-learn", "torch", "jax")


def cases_of(axis: str, *, quick: bool) -> list[Case]:
    """Return the cases along an axis: S4 with other "rows", or with another "width" of its layers and 20,000 rows."""
    base = CASES["S4"]
    if axis == "rows":
        return [replace(base, name=f"rows {n}", rows=n) for n in (ROWS[:3] if quick else ROWS)]
    widths, rows = (WIDTHS[:3], 2_000) if quick else (WIDTHS, WIDTH_ROWS)
    return [replace(base, name=f"width {n}", rows=rows, hidden=(n, n)) for n in widths]


def measure_scaling(
    names: Iterable[str], *, threads: list[int], repeats: int, engine: str, quick: bool
) -> dict[str, list[dict[str, Any]]]:
    """Return for each axis the lines of the plot: a contestant, its threads, x, median seconds, slope."""
    chosen = tuple(name for name in NAMES if name in names)
    return {
        axis: [
            line
            for n_threads in threads
            for line in measure_axis(axis, chosen, n_threads=n_threads, repeats=repeats, engine=engine, quick=quick)
        ]
        for axis in ("rows", "width")
    }


def measure_axis(
    axis: str, names: tuple[str, ...], *, n_threads: int, repeats: int, engine: str, quick: bool
) -> list[dict[str, Any]]:
    """Return one axis's lines for one number of threads."""
    print(f"  {axis}, {n_threads} thread{'s' if n_threads > 1 else ''}", flush=True)
    points: dict[str, list[tuple[int, float]]] = {}
    with ExitStack() as stack:
        workers = hire(stack, roles(names, engine), n_threads)
        for case in cases_of(axis, quick=quick):
            with tempfile.TemporaryDirectory() as folder:
                data = save_data(case, Path(folder))
                for worker in workers.values():
                    worker.ask("prepare", case=asdict(case), folder=data)
            # the first round warms up
            times = take_turns(workers, range(repeats + 1), "train_only", lambda seed: {"seed": seed})
            x = case.rows if axis == "rows" else case.hidden[0]
            for name in workers:
                points.setdefault(name, []).append((x, median(times[name][1:])))
    return [line_of(name, n_threads, line) for name, line in points.items()]


def line_of(name: str, n_threads: int, points: list[tuple[int, float]]) -> dict[str, Any]:
    """Return a line of the plot with its slope, and its slope over the upper half, where fixed costs no longer show."""
    x, seconds = [point[0] for point in points], [point[1] for point in points]
    half = len(x) // 2
    return {
        "contestant": name,
        "threads": n_threads,
        "x": x,
        "seconds": seconds,
        "slope": log_slope(x, seconds),
        "upper_slope": log_slope(x[half:], seconds[half:]),
    }


def log_slope(x: list[int], y: list[float]) -> float | None:
    """Return the least-squares slope of log y over log x: y ~ x^slope. None with fewer than two points."""
    if len(x) < 2:
        return None
    return float(np.polyfit(np.log(x), np.log(y), 1)[0])
