"""In float32 the engine stays within a bound that follows from the number of terms of every sum.

The running error analysis of Higham, "Accuracy and stability of numerical algorithms", ch. 3, to first order: a sum of
n products, in whatever order and with or without fused multiply-add, is off by at most n·u of the sum of their
absolute values, u = 2⁻²⁴, plus what its factors are off. The truth is the reference engine in float64 on the same
numbers.
"""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from chainrule.engine import Settings
from chainrule.network import ACTIVATIONS, Activation, Context, CrossEntropy, Dense, Poisson
from chainrule.training import SGD, Adagrad, Adam, AdamW, Momentum, Nesterov, RMSprop

U = 2.0**-24
ELEMENTARY = 16 * U  # φ, φ′ and losses: a handful of operations and functions of a few ulp each
LIPSCHITZ = 2.0  # of every φ, and of every φ′ away from its jumps (SELU's 1.76 is the largest)


def forward_errors(network, weights, X, context):
    """Return for each layer (inputs, their error) and last (logits, their error)."""
    forward_pass = network.forward(weights, X, context)
    signal, error, steps = X, np.zeros_like(X), []
    for index, (layer, (W, *_)) in enumerate(zip(network.layers, padded_views(network, weights), strict=True)):
        steps.append((signal, error))
        outputs = forward_pass.outputs[index]
        if isinstance(layer, Dense):
            terms = np.abs(signal) @ np.abs(W[:-1]) + np.abs(W[-1])
            error = error @ np.abs(W[:-1]) + (layer.n_in + 2) * U * terms
        elif isinstance(layer, Activation):
            error = LIPSCHITZ * error + ELEMENTARY * (np.abs(signal) + np.abs(outputs))
        elif forward_pass.caches[index] is not None:
            error = error * forward_pass.caches[index] + 3 * U * np.abs(outputs)
        signal = outputs
    return forward_pass, [*steps, (signal, error)]


def padded_views(network, flat):
    """Return the layers' parameters, (None,) for a layer without."""
    return [views or (None,) for views in network.layout.views(flat)]


def slope_error(layer, z, error):
    """Return how far φ′ may be off: Lipschitz where smooth, the jump where ±error crosses one."""
    phi, phi_prime = (getattr(ACTIVATIONS[layer.function], name) for name in ("phi", "phi_prime"))
    low, high = (np.asarray(phi_prime(at, phi(at)), float) for at in (z - error, z + error))
    return LIPSCHITZ * error + np.abs(high - low) + 2 * ELEMENTARY


def loss_errors(loss, logits, error, y):
    """Return error and gradient of each row, and how far both may be off.

    A loss that is convex in each logit on its own has a rising derivative: that at z ± error brackets it. For the
    cross-entropy, logits off by at most e change p by a factor of at most exp(±2e).
    """
    losses, d_logits = loss.rows(logits, y)
    if isinstance(loss, CrossEntropy):
        e = error.max(axis=1, keepdims=True)
        one_hot = np.zeros_like(logits)
        one_hot[np.arange(len(y)), y] = 1
        d_error = np.expm1(2 * e) * np.ones_like(logits) + ELEMENTARY * (1 + np.abs(d_logits))
        terms = losses + np.abs(logits).sum(axis=1)
    else:
        target = np.repeat(y, logits.shape[1] // y.shape[1], axis=1)
        error = error + U * (np.abs(target) + np.abs(logits))  # the target is rounded, and so is the residual
        low, high = (loss.rows(at, y)[1] for at in (logits - error, logits + error))
        size = np.abs(d_logits) + np.abs(target) + (np.exp(logits) if isinstance(loss, Poisson) else 1)
        d_error = np.abs(high - low) + ELEMENTARY * size
        terms = np.abs(losses) + (np.abs(logits) * (1 + np.abs(target))).sum(axis=1)
    loss_error = ((np.abs(d_logits) + d_error) * error).sum(axis=1) + (ELEMENTARY + len(d_logits[0]) * U) * terms
    return losses, loss_error, d_logits, d_error


def bounds(made, context):
    """Return error and gradient in float64 and the bounds of their float32 counterparts."""
    network, weights = made.network, made.weights.astype(np.float64)
    X = made.source.numbers.astype(np.float64)
    row_weight = np.ones(len(X)) if made.source.weight is None else made.source.weight.astype(np.float64)
    forward_pass, steps = forward_errors(network, weights, X, context)
    losses, loss_error, delta, error = loss_errors(network.loss, *steps[-1], made.source.target)
    sums = losses @ row_weight, loss_error @ row_weight
    delta, error = delta * row_weight[:, None], (error + 2 * U * np.abs(delta)) * row_weight[:, None]
    gradient, bound = np.zeros_like(weights), np.zeros_like(weights)
    d_views, bound_views = (network.layout.views(flat) for flat in (gradient, bound))
    views = padded_views(network, weights)
    for index in range(len(network.layers) - 1, -1, -1):
        layer, (signal, signal_error) = network.layers[index], steps[index]
        if isinstance(layer, Dense):
            fill_dense(d_views[index][0], bound_views[index][0], (signal, signal_error), (delta, error))
            W = np.abs(views[index][0][:-1])
            error = error @ W.T + (layer.n_out + 1) * U * np.abs(delta) @ W.T
            delta = delta @ views[index][0][:-1].T
        elif isinstance(layer, Activation):
            slope = ACTIVATIONS[layer.function].phi_prime(*forward_pass.caches[index])
            error = error * np.abs(slope) + (np.abs(delta) + error) * slope_error(layer, signal, signal_error)
            delta = delta * slope
        elif (mask := forward_pass.caches[index]) is not None:
            delta, error = delta * mask, error * mask + 3 * U * np.abs(delta * mask)
    return sums, gradient, bound


def fill_dense(d_W, bound, inputs, deltas):
    """Write ∂E/∂W = [x, 1]ᵀ·δ and its bound."""
    (x, x_error), (delta, error) = (
        [np.hstack([a, c * np.ones((len(a), 1))]) for a, c in zip(inputs, (1, 0), strict=True)],
        deltas,
    )
    d_W[...] = x.T @ delta
    bound[...] = np.abs(x).T @ error + x_error.T @ (np.abs(delta) + error)
    bound += (len(x) + 1) * U * np.abs(x).T @ np.abs(delta)


def assert_within_bounds(made, engine, step=None):
    context = Context() if step is None else Context(True, made.settings.seed, step)
    (exact, error_bound), gradient, bound = bounds(made, context)
    total, _, got = made.open(engine).accumulate(slice(None), step=step)
    assert got.dtype == np.float32
    assert abs(total - exact) <= error_bound
    excess = np.abs(got - gradient) - bound - np.finfo(np.float32).tiny
    assert excess.max() <= 0, f"weight {excess.argmax()}: {got[excess.argmax()]}, exactly {gradient[excess.argmax()]}"
    return bound


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_sums_stay_within_the_bound(data, problems, engine):
    made, step = data.draw(problems(dtype=np.float32, sparse=False)), data.draw(st.none() | st.integers(0, 99))
    # What is beyond float32's range on the way (eᶻ of the Poisson loss) has no bound in it.
    assume(np.isfinite(made.open("reference").accumulate(slice(None), step=step)[2]).all())
    assert_within_bounds(made, engine, step)


@pytest.mark.parametrize("function", sorted(ACTIVATIONS))
def test_the_bound_is_tight_enough_to_tell(function, problem, engine):
    made = problem("DAD", functions=(function,), sizes=(257,), n_rows=100, n_inputs=17, dtype=np.float32)
    bound = assert_within_bounds(made, engine)
    gradient = made.open("reference").accumulate(slice(None))[2]
    for part, limit in zip(made.layers_of(gradient), made.layers_of(bound), strict=True):
        assert np.median(limit) < 2e-3 * np.abs(part).max()


@pytest.mark.parametrize("width", [1, 3, 17, 100, 257, 1024])
def test_widths(width, problem, engine):
    made = problem("DADAD", sizes=(width, 33), functions=("relu", "tanh"), n_rows=70, dtype=np.float32, weighted=True)
    assert_within_bounds(made, engine)


@pytest.mark.parametrize(
    "optimizer", [SGD(), Momentum(), Nesterov(), Adagrad(), RMSprop(), Adam(), AdamW()], ids=lambda o: o.kind
)
def test_descent_is_the_formula_to_some_roundings(optimizer, problem, engine, plan):
    made = problem("DAD", dtype=np.float32, sizes=(100,))
    single, steps = made.open(engine, optimizer), plan(3, 0)
    double = type(made)(made.network, made.source, made.settings, made.weights.astype(np.float64))
    exact = double.open("reference", optimizer)
    rng, moved = np.random.default_rng(0), np.zeros(made.weights.shape)
    for step in range(3):
        gradient = rng.normal(size=made.weights.shape).astype(np.float32)
        before = exact.weights.copy()
        single.descend(gradient, step, steps.part(step, step + 1))
        exact.descend(gradient.astype(np.float64), step, steps.part(step, step + 1))
        moved += np.abs(exact.weights - before)
    assert single.weights.dtype == np.float32
    # Each step rounds the weights once and the change some ten times; momentum's terms may be larger than their sum.
    limit = 3 * U * np.abs(exact.weights) + 64 * U * (moved + 0.02)
    assert (np.abs(single.weights - exact.weights) <= limit).all()


def test_a_run_reports_what_accumulate_sums(problem, engine, plan):
    made = problem("DAOD", n_rows=64, dtype=np.float32, weighted=True, settings=Settings(batch_size=64))
    session = made.open(engine)
    total, weight, gradient = session.accumulate(slice(None), step=0, dropout=float(plan(1, 0).dropout[0]))
    report = session.run(0, plan(1, 0))
    assert report.error[0] == pytest.approx(total / weight, rel=4 * U)
    assert report.weight[0] == pytest.approx(weight, rel=64 * U)
    # Σg² over P terms, rounded at most P times, and a root, which halves that.
    assert report.gradient_norm[0] == pytest.approx(
        np.linalg.norm(gradient.astype(float)) / weight, rel=len(gradient) * U
    )
