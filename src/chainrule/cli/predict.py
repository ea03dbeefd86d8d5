"""``chainrule predict``: a table of predictions, piece by piece."""

from functools import partial
from time import perf_counter
from typing import Any

import numpy as np
import numpy.typing as npt
import polars as pl

from chainrule.cli.console import Teller
from chainrule.cli.outputs import check_outputs
from chainrule.cli.rows import naming_rows
from chainrule.errors import ParameterError, TableError, nearest
from chainrule.estimators import TableClassifier, TableRegressor, load
from chainrule.storage import PredictionWriter
from chainrule.table import scan_batches

__all__ = ["Features", "Model", "predict", "select_features"]

Model = TableClassifier | TableRegressor
Features = pl.DataFrame | npt.NDArray[Any]


def predict(model_path: str, table: str, *, out: str | None, proba: bool, as_json: bool) -> None:
    """Predict every row of a table. Memory does not grow with the table (standard input and Excel excepted).

    Parameters
    ----------
    model_path, table : str
        Files.
    out : str or None
        ``*.csv`` or ``*.parquet``; None or ``"-"`` is standard output.
    proba : bool
        Whether to write a column ``probability_<class>`` for each class.
    as_json : bool
        Whether standard output gets one JSON object (the predictions then need a file).

    Raises
    ------
    ChainruleError
        If a file cannot be read or written, or the table lacks a column or holds what the model cannot take.
    """
    if as_json and out in (None, "-"):
        raise ParameterError("--json needs --out FILE: standard output holds one JSON object, not the predictions.")
    writer = PredictionWriter(out)
    check_outputs({"--out": out}, inputs={"MODEL": model_path, "TABLE": table})
    model = load(model_path)
    if proba and not isinstance(model, TableClassifier):
        raise ParameterError(f"--proba needs a classifier; {model_path} predicts numbers. Leave --proba out.")
    teller, started, rows = Teller(as_json=as_json), perf_counter(), 0
    with writer:
        for batch in scan_batches(table, schema=model.encoder_.reading_schema()):
            X = select_features(model, table, batch, teller if rows == 0 else None)
            with naming_rows(table, partial(model.encoder_.transform, X, first_row=rows)):
                predictions = _predictions(model, X, proba=proba)
            writer.write(predictions)
            rows += batch.height
    if out not in (None, "-"):
        teller.say(f"{rows:,} predictions: {out}")
    teller.finish({"rows": rows, "seconds": perf_counter() - started, "model": model_path, "predictions": out})


def select_features(model: Model, table: str, frame: pl.DataFrame, teller: Teller | None) -> Features:
    """Return the columns that the model was trained on, in its order; others are ignored, and said so.

    Parameters
    ----------
    model : fitted estimator
    table : str
        The table's file, for messages.
    frame : polars.DataFrame
    teller : Teller or None
        Is told of ignored columns, other than the target.

    Raises
    ------
    TableError
        If a column is missing.
    """
    names = getattr(model, "feature_names_in_", None)
    if names is None:
        return _by_place(model, table, frame)
    missing, extra = model.encoder_.check_columns(frame)
    if missing:
        others = f" (nor {len(missing) - 1} more: {', '.join(missing[1:6])})" if len(missing) > 1 else ""
        raise TableError(
            f"{table}: has no column {missing[0]!r}{others}, which the model was trained on."
            f"{nearest(missing[0], extra)} chainrule inspect lists the model's columns."
        )
    ignored = [name for name in extra if name != model.target_name_]
    if ignored and teller is not None:
        shown = ", ".join(ignored[:10]) + (", …" if len(ignored) > 10 else "")
        teller.note(f"{table}: columns the model does not know are ignored: {shown}")
    # Columns that training dropped may be absent; scikit-learn counts them all the same.
    absent = [pl.lit(None).alias(name) for name in names if name not in frame.columns]
    return frame.with_columns(absent).select(list(names))


def _by_place(model: Model, table: str, frame: pl.DataFrame) -> Features:
    """Return the features for a model that was trained on an array, whose columns have no names."""
    features = frame.drop(model.target_name_ or (), strict=False)
    if features.width != model.n_features_in_:
        raise TableError(
            f"{table}: has {features.width} columns of features, but the model was trained on an array of "
            f"{model.n_features_in_}. Give it the same columns in the same order."
        )
    return features.to_numpy()


def _predictions(model: Model, X: Features, *, proba: bool) -> pl.DataFrame:
    """Return a column ``prediction``, or ``prediction_0``, … where the model has several outputs, and probabilities."""
    columns = _columns("prediction", model.predict(X))
    if proba and isinstance(model, TableClassifier):
        for name, column in zip(model.classes_, np.asarray(model.predict_proba(X)).T, strict=True):
            columns[f"probability_{name}"] = column
    return pl.DataFrame(columns)


def _columns(name: str, values: Any) -> dict[str, Any]:
    if values.ndim == 1:
        return {name: values}
    return {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
