"""Numbers of every layer over the steps of a run: what several figures draw."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from chainrule.glassbox.figures.style import add_series, check_plotly, lay_out, log_axis
from chainrule.glassbox.sampling import opened_steps

if TYPE_CHECKING:
    from chainrule.glassbox.run import RecordedRun
    from chainrule.glassbox.step import Step

__all__ = ["drawn_by_layer"]


def drawn_by_layer(
    run: "RecordedRun",
    of_step: "Callable[[Step], Mapping[str, float | None]]",
    *,
    title: str,
    axis: str,
    n_steps: int,
    with_values: tuple[float, ...] = (),
) -> Any:
    """Return a figure of a line for each layer over the steps, on a logarithmic axis.

    Parameters
    ----------
    run : RecordedRun
    of_step : function
        From an opened step to a number for each layer, by name; 0 and None leave a gap.
    title, axis : str
        What is drawn: of the figure, and of its vertical axis.
    n_steps : int
        How many steps are opened.
    with_values : tuple of float
        Numbers that the axis has to reach besides.

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    ParameterError
        If ``n_steps`` is not an int of at least 2.
    ReplayError
        If the run cannot be repeated as it was.
    """
    check_plotly()
    from plotly.graph_objects import Figure

    steps, numbers = [], []
    for step in opened_steps(run, n_steps, what=axis):
        steps.append(step.index)
        numbers.append(of_step(step))
    figure = Figure()
    for number, name in enumerate(numbers[0]):
        add_series(figure, steps, [at_step[name] or None for at_step in numbers], name=name, number=number)
    lay_out(figure, title, hovermode="x unified", showlegend=True)
    figure.update_xaxes(title_text="step")
    log_axis(figure, axis, (*with_values, *(value for at_step in numbers for value in at_step.values())))
    return figure
