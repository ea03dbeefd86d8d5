"""The learning curve: errors and learning rate over the epochs."""

import html
from collections.abc import Mapping, Sequence
from typing import Any

from chainrule.errors import ParameterError
from chainrule.glassbox.figures.style import BLUE, GREEN, INK, RED, check_plotly, finite, lay_out

__all__ = ["learning_curve"]

Row = Mapping[str, Any]

_LOG_FROM = 30.0
"""Errors whose largest is this many times their smallest start on a logarithmic axis."""
_NO_METRIC = {"epoch", "step", "train_error", "validation_error", "learning_rate", "gradient_norm", "seconds"}


def learning_curve(history: Sequence[Row], *, title: str, best_epoch: int | None = None) -> Any:
    """Draw training and validation error against the epoch, the best epoch marked, the learning rate below.

    Hovering shows an epoch's numbers, validation metrics included. Where all errors are positive, two buttons choose
    a linear or a logarithmic axis.

    Parameters
    ----------
    history : sequence of mappings
        One row an epoch: ``epoch`` (from 1), ``train_error``, ``validation_error`` (or None), ``learning_rate``, and
        metrics of the validation rows under their own names. Numbers that are not finite leave a gap.
    title : str
        Heading; taken as plain text.
    best_epoch : int, optional
        The epoch whose weights were kept.

    Returns
    -------
    plotly.graph_objects.Figure

    Raises
    ------
    MissingExtraError
        If plotly is not installed.
    ParameterError
        If the history is empty, or has no row of the best epoch.
    """
    if not history:
        raise ParameterError("a learning curve needs at least one epoch of history. Got none; call fit first.")
    figure = _two_panels()
    _add_line(figure, history, "train_error", color=BLUE)
    if _values(history, "validation_error"):
        _add_line(figure, history, "validation_error", color=RED, text=[_metrics(row) for row in history])
    _add_line(figure, history, "learning_rate", color=GREEN, panel=2, showlegend=False)
    if best_epoch is not None:
        _mark_best(figure, history, best_epoch)
    _lay_out(figure, title, len(history), _values(history, "train_error") + _values(history, "validation_error"))
    return figure


def _two_panels() -> Any:
    check_plotly()
    from plotly.subplots import make_subplots

    return make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.78, 0.22], vertical_spacing=0.05)


def _add_line(
    figure: Any,
    history: Sequence[Row],
    key: str,
    *,
    color: str,
    panel: int = 1,
    text: Any = "",
    showlegend: bool = True,
) -> None:
    figure.add_scatter(
        x=[row["epoch"] for row in history],
        y=[finite(row.get(key)) for row in history],
        name=key.replace("_", " ").replace("train ", "training "),
        mode="lines" if len(history) > 2 else "lines+markers",
        line={"color": color, "width": 2},
        text=text,
        hovertemplate="%{y:.4g}%{text}",
        showlegend=showlegend,
        row=panel,
        col=1,
    )


def _mark_best(figure: Any, history: Sequence[Row], best_epoch: int) -> None:
    """Mark the best epoch on the validation error, or on the training error where there is no other."""
    row = next((row for row in history if row["epoch"] == best_epoch), None)
    if row is None:
        raise ParameterError(f"best_epoch must be an epoch of the history. Got {best_epoch}.")
    error = finite(row.get("validation_error"))
    figure.add_scatter(
        x=[best_epoch],
        y=[finite(row["train_error"]) if error is None else error],
        name=f"best epoch: {best_epoch}",
        mode="markers",
        marker={"symbol": "circle-open", "size": 13, "color": INK, "line": {"width": 2}},
        hoverinfo="skip",
        row=1,
        col=1,
    )
    figure.add_vline(x=best_epoch, line={"color": INK, "width": 1, "dash": "dot"})


def _lay_out(figure: Any, title: str, n_epochs: int, errors: list[float]) -> None:
    lay_out(figure, title, height=None, hovermode="x unified", hoversubplots="axis")
    figure.update_xaxes(tickformat="d", dtick=1 if n_epochs < 10 else None)
    figure.update_xaxes(title_text="epoch", row=2, col=1)
    figure.update_yaxes(tickformat="~g")
    figure.update_yaxes(title_text="error", title_standoff=12, row=1, col=1)
    figure.update_yaxes(
        title_text="learning<br>rate", title_standoff=12, title_font_size=13, nticks=4, rangemode="tozero", row=2, col=1
    )
    if errors and min(errors) > 0:
        _offer_log(figure, starts_log=max(errors) / min(errors) >= _LOG_FROM)


def _offer_log(figure: Any, *, starts_log: bool) -> None:
    """Add two buttons that choose the scale of the error axis."""
    kinds = ("linear", "log")
    figure.update_yaxes(type=kinds[starts_log], row=1, col=1)
    buttons = [{"label": kind, "method": "relayout", "args": [{"yaxis.type": kind}]} for kind in kinds]
    place = {"x": 1, "xanchor": "right", "y": 1.02, "yanchor": "bottom"}
    figure.update_layout(
        updatemenus=[{"type": "buttons", "direction": "right", "buttons": buttons, "active": int(starts_log), **place}]
    )


def _values(history: Sequence[Row], key: str) -> list[float]:
    """Return the finite values under ``key``."""
    return [value for row in history if (value := finite(row.get(key))) is not None]


def _metrics(row: Row) -> str:
    """Return an epoch's validation metrics as text for hovering: ``" · rmse 0.51 · r2 0.8"``."""
    metrics = {name: finite(value) for name, value in row.items() if name not in _NO_METRIC}
    return "".join(f" · {html.escape(name)} {value:.4g}" for name, value in metrics.items() if value is not None)
