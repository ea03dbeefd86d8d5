"""Losses and their gradients, as finite and as exact as their true values, which mpmath computes with 50 digits."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mpmath import mp

from chainrule.network import AbsoluteError, CrossEntropy, Huber, LogLoss, Poisson, Quantile, SquaredError

PRECISIONS = {np.float64: (1e-12, 1e300, 1e-300), np.float32: (1e-6, 1e38, 1e-36)}
DIGITS = 50


def a_number(largest):
    return st.one_of(st.floats(-60, 60), st.floats(-largest, largest))


def expected_softplus(z):
    return mp.log1p(mp.exp(z))


def close(got, true, terms, dtype):
    """Whether ``got`` is ``true`` to rounding of the terms it is a sum of, if these fit the dtype."""
    relative, _, floor = PRECISIONS[dtype]
    if max(terms) > float(np.finfo(dtype).max):
        return True
    return bool(np.isfinite(got)) and abs(mp.mpf(float(got)) - true) <= relative * sum(terms) + floor


def squared_error(o, y):
    r = o - y
    return [r * r / 2], [r]


def absolute_error(o, y):
    r = o - y
    return [abs(r)], [mp.sign(r)]


def huber(o, y):
    r = o - y
    return [r * r / 2 if abs(r) <= 2 else 2 * (abs(r) - 1)], [r if abs(r) <= 2 else 2 * mp.sign(r)]


def poisson(z, y):
    return [mp.exp(z), -y * z], [mp.exp(z), -y]


def log_loss(z, y):
    return [y * expected_softplus(-z), (1 - y) * expected_softplus(z)], [
        (1 - y) / (1 + mp.exp(-z)),
        -y / (1 + mp.exp(z)),
    ]


def quantile(level):
    def of(o, y):
        r = y - o
        return [max(level * r, (level - 1) * r)], [-level if r > 0 else 1 - level if r < 0 else mp.mpf(0)]

    return of


ELEMENTWISE = {
    SquaredError(): squared_error,
    AbsoluteError(): absolute_error,
    Huber(2.0): huber,
    Poisson(): poisson,
    LogLoss(): log_loss,
    Quantile((0.1,)): quantile(mpmath.mpf(0.1)),
    Quantile((0.75,)): quantile(mpmath.mpf(0.75)),
}


@pytest.mark.parametrize("dtype", PRECISIONS, ids=["float64", "float32"])
@pytest.mark.parametrize("loss", ELEMENTWISE, ids=repr)
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_elementwise_losses_are_exact_at_any_logit(loss, dtype, data):
    largest = PRECISIONS[dtype][1]
    domain = {"poisson": st.floats(0, 1e6), "log_loss": st.one_of(st.sampled_from([0.0, 1.0]), st.floats(0, 1))}
    logits = np.array([[data.draw(a_number(largest))]]).astype(dtype)
    y = np.array([[data.draw(domain.get(loss.kind, a_number(largest)))]]).astype(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        losses, d_logits = loss.rows(logits, y)
    assert losses.shape == (1,)
    assert d_logits.dtype == dtype
    with mp.workdps(DIGITS):
        terms, d_terms = ELEMENTWISE[loss](mp.mpf(float(logits[0, 0])), mp.mpf(float(y[0, 0])))
        assert close(losses[0], sum(terms), [abs(term) for term in terms], dtype)
        assert close(d_logits[0, 0], sum(d_terms), [abs(term) for term in d_terms], dtype)


@pytest.mark.parametrize("dtype", PRECISIONS, ids=["float64", "float32"])
@settings(deadline=None, max_examples=200)
@given(data=st.data())
def test_cross_entropy_is_exact_at_any_logits(dtype, data):
    largest = PRECISIONS[dtype][1]
    smoothing = data.draw(st.sampled_from([0.0, 0.1, 0.5]))
    n_classes = data.draw(st.integers(1, 4))
    logits = np.array([[data.draw(a_number(largest)) for _ in range(n_classes)]]).astype(dtype)
    y = data.draw(st.integers(0, n_classes - 1))
    losses, d_logits = CrossEntropy(smoothing).rows(logits, np.array([y]))
    assert d_logits.dtype == dtype
    with mp.workdps(DIGITS):
        z = [mp.mpf(float(logit)) for logit in logits[0]]
        target = [mp.mpf(smoothing) / n_classes + (1 - mp.mpf(smoothing)) * (k == y) for k in range(n_classes)]
        # -ln p_k = ln Σ e^(z_j - z_k), without the term of k itself, which is the 1 of log1p.
        others = [sum(mp.exp(z[j] - z[k]) for j in range(n_classes) if j != k) for k in range(n_classes)]
        terms = [t * mp.log1p(o) for t, o in zip(target, others, strict=True)]
        assert close(losses[0], sum(terms), terms, np.float64 if dtype == np.float64 else dtype)
        for k in range(n_classes):
            # p_k - t_k; without smoothing, for the row's class, -(1 - p_k), which no cancellation touches.
            p, not_p = 1 / (1 + others[k]), others[k] / (1 + others[k])
            d_terms = [-not_p] if k == y and smoothing == 0 else [p, -target[k]]
            assert close(d_logits[0, k], sum(d_terms), [abs(term) for term in d_terms], dtype)


@pytest.mark.parametrize("dtype", PRECISIONS, ids=["float64", "float32"])
def test_a_very_certain_prediction_still_has_a_gradient(dtype):
    """The trap of p - y: at logit 40 it is 0, and so is -ln p."""
    _, d_logits = LogLoss()(np.array([[40.0]], dtype=dtype), np.ones((1, 1)))
    assert d_logits[0, 0] == pytest.approx(-np.exp(-40), rel=1e-6)
    error, d_logits = CrossEntropy()(np.array([[40.0, 0.0]], dtype=dtype), np.array([0]))
    assert error == pytest.approx(np.exp(-40), rel=1e-6)
    assert d_logits[0] == pytest.approx([-np.exp(-40), np.exp(-40)], rel=1e-6)
