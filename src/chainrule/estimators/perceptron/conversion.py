"""Fitted networks of scikit-learn's as drop-ins, and back: the same weights, equal predictions."""

from copy import deepcopy
from typing import Any, TypeVar

import numpy as np
from sklearn import neural_network
from sklearn.utils.validation import check_is_fitted

from chainrule.errors import ParameterError
from chainrule.estimators.perceptron.optimizer_conversion import optimizer_from_sklearn, optimizer_to_sklearn
from chainrule.estimators.recording import Recording
from chainrule.network import Activation, CrossEntropy, LogLoss, Loss, Network, Poisson, Quantile

__all__ = ["from_sklearn", "to_sklearn"]

Model = TypeVar("Model")

_ACTIVATIONS = ("identity", "logistic", "tanh", "relu")
_LOSSES: dict[Any, str] = {  # by what makes predictions of logits: training alone asks for more
    Loss.predict: "squared_error",
    Poisson.predict: "poisson",
    LogLoss.predict: "log_loss",
    CrossEntropy.predict: "log_loss",
}
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
    """Return a drop-in with the parameters, weights, optimizer and attributes of scikit-learn's model.

    Raises
    ------
    ParameterError
        If it is not scikit-learn's class of the same name.
    """
    theirs = getattr(neural_network, cls.__name__)
    if not isinstance(model, theirs):
        raise ParameterError(f"from_sklearn of {cls.__name__} takes scikit-learn's {cls.__name__}, got {model!r}.")
    check_is_fitted(model)
    ours: Any = cls(**model.get_params(deep=False))
    _share(model, ours)
    if not hasattr(ours, "_no_improvement_count"):  # lbfgs counts nothing
        ours._no_improvement_count = 0
    sizes = [len(intercepts) for intercepts in model.intercepts_[:-1]]
    ours._keep_network(ours._make_network(model.coefs_[0].shape[0], sizes))
    ours.weights_ = np.empty(ours.network_.layout.size, np.result_type(*model.coefs_))
    ours.coefs_, ours.intercepts_ = model.coefs_, model.intercepts_
    if hasattr(model, "_optimizer"):
        ours._optimizer = optimizer_from_sklearn(model._optimizer, ours.network_, ours.weights_.dtype)
    ours.history_, ours.stop_reason_, ours.target_name_ = [], "unknown", None
    ours._recording = Recording(None, absence=_NO_RECORD)
    converted: Model = ours
    return converted


def to_sklearn(model: Any) -> Any:
    """Return scikit-learn's model with the parameters, weights, optimizer and attributes of a drop-in.

    Raises
    ------
    ParameterError
        If scikit-learn could not predict the same.
    """
    theirs = getattr(neural_network, type(model).__name__)
    params = model.get_params(deep=False)
    kept = {name: params[name] for name in theirs._get_param_names()}
    kept["activation"] = _one_activation(model.network_, params["activation"])
    loss = _loss_of_predictions(model.network_)
    if "loss" in kept:  # a parameter of the regressor alone
        kept["loss"] = loss
    kept["hidden_layer_sizes"] = tuple(len(bias) for bias in model.intercepts_[:-1])
    kept["solver"] = _SOLVERS.get(params["solver"], "adam") if isinstance(params["solver"], str) else "adam"
    converted = theirs(**kept)
    _share(model, converted)
    converted.coefs_ = converted._best_coefs = [W.copy() for W in model.coefs_]  # one list there, too, after a fit
    converted.intercepts_ = converted._best_intercepts = [bias.copy() for bias in model.intercepts_]
    if hasattr(model, "_optimizer"):
        optimizer = optimizer_to_sklearn(model._optimizer, model.network_, kept)
        if optimizer is not None:
            converted._optimizer = optimizer
    return converted


def _one_activation(network: Network, given: Any) -> str:
    """Return the one activation that all hidden layers have, if scikit-learn has it; else raise ParameterError.

    Without hidden layers it is the one given, which predictions do not depend on.
    """
    functions = {layer.function for layer in network.layers if isinstance(layer, Activation)}
    if not functions:
        return given if isinstance(given, str) and given in _ACTIVATIONS else "relu"
    if len(functions) != 1 or not functions <= set(_ACTIVATIONS):
        raise ParameterError(
            f"scikit-learn's networks have one activation for all hidden layers, one of {_ACTIVATIONS}; this model has "
            f"{sorted(functions)}."
        )
    return functions.pop()


def _loss_of_predictions(network: Network) -> str:
    """Return the loss with which scikit-learn makes the same predictions; ParameterError if there is none."""
    loss = network.loss
    name = _LOSSES.get(type(loss).predict)
    if name is None or isinstance(loss, Quantile) or (isinstance(loss, CrossEntropy) and network.n_outputs == 2):
        raise ParameterError(
            f"scikit-learn's networks cannot predict what this model does: it has loss={loss!r} and "
            f"{network.n_outputs} outputs. Keep it with save, or pickle."
        )
    return name


def _share(source: Any, target: Any) -> None:
    for name in _SHARED:
        if name in vars(source):
            setattr(target, name, deepcopy(getattr(source, name)))
