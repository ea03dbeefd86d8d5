"""Prediction's fast way past validation gives what the long way gives: the same numbers, warnings and errors."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import csr_matrix
from sklearn import config_context
from sklearn.datasets import load_iris
from sklearn.utils.validation import validate_data

from chainrule import MLPClassifier
from chainrule.estimators.perceptron.inputs import plain_rows


@pytest.fixture(scope="module")
def model():
    X, y = load_iris(return_X_y=True)
    return MLPClassifier((5,), max_iter=30, tol=1.0, random_state=0).fit(X, y)


@given(
    shape=st.sampled_from([(1, 4), (3, 4), (0, 4), (3, 5), (4,), (2, 2, 4)]),
    dtype=st.sampled_from(["f8", "f4", "f2", "i8", "?", "O", "c16", ">f8"]),
    order=st.sampled_from("CF"),
    spoilt=st.sampled_from([None, np.nan, np.inf]),
)
@settings(deadline=None, max_examples=80)
def test_what_goes_the_fast_way_would_come_out_of_the_long_way_as_it_is(model, shape, dtype, order, spoilt):
    X = np.full(shape, 2.5).astype(dtype).copy(order)
    if spoilt is not None and dtype in ("f8", "f4", "f2") and X.size:
        X.flat[0] = spoilt
    rows = plain_rows(model, X)
    plain = shape in [(1, 4), (3, 4)] and dtype in ("f8", "f4") and (spoilt is None)
    assert (rows is X) if plain else (rows is None)
    if plain:
        assert validate_data(model, X, accept_sparse=["csr", "csc"], reset=False) is X


@pytest.mark.parametrize(
    ("X", "message"),
    [
        (np.ones((2, 3)), "X has 3 features, but MLPClassifier is expecting 4 features as input"),
        (np.full((2, 4), np.nan), "Input X contains NaN"),
        (np.full((2, 4), np.inf), "Input X contains infinity or a value too large"),
        (np.ones(4), "Expected 2D array, got 1D array instead"),
        (np.ones((0, 4)), r"Found array with 0 sample\(s\)"),
    ],
)
def test_errors_are_scikit_learns(model, X, message):
    with pytest.raises(ValueError, match=message):
        model.predict_proba(X)


def test_lists_integers_sparse_and_plain_rows_predict_alike(model):
    X = np.array([[5, 3, 1, 0], [6, 3, 5, 2]])
    expected = model.predict_proba(X.astype(float))
    for rows in (X, X.tolist(), csr_matrix(X.astype(float)), np.asfortranarray(X.astype(float)), X.astype(np.float32)):
        np.testing.assert_allclose(model.predict_proba(rows), expected, rtol=1e-6)


def test_rows_are_not_changed(model):
    X = load_iris().data.copy()
    model.predict_proba(X)
    np.testing.assert_array_equal(X, load_iris().data)


def test_assume_finite_is_heard(model):
    with config_context(assume_finite=True):
        assert np.isnan(model.predict_proba(np.full((1, 4), np.nan))).all()


def test_other_classes_are_not_taken_for_rows(model):
    assert plain_rows(model, np.ma.masked_array(np.ones((1, 4)))) is None
    assert plain_rows(model, [[1.0] * 4]) is None
    assert plain_rows(MLPClassifier(), np.ones((1, 4))) is None
