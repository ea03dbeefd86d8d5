"""The training of a saved model, opened again with the table it was trained on."""

from collections.abc import Callable
from typing import Any, TypeVar

import polars as pl

from chainrule.cli.console import Teller, counted
from chainrule.cli.holdout import hold_out
from chainrule.cli.models import Features, Model, open_model
from chainrule.cli.rows import LabelledRows, labelled_rows
from chainrule.cli.targets import check_classes_known, check_numbers
from chainrule.errors import ParameterError, ReplayError, TableError
from chainrule.table import read_table

__all__ = ["on_training_rows", "rows_with_target"]

Result = TypeVar("Result")


def rows_with_target(
    model: Model, table: str, weight: str | None, teller: Teller, *, weight_option: str = "--weight"
) -> LabelledRows:
    """Return the rows of a table that have the target of a model, its values checked.

    Parameters
    ----------
    model : Model
    table : str
        Its file.
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
    target, role, classes = model.target, "the model's target", model.classes
    schema = model.reading_schema()
    if classes is not None and classes.dtype.kind in "OUT":
        schema[target] = pl.String  # a class called 007 stays 007
    frame = read_table(table, schema=schema)
    rows = labelled_rows(table, frame, target=target, weight=weight, role=role, weight_option=weight_option)
    if classes is None:
        check_numbers(table, rows.all_y, role=role)
    else:
        check_classes_known(table, rows.all_y, classes.tolist(), role=role)
    if rows.n_dropped:
        teller.note(f"{table}: left out {counted(rows.n_dropped, 'row')} without a value of {target!r}")
    return rows


def on_training_rows(
    use: Callable[[Any, Features, LabelledRows], Result],
    model_path: str,
    table: str,
    *,
    weight: str | None,
    holdout: float | None,
    teller: Teller,
) -> Result:
    """Return what a function makes of an estimator and the rows it was trained on: features, and rows with target.

    Parameters
    ----------
    use : callable
        Raises ``ReplayError`` if the rows are not those of the training.
    model_path, table : str
        Files: the table is the one that ``train`` or ``fit`` was given.
    weight, holdout
        As ``train`` was told. Without a share, the model says what is tried.
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
    model = open_model(model_path)
    shares = model.shares(holdout)
    rows = rows_with_target(model, table, weight, teller, weight_option="--row-weight")
    refusals: list[Exception] = []
    for share in shares:
        try:
            training = _training_rows(model, rows, share)
            X = model.features(table, training.X, training.numbers)
            with model.naming_rows(table, rows.all_features):
                return use(model.estimator, X, training)
        except (ReplayError, TableError) as refusal:
            refusals.append(refusal)
    if not isinstance(refusals[-1], ReplayError):
        raise refusals[-1]
    raise ReplayError(f"{table}: {refusals[-1]} {model.replay_hint}") from refusals[-1]


def _training_rows(model: Model, rows: LabelledRows, share: float) -> LabelledRows:
    if not share:
        return rows
    stratify = model.classes is not None
    return hold_out(rows, share, seed=model.estimator.seed_, stratify=stratify, say=_not_again)[0]


def _not_again(_: str) -> None:
    """Say nothing: ``train`` has said it."""
