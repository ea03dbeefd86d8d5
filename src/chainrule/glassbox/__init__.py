"""Seeing it: figures of a training run."""

from chainrule.glassbox.figures import learning_curve, to_html

__all__ = ["learning_curve", "to_html"]
