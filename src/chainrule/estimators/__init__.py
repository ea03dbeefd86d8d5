"""The scikit-learn face: estimators that take raw tables."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.estimators.checkpoint import Checkpoint
    from chainrule.estimators.classifier import TableClassifier
    from chainrule.estimators.diagnosis import diagnose
    from chainrule.estimators.perceptron.classifier import MLPClassifier
    from chainrule.estimators.perceptron.regressor import MLPRegressor
    from chainrule.estimators.persistence import load
    from chainrule.estimators.regressor import TableRegressor

__all__ = [
    "Checkpoint",
    "MLPClassifier",
    "MLPRegressor",
    "TableClassifier",
    "TableRegressor",
    "diagnose",
    "load",
]

_HOMES = {
    "Checkpoint": "checkpoint",
    "MLPClassifier": "perceptron.classifier",
    "MLPRegressor": "perceptron.regressor",
    "TableClassifier": "classifier",
    "TableRegressor": "regressor",
    "diagnose": "diagnosis",
    "load": "persistence",
}


def __getattr__(name: str) -> Any:
    """Import a name when it is first asked for: model files need more than estimators do."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
