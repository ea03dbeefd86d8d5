"""``chainrule predict``: a table of predictions, piece by piece."""

from time import perf_counter
from typing import Any

import numpy as np
import polars as pl
from scipy.sparse import issparse

from chainrule.cli.console import Teller
from chainrule.cli.models import Features, Model, open_model
from chainrule.cli.outputs import check_outputs
from chainrule.errors import ParameterError
from chainrule.storage import PredictionWriter
from chainrule.table import scan_batches

__all__ = ["predict"]


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
    model = open_model(model_path)
    if proba and model.classes is None:
        raise ParameterError(f"--proba needs a classifier; {model_path} predicts numbers. Leave --proba out.")
    teller, started, rows = Teller(as_json=as_json), perf_counter(), 0
    with writer:
        for batch in scan_batches(table, schema=model.reading_schema()):
            numbers = np.arange(rows, rows + batch.height)
            X = model.features(table, batch, numbers, teller=teller if rows == 0 else None)
            with model.naming_rows(table, X, first_row=rows):
                predictions = _predictions(model, X, proba=proba)
            writer.write(predictions)
            rows += batch.height
    if out not in (None, "-"):
        teller.say(f"{rows:,} predictions: {out}")
    teller.finish({"rows": rows, "seconds": perf_counter() - started, "model": model_path, "predictions": out})


def _predictions(model: Model, X: Features, *, proba: bool) -> pl.DataFrame:
    """Return a column ``prediction``, or ``prediction_0``, … where the model has several outputs, and probabilities."""
    columns = _columns("prediction", model.estimator.predict(X))
    if proba and model.classes is not None:
        for name, column in zip(model.classes, np.asarray(model.estimator.predict_proba(X)).T, strict=True):
            columns[f"probability_{name}"] = column
    return pl.DataFrame(columns)


def _columns(name: str, values: Any) -> dict[str, Any]:
    if issparse(values):  # several labels, as a drop-in was given them
        values = values.toarray()  # type: ignore[attr-defined]
    if values.ndim == 1:
        return {name: values}
    return {f"{name}_{k}": values[:, k] for k in range(values.shape[1])}
