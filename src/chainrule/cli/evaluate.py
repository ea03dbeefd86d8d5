"""``chainrule evaluate``: a model's metrics on the labelled rows of a table."""

from time import perf_counter

from chainrule.cli.console import Teller, counted, metrics_table
from chainrule.cli.models import Model, open_model
from chainrule.cli.recorded import rows_with_target
from chainrule.cli.rows import LabelledRows

__all__ = ["evaluate", "score"]


def score(model: Model, table: str, rows: LabelledRows, teller: Teller | None = None) -> dict[str, float | None]:
    """Return the metrics of a model on rows of a table; ``teller`` is told of columns that are ignored.

    Raises
    ------
    TableError
        Naming table, column and row, if a value is not one that the model can take.
    """
    X = model.features(table, rows.X, rows.numbers, teller=teller)
    with model.naming_rows(table, rows.all_features):
        return model.metrics(X, rows.y, rows.weight)


def evaluate(model_path: str, table: str, *, weight: str | None, as_json: bool) -> None:
    """Tell a model's metrics on the rows of a table that have a target.

    Parameters
    ----------
    model_path, table : str
        Files.
    weight : str or None
        Column of row weights.
    as_json : bool
        Whether to print one JSON object.

    Raises
    ------
    ChainruleError
        If a file cannot be read, a column is missing, or the model does not know its target's name.
    """
    started, teller = perf_counter(), Teller(as_json=as_json)
    model = open_model(model_path)
    rows = rows_with_target(model, table, weight, teller)
    metrics = score(model, table, rows, teller)
    weighted = f", weighted by {weight}" if weight else ""
    title = f"{model.target!r} on {table} ({counted(rows.X.height, 'row')}{weighted})"
    teller.show(title, metrics_table(metrics))
    teller.finish(
        {
            "task": model.task,
            "target": model.target,
            "rows": rows.X.height,
            "rows_without_target": rows.n_dropped,
            "features": int(model.estimator.n_features_in_),
            "weight": weight,
            "epochs": int(model.estimator.n_iter_),
            "seconds": perf_counter() - started,
            "model": model_path,
            "metrics": metrics,
        }
    )
