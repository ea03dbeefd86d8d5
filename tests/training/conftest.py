import numpy as np
import pytest

from chainrule.engine import Source
from chainrule.network import multilayer_perceptron


@pytest.fixture
def network():
    return multilayer_perceptron(4, (8,), 1, activation="tanh", loss="squared_error", dropout=0.2)


@pytest.fixture
def rows():
    """60 training and 20 validation rows of a smooth function with noise."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 4))
    y = np.sin(X[:, :1]) + 0.5 * X[:, 1:2] + 0.1 * rng.normal(size=(80, 1))
    return Source(X[:60], y[:60]), Source(X[60:], y[60:])
