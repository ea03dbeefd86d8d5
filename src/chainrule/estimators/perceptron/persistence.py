"""The drop-in as a file, and back; see ``chainrule.estimators.persistence`` for what model files are."""

from os import PathLike
from typing import Any

import numpy as np
from sklearn import __version__ as sklearn_version
from sklearn.base import is_classifier
from sklearn.preprocessing import LabelBinarizer

from chainrule.errors import ModelFileError
from chainrule.estimators.parameters import AnyOf, Instance, Number, OneOf, Rule, check_parameters
from chainrule.estimators.perceptron.base import MultilayerPerceptron, hidden_sizes
from chainrule.estimators.perceptron.classifier import MLPClassifier
from chainrule.estimators.perceptron.optimizer_state import OptimizerState
from chainrule.estimators.perceptron.regressor import MLPRegressor
from chainrule.estimators.persistence import refuse_other_files
from chainrule.estimators.recording import Recording
from chainrule.estimators.stored_parameters import known_class, parameter_of, plain_parameter
from chainrule.network import CrossEntropy, LogLoss, Network
from chainrule.storage import write_container
from chainrule.table import ClassTarget
from chainrule.training.history import history_from_parts, history_to_parts
from chainrule.version import __version__

__all__ = ["rebuild", "save"]

ESTIMATORS: dict[str, type[MultilayerPerceptron]] = {cls.__name__: cls for cls in (MLPClassifier, MLPRegressor)}
CURVES = ("loss_curve_", "validation_scores_", "validation_curve_")
_COUNT = Number(0, integer=True)
_LOSS = AnyOf((Number(), OneOf((None,))))
_NAME = AnyOf((Instance((str,), "a name"), OneOf((None,))))
FITTED: dict[str, Rule] = {
    "n_iter_": _COUNT,
    "t_": _COUNT,
    "n_outputs_": Number(1, integer=True),
    "n_features_in_": Number(1, integer=True),
    "_no_improvement_count": _COUNT,
    "loss_": _LOSS,
    "stop_reason_": Instance((str,), "a word"),
}
BEST = ("best_loss_", "best_validation_score_")  # not with lbfgs


def save(model: Any, path: str | PathLike[str], *, include_record: bool = False) -> None:
    """Write a fitted drop-in to a file, atomically (see ``MultilayerPerceptron.save``).

    Raises
    ------
    ParameterError
        If the file cannot hold a parameter (an object of the user's own class) or the history (not numbers).
    OutputError
        If the file cannot be written, or is there and not one of chainrule's.
    """
    columns, history = history_to_parts(model.history_)
    optimizer, vectors = model._optimizer.to_parts() if hasattr(model, "_optimizer") else (None, {})
    recording, record = model._recording.to_parts(with_keyframes=include_record)
    names = [name for name in (*FITTED, *BEST) if name in vars(model)]
    curves = {name: getattr(model, name, None) for name in CURVES}
    header = {
        "estimator": type(model).__name__,
        "params": {name: plain_parameter(name, v, seed=None) for name, v in model.get_params(deep=False).items()},
        "fitted": {name: _finite(getattr(model, name)) for name in names},
        "names": getattr(model, "feature_names_in_", np.empty(0, object)).tolist(),
        "classes": _classes(model),
        "target_name": model.target_name_,
        "network": model.network_.to_config(),
        "optimizer": optimizer,
        "history": columns,
        "recording": recording,
        "empty": [name for name, curve in curves.items() if curve is None and hasattr(model, name)],
        "versions": {"chainrule": __version__, "numpy": np.__version__, "scikit-learn": sklearn_version},
    }
    refuse_other_files(path)
    arrays = {f"curve.{name}": np.array(curve, np.float64) for name, curve in curves.items() if curve is not None}
    write_container(path, header, {"weights": model.weights_, **vectors, **history, **arrays, **record}, kind="model")


def rebuild(header: dict[str, Any], arrays: dict[str, Any]) -> MultilayerPerceptron:
    """Return the drop-in that ``save`` took apart; every value is checked.

    Raises
    ------
    ModelFileError, ValueError, KeyError
        If the parts are not those of one.
    """
    cls = known_class(ESTIMATORS, header["estimator"], "estimator")
    model: MultilayerPerceptron = cls(**{name: parameter_of(name, v) for name, v in header["params"].items()})
    model._validate_params()
    fitted = dict(header["fitted"])
    check_parameters("the file", fitted, FITTED)
    check_parameters("the file", fitted, dict.fromkeys([name for name in BEST if name in fitted], _LOSS))
    for name in (*FITTED, *(name for name in BEST if name in fitted)):
        setattr(model, name, fitted[name])
    if isinstance(model, MLPClassifier):
        _set_classes(model, header["classes"])
    if header["names"]:
        model.feature_names_in_ = _checked_names(header["names"], model.n_features_in_)
    model.history_ = history_from_parts(header["history"], arrays)
    for name in CURVES:
        if f"curve.{name}" in arrays:
            setattr(model, name, arrays[f"curve.{name}"].tolist())
        elif name in header["empty"]:
            setattr(model, name, None)
    _set_network(model, header.get("network"), arrays["weights"])
    if header.get("optimizer") is not None:
        model._optimizer = OptimizerState.from_parts(header["optimizer"], arrays, model.weights_)
    model.target_name_ = header.get("target_name")  # files of 0.1 before records have none, and no recording
    check_parameters("the file", {"target_name": model.target_name_}, {"target_name": _NAME})
    model._recording = Recording.from_parts(header.get("recording"), arrays)
    return model


def _set_network(model: MultilayerPerceptron, config: Any, weights: Any) -> None:
    """Set the network fitted, which is that of the parameters no more if they were set since."""
    if config is None:  # a file of 0.1, before drop-ins kept it
        network = model._make_network(model.n_features_in_, hidden_sizes(model.hidden_layer_sizes))
    else:
        network = Network.from_config(config)
    if network.n_inputs != model.n_features_in_:
        raise ModelFileError("the network does not fit the columns")
    is_of_classes = isinstance(network.loss, LogLoss | CrossEntropy)
    if is_of_classes != is_classifier(model) or network.n_outputs != network.loss.n_logits(model.n_outputs_):
        raise ModelFileError("the network does not fit the target")
    if weights.shape != (network.layout.size,) or weights.dtype.char not in "fd" or not np.isfinite(weights).all():
        raise ModelFileError("the weights do not fit the network")
    model._keep_network(network)
    model.weights_ = weights.copy()


def _classes(model: MultilayerPerceptron) -> dict[str, Any] | None:
    """Return the classes as plain values; several labels are their number."""
    if not isinstance(model, MLPClassifier):
        return None
    if model._is_multilabel:
        return {"labels": len(model.classes_), "sparse": bool(model._label_binarizer.sparse_input_)}
    target = ClassTarget()
    target.classes_ = model.classes_
    return target.to_config()


def _set_classes(model: MLPClassifier, config: dict[str, Any]) -> None:
    if "labels" in config:
        if not Number(2, 2**24, integer=True).accepts(config["labels"]):
            raise ModelFileError("the number of labels is none")
        model._label_binarizer = LabelBinarizer().fit(np.eye(config["labels"], dtype=np.int64))
        model._label_binarizer.sparse_input_ = config["sparse"] is True
    else:
        model._label_binarizer = LabelBinarizer().fit(ClassTarget.from_config(config).classes_)
    model.classes_ = model._label_binarizer.classes_
    if model.n_outputs_ not in (1, len(model.classes_)):
        raise ModelFileError("the classes do not fit the outputs")


def _checked_names(names: Any, n_features: int) -> Any:
    if len(names) != n_features or not all(isinstance(name, str) for name in names):
        raise ModelFileError("the names of the columns do not fit their number")
    return np.array(names, dtype=object)


def _finite(value: Any) -> Any:
    """Return a plain number, None where it is not finite."""
    value = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(value, float) and not np.isfinite(value) else value
