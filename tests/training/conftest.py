import numpy as np
import pytest

from chainrule.engine import Source, StepReport
from chainrule.network import multilayer_perceptron


class ScriptedSession:
    """An engine without a network: what a step reports is a function of its number and its learning rate.

    The weights are one number that every step mixes with its error, so that no step can be left out, doubled or taken
    from elsewhere unseen. ``lengths`` are those of the plans it was given.
    """

    def __init__(self, script):
        self.script, self.lengths = script, []

    def open(self, network, source, optimizer, settings, *, weights, vectors, engine):
        self.weights, self.vectors = weights, vectors
        return self

    def run(self, first_step, plan, interrupted=None):
        self.lengths.append(len(plan))
        report = StepReport(*np.ones((3, len(plan))))
        for i in range(len(plan)):
            report.error[i] = self.script(first_step + i, plan.learning_rate[i])
            if not np.isfinite(report.error[i]):
                return report.first(i + 1)
            self.weights *= -0.75
            self.weights += report.error[i] + (first_step + i)
            for vector in self.vectors:
                vector += self.weights
        return report

    def close(self):
        pass


@pytest.fixture(scope="session")
def scripted_session():
    return ScriptedSession


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
