"""Fitted networks of scikit-learn's as drop-ins, and back: the same weights, equal predictions."""

from copy import deepcopy
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from sklearn import neural_network
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import ParameterError
from chainrule.estimators.recording import Recording

if TYPE_CHECKING:
    from chainrule.estimators.perceptron.base import MultilayerPerceptron

__all__ = ["from_sklearn", "to_sklearn"]

Model = TypeVar("Model", bound="MultilayerPerceptron")

_ACTIVATIONS = ("identity", "logistic", "tanh", "relu")
_LOSSES = ("log_loss", "squared_error", "poisson")
_SOLVERS = {"lbfgs": "lbfgs", "sgd": "sgd", "momentum": "sgd", "nesterov": "sgd"}  # all others adapt: "adam"
_SHARED = (
    "n_features_in_",
    "feature_names_in_",
    "classes_",
    "_label_binarizer",
    "n_outputs_",
    "n_layers_",
    "out_activation_",
    "n_iter_",
    "t_",
    "loss_",
    "best_loss_",
    "loss_curve_",
    "validation_scores_",
    "best_validation_score_",
    "_no_improvement_count",
)


_NO_RECORD = "scikit-learn's networks keep no record of their training. Fit the model here, and every step opens."


def from_sklearn(cls: type[Model], model: Any) -> Model:
    """Return a drop-in with the parameters, weights and attributes of scikit-learn's model.

    Raises
    ------
    ParameterError
        If it is not scikit-learn's class of the same name.
    """
    theirs = getattr(neural_network, cls.__name__)
    if not isinstance(model, theirs):
        raise ParameterError(f"from_sklearn of {cls.__name__} takes scikit-learn's {cls.__name__}, got {model!r}.")
    check_is_fitted(model)
    ours = cls(**model.get_params(deep=False))
    _share(model, ours)
    if not hasattr(ours, "_no_improvement_count"):  # lbfgs counts nothing
        ours._no_improvement_count = 0
    sizes = [len(intercepts) for intercepts in model.intercepts_[:-1]]
    ours.network_ = ours._make_network(model.coefs_[0].shape[0], sizes)
    ours.weights_ = np.empty(ours.network_.layout.size, np.result_type(*model.coefs_))
    ours.coefs_, ours.intercepts_ = model.coefs_, model.intercepts_
    ours.history_, ours.stop_reason_, ours.target_name_ = [], "unknown", None
    ours._recording = Recording(None, absence=_NO_RECORD)
    return ours


def to_sklearn(model: "MultilayerPerceptron") -> Any:
    """Return scikit-learn's model with the parameters, weights and attributes of a drop-in.

    Raises
    ------
    ParameterError
        If scikit-learn could not predict the same.
    """
    theirs = getattr(neural_network, type(model).__name__)
    params = model.get_params(deep=False)
    names = theirs._get_param_names()
    kept = {name: params[name] for name in names} | {"activation": _one_activation(params["activation"])}
    kept["solver"] = _SOLVERS.get(params["solver"], "adam") if isinstance(params["solver"], str) else "adam"
    if params["loss"] not in _LOSSES:
        raise ParameterError(f"scikit-learn's {theirs.__name__} has no loss={params['loss']!r}; it has {_LOSSES}.")
    converted = theirs(**kept)
    _share(model, converted)
    converted.coefs_ = [W.copy() for W in model.coefs_]
    converted.intercepts_ = [bias.copy() for bias in model.intercepts_]
    return converted


def _one_activation(given: Any) -> str:
    """Return the one activation that all hidden layers have, if scikit-learn has it; else raise ParameterError."""
    functions = {given} if isinstance(given, str) else set(given) or {"relu"}
    if len(functions) != 1 or not functions <= set(_ACTIVATIONS):
        raise ParameterError(
            f"scikit-learn's networks have one activation for all hidden layers, one of {_ACTIVATIONS}; this model has "
            f"activation={given!r}."
        )
    return str(functions.pop())


def _share(source: Any, target: Any) -> None:
    for name in _SHARED:
        if name in vars(source):
            setattr(target, name, deepcopy(getattr(source, name)))
