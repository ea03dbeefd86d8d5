"""The worked example of backpropagation that is passed around most, opened."""

import numpy as np
import pytest

from chainrule.engine import Batch, Settings, StepPlan
from chainrule.glassbox import Moment, Names, Step
from chainrule.network import Activation, Dense, Network, SquaredError
from chainrule.training import SGD


@pytest.fixture
def step():
    """Mazur, "A step by step backpropagation example": 2-2-2, logistic units, learning rate ½."""
    network = Network(2, (Dense(2, 2), Activation("logistic"), Dense(2, 2), Activation("logistic")), SquaredError())
    weights = np.array([0.15, 0.25, 0.20, 0.30, 0.35, 0.35, 0.40, 0.50, 0.45, 0.55, 0.60, 0.60])
    batch = Batch(np.array([[0.05, 0.10]]), np.array([[0.01, 0.99]]), None)
    return Step(
        Moment(
            network=network,
            optimizer=SGD(),
            learning_rate=0.5,
            settings=Settings(1),
            plan=StepPlan.constant(1, learning_rate=0.5),
            index=0,
            weights=weights,
            vectors=(),
            rows=np.array([0]),
            batch=batch,
            names=Names(network, inputs=["i1", "i2"], outputs=["o1", "o2"]),
        )
    )


def test_the_numbers_that_are_passed_around(step):
    """The digits are those of the published example; the last two are its errors in full."""
    assert step.forward["hidden 1"].net_input[0, 0] == pytest.approx(0.3775)
    assert step.forward["hidden 1"].activation[0] == pytest.approx([0.593269992, 0.596884378], abs=5e-10)
    assert step.forward["output"].net_input[0, 0] == pytest.approx(1.105905967, abs=5e-10)
    assert step.forward.logits[0] == pytest.approx([0.75136507, 0.772928465], abs=5e-9)
    assert step.backward["output"].delta[0] == pytest.approx([0.138498562, -0.0380982366], abs=5e-10)
    w5, w1 = step.weight("output", "o1", 1), step.weight("hidden 1", 1, "i1")
    assert step.backward.gradient[w5.index] == pytest.approx(0.082167041, abs=5e-10)
    assert step.backward.gradient[w1.index] == pytest.approx(0.000438568, abs=5e-10)
    after = step.descent.after
    assert after[[0, 2, 1, 3]] == pytest.approx([0.149780716, 0.19956143, 0.24975114, 0.29950229], abs=5e-9)
    assert after[[6, 8, 7, 9]] == pytest.approx([0.35891648, 0.408666186, 0.511301270, 0.561370121], abs=5e-9)
    assert step.error.value == pytest.approx(0.2983711087600027, abs=1e-15)
    without_biases = after.copy()
    biases = [4, 5, 10, 11]
    without_biases[biases] = step.weights[biases]
    assert step.error_at(without_biases) == pytest.approx(0.29102777369359933, abs=1e-15)


def test_its_gradient_holds(step):
    check = step.check(n_weights=12)
    assert len(check.weights) == 12
    assert check.passed
