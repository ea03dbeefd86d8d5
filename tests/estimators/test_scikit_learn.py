"""The estimators keep scikit-learn's contract: every check, none expected to fail."""

import pytest
from sklearn.utils.estimator_checks import parametrize_with_checks

from chainrule import TableClassifier, TableRegressor

SMALL = {"hidden_layer_sizes": (32,), "random_state": 0}


@parametrize_with_checks([TableClassifier(**SMALL), TableRegressor(**SMALL)])
def test_scikit_learn_checks(estimator, check):
    check(estimator)


@pytest.mark.slow
@parametrize_with_checks([TableClassifier(random_state=0), TableRegressor(random_state=0)])
def test_scikit_learn_checks_with_the_default_network(estimator, check):
    check(estimator)
