"""The update ratio: how far a step moves each layer's weights, compared with how large they are."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from chainrule.glassbox.step import Step

__all__ = ["update_ratios"]


def update_ratios(step: "Step") -> dict[str, float | None]:
    """Return ‖Δw‖/‖w‖ of each dense layer's weights without its biases, by name; None where nothing is above 0.

    Δw is the change that the step really made, so that learning rate, clipping and optimizer are in it. Biases are left
    out because they start at 0.
    """
    layout, names = step.moment.network.layout, step.names
    before, change = layout.views(step.descent.before), layout.views(step.descent.change)
    found: dict[str, float | None] = {}
    for layer in names.dense:
        w, moved = (float(np.linalg.norm(views[layer][0][:-1])) for views in (before, change))
        found[names.layer(layer)] = moved / w if w > 0 and moved > 0 else None
    return found
