from collections.abc import Callable

import numpy as np
import pytest

from chainrule.network import Array, Loss


@pytest.fixture(scope="session")
def draw_target() -> Callable[..., Array]:
    """A function that draws a target within the domain of a loss: (loss, n rows, n outputs, seed)."""

    def draw(loss: type[Loss], n: int, n_outputs: int, seed: int = 0) -> Array:
        rng = np.random.default_rng(seed)
        if loss.kind == "cross_entropy":
            return rng.integers(0, n_outputs, n)
        if loss.kind == "log_loss":
            return rng.uniform(0, 1, (n, n_outputs)).round(1)
        return rng.uniform(0, 2, (n, n_outputs))

    return draw
