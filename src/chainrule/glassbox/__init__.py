"""Seeing it: figures of a training run."""

from chainrule.glassbox.figures import check_plotly, learning_curve, to_html

__all__ = ["check_plotly", "learning_curve", "to_html"]
