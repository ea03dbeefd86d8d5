"""``coefs_`` and ``intercepts_``: views of the flat vector, through which assignments write."""

import numpy as np
import pytest
from sklearn.datasets import load_iris

from chainrule import MLPClassifier
from chainrule.errors import ParameterError, ShapeError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.fixture
def model():
    return MLPClassifier((5, 6), max_iter=2, random_state=0).fit(*load_iris(return_X_y=True))


def test_they_have_the_shapes_of_scikit_learn_and_share_the_flat_vector(model):
    assert [W.shape for W in model.coefs_] == [(4, 5), (5, 6), (6, 3)]
    assert [bias.shape for bias in model.intercepts_] == [(5,), (6,), (3,)]
    assert all(np.shares_memory(array, model.weights_) for array in model.coefs_ + model.intercepts_)
    assert sum(array.size for array in model.coefs_ + model.intercepts_) == model.weights_.size


def test_assigning_an_element_a_slice_or_all_writes_through(model):
    model.coefs_[0] = np.full((4, 5), 2.0)
    model.coefs_[1:] = [np.full((5, 6), 3.0), np.full((6, 3), 4.0)]
    model.intercepts_ = [np.zeros(5), np.ones(6), np.full(3, -1.0)]
    model.intercepts_[-1] = [7, 8, 9]
    model.coefs_[0][0, 0] = -5.0
    flat = np.concatenate(
        [np.vstack([W, bias]).ravel() for W, bias in zip(model.coefs_, model.intercepts_, strict=True)]
    )
    np.testing.assert_array_equal(flat, model.weights_)
    assert model.weights_[0] == -5.0
    assert model.weights_[-3:].tolist() == [7.0, 8.0, 9.0]


@pytest.mark.parametrize(
    ("assign", "message"),
    [
        (lambda m: m.coefs_.__setitem__(0, np.zeros((5, 4))), r"coefs_\[0\] must have shape \(4, 5\), got \(5, 4\)"),
        (lambda m: setattr(m, "coefs_", [np.zeros((4, 5))]), "coefs_ has 3 arrays here, one for each layer. Got 1"),
        (
            lambda m: setattr(m, "intercepts_", [np.ones(5), np.ones(6), np.ones(2)]),
            r"intercepts_\[2\] must have shape \(3,\), got \(2,\). For layers of other sizes, set hidden_layer_sizes",
        ),
    ],
)
def test_what_does_not_fit_is_refused_and_nothing_written(model, assign, message):
    before = model.weights_.copy()
    with pytest.raises(ShapeError, match=message):
        assign(model)
    np.testing.assert_array_equal(model.weights_, before)


def test_there_are_none_before_fit():
    model = MLPClassifier()
    assert not hasattr(model, "coefs_")
    with pytest.raises(AttributeError, match="This MLPClassifier has no weights yet; call fit first"):
        model.intercepts_ = []


def test_a_warm_start_goes_on_from_assigned_weights():
    X, y = load_iris(return_X_y=True)
    model = MLPClassifier((5,), max_iter=1, warm_start=True, learning_rate_init=1e-300, solver="sgd", random_state=0)
    model.fit(X, y)
    model.coefs_[0] = np.full((4, 5), 0.25)
    model.fit(X, y)
    np.testing.assert_array_equal(model.coefs_[0], 0.25)


def test_a_warm_start_with_other_layers_is_refused(model):
    before = model.weights_.copy()
    model.set_params(warm_start=True, hidden_layer_sizes=(9,))
    with pytest.raises(ParameterError, match=r"goes on from layers of \[4, 5, 6, 3\].*now they would be \[4, 9, 3\]"):
        model.fit(*load_iris(return_X_y=True))
    np.testing.assert_array_equal(model.weights_, before)
    assert model.predict(load_iris().data).shape == (150,)
