"""What ``chainrule train`` tells: how the columns were typed, and how well it went."""

from typing import Any

from chainrule.cli.console import Teller, counted, metrics_table, text_table
from chainrule.cli.train_options import TrainOptions
from chainrule.estimators import TableClassifier, TableRegressor

__all__ = ["facts_of", "tell_columns", "tell_result"]


def tell_columns(teller: Teller, model: TableClassifier | TableRegressor) -> None:
    """Tell how the columns were typed: each of them, or in wide tables only those that were dropped.

    Where standard output is a program's, those that were dropped are noted on standard error.
    """
    columns = model.encoder_.summary()
    if teller.as_json:
        for column in columns:
            if not column.width:
                teller.note(f"column {column.name!r} {column.note}")
    used = [column for column in columns if column.width]
    shown = columns if len(columns) <= 40 else [column for column in columns if not column.width]
    title = f"{len(used)} of {len(columns)} columns become {sum(c.width for c in used)} inputs"
    rows = [(column.name, column.kind, column.width, column.note) for column in shown]
    teller.show(title, text_table(["column", "kind", "inputs", "note"], rows))


def facts_of(options: TrainOptions, model: TableClassifier | TableRegressor, *, n_rows: int) -> dict[str, Any]:
    """Return what a training has made, as plain values; ``n_rows`` were trained on, validation rows among them."""
    return {
        "task": "classification" if isinstance(model, TableClassifier) else "regression",
        "target": options.target,
        "rows": n_rows,
        "features": int(model.n_features_in_),
        "weight": options.weight,
        "columns": model.describe()["columns"],
        "epochs": int(model.n_iter_),
        "best_epoch": int(model.best_epoch_),
        "stop_reason": model.stop_reason_,
        "seconds": float(model.fit_seconds_),
        "seed": options.seed,
        "model": options.out,
        "figure": options.figure,
    }


def tell_result(teller: Teller, options: TrainOptions, facts: dict[str, Any]) -> None:
    """Tell the facts of a training, its metrics and what to type next."""
    how = f"({facts['stop_reason'].replace('_', ' ')}); the weights of epoch {facts['best_epoch']} are kept"
    teller.say(
        f"trained on {counted(facts['rows'], 'row')} for {counted(facts['epochs'], 'epoch')} "
        f"in {facts['seconds']:.1f} s {how}"
    )
    if facts["metrics"]:
        count = f" ({counted(facts['metrics_rows'], 'row')})" if facts["metrics_rows"] else ""
        weighted = f", weighted by {options.weight}" if options.weight else ""
        teller.show(f"on {facts['metrics_of']}{count}{weighted}", metrics_table(facts["metrics"]))
    else:
        teller.say("nothing to judge by: no rows were kept back, or no epoch was completed")
    teller.say(f"model: {facts['model']}")
    if facts["figure"]:
        teller.say(f"learning curve: {facts['figure']}")
    if facts["stop_reason"] == "interrupted" and options.checkpoint:
        teller.say("the same command goes on where this one stopped")
    teller.say(f"next: chainrule predict {facts['model']} TABLE --out predictions.csv")
