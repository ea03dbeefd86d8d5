"""The training of a saved model, opened again with the table it was trained on."""

from collections.abc import Callable
from typing import TypeVar

import polars as pl

from chainrule.cli.console import Teller, counted
from chainrule.cli.holdout import hold_out
from chainrule.cli.predict import Features, Model, select_features
from chainrule.cli.rows import LabelledRows, labelled_rows, naming_rows
from chainrule.cli.targets import check_classes_known, check_numbers, target_of
from chainrule.errors import ParameterError, ReplayError, TableError
from chainrule.estimators import TableClassifier, load
from chainrule.table import read_table

__all__ = ["on_training_rows", "rows_with_target"]

Result = TypeVar("Result")

USUAL_SHARE = 0.2  # that train holds out unless told otherwise


def rows_with_target(
    model: Model, model_path: str, table: str, weight: str | None, teller: Teller, *, weight_option: str = "--weight"
) -> LabelledRows:
    """Return the rows of a table that have the target of a model, its values checked.

    Parameters
    ----------
    model : fitted estimator
    model_path, table : str
        Files.
    weight : str or None
        Column of row weights.
    teller : Teller
        Is told of rows that are left out.
    weight_option : str
        The option that names the weight, for messages.

    Raises
    ------
    ChainruleError
        If the table cannot be read, lacks the target or the weight, or holds a target that the model cannot have.
    """
    target, role = target_of(model, model_path), "the model's target"
    schema = model.encoder_.reading_schema()
    if isinstance(model, TableClassifier) and model.classes_.dtype.kind in "OUT":
        schema[target] = pl.String  # a class called 007 stays 007
    frame = read_table(table, schema=schema)
    rows = labelled_rows(table, frame, target=target, weight=weight, role=role, weight_option=weight_option)
    if isinstance(model, TableClassifier):
        check_classes_known(table, rows.all_y, model.classes_.tolist(), role=role)
    else:
        check_numbers(table, rows.all_y, role=role)
    if rows.n_dropped:
        teller.note(f"{table}: left out {counted(rows.n_dropped, 'row')} without a value of {target!r}")
    return rows


def on_training_rows(
    use: Callable[[Model, Features, LabelledRows], Result],
    model_path: str,
    table: str,
    *,
    weight: str | None,
    holdout: float | None,
    teller: Teller,
) -> Result:
    """Return what a function makes of a model and the rows that it was trained on: features, and the rows with target.

    Parameters
    ----------
    use : callable
        Raises ``ReplayError`` if the rows are not those of the training.
    model_path, table : str
        Files: the table is the one that ``train`` was given.
    weight, holdout
        As ``train`` was told. Without a share, the usual one is tried, then the whole table.
    teller : Teller

    Raises
    ------
    ReplayError
        If the model was trained on other rows, or holds no record.
    ChainruleError
        If a file cannot be read, or the table has not what the model needs.
    """
    if holdout is not None and not 0 <= holdout < 1:
        raise ParameterError(f"--holdout must be at least 0 and less than 1. Got {holdout}.")
    model: Model = load(model_path)
    rows = rows_with_target(model, model_path, table, weight, teller, weight_option="--row-weight")
    refusals: list[Exception] = []
    for share in [USUAL_SHARE, 0.0] if holdout is None else [holdout]:
        try:
            training = _training_rows(model, rows, share)
            X = select_features(model, table, training.X, None)
            with naming_rows(table, lambda: model.encoder_.transform(rows.all_features, extra="ignore")):
                return use(model, X, training)
        except (ReplayError, TableError) as refusal:
            refusals.append(refusal)
    if not isinstance(refusals[-1], ReplayError):
        raise refusals[-1]
    raise ReplayError(
        f"{table}: {refusals[-1]} If train was told --holdout or --weight, say the same here (--holdout 0 for --test)."
    ) from refusals[-1]


def _training_rows(model: Model, rows: LabelledRows, share: float) -> LabelledRows:
    if not share:
        return rows
    stratify = isinstance(model, TableClassifier)
    return hold_out(rows, share, seed=model.seed_, stratify=stratify, say=_not_again)[0]


def _not_again(_: str) -> None:
    """Say nothing: ``train`` has said it."""
