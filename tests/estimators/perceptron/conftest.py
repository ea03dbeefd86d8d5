"""Problems that scikit-learn's networks and the drop-in are given alike."""

import warnings

import numpy as np
import pytest
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

from chainrule import MLPClassifier, MLPRegressor

CLASSES = ("binary", "multiclass", "multilabel")
NUMBERS = ("number", "numbers", "counts")


def drawn(task, n_rows=64, n_inputs=6, seed=0):
    """Return X (N, D) with zeros in it, the target of a task, and row weights."""
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n_rows, n_inputs))
    X[np.abs(X) < 0.4] = 0.0
    z = X @ rng.normal(size=(n_inputs, 3)) + 0.3 * rng.normal(size=(n_rows, 3))
    y = {
        "binary": (z[:, 0] > 0).astype(int),
        "multiclass": z.argmax(axis=1),
        "multilabel": (z > 0).astype(int),
        "number": z[:, 0],
        "numbers": z,
        "counts": rng.poisson(np.exp(0.3 * z[:, 0])).astype(float),
    }[task]
    return X, y, rng.uniform(0.2, 2.0, n_rows)


def made(task, **params):
    """Return scikit-learn's estimator and the drop-in for a task, of the same parameters; ``engine`` is ours alone."""
    engine = params.pop("engine", "auto")
    theirs, ours = (TheirClassifier, MLPClassifier) if task in CLASSES else (TheirRegressor, MLPRegressor)
    if task == "counts":
        params["loss"] = "poisson"
    return theirs(**params), ours(**params, engine=engine)


def quietly(fit, *args, **kwargs):
    """Fit, without the warning that training has not converged."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        return fit(*args, **kwargs)


@pytest.fixture(scope="session")
def problem():
    """:func:`drawn`."""
    return drawn


@pytest.fixture
def binary(problem):
    """Return rows and two classes."""
    return problem("binary")[:2]


@pytest.fixture
def multiclass(problem):
    """Return rows and several classes."""
    return problem("multiclass")[:2]


@pytest.fixture
def number(problem):
    """Return rows and numbers."""
    return problem("number")[:2]


@pytest.fixture(scope="session")
def pair():
    """:func:`made`."""
    return made


@pytest.fixture(scope="session")
def fit_quietly():
    """:func:`quietly`."""
    return quietly
