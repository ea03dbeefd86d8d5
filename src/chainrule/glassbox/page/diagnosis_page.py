"""The page of a diagnosis: an overview, then every finding with its evidence, its cause and its cure."""

from html import escape
from typing import TYPE_CHECKING

from chainrule.glassbox.page.document import document

if TYPE_CHECKING:
    from chainrule.glassbox.doctor import Diagnosis

__all__ = ["diagnosis_page"]


def diagnosis_page(diagnosis: "Diagnosis") -> str:
    """Return the page. It names rows and columns, and holds no values of rows."""
    overview, *_ = diagnosis.tables()
    sections = [("overview", "Overview", [f'<div class="wide words">{overview.to_html()}</div>'])]
    for number, finding in enumerate(diagnosis, 1):
        parts = [f'<div class="wide words">{table.to_html()}</div>' for table in finding.tables()]
        sections.append((f"finding-{number}", f"{number}. {finding.rule.replace('_', ' ')}", parts))
    introduction = f"<p>{escape(diagnosis.subject)}, examined by {diagnosis.n_rules} rules.</p>"
    return document("Diagnosis", introduction, sections)
