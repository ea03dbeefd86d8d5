"""Seeing it: a recorded run, any step of it opened, and figures."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.glassbox.figures import check_plotly, gradient_flow, learning_curve, to_html, update_ratio
    from chainrule.glassbox.moment import Moment
    from chainrule.glassbox.names import Names
    from chainrule.glassbox.ratios import update_ratios
    from chainrule.glassbox.run import RecordedRun
    from chainrule.glassbox.step import Step

__all__ = [
    "Moment",
    "Names",
    "RecordedRun",
    "Step",
    "check_plotly",
    "gradient_flow",
    "learning_curve",
    "to_html",
    "update_ratio",
    "update_ratios",
]

_HOMES = {
    "Moment": "moment",
    "Names": "names",
    "RecordedRun": "run",
    "Step": "step",
    "check_plotly": "figures",
    "gradient_flow": "figures",
    "learning_curve": "figures",
    "to_html": "figures",
    "update_ratio": "figures",
    "update_ratios": "ratios",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: figures need nothing of networks, and steps no figures."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
