"""Figures of a training, one a file. They need the optional package plotly, and each returns a plotly figure."""

from chainrule.glassbox.figures.gradient_flow import gradient_flow
from chainrule.glassbox.figures.learning_curve import learning_curve
from chainrule.glassbox.figures.saving import to_html
from chainrule.glassbox.figures.style import check_plotly
from chainrule.glassbox.figures.update_ratio import update_ratio

__all__ = ["check_plotly", "gradient_flow", "learning_curve", "to_html", "update_ratio"]
