"""One-file pages of a step and of a run: they open from disk, offline, and need no script to be read."""

from chainrule.glassbox.page.diagnosis_page import diagnosis_page
from chainrule.glassbox.page.run_page import run_page
from chainrule.glassbox.page.step_page import step_page

__all__ = ["diagnosis_page", "run_page", "step_page"]
