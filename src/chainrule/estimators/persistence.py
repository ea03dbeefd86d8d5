"""Models as files: an estimator taken apart into plain values and arrays, and put together again.

The file holds the parameters, the encoders of table and target, the network, its weights and the history. It holds no
training rows and no code; everything read is checked before it is used.
"""

from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np
from sklearn import __version__ as sklearn_version

from chainrule.errors import ChainruleError, ModelFileError, OutputError
from chainrule.estimators.base import TableEstimator
from chainrule.estimators.classifier import TableClassifier, classes_of
from chainrule.estimators.parameters import AnyOf, Instance, Number, OneOf, Rule, check_parameters
from chainrule.estimators.recording import Recording
from chainrule.estimators.regressor import TableRegressor
from chainrule.estimators.stored_parameters import known_class, parameter_of, plain_parameter
from chainrule.network import Network
from chainrule.storage import is_container, read_container, write_container
from chainrule.table import ClassTarget, LabelSetTarget, NumberTarget, TableEncoder
from chainrule.training.history import history_from_parts, history_to_parts
from chainrule.version import __version__

__all__ = ["load", "refuse_other_files", "save"]

ESTIMATORS: dict[str, type[TableEstimator]] = {cls.__name__: cls for cls in (TableClassifier, TableRegressor)}
PERCEPTRONS = ("MLPClassifier", "MLPRegressor")
TARGETS: dict[str, Any] = {cls.__name__: cls for cls in (NumberTarget, ClassTarget, LabelSetTarget)}
_NONE = OneOf((None,))
FITTED: dict[str, Rule] = {
    "n_iter_": Number(1, integer=True),
    "best_epoch_": Number(1, integer=True),
    "stop_reason_": Instance((str,), "a word"),
    "validation_metrics_": AnyOf((Instance((dict,), "metrics by name"), _NONE)),
    "history_": Instance((list,), "a list of rows"),
    "seed_": Number(0, integer=True),
    "fit_seconds_": Number(0),
    "target_name_": AnyOf((Instance((str,), "a name"), _NONE)),
}
HISTORY_COLUMNS = ("epoch", "step", "train_error", "validation_error", "learning_rate", "gradient_norm", "seconds")


def save(model: TableEstimator, path: str | PathLike[str], *, include_record: bool = False) -> None:
    """Write a fitted estimator to a file, atomically (see ``TableEstimator.save``).

    Raises
    ------
    ParameterError
        If the file cannot hold a parameter (an object of the user's own class) or the history (not numbers).
    OutputError
        If the file cannot be written, or is there and not one of chainrule's.
    """
    columns, history = history_to_parts(model.history_)
    recording, keyframes = model._recording.to_parts(with_keyframes=include_record)
    header = {
        "estimator": type(model).__name__,
        "params": {
            name: plain_parameter(name, value, seed=model.seed_) for name, value in model.get_params(deep=False).items()
        },
        "encoder": model.encoder_.to_config(),
        "target": {"kind": type(model.target_).__name__, **model.target_.to_config()},
        "network": model.network_.to_config(),
        "recording": recording,
        "fitted": {name: getattr(model, name) for name in FITTED} | {"history_": columns},
        "versions": {"chainrule": __version__, "numpy": np.__version__, "scikit-learn": sklearn_version},
    }
    refuse_other_files(path)
    write_container(path, header, {"weights": model.weights_, **history, **keyframes}, kind="model")


def refuse_other_files(path: str | PathLike[str]) -> None:
    """Raise OutputError if there is a file that is not one of chainrule's: it is not ours to overwrite."""
    target = Path(path)
    if target.is_file() and target.stat().st_size and not is_container(target):
        raise OutputError(f"'{target}' exists and is no chainrule file; name another file, or delete it first.")


def load(path: str | PathLike[str]) -> Any:
    """Return the estimator in a model file; it predicts the same bits as the one that was saved.

    Three kinds of parameters are not kept in files: a function given as ``eval_metric`` comes back as "error", a
    ``RandomState`` as the seed it gave, a folder given as ``record`` as "auto".

    Parameters
    ----------
    path : str or path

    Returns
    -------
    TableClassifier, TableRegressor, MLPClassifier or MLPRegressor

    Raises
    ------
    ModelFileError (ValueError)
        If the file is not there, damaged, not a model of chainrule, or of a newer format.
    """
    header, arrays = read_container(path, kind="model")
    try:
        return _rebuild(header, arrays)
    except (ChainruleError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        reason = f"missing {error}" if isinstance(error, KeyError) else str(error)
        raise ModelFileError(
            f"cannot read '{path}' as a chainrule model: its description is wrong ({reason})."
        ) from error


def _rebuild(header: dict[str, Any], arrays: dict[str, Any]) -> Any:
    if header["estimator"] in PERCEPTRONS:
        from chainrule.estimators.perceptron.persistence import rebuild

        return rebuild(header, arrays)
    cls = known_class(ESTIMATORS, header["estimator"], "estimator")
    params = {name: parameter_of(name, value) for name, value in header["params"].items()}
    model: TableEstimator = cls(**params)
    check_parameters(cls.__name__, model.get_params(deep=False), cls._rules)
    target = dict(header["target"])
    model.target_ = known_class(TARGETS, target.pop("kind"), "target").from_config(target)
    model.encoder_ = TableEncoder.from_config(header["encoder"])
    model.n_features_in_ = model.encoder_.n_features_in_
    if hasattr(model.encoder_, "feature_names_in_"):
        model.feature_names_in_ = model.encoder_.feature_names_in_
    if isinstance(model, TableClassifier):
        model.classes_ = classes_of(model.target_)
    model.network_ = _checked_network(header["network"], model)
    model.weights_ = _checked_weights(arrays, model)
    for name, value in _checked_attributes(header["fitted"], arrays).items():
        setattr(model, name, value)
    model._recording = Recording.from_parts(header.get("recording"), arrays)  # files of 0.1 before records have none
    return model


def _checked_network(config: dict[str, Any], model: TableEstimator) -> Network:
    network, loss = Network.from_config(config), model._make_loss()
    if network.n_inputs != len(model.encoder_.encoded_names_):
        raise ModelFileError("the network does not fit the columns")
    if network.loss != loss or network.n_outputs != loss.n_logits(model._n_outputs()):
        raise ModelFileError("the network does not fit the target")
    return network


def _checked_weights(arrays: dict[str, Any], model: TableEstimator) -> Any:
    weights, size = arrays["weights"], model.network_.layout.size
    if weights.shape != (size,) or weights.dtype != model.encoder_.dtype or not np.isfinite(weights).all():
        raise ModelFileError("the weights do not fit the network")
    return weights.copy()


def _checked_attributes(fitted: dict[str, Any], arrays: dict[str, Any]) -> dict[str, Any]:
    fitted = fitted | {"history_": history_from_parts(fitted["history_"], arrays)}
    check_parameters("the file", fitted, FITTED)
    history, epochs = fitted["history_"], fitted["n_iter_"]
    rows_are_plain = all(isinstance(row, dict) and set(HISTORY_COLUMNS) <= set(row) for row in history)
    if not rows_are_plain or len(history) != epochs or fitted["best_epoch_"] > epochs:
        raise ModelFileError("the history does not fit the number of epochs")
    return {name: fitted[name] for name in FITTED}
