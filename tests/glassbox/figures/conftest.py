from dataclasses import replace

import numpy as np
import pytest

from chainrule.engine import Settings, Source
from chainrule.network import Dense, Network, SquaredError
from chainrule.training import SGD, Recipe


def by_name(figure):
    """Return the figure's traces by their names; the nameless are left out."""
    return {trace.name: trace for trace in figure.data if trace.name}


@pytest.fixture
def traces():
    return by_name


@pytest.fixture
def line(recorded_run):
    """A run of 30 full-batch steps of a straight line: w and its bias are all its weights."""
    X = np.linspace(-1, 1, 8)[:, None]
    source = Source(X, 3 * X + 1)
    recipe = Recipe(SGD(), 0.3, epochs=30, settings=Settings(8))
    return recorded_run(Network(1, (Dense(1, 1),), SquaredError()), source, recipe)


@pytest.fixture
def run_of_zeros(run):
    """A run whose weights are all 0 before every step: nothing passes the hidden layers, in either direction."""

    class Zeros(type(run)):
        def _moment(self, index):
            moment = super()._moment(index)
            return replace(moment, weights=np.zeros_like(moment.weights))

    return Zeros(run._replay, run.names)
