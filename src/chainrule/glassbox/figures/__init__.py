"""Figures of a training, one a file. They need the optional package plotly, and each returns a plotly figure."""

from chainrule.glassbox.figures.activations import activations
from chainrule.glassbox.figures.gradient_flow import gradient_flow
from chainrule.glassbox.figures.landscape import landscape
from chainrule.glassbox.figures.learning_curve import learning_curve
from chainrule.glassbox.figures.learning_rate_range_test import learning_rate_range_test
from chainrule.glassbox.figures.saving import to_html
from chainrule.glassbox.figures.step_network import step_network
from chainrule.glassbox.figures.style import check_plotly
from chainrule.glassbox.figures.update_ratio import update_ratio

__all__ = [
    "activations",
    "check_plotly",
    "gradient_flow",
    "landscape",
    "learning_curve",
    "learning_rate_range_test",
    "step_network",
    "to_html",
    "update_ratio",
]
