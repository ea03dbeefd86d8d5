import numpy as np
import pytest

from chainrule.engine import DescentStep
from chainrule.errors import ParameterError
from chainrule.training import LBFGS, OPTIMIZERS, Adam, AdamW, Momentum, RMSprop


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_an_optimizer_touches_its_own_vectors_only(name):
    optimizer = OPTIMIZERS[name]()
    gradient = np.array([1.0, -2.0, 0.5], dtype=np.float32)
    vectors = tuple(np.zeros(3, np.float32) for _ in range(optimizer.n_vectors))
    kept = gradient.copy()
    change = optimizer.change(gradient, vectors, DescentStep(1, 0.1, optimizer.momentum))
    assert change.dtype == np.float32
    assert (np.sign(change) == -np.sign(gradient)).all()
    np.testing.assert_array_equal(gradient, kept)
    assert not any(np.shares_memory(change, other) for other in (gradient, *vectors))


def test_parameters_with_a_rate_of_their_own():
    change = OPTIMIZERS["sgd"]().change(np.ones(2), (), DescentStep(1, np.array([0.1, 0.2]), 0.0))
    np.testing.assert_array_equal(change, [-0.1, -0.2])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Momentum(momentum=1.0), "momentum of momentum must be at least 0 and below 1, got 1.0"),
        (lambda: RMSprop(decay=-0.1), "decay of rmsprop must be at least 0 and below 1, got -0.1"),
        (lambda: Adam(beta_1=2), "beta_1 of adam must be at least 0 and below 1, got 2"),
        (lambda: Adam(epsilon=-1), "epsilon of adam must be at least 0 and finite, got -1"),
        (lambda: AdamW(weight_decay=np.inf), "weight_decay of adamw must be at least 0 and finite, got inf"),
        (lambda: LBFGS(memory=0), "memory of lbfgs must be at least 1, got 0"),
        (lambda: LBFGS(tol=-1), "tol of lbfgs must be at least 0, got -1"),
    ],
)
def test_settings_out_of_range_are_named(make, message):
    with pytest.raises(ParameterError, match=message):
        make()
