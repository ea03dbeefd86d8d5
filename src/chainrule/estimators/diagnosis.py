"""What the doctor is handed: a fitted model's training, or a table before any."""

from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from chainrule.engine import Source
from chainrule.errors import ParameterError, ShapeError, TableError
from chainrule.estimators.recording import recorded_run
from chainrule.estimators.rows import Rows
from chainrule.table import ClassTarget, as_target_array, infer_task, target_gaps

if TYPE_CHECKING:
    from chainrule.estimators.recording import Recording
    from chainrule.table.raw_column import Column

__all__ = ["diagnose", "diagnose_model"]

Numbers = NDArray[np.float64]


def diagnose(X: Any, y: Any, *, task: Literal["auto", "classification", "regression"] = "auto") -> Any:
    """Examine a table before any training.

    The rules about tables are asked: columns that are constant, duplicate, like an identifier, leaking or of very
    different scales, and labels that conflict.

    Parameters
    ----------
    X : DataFrame (pandas, polars, pyarrow) or array of shape (N, D)
        Raw columns.
    y : array, Series or DataFrame of shape (N,) or (N, K)
        Target; rows without one are left out.
    task : {"auto", "classification", "regression"}
        "auto" tells it from the target.

    Returns
    -------
    chainrule.glassbox.doctor.Diagnosis
        Findings, ranked by cause; empty where there are none.

    Raises
    ------
    ParameterError, ShapeError, TableError (all ValueError)
        If the task is not known, the lengths differ, or X or y is no table or target.

    Examples
    --------
    >>> from sklearn.datasets import load_wine
    >>> from chainrule import diagnose
    >>> X, y = load_wine(return_X_y=True, as_frame=True)
    >>> [finding.rule for finding in diagnose(X.assign(copy=2 * X["ash"]), y)]
    ['duplicate_columns', 'unscaled_columns']
    """
    from chainrule.glassbox.doctor import examine_columns

    if task not in ("auto", "classification", "regression"):
        raise ParameterError(f'task must be "auto", "classification" or "regression", got {task!r}.')
    target = as_target_array(y)
    if issparse(X):
        raise TableError("diagnose needs a dense table; give X.toarray(), or some of its rows if it is large.")
    kind = infer_task(y).kind if task == "auto" else task
    present = ~target_gaps(target)
    if len(target) != (n_rows := _length(X)):
        raise ShapeError(f"X has {n_rows} rows and y has {len(target)}; give one target for each row.")
    codes = _codes(target[present]) if kind == "classification" else target[present].astype(np.float64)
    return examine_columns(_columns(X, np.flatnonzero(present), codes, dropped=()))


def _length(X: Any) -> int:
    from chainrule.table.columns import open_table

    return open_table(X, caller="diagnose").n_rows


def _codes(target: NDArray[Any]) -> NDArray[Any]:
    """Return class codes (N,), or the labels of sets as they are (N, K)."""
    if target.ndim == 2 and target.shape[1] > 1:
        return target.astype(np.float64)
    return ClassTarget().fit(target).encode(target, np.int64)


def diagnose_model(model: Any, recording: "Recording") -> Any:
    """Examine a fitted model's training, of which the recording has the rows; see ``Diagnosing.diagnose``."""
    from chainrule.glassbox.doctor import Case, examine

    run = recorded_run(model, recording)
    assert recording.at_hand is not None, "a run that was opened has its rows at hand"
    _, rows, training, validation = recording.at_hand
    case = Case(
        run=run,
        history=model.history_,
        stop_reason=model.stop_reason_,
        validation=validation,
        columns=_given_columns(model, rows, training, run.source),
        parameters=frozenset(model.get_params(deep=False)),
    )
    return examine(case)


def _given_columns(model: Any, rows: Rows, training: NDArray[np.int64], source: Source) -> Any:
    """Return the columns that the model uses as they were given; None where its inputs stand for them.

    They do for a sparse table, and for the drop-ins, which take columns as they are.
    """
    if issparse(rows.X) or not hasattr(model, "encoder_"):
        return None
    dropped = {plan.name for plan in model.encoder_.summary() if plan.kind == "dropped"}
    has_classes = hasattr(model, "classes_") and (source.target.ndim == 1 or source.target.shape[1] == 1)
    target = source.target.reshape(-1).astype(np.int64) if has_classes else source.target
    return _columns(rows.X, training, target, dropped=dropped, numbers=rows.numbers[training])


def _columns(
    X: Any,
    rows: NDArray[np.int64],
    target: NDArray[Any],
    *,
    dropped: Any,
    numbers: NDArray[np.int64] | None = None,
) -> Any:
    """Return columns for the doctor, but those that were dropped: some thousand rows, and the keys of all."""
    from chainrule.glassbox.doctor.columns import MOST_ROWS, Columns, spread_rows
    from chainrule.glassbox.doctor.row_keys import KeyedRows, keys_of_column
    from chainrule.table.columns import open_table

    table = open_table(X, caller="diagnose")
    numbers = rows if numbers is None else numbers
    chosen = spread_rows(len(rows), MOST_ROWS)
    kept = [j for j, name in enumerate(table.names) if str(name) not in dropped]
    read = [_values(table.at(j)) for j in kept]
    keys = np.zeros(len(rows), np.uint64)
    for j, (values, _) in enumerate(read):
        keys += keys_of_column(values[rows], j)
    return Columns(
        names=[str(table.names[j]) for j in kept],
        values=np.column_stack([values[rows[chosen]] for values, _ in read]),
        target=target[chosen],
        is_category=[is_category for _, is_category in read],
        rows=numbers[chosen],
        every_row=KeyedRows(keys, target, numbers),
    )


def _values(column: "Column") -> tuple[Numbers, bool]:
    """Return a column as numbers (N,), NaN where there is none, and whether they are codes of categories."""
    from chainrule.table.kinds import decide

    decision = decide(column)
    read = decision.column
    if read.storage == "time":
        times = read.times.astype(np.float64)
        return np.where(read.missing, np.nan, times), False
    if read.storage == "text":
        codes = read.texts.rank("dense").cast(float).to_numpy()
        return np.asarray(codes, dtype=np.float64), True
    return read.numbers, column.categorical
