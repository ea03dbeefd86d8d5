"""The learning rate range test, drawn: the error against a learning rate that grows from step to step."""

from typing import TYPE_CHECKING, Any

from chainrule.glassbox.figures.style import BLUE, GREEN, INK, check_plotly, lay_out
from chainrule.glassbox.rate_range import range_test

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun

__all__ = ["learning_rate_range_test"]


def learning_rate_range_test(run: "RecordedRun", *, title: str = "Learning rate range test", n_steps: int = 100) -> Any:
    """Draw the error of a short training whose learning rate grows from 1e-7 to 10, or until the error explodes.

    Marked are the rate at which the error falls fastest, a good one to start from, and the run's own. See
    ``chainrule.glassbox.range_test`` for the training.

    Parameters
    ----------
    run : RecordedRun
    title : str
        Heading; taken as plain text.
    n_steps : int

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    ParameterError
        If the run is one of lbfgs, or ``n_steps`` is below 2.
    ReplayError
        If the run cannot be repeated as it was.
    """
    check_plotly()
    from plotly.graph_objects import Figure

    found, figure = range_test(run, n_steps=n_steps), Figure()
    hover = "%{y:.4g} at %{x:.3g}<extra></extra>"
    dots, line = {"size": 4, "color": "#8c8c8c"}, {"color": BLUE, "width": 2}
    figure.add_scatter(
        x=found.rates, y=found.errors, name="minibatch", mode="markers", marker=dots, hovertemplate=hover
    )
    figure.add_scatter(x=found.rates, y=found.smoothed, name="smoothed", mode="lines", line=line, hovertemplate=hover)
    _mark(figure, found.steepest, "falls fastest at", GREEN, "dash")
    _mark(figure, run.record.recipe.learning_rate, "this run's", INK, "dot")
    lay_out(figure, title)
    figure.update_xaxes(title_text="learning rate", type="log", exponentformat="power", dtick=1)
    figure.update_yaxes(title_text="E of the minibatch", title_standoff=12)
    return figure


def _mark(figure: Any, rate: float | None, name: str, color: str, dash: str) -> None:
    """Add a vertical line that the legend explains."""
    if rate is None:
        return
    line = {"color": color, "width": 2, "dash": dash}
    figure.add_vline(rate, line=line)
    figure.add_scatter(x=[None], y=[None], name=f"{name} {rate:.2g}", mode="lines", line=line)
