"""Where the drop-in differs from scikit-learn on purpose, as its docstring says: both are asked."""

import numpy as np
import pytest

from chainrule.errors import DivergedError, ParameterError

pytestmark = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::RuntimeWarning:sklearn"
)
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "batch_size": 16}


def test_a_batch_without_weight_is_passed_over(problem, pair):
    X, y, weight = problem("number")
    plain = QUICK | {"solver": "sgd", "shuffle": False}  # Adam counts the step
    theirs, ours = pair("number", **plain)
    weight[16:32] = 0.0
    with pytest.raises(ZeroDivisionError):
        theirs.fit(X, y, weight)
    others = np.r_[0:16, 32:64]
    _, without = pair("number", **plain)
    np.testing.assert_array_equal(
        ours.fit(X, y, weight).weights_, without.fit(X[others], y[others], weight[others]).weights_
    )


def test_negative_counts_are_an_error(problem, pair):
    X, y, _ = problem("number")
    theirs, ours = pair("counts", **QUICK)
    theirs.fit(X, y)
    with pytest.raises(ParameterError, match="poisson: every value of the target y must be at least 0"):
        ours.fit(X, y)


def test_the_poisson_loss_stays_a_number_where_predictions_underflow(problem, pair):
    X, y, _ = problem("counts")
    theirs, ours = pair("counts", **QUICK | {"batch_size": 64, "hidden_layer_sizes": (), "alpha": 0.0})
    for model in (theirs, ours):
        model.partial_fit(X, y)
        model.coefs_[0][:] = 0.0
        model.intercepts_[0][:] = -800.0
        model.partial_fit(X, y)
    assert not np.isfinite(theirs.loss_)
    logs = np.log(np.where(y > 0, y, 1.0))
    assert ours.loss_ == pytest.approx(np.mean(800 * y + y * logs - y), rel=1e-12)


def test_a_training_that_diverges_before_it_has_a_score_is_an_error(problem, pair):
    X, y, _ = problem("number")
    wild = {"solver": "sgd", "learning_rate_init": 1e9, "activation": "identity", "early_stopping": True}
    theirs, ours = pair("number", **QUICK | wild)
    with np.errstate(all="ignore"):
        theirs.fit(X, y)  # ends with its first weights
    assert np.isnan(theirs.validation_scores_).all()
    with pytest.raises(DivergedError, match="Solver produced non-finite parameter weights"):
        ours.fit(X, y)


def test_what_is_set_after_fit_is_for_the_next_one(problem, pair):
    X, y, _ = problem("number")
    theirs, ours = pair("number", **QUICK)
    before = [model.fit(X, y).predict(X) for model in (theirs, ours)]
    after = [model.set_params(activation="tanh").predict(X) for model in (theirs, ours)]
    assert (after[0] != before[0]).all()
    np.testing.assert_array_equal(after[1], before[1])
