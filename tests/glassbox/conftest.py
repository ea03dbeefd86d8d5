import numpy as np
import pytest

from chainrule.engine import Settings, Source
from chainrule.glassbox import Names, RecordedRun
from chainrule.network import multilayer_perceptron
from chainrule.training import Adam, Recipe, train
from chainrule.training.keyframes import Keyframes
from chainrule.training.record import Recorder
from chainrule.training.replay import Replay


@pytest.fixture(scope="session")
def recorded_run():
    """Train a network with a recorder and return the run."""

    def record(network, source, recipe, *, engine="auto", **about):
        recorder = Recorder(Keyframes(2**20), share=1.0)
        weights = network.initialise(recipe.settings.seed, source.numbers.dtype)
        train(network, source, recipe, weights=weights, callbacks=recorder, engine=engine)
        names = Names(network, inputs=about.pop("inputs", None), outputs=about.pop("outputs", None))
        return RecordedRun(Replay(recorder.record, network, source, engine=engine), names, **about)

    return record


@pytest.fixture
def run(recorded_run):
    """A small run of 40 steps: 4 inputs, two hidden layers with dropout, 3 classes."""
    rng = np.random.default_rng(0)
    network = multilayer_perceptron(4, (7, 5), 3, loss="cross_entropy", dropout=0.2)
    source = Source(rng.normal(size=(60, 4)), rng.integers(0, 3, 60), rng.uniform(0.5, 2.0, 60))
    recipe = Recipe(Adam(), 0.01, epochs=10, settings=Settings(16, seed=3))
    return recorded_run(network, source, recipe, inputs=["age", "size", "town = Rome", "paid"], outputs=["a", "b", "c"])
