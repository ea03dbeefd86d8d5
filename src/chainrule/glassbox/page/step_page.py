"""The page of one step: forward, error, backward, descent, one after another, and derivations to choose from."""

from collections.abc import Callable, Iterator
from html import escape
from typing import TYPE_CHECKING

import numpy as np

from chainrule.glassbox.page.document import document
from chainrule.glassbox.page.network import NetworkDrawing
from chainrule.glassbox.sketch import Edge, Unit, sketch_of
from chainrule.glassbox.tables import Shown, Table, largest

if TYPE_CHECKING:
    from chainrule.glassbox.step import Step

__all__ = ["Sections", "step_page", "step_sections"]

N_DERIVATIONS = 20
MOST_ROWS = 256

Sections = list[tuple[str, str, list[str]]]


def step_page(step: "Step", *, include_rows: bool = True) -> str:
    """Return the page.

    Parameters
    ----------
    step : Step
    include_rows : bool
        Whether it may hold what the step's rows hold: their values, predictions and losses, and derivations, which
        follow one row each. Without, it holds sums and means over the rows, and the derivation without numbers.
    """
    return document(f"Step {step.index}", _introduction(step, include_rows), step_sections(step, include_rows))


@np.errstate(all="ignore")  # what is not finite is shown as it is
def step_sections(step: "Step", include_rows: bool) -> Sections:
    """Return the page's sections: anchor, heading, and parts in HTML."""
    derived = _derived(step) if include_rows and not step.moment.is_passed_over else []
    pictures = _Pictures(step, derived)
    sections: Sections = [("rows", "Rows", [_rows(step)])] if include_rows else []
    sections += [
        ("forward", "1. Forward pass", [_p(_FORWARD), pictures.forward(), _html(step.forward)]),
        ("error", "2. Error", [_p(_ERROR), _error(step, include_rows)]),
        ("backward", "3. Backward pass", [_p(_BACKWARD), pictures.backward(), _html(step.backward)]),
        ("descent", "4. Descent", [_p(_DESCENT), _drops(step), pictures.descent(), _html(step.descent)]),
    ]
    heading = "Derivations" if derived else "Derivation in general"
    return [*sections, ("derivations", heading, list(_derivations(step, derived)))]


_FORWARD = (
    "Inputs travel layer by layer to the output. A circle shows a unit's activation a (of an input, its value), the "
    "mean over the rows; a line shows a weight w as it was before the step, the stronger the larger. Blue is positive, "
    "orange negative."
)
_ERROR = "E is the mean over the rows of each row's loss (weighted where rows have weights), plus the penalty."
_BACKWARD = (
    "The gradient of E travels back. A circle shows the sum of a unit's δ = ∂E/∂z over the rows, which is the gradient "
    "of its bias; a line shows ∂E/∂w."
)
_DESCENT = "Every weight moves. A circle shows the change of a unit's bias, a line the change Δw of a weight."


def _p(words: str) -> str:
    return f"<p>{escape(words)}</p>"


def _html(shown: Shown) -> str:
    return "".join(f'<div class="wide">{table.to_html()}</div>' for table in shown.tables())


def _introduction(step: "Step", include_rows: bool) -> str:
    moment = step.moment
    words = (
        f"One step of gradient descent by {moment.optimizer.kind}, exactly as it happened: the weights are the run's "
        "own, the numbers between them are recomputed in float64."
    )
    n, numbers = len(moment.rows), ", ".join(map(str, moment.rows[:MOST_ROWS]))
    more = f" and {n - MOST_ROWS:,} more" if n > MOST_ROWS else ""
    holds = (
        f"This file holds the {n:,} rows of the table that the step took, counted from 0: {numbers}{more}."
        if include_rows
        else f"This file holds no rows: of the {n:,} that the step took, only sums and means (and the extremes of a)."
    )
    return f'{_p(words)}<p class="note">{holds}</p>'


def _rows(step: "Step") -> str:
    names = list(step.rows.columns)
    note = "" if names else "Their values as they were given are not at hand."
    table = step.rows.as_table(names, MOST_ROWS, note=note)
    inner = f'<div class="wide">{table.to_html()}</div>'
    return f"<details><summary>Their values, as they were given</summary>{inner}</details>"


def _error(step: "Step", include_rows: bool) -> str:
    if include_rows:
        return _html(step.error)
    facts = Table("", ("", "value"), [("E", step.error.value), ("of which penalty", step.error.penalty)])
    return facts.to_html()


def _drops(step: "Step") -> str:
    facts = [("predicted drop of E, −Σ ∂E/∂w·Δw", step.predicted_drop), ("actual drop of E", step.actual_drop)]
    return Table("", ("of these rows", "value"), facts).to_html()


def _derived(step: "Step") -> list[int]:
    """Return the weights that have a derivation: in every layer those that changed most, the largest change first."""
    layout, change = step.moment.network.layout, np.nan_to_num(step.descent.change)
    each = -(-N_DERIVATIONS // len(step.names.dense))
    slices = [layout.layer_slices[layer] for layer in step.names.dense]
    found = [part.start + int(i) for part in slices for i in largest(change[part], each)]
    return sorted(found, key=lambda index: -abs(change[index]))


def _derivations(step: "Step", derived: list[int]) -> Iterator[str]:
    if not derived:
        yield step.derive("theory").to_html()
        return
    yield _p(
        f"The chain rule, from E back to one weight and on to its change, for the {len(derived)} weights that changed "
        "most in their layers. In the drawings above, their lines can be clicked."
    )
    for index in derived:
        name, change = step.names.weight(index).name, step.descent.change[index]
        summary = f"<summary>{escape(name)} <small>Δw = {change:.4g}</small></summary>"
        inner = f'<div id="w{index}">{step.derive(index).to_html()}{_html(step.contributions(index))}</div>'
        yield f'<details class="derivation">{summary}{inner}</details>'


class _Pictures:
    """The network drawn three times, with the numbers of each phase."""

    def __init__(self, step: "Step", derived: list[int]) -> None:
        self._step, self._sketch, self._linked = step, sketch_of(step), frozenset(derived)

    def _drawn(self, label: str, unit: Callable[[Unit], float | None], edge: Callable[[Edge], float]) -> str:
        names = self._step.names
        return NetworkDrawing(
            sketch=self._sketch,
            unit=unit,
            edge=edge,
            name=lambda index: names.weight(index).name,
            linked=self._linked,
            label=label,
        ).to_svg()

    def forward(self) -> str:
        """Return the drawing of what the forward pass gave."""
        return self._drawn("The network with activations and weights", lambda u: u.activation, lambda e: e.weight)

    def backward(self) -> str:
        """Return the drawing of what the backward pass brought."""
        return self._drawn("The network with deltas and gradients", lambda u: u.delta, lambda e: e.gradient)

    def descent(self) -> str:
        """Return the drawing of what the step changed."""
        label = "The network with changes of biases and weights"
        return self._drawn(label, lambda u: u.bias_change, lambda e: e.change)
