import importlib.util
from pathlib import Path

import numpy as np
import pytest

from chainrule.engine import Settings, Source
from chainrule.glassbox.doctor import examine, observe
from chainrule.glassbox.doctor.examination import Examination
from chainrule.network import multilayer_perceptron
from chainrule.training import SGD, Recipe


def load_planted():
    spec = importlib.util.spec_from_file_location("planted", Path(__file__).with_name("planted.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


PLANTED = load_planted()


def pytest_generate_tests(metafunc):
    """Give ``fault`` every planted fault as (rule, rank by which it must be named, run to be), and ``healthy`` each."""
    if "fault" in metafunc.fixturenames:
        faults = [
            pytest.param((rule, rank, setup), id=f"{rule}-{rank}")
            for rule, setups in PLANTED.planted().items()
            for rank, setup in zip((1, 3), setups, strict=True)
        ]
        metafunc.parametrize("fault", faults)
    if "healthy" in metafunc.fixturenames:
        metafunc.parametrize("healthy", [pytest.param(s, id=name) for name, s in PLANTED.healthy().items()])


@pytest.fixture(scope="session")
def planted():
    return PLANTED


@pytest.fixture(scope="session")
def found():
    """A function that plants a rule's fault and returns the diagnosis and what that rule found."""

    def find(rule, which=0):
        diagnosis = examine(PLANTED.planted()[rule][which].observe())
        return diagnosis, next(finding for finding in diagnosis.all if finding.rule == rule)

    return find


@pytest.fixture
def small_run():
    """A function that trains a small network on random numbers, and returns its examination."""

    def train(*, hidden=(5,), activation="tanh", loss="squared_error", batch=8, weight=None, y=None, n=24, **settings):
        rng = np.random.default_rng(3)
        X = rng.normal(size=(n, 4))
        y = rng.normal(size=(n, 2)) if y is None else y
        n_outputs = int(y.max()) + 1 if y.ndim == 1 else y.shape[1]
        network = multilayer_perceptron(4, hidden, n_outputs, activation=activation, loss=loss)
        recipe = Recipe(
            **{"optimizer": SGD(), "learning_rate": 0.05, "epochs": 4, "settings": Settings(batch)} | settings
        )
        return Examination(observe(network, Source(X, y, weight), recipe))

    return train
