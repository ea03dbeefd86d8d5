"""``chainrule train``: from a table to a model file."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from chainrule.cli.assignments import parse_kinds, parse_settings, with_labels
from chainrule.cli.console import Teller, counted
from chainrule.cli.evaluate import score
from chainrule.cli.holdout import hold_out
from chainrule.cli.models import TableModel
from chainrule.cli.rows import LabelledRows, check_names, labelled_rows, naming_rows
from chainrule.cli.targets import check_classes_known, check_numbers
from chainrule.cli.train_options import TrainOptions, check_options, default_out
from chainrule.cli.train_report import facts_of, tell_columns, tell_result
from chainrule.errors import ParameterError, TableError
from chainrule.estimators import TableClassifier, TableRegressor
from chainrule.glassbox import learning_curve, to_html
from chainrule.storage import atomic_write
from chainrule.table import TableEncoder, infer_task, read_table
from chainrule.training import Callback, Run

__all__ = ["train"]

Model = TableClassifier | TableRegressor


def train(options: TrainOptions) -> bool:
    """Train, save, and tell how well it went.

    Returns
    -------
    bool
        Whether Ctrl-C ended training; the best model so far is saved all the same.

    Raises
    ------
    ChainruleError
        If an option, the table or an output breaks a rule. All that can be checked is checked before training.
    """
    teller = Teller(as_json=options.as_json)
    options = replace(options, out=options.out or default_out(options.table))
    check_options(options)
    rows = _read_rows(options, options.table, teller)
    task = _choose_task(options, rows, teller)
    training, judged, judged_by = _judged_rows(options, rows, teller, stratify=task == "classification")
    if options.test is not None and judged is not None:
        _check_test_target(options.test, judged.all_y, rows.y, task)
    model = _make_model(options, task, rows.X.columns)
    if isinstance(model, TableClassifier) and isinstance(model.class_weight, dict):
        model.class_weight = with_labels(model.class_weight, rows.y.unique().to_list())
    if options.checkpoint is not None and Path(options.checkpoint).exists():
        teller.say(f"goes on from {options.checkpoint}")
    announce = _OnBegin(lambda: tell_columns(teller, model))
    with naming_rows(options.table, lambda: _encoder(model).fit(rows.all_features)):
        model.fit(
            training.X, training.y, sample_weight=training.weight, callbacks=[announce], checkpoint=options.checkpoint
        )
    model.save(options.out)
    if judged is None:
        metrics = model.validation_metrics_
    else:
        metrics = score(TableModel(model, str(options.out)), options.test or options.table, judged)
    if options.figure is not None:
        _write_figure(options.figure, f"{task} of {options.target}: learning curve", model)
    facts = facts_of(options, model, n_rows=training.X.height) | {
        "rows_without_target": rows.n_dropped,
        "metrics": metrics or {},
        "metrics_of": judged_by if metrics else None,
        "metrics_rows": judged.X.height if judged is not None else None,
    }
    tell_result(teller, options, facts)
    teller.finish(facts)
    return bool(model.stop_reason_ == "interrupted")


def _write_figure(path: str, title: str, model: Model) -> None:
    figure = learning_curve(model.history_, title=title, best_epoch=model.best_epoch_)
    atomic_write(path, to_html(figure).encode())


class _OnBegin(Callback):
    """Calls a function when training begins, which is when the columns are typed."""

    def __init__(self, function: Callable[[], None]) -> None:
        self.function = function

    def on_train_begin(self, run: Run) -> None:
        """Call it."""
        self.function()


def _read_rows(options: TrainOptions, path: str, teller: Teller, schema: dict[str, Any] | None = None) -> LabelledRows:
    """Return the labelled rows of a table without the ignored columns."""
    frame = read_table(path, schema=schema)
    if path == options.table:
        _check_ignored(path, frame.columns, options.ignore)
    for name in options.ignore:
        if name in (options.target, options.weight):
            raise ParameterError(f"--ignore {name} is the target or the weight; it is no feature anyway.")
    rows = labelled_rows(path, frame.drop(options.ignore, strict=False), target=options.target, weight=options.weight)
    if rows.n_dropped:
        teller.note(f"{path}: left out {counted(rows.n_dropped, 'row')} without a value of {options.target!r}")
    return rows


def _check_ignored(path: str, columns: list[str], ignored: list[str]) -> None:
    for name in ignored:
        if name not in columns and "," in name:
            raise TableError(f"{path}: has no column {name!r} (--ignore). For several columns, repeat --ignore.")
    check_names(path, columns, ignored, "--ignore")


def _choose_task(options: TrainOptions, rows: LabelledRows, teller: Teller) -> str:
    """Return the task, told with its reason, once the target suits it."""
    if options.task == "auto":
        task = infer_task(rows.y, override="--task {other}")
        teller.say(task.reason)
        kind: str = task.kind
    else:
        kind = options.task
        teller.say(f"{kind} of {options.target!r}, as you say")
    if kind == "classification":
        _check_classes(options, rows.y)
    return kind


def _check_classes(options: TrainOptions, y: pl.Series) -> None:
    column = f"{options.table}: column {options.target!r} (--target)"
    if y.n_unique() < 2:
        raise TableError(
            f"{column} has one class only, {y[0]!r}; a classifier needs at least two. Choose another target."
        )
    fractions = y.filter(y != y.round()) if y.dtype.is_float() else y.clear()
    if len(fractions):
        raise TableError(f"{column} holds {fractions[0]!r}, and a fraction is no class. Use --task regression.")


def _check_test_target(path: str, y: pl.Series, trained: pl.Series, task: str) -> None:
    """Check, before any training, that the model can be judged by this target."""
    if task == "classification":
        check_classes_known(path, y, trained.unique().sort().to_list(), role="--target")
    else:
        check_numbers(path, y, role="--target")


def _judged_rows(
    options: TrainOptions, rows: LabelledRows, teller: Teller, *, stratify: bool
) -> tuple[LabelledRows, LabelledRows | None, str]:
    """Return the rows to train on, those to judge by (None: the validation rows), and what to call the latter."""
    if options.test is not None:
        text = {name: pl.String for name, dtype in rows.X.schema.items() if dtype == pl.String}
        if rows.y.dtype == pl.String:
            text[options.target] = pl.String
        judged = _read_rows(options, options.test, teller, schema=text)
        check_names(options.test, judged.X.columns, rows.X.columns, "a column of the training table")
        extra = [name for name in judged.X.columns if name not in rows.X.columns]
        if extra:
            teller.note(f"{options.test}: columns the training table lacks are ignored: {', '.join(extra)}")
        return rows, replace(judged, X=judged.X.select(rows.X.columns)), options.test
    share = 0.2 if options.holdout is None else options.holdout
    if share == 0:
        return rows, None, "validation rows"
    if rows.X.height == 2:
        raise TableError(f"{options.table}: 2 rows, and training needs both: none can be held out. Use --holdout 0.")
    training, held_out = hold_out(rows, share, seed=options.seed, stratify=stratify, say=teller.note)
    return training, held_out, "held-out rows"


def _make_model(options: TrainOptions, task: str, names: list[str]) -> Model:
    kind = TableClassifier if task == "classification" else TableRegressor
    model = kind()
    settings = parse_settings(options.settings, model.get_params(), owner=kind.__name__)
    columns = parse_kinds(options.columns)
    check_names(options.table, names, list(columns), "--columns")
    model.set_params(
        **settings,
        columns=columns or None,
        random_state=options.seed,
        n_threads=options.threads,
        time_limit=options.time_limit,
        verbose=True,
    )
    return model


def _encoder(model: Model) -> TableEncoder:
    kinds: Any = model.columns  # checked by the encoder
    return TableEncoder(kinds, max_categories=model.max_categories)
