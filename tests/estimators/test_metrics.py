import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn import metrics as reference

from chainrule.errors import ParameterError
from chainrule.estimators.metrics import classification_metrics, label_set_metrics, metric_value, regression_metrics

seeds = st.integers(0, 2**32 - 1)


def weights(rng, n_rows, weighted):
    return rng.lognormal(size=n_rows) if weighted else None


@settings(deadline=None, max_examples=150)
@given(seed=seeds, n_rows=st.integers(1, 50), n_outputs=st.integers(0, 3), weighted=st.booleans(), data=st.data())
def test_regression_metrics_are_scikit_learns(seed, n_rows, n_outputs, weighted, data):
    rng = np.random.default_rng(seed)
    shape = (n_rows, n_outputs) if n_outputs else (n_rows,)
    y = rng.normal(size=shape) * 10.0 ** data.draw(st.integers(-5, 5))
    prediction = y + rng.normal(size=shape) * data.draw(st.sampled_from([0.0, 1e-3, 1.0, 1e3]))
    if data.draw(st.booleans()):
        y[...] = np.round(y[0])  # a constant target, met or not
        prediction = data.draw(st.sampled_from([y, prediction]))
    weight = weights(rng, n_rows, weighted)
    got = regression_metrics(y, prediction, weight)
    options = {"sample_weight": weight}
    assert got["rmse"] == pytest.approx(reference.root_mean_squared_error(y, prediction, **options), rel=1e-12)
    assert got["mae"] == pytest.approx(reference.mean_absolute_error(y, prediction, **options), rel=1e-12)
    if n_rows == 1:
        assert got["r2"] is None
    else:
        assert got["r2"] == pytest.approx(reference.r2_score(y, prediction, **options), rel=1e-10, abs=1e-12)


@settings(deadline=None, max_examples=150)
@given(seed=seeds, n_rows=st.integers(1, 50), n_classes=st.integers(2, 4), weighted=st.booleans(), data=st.data())
def test_classification_metrics_are_scikit_learns(seed, n_rows, n_classes, weighted, data):
    """With ties, certain and wrong probabilities, and classes that no row has."""
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, data.draw(st.integers(1, n_classes)), n_rows)
    logits = rng.normal(size=(n_rows, n_classes)) * data.draw(st.sampled_from([0.0, 1.0, 10.0, 1000.0]))
    if data.draw(st.booleans()):
        logits = np.round(logits)
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    weight = weights(rng, n_rows, weighted)
    got = classification_metrics(codes, probabilities, weight)
    options = {"sample_weight": weight}
    right = reference.accuracy_score(codes, probabilities.argmax(axis=1), **options)
    assert got["accuracy"] == pytest.approx(right, rel=1e-12)
    loss = reference.log_loss(codes, probabilities, labels=np.arange(n_classes), **options)
    assert got["log_loss"] == pytest.approx(loss, rel=1e-12, abs=1e-15)
    assert ("roc_auc" in got) == (n_classes == 2)
    if n_classes == 2 and len(set(codes)) == 2:
        area = reference.roc_auc_score(codes, probabilities[:, 1], **options)
        assert got["roc_auc"] == pytest.approx(area, rel=1e-12, abs=1e-12)
    elif n_classes == 2:
        assert got["roc_auc"] is None


@settings(deadline=None, max_examples=60)
@given(seed=seeds, n_rows=st.integers(1, 30), n_labels=st.integers(2, 4), weighted=st.booleans())
def test_label_set_metrics_are_scikit_learns(seed, n_rows, n_labels, weighted):
    rng = np.random.default_rng(seed)
    labels = rng.integers(0, 2, (n_rows, n_labels))
    probabilities = rng.uniform(1e-6, 1 - 1e-6, (n_rows, n_labels))
    weight = weights(rng, n_rows, weighted)
    got = label_set_metrics(labels, probabilities, weight)
    exact = reference.accuracy_score(labels, (probabilities > 0.5).astype(int), sample_weight=weight)
    assert got["accuracy"] == pytest.approx(exact, rel=1e-12)
    losses = [
        reference.log_loss(labels[:, k], np.column_stack([1 - p, p]), labels=[0, 1], sample_weight=weight)
        for k, p in enumerate(probabilities.T)
    ]
    assert got["log_loss"] == pytest.approx(sum(losses), rel=1e-9)


def test_what_is_not_finite_is_none_without_a_warning():
    y = np.array([1e200, -1e200, 0.0])
    assert regression_metrics(y, -y) == {"rmse": None, "mae": pytest.approx(4e200 / 3), "r2": None}
    assert regression_metrics(y, np.array([np.inf, 0.0, 0.0])) == {"rmse": None, "mae": None, "r2": None}


def test_a_metric_of_ones_own_returns_a_number():
    assert [metric_value(number) for number in (2, np.float32(0.5), np.array(1.5), True)] == [2.0, 0.5, 1.5, 1.0]
    for returned in (None, "high", [1.0, 2.0]):
        with pytest.raises(ParameterError, match="eval_metric must return a number, got"):
            metric_value(returned)
