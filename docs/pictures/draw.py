"""Draw the pictures of README and docs from real runs: `make pictures` (after `make demo`; needs chromium).

- learning-curve.png: what `make demo` has written, as a browser shows it.
- momentum.png: E(w) of examples/momentum.py, with the ways of plain descent and of momentum.
"""

import contextlib
import io
import runpy
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import plotly.graph_objects as go

from chainrule.engine import Source
from chainrule.glassbox import to_html
from chainrule.training import SGD, Momentum, Recipe, train

ROOT = Path(__file__).parents[2]
PICTURES = Path(__file__).parent
BROWSER = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)


def photograph(page: Path, picture: Path, size: tuple[int, int]) -> None:
    """Write what a browser shows of a page, width and height in pixels.

    The page is shown in a frame of that size: a headless browser's own window is lower than the picture it takes.
    """
    if BROWSER is None:
        sys.exit("drawing needs chromium or Google Chrome on the PATH, and found neither")
    with tempfile.TemporaryDirectory() as profile:
        flags = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--hide-scrollbars"]
        flags += ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic"]
        flags += [f"--user-data-dir={profile}", "--virtual-time-budget=5000", f"--window-size={size[0]},{size[1]}"]
        frame = Path(profile) / "frame.html"
        style = f"border:0;position:absolute;left:0;top:0;width:{size[0]}px;height:{size[1]}px"
        frame.write_text(f'<iframe src="{page.resolve().as_uri()}" style="{style}"></iframe>', encoding="utf-8")
        subprocess.run(
            [BROWSER, *flags, f"--screenshot={picture}", frame.as_uri()], check=True, timeout=120, capture_output=True
        )


def ways() -> go.Figure:
    """Draw E(w) of the example as a map, and both ways on it."""
    with contextlib.redirect_stdout(io.StringIO()):
        example = runpy.run_path(str(ROOT / "examples" / "momentum.py"))
    network, X, y = example["network"], example["X"], example["y"]
    slope, bias = np.linspace(-3, 8.5, 150), np.linspace(-4, 3, 120)
    error = [[network.error(np.array([s, b]), X, y) for s in slope] for b in bias]
    levels = {"start": -3.0, "end": -0.75, "size": 0.125}
    figure = go.Figure(go.Contour(x=slope, y=bias, z=np.log10(error), contours=levels, colorscale="Blues_r"))
    figure.update_traces(
        colorbar={"title": "log₁₀ E", "tick0": -3, "dtick": 0.5}, line={"width": 0.5, "color": "white"}
    )
    for optimizer, name, color in (
        (SGD(), "plain descent", "#D55E00"),
        (Momentum(momentum=0.9), "with momentum", "#1b1b1b"),
    ):
        path = [example["START"]]
        recipe = Recipe(optimizer=optimizer, learning_rate=2.0, epochs=3000, settings=example["settings"])
        train(
            network,
            Source(X, y),
            recipe,
            weights=example["START"],
            callbacks=lambda run, path=path: path.append(run.state.weights.copy()),
        )
        figure.add_scatter(x=[w[0] for w in path], y=[w[1] for w in path], name=name, line={"color": color, "width": 2})
        figure.add_scatter(
            x=[path[-1][0]], y=[path[-1][1]], marker={"size": 11, "color": color}, mode="markers", showlegend=False
        )
    figure.update_layout(template="plotly_white", margin={"l": 60, "r": 20, "t": 20, "b": 50}, height=420, width=880)
    figure.update_layout(legend={"x": 0.01, "y": 0.99, "bgcolor": "rgba(255,255,255,0.8)"}, font={"size": 14})
    figure.update_xaxes(title_text="weight (slope)")
    figure.update_yaxes(title_text="bias")
    return figure


def main() -> None:
    """Draw both pictures."""
    photograph(ROOT / "demo" / "learning-curve.html", PICTURES / "learning-curve.png", (1000, 460))
    with tempfile.TemporaryDirectory() as folder:
        page = Path(folder) / "momentum.html"
        page.write_text(to_html(ways()), encoding="utf-8")
        photograph(page, PICTURES / "momentum.png", (900, 440))


if __name__ == "__main__":
    main()
