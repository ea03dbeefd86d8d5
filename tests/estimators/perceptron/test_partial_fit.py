"""``partial_fit``: what it offers and refuses, and that its calls make one training.

That its numbers are scikit-learn's is in ``test_parity``.
"""

import numpy as np
import pytest
from sklearn.neural_network import MLPClassifier as TheirClassifier
from sklearn.neural_network import MLPRegressor as TheirRegressor

from chainrule import MLPClassifier, MLPRegressor
from chainrule.network import Dropout

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
QUICK = {"hidden_layer_sizes": (8,), "max_iter": 5, "random_state": 0, "batch_size": 16}


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"schedule": "cosine"}, "schedule='cosine' has no effect in partial_fit, which does not know how long"),
        ({"restore_best": True}, "restore_best=True has no effect in partial_fit, which has no validation rows"),
        ({"early_stopping": True}, "partial_fit does not support early_stopping=True"),
    ],
)
def test_partial_fit_refuses_what_it_cannot_do(number, params, message):
    with pytest.raises(ValueError, match=message):
        MLPRegressor(**QUICK, **params).partial_fit(*number)


@pytest.mark.parametrize(("ours", "theirs"), [(MLPClassifier, TheirClassifier), (MLPRegressor, TheirRegressor)])
def test_it_is_there_where_scikit_learn_has_it(ours, theirs):
    for solver in ("adam", "sgd", "lbfgs"):
        assert hasattr(ours(solver=solver), "partial_fit") == hasattr(theirs(solver=solver), "partial_fit")
    with pytest.raises(AttributeError, match="has no attribute 'partial_fit'"):
        _ = MLPClassifier(solver="lbfgs").partial_fit


@pytest.mark.parametrize("early", [False, True])
def test_the_regressors_lbfgs_fits_anew_from_the_weights_there_are(problem, pair, fit_quietly, early):
    X, y, weight = problem("numbers")
    theirs, ours = pair("numbers", **QUICK, solver="lbfgs", early_stopping=early)
    for n_rows in (64, 40):
        for model in (theirs, ours):
            fit_quietly(model.partial_fit, X[:n_rows], y[:n_rows], weight[:n_rows])
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    assert ours.loss_ == pytest.approx(theirs.loss_, rel=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", ["partial_fit", "fit"])
def test_what_goes_on_drops_other_units(number, method):
    """With a rate of nothing, what a step drops shows in its error alone."""
    X, y = (rows[:16] for rows in number)
    params = QUICK | {"max_iter": 1, "solver": "sgd", "learning_rate_init": 1e-300, "shuffle": False}
    model = MLPRegressor(**params, dropout=0.5, warm_start=True)
    losses = [getattr(model, method)(X, y).loss_ for _ in range(4)]
    assert any(isinstance(layer, Dropout) for layer in model.network_.layers)
    assert len(set(losses)) == 4
    again = MLPRegressor(**params, dropout=0.5, warm_start=True)
    assert [getattr(again, method)(X, y).loss_ for _ in range(4)] == losses
