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


def test_adam_without_correction_and_with_it_inside_the_rate_is_the_variant_that_differs_in_epsilon_alone():
    # Kingma & Ba, end of section 2: α_t = α·√(1 − β₂ᵗ) / (1 − β₁ᵗ), ε̂ = ε·√(1 − β₂ᵗ).
    rng, beta_1, beta_2, epsilon = np.random.default_rng(0), 0.8, 0.95, 1e-3
    plain = Adam(beta_1, beta_2, epsilon, bias_correction=False)
    one, other = ((np.zeros(4), np.zeros(4)) for _ in range(2))
    for t in range(1, 20):
        root = np.sqrt(1 - beta_2**t)
        gradient = rng.normal(size=4)
        change = plain.change(gradient, one, DescentStep(t, 0.1 * root / (1 - beta_1**t), 0.0))
        corrected = Adam(beta_1, beta_2, epsilon / root).change(gradient, other, DescentStep(t, 0.1, 0.0))
        np.testing.assert_allclose(change, corrected, rtol=1e-13)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Momentum(momentum=1.1), "momentum of momentum must be at least 0 and at most 1, got 1.1"),
        (lambda: Adam(bias_correction=1), "bias_correction of adam must be True or False, got 1"),
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
