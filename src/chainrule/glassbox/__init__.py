"""Seeing it: a recorded run, any step of it opened, and figures."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.glassbox.error_plane import Landscape, landscape_of
    from chainrule.glassbox.figures import (
        activations,
        check_plotly,
        gradient_flow,
        landscape,
        learning_curve,
        learning_rate_range_test,
        step_network,
        to_html,
        update_ratio,
    )
    from chainrule.glassbox.moment import Moment
    from chainrule.glassbox.names import Names
    from chainrule.glassbox.rate_range import RangeTest, range_test
    from chainrule.glassbox.ratios import update_ratios
    from chainrule.glassbox.run import RecordedRun
    from chainrule.glassbox.step import Step

__all__ = [
    "Landscape",
    "Moment",
    "Names",
    "RangeTest",
    "RecordedRun",
    "Step",
    "activations",
    "check_plotly",
    "gradient_flow",
    "landscape",
    "landscape_of",
    "learning_curve",
    "learning_rate_range_test",
    "range_test",
    "step_network",
    "to_html",
    "update_ratio",
    "update_ratios",
]

_FIGURES = (
    "activations",
    "check_plotly",
    "gradient_flow",
    "landscape",
    "learning_curve",
    "learning_rate_range_test",
    "step_network",
    "to_html",
    "update_ratio",
)
_HOMES = dict.fromkeys(_FIGURES, "figures") | {
    "Landscape": "error_plane",
    "Moment": "moment",
    "Names": "names",
    "RangeTest": "rate_range",
    "RecordedRun": "run",
    "Step": "step",
    "landscape_of": "error_plane",
    "range_test": "rate_range",
    "update_ratios": "ratios",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: figures need nothing of networks, and steps no figures."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
