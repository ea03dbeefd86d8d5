"""chainrule: neural networks for tables, trained by backpropagation that you can open.

>>> from sklearn.datasets import load_wine
>>> from chainrule import TableClassifier
>>> X, y = load_wine(return_X_y=True, as_frame=True)
>>> TableClassifier(random_state=0).fit(X, y).predict(X[:3]).tolist()
[0, 0, 0]
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from chainrule.estimators import (
        Checkpoint,
        MLPClassifier,
        MLPRegressor,
        TableClassifier,
        TableRegressor,
        diagnose,
        load,
    )
    from chainrule.network import Network, check_gradient, multilayer_perceptron
    from chainrule.version import __version__

__all__ = [
    "Checkpoint",
    "MLPClassifier",
    "MLPRegressor",
    "Network",
    "TableClassifier",
    "TableRegressor",
    "__version__",
    "check_gradient",
    "diagnose",
    "load",
    "multilayer_perceptron",
]

_HOMES = {
    "Checkpoint": "chainrule.estimators",
    "MLPClassifier": "chainrule.estimators",
    "MLPRegressor": "chainrule.estimators",
    "Network": "chainrule.network",
    "TableClassifier": "chainrule.estimators",
    "TableRegressor": "chainrule.estimators",
    "__version__": "chainrule.version",
    "check_gradient": "chainrule.network",
    "diagnose": "chainrule.estimators",
    "load": "chainrule.estimators",
    "multilayer_perceptron": "chainrule.network",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that ``import chainrule`` itself is quick."""
    if name not in _HOMES:
        raise AttributeError(f"module 'chainrule' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
