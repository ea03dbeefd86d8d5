"""A figure as a page of its own."""

from typing import Any

__all__ = ["to_html"]


def to_html(figure: Any) -> str:
    """Return a page with the figure and all that it needs: it opens from disk, offline.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
    """
    unneeded = ["select2d", "lasso2d", "zoomIn2d", "zoomOut2d"]
    page: str = figure.to_html(
        include_plotlyjs=True,
        include_mathjax=False,
        default_height="100vh",
        config={"responsive": True, "displaylogo": False, "modeBarButtonsToRemove": unneeded},
    )
    heading = figure.layout.title.text or "chainrule"
    # A margin of the body's own, on top of the figure's full height, would need a scrollbar.
    return page.replace("<head>", f"<head><title>{heading}</title><style>body {{ margin: 0 }}</style>", 1)
