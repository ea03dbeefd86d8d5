"""Many steps of every optimizer equal an independent implementation: JAX's gradients, optax's optimizers."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from chainrule.engine import Settings, Source
from chainrule.network import Penalty, multilayer_perceptron
from chainrule.training import LBFGS, SGD, Adagrad, Adam, AdamW, Momentum, Nesterov, Recipe, RMSprop, train

N, D, H, K = 12, 5, 7, 3
LEARNING_RATE = 0.05

OPTAX = {
    "sgd": (SGD(), optax.sgd(LEARNING_RATE)),
    "momentum": (Momentum(momentum=0.8), optax.sgd(LEARNING_RATE, momentum=0.8)),
    "nesterov": (Nesterov(momentum=0.8), optax.sgd(LEARNING_RATE, momentum=0.8, nesterov=True)),
    # optax adds epsilon under the root: equal at zero, where rows with a zero gradient do not occur (tanh).
    "adagrad": (Adagrad(epsilon=0.0), optax.adagrad(LEARNING_RATE, initial_accumulator_value=0.0, eps=0.0)),
    "rmsprop": (
        RMSprop(decay=0.9, epsilon=1e-6),
        optax.rmsprop(LEARNING_RATE, decay=0.9, eps=1e-6, eps_in_sqrt=False),
    ),
    "adam": (Adam(beta_2=0.99), optax.adam(LEARNING_RATE, b2=0.99)),
    "adamw": (AdamW(weight_decay=0.1), None),  # decays weights only: the mask is built in the test
}


def unpack(weights):
    """The two dense layers' matrices, the last row being the bias."""
    first = (D + 1) * H
    return weights[:first].reshape(D + 1, H), weights[first:].reshape(H + 1, K)


def jax_error(weights, X, y, row_weight, l2):
    first, second = unpack(weights)
    hidden = jnp.tanh(X @ first[:-1] + first[-1])
    logits = hidden @ second[:-1] + second[-1]
    losses = -jax.nn.log_softmax(logits)[jnp.arange(len(y)), y]
    penalty = 0.5 * l2 * (jnp.sum(first[:-1] ** 2) + jnp.sum(second[:-1] ** 2))
    return jnp.sum(row_weight * losses) / jnp.sum(row_weight) + penalty


@pytest.fixture
def problem():
    rng = np.random.default_rng(5)
    network = multilayer_perceptron(D, (H,), K, activation="tanh", loss="cross_entropy", penalty=Penalty(l2=0.01))
    source = Source(rng.normal(size=(N, D)), rng.integers(0, K, N), rng.uniform(0.5, 2.0, N))
    return network, source, network.initialise(seed=3)


@pytest.mark.parametrize("name", OPTAX)
def test_many_minibatch_steps_equal_optax(problem, name):
    network, source, weights = problem
    ours, theirs = OPTAX[name]
    settings = Settings(batch_size=5, shuffle=False)  # 3 steps an epoch, the last one of 2 rows
    state = train(
        network,
        source,
        Recipe(optimizer=ours, learning_rate=LEARNING_RATE, epochs=10, settings=settings),
        weights=weights,
    )
    assert state.step == 30
    with jax.enable_x64(True):
        expected = _descend_with_optax(theirs, source, jnp.asarray(weights), n_steps=30)
    np.testing.assert_allclose(state.weights, expected, rtol=1e-10, atol=1e-12)
    assert np.abs(state.weights - weights).max() > 0.01


def _descend_with_optax(optimizer, source, weights, n_steps):
    if optimizer is None:
        is_weight = jnp.concatenate([w.at[-1].set(0.0).ravel() for w in map(jnp.ones_like, unpack(weights))])
        optimizer = optax.chain(
            optax.scale_by_adam(),
            optax.GradientTransformation(lambda _: optax.EmptyState(), lambda g, s, w: (g + 0.1 * is_weight * w, s)),
            optax.scale(-LEARNING_RATE),
        )
    gradient = jax.grad(jax_error)
    state = optimizer.init(weights)
    for step in range(n_steps):
        rows = slice((step % 3) * 5, (step % 3) * 5 + 5)
        g = gradient(weights, source.numbers[rows], source.target[rows], source.weight[rows], 0.01)
        change, state = optimizer.update(g, state, weights)
        weights = optax.apply_updates(weights, change)
    return np.asarray(weights)


def test_lbfgs_equals_scipy_on_jax_gradients(problem):
    from scipy.optimize import minimize

    network, source, weights = problem
    state = train(network, source, Recipe(optimizer=LBFGS(tol=0.0), epochs=12), weights=weights)
    with jax.enable_x64(True):
        f = jax.jit(jax.value_and_grad(lambda w: jax_error(w, source.numbers, source.target, source.weight, 0.01)))
        options = {"maxiter": 12, "maxcor": 10, "gtol": 0.0, "ftol": 64 * np.finfo(float).eps}
        result = minimize(
            lambda w: tuple(np.asarray(v, dtype=float) for v in f(w)),
            weights,
            jac=True,
            method="L-BFGS-B",
            options=options,
        )
    assert state.step == result.nit == 12
    np.testing.assert_allclose(state.history[-1]["train_error"], result.fun, rtol=1e-9)
    np.testing.assert_allclose(state.weights, result.x, rtol=1e-6, atol=1e-8)


def test_float32_follows_float64(problem):
    network, source, weights = problem
    recipe = Recipe(optimizer=Adam(), learning_rate=0.01, epochs=10, settings=Settings(batch_size=5, seed=1))
    exact = train(network, source, recipe, weights=weights)
    single = Source(source.numbers.astype(np.float32), source.target, source.weight.astype(np.float32))
    rounded = train(network, single, recipe, weights=weights.astype(np.float32))
    assert rounded.weights.dtype == np.float32
    assert all(v.dtype == np.float32 for v in rounded.vectors)
    np.testing.assert_allclose(rounded.weights, exact.weights, atol=1e-4)
