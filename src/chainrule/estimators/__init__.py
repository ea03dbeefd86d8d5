"""The scikit-learn face: estimators that take raw tables."""

from chainrule.estimators.checkpoint import Checkpoint
from chainrule.estimators.classifier import TableClassifier
from chainrule.estimators.persistence import load
from chainrule.estimators.regressor import TableRegressor

__all__ = ["Checkpoint", "TableClassifier", "TableRegressor", "load"]
