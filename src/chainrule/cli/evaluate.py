"""``chainrule evaluate``: a model's metrics on the labelled rows of a table."""

from time import perf_counter

from chainrule.cli.console import Teller, counted, metrics_table
from chainrule.cli.predict import Features, Model, select_features
from chainrule.cli.recorded import rows_with_target
from chainrule.cli.rows import LabelledRows, naming_rows
from chainrule.cli.targets import target_of
from chainrule.estimators import TableClassifier, load

__all__ = ["evaluate", "score"]


def score(model: Model, table: str, X: Features, rows: LabelledRows) -> dict[str, float | None]:
    """Return the metrics of a model on rows of a table.

    Raises
    ------
    TableError
        Naming table, column and row, if a value is not one that the model can take.
    """
    with naming_rows(table, lambda: model.encoder_.transform(rows.all_features, extra="ignore")):
        return dict(model.score_table(X, rows.y, rows.weight))


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
    model = load(model_path)
    target = target_of(model, model_path)
    rows = rows_with_target(model, model_path, table, weight, teller)
    metrics = score(model, table, select_features(model, table, rows.X, teller), rows)
    weighted = f", weighted by {weight}" if weight else ""
    title = f"{target!r} on {table} ({counted(rows.X.height, 'row')}{weighted})"
    teller.show(title, metrics_table(metrics))
    teller.finish(
        {
            "task": "classification" if isinstance(model, TableClassifier) else "regression",
            "target": target,
            "rows": rows.X.height,
            "rows_without_target": rows.n_dropped,
            "features": int(model.n_features_in_),
            "weight": weight,
            "epochs": int(model.n_iter_),
            "seconds": perf_counter() - started,
            "model": model_path,
            "metrics": metrics,
        }
    )
