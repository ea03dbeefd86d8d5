"""The drop-in for scikit-learn's networks: ``MLPClassifier`` and ``MLPRegressor``, the same numbers in less time."""

from chainrule.estimators.perceptron.classifier import MLPClassifier
from chainrule.estimators.perceptron.regressor import MLPRegressor

__all__ = ["MLPClassifier", "MLPRegressor"]
