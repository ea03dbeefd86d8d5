"""The rows of ``fit`` as what a network is trained on and judged by: split, and encoded on the training rows alone."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule import table
from chainrule.engine import Source
from chainrule.errors import ParameterError, TableError
from chainrule.estimators.recording import AtHand
from chainrule.estimators.rows import Rows
from chainrule.estimators.settings import FULL_BATCH_ROWS
from chainrule.estimators.split import validation_rows
from chainrule.training import LBFGS

if TYPE_CHECKING:
    from chainrule.estimators.base import TableEstimator

__all__ = ["Encoded", "encode", "encode_again"]

FLOAT64_ROWS = 1000  # fewer rows than this are trained in float64


class Encoded(NamedTuple):
    """Encoded rows to train on and to judge by, and the latter's target and weight as given.

    ``rows`` (n,) says which of the rows of ``fit`` are trained on.
    """

    training: Source
    validation: Source | None
    judged: Rows | None
    rows: NDArray[np.int64]


def encode(model: "TableEstimator", rows: Rows, given: Rows | None) -> Encoded:
    """Fit the model's encoders of target and table on the training rows, and encode all.

    Parameters
    ----------
    model : TableEstimator
        Gets ``target_`` and ``encoder_``.
    rows : Rows
        What ``fit`` was given; some are kept back for validation, unless there are ``given`` ones.
    given : Rows or None
        Validation rows of the user's.

    Raises
    ------
    TableError, ParameterError
        If there are too few rows, or they cannot be encoded.
    """
    caller = type(model).__name__
    training, kept = _split(model, rows, may_keep_back=given is None)
    model.target_ = model._fit_target(rows, training, kept)
    encoder_weight = rows.weight.copy()
    encoder_weight[kept] = 0.0
    model.encoder_ = table.TableEncoder(
        model.columns,
        max_categories=model.max_categories,
        n_bins=model.n_bins,
        dtype=_dtype(model, len(training) + len(kept)),
    ).fit(rows.X, encoder_weight, caller=caller)
    numbers = model.encoder_.transform(rows.X, caller=caller)

    def source(chosen: NDArray[np.int64]) -> Source:
        return _source(model, numbers[chosen], rows.y[chosen], rows.weight[chosen])

    if given is not None:
        judged = _source(model, model.encoder_.transform(given.X, caller=caller), given.y, given.weight)
        return Encoded(source(training), judged, given, training)
    if len(kept):
        judge = Rows(None, rows.y[kept], rows.weight[kept], rows.numbers[kept])
        return Encoded(source(training), source(kept), judge, training)
    return Encoded(source(training), None, None, training)


def encode_again(model: "TableEstimator", rows: Rows, *, may_keep_back: bool) -> AtHand:
    """Return the rows of a fitted model's training, encoded as they were.

    Parameters
    ----------
    model : TableEstimator
        Fitted; its encoders are used as they are.
    rows : Rows
        The table of ``fit``.
    may_keep_back : bool
        Whether ``fit`` was given no validation rows, so that it may have kept some of these back.
    """
    training, kept = _split(model, rows, may_keep_back=may_keep_back)
    model._fit_weights(rows, training)
    numbers = model._encode_features(rows.X)

    def source(chosen: NDArray[np.int64]) -> Source:
        return _source(model, numbers[chosen], rows.y[chosen], rows.weight[chosen])

    return AtHand(source(training), rows, training, source(kept) if len(kept) else None)


def _split(model: "TableEstimator", rows: Rows, *, may_keep_back: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the rows to train on and those kept back."""
    n_rows = len(rows.y)
    if n_rows < 2:
        raise TableError(f"Training needs at least two rows of non-zero weight, got n_samples = {n_rows}.")
    if not (may_keep_back and model.early_stopping) or n_rows < FULL_BATCH_ROWS:
        return np.arange(n_rows), np.empty(0, np.int64)
    kept = validation_rows(n_rows, model.validation_fraction, model.seed_, model._strata(rows.y))
    return np.delete(np.arange(n_rows), kept), kept


def _dtype(model: "TableEstimator", n_rows: int) -> Any:
    if model.dtype != "auto":
        return np.dtype(model.dtype)
    exact = n_rows < FLOAT64_ROWS or isinstance(model.solver, LBFGS) or model.solver == LBFGS.kind
    return np.dtype(np.float64 if exact else np.float32)


def _source(model: "TableEstimator", numbers: Any, y: NDArray[Any], weight: NDArray[np.float64]) -> Source:
    dtype = model.encoder_.dtype
    weight = model._training_weight(y, weight)
    if not weight.any():
        raise ParameterError(f"class_weight={model.class_weight!r} leaves no row with a weight above 0.")
    same = bool(np.all(weight == weight[0]))
    return Source(numbers, model._encode_target(y, dtype), None if same else weight.astype(dtype))
