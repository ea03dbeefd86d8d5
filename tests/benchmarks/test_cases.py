import itertools
from dataclasses import replace

import numpy as np
import pytest
from benchmarks.speed.cases import CASES, Case, first_weights, make_data, save_data, training_loss
from scipy.special import log_softmax

SMALL = Case("small", rows=300, features=5, hidden=(7, 6), outputs=4, batch=32, epochs=3)


class CountingMatrix:
    """Counts the arithmetic of matrix products by its definition: a multiplication and an addition a term."""

    flops = 0

    def product(self, rows, inner, columns):
        self.flops += sum(2 for _ in itertools.product(range(rows), range(inner), range(columns)))


def test_flops_are_those_of_a_pass_written_out():
    case, count = Case("tiny", rows=6, features=3, hidden=(4, 5), outputs=2, batch=2, epochs=2), CountingMatrix()
    for _ in range(case.epochs * case.rows // case.batch):
        for n_in, n_out in ((3, 4), (4, 5), (5, 2)):
            count.product(case.batch, n_in, n_out)  # z = x·W
            count.product(n_in, case.batch, n_out)  # ∂E/∂W = xᵀ·δ
        for n_in, n_out in ((4, 5), (5, 2)):  # not for the first layer
            count.product(case.batch, n_out, n_in)  # ∂E/∂x = δ·Wᵀ
    assert case.flops == count.flops


def test_cases_are_those_of_the_performance_notes():
    assert list(CASES) == ["S1", "S2", "S3", "S4", "S5", "S6"]
    assert str(CASES["S3"]) == "60,000×784 → 512×512 → 10, batch 128, 1 epoch"
    assert CASES["S5"].widths == (100, 1024, 1024, 10)


def test_data_are_the_same_every_time_and_have_all_classes():
    (X, y), (again, y_again) = make_data(SMALL), make_data(SMALL)
    np.testing.assert_array_equal(X, again)
    np.testing.assert_array_equal(y, y_again)
    assert (X.shape, X.dtype) == ((300, 5), np.float32)
    assert set(y) == {0, 1, 2, 3}


def test_saved_data_are_the_data(tmp_path):
    save_data(SMALL, tmp_path)
    X, y = make_data(SMALL)
    np.testing.assert_array_equal(np.load(tmp_path / "X.npy"), X)
    np.testing.assert_array_equal(np.load(tmp_path / "y.npy"), y)


def test_labels_can_be_learnt_in_part():
    from sklearn.linear_model import LogisticRegression

    X, y = make_data(replace(SMALL, rows=4000, outputs=2))
    accuracy = LogisticRegression().fit(X[:2000], y[:2000]).score(X[2000:], y[2000:])
    assert np.bincount(y[2000:]).max() / 2000 + 0.05 < accuracy < 0.98


def test_first_weights_have_their_variance():
    (W, b), *_ = first_weights(replace(SMALL, features=400, hidden=(500,)), seed=1)
    assert W.dtype == b.dtype == np.float32
    assert W.var() == pytest.approx(2 / 400, rel=0.02)
    assert not b.any()


def test_training_loss_is_that_of_scipy_on_the_first_rows():
    X, y = make_data(SMALL)
    layers = first_weights(SMALL, seed=2)
    a = X[:100]
    for W, b in layers[:-1]:
        a = np.clip(a @ W + b, 0, None)
    expected = -log_softmax(a @ layers[-1][0] + layers[-1][1], axis=1)[np.arange(100), y[:100]].mean()
    assert training_loss(layers, X, y, max_rows=100) == pytest.approx(expected, rel=1e-5)


def test_training_loss_of_large_logits_is_finite():
    layers = [(np.array([[1000.0, -1000.0]]), np.zeros(2))]
    assert training_loss(layers, np.array([[1.0]]), np.array([1])) == pytest.approx(2000.0)
