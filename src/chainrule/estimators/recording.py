"""What an estimator keeps of its training, so that any step of it can be opened: the record, and the rows."""

from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Source
from chainrule.errors import ModelFileError, ReplayError
from chainrule.estimators.encoding import Encoded, encode_again
from chainrule.estimators.given_rows import GivenRows
from chainrule.estimators.rows import Rows
from chainrule.estimators.spill import KeyframesInFolder
from chainrule.network import LogLoss, Quantile
from chainrule.training.keyframes import Keyframes
from chainrule.training.record import Recorder, RunRecord, source_arrays, source_fingerprint
from chainrule.training.record_parts import Parts, record_from_parts, record_to_parts

if TYPE_CHECKING:
    from chainrule.estimators.base import TableEstimator

__all__ = ["Recording", "make_recorder", "recorded_run"]

BUDGET = 64 * 2**20  # bytes of keyframes, and of encoded rows


def make_recorder(record: Any) -> Recorder:
    """Return the callback that the parameter ``record`` asks for.

    Raises
    ------
    OutputError
        If it is a folder that cannot be made.
    """
    if isinstance(record, PathLike):
        return Recorder(KeyframesInFolder(record))
    if record == "full":
        return Recorder(Keyframes(None), share=1.0)
    return Recorder(Keyframes(BUDGET if record == "auto" else 0))


@dataclass
class Recording:
    """The record of a training, and the rows it was on, if they are at hand.

    Parameters
    ----------
    run : RunRecord or None
        None if no step was taken: a checkpoint whose training had ended.
    has_eval_set : bool
        Whether validation rows were given, so that none were kept back.
    source : Source or None
        The training rows, encoded.
    rows : Rows or None
        The table they came from, as it was given.
    training : array (N,) or None
        Which of these rows they are.
    opened : RecordedRun or None
        The run, once somebody has asked for it: it remembers what it has repeated.
    """

    run: RunRecord | None
    has_eval_set: bool = False
    source: Source | None = None
    rows: Rows | None = None
    training: NDArray[np.int64] | None = None
    opened: Any = field(default=None, compare=False)

    @classmethod
    def of(cls, recorder: Recorder, record: Any, encoded: Encoded, rows: Rows, *, has_eval_set: bool) -> "Recording":
        """Return what the parameter ``record`` says to keep of a training that has ended."""
        recording = cls(recorder.record, has_eval_set, encoded.training, rows, encoded.rows)
        size = sum(array.nbytes for array in source_arrays(encoded.training))
        return recording if record is not False and (record != "auto" or size <= BUDGET) else recording.without_rows()

    def without_rows(self) -> "Recording":
        """Return the recording without rows and keyframes: fingerprint and checksums stand in for them."""
        run = self._run_with_fingerprint()
        return Recording(None if run is None else run.without_keyframes(), self.has_eval_set)

    def _run_with_fingerprint(self) -> RunRecord | None:
        if self.run is not None and not self.run.fingerprint and self.source is not None:
            self.run.fingerprint = source_fingerprint(self.source)  # not before it is needed: it takes its time
        return self.run

    def with_rows(self, model: "TableEstimator", rows: Rows) -> "Recording":
        """Return the recording with a table's rows, if they are those of the training.

        Raises
        ------
        ReplayError
            If they are not, or there is no record.
        """
        run = self._run_with_fingerprint()
        if run is None:
            raise ReplayError(_NO_RECORD)
        source, training = encode_again(model, rows, may_keep_back=not self.has_eval_set)
        if source.n_rows != run.n_rows:
            raise ReplayError(
                f"this table is not the one of fit: {source.n_rows} of its rows are for training, "
                f"and there were {run.n_rows}. Give the table, the sample_weight and the parameters of fit."
            )
        if source_fingerprint(source) != run.fingerprint:
            raise ReplayError(
                "this table is not the one that the model was trained on: encoded, its rows have another fingerprint "
                "(a value, the target, a weight or the order of the rows differs). Give the table of fit."
            )
        return replace(self, source=source, rows=rows, training=training, opened=None)

    def to_parts(self, *, with_keyframes: bool) -> Parts:
        """Return the recording as plain values and arrays, by name; the rows are left out."""
        run = self._run_with_fingerprint()
        if run is None or run.recipe.settings.order is not None:
            return {"run": None}, {}
        values, arrays = record_to_parts(run, with_keyframes=with_keyframes)
        return {"run": values, "has_eval_set": self.has_eval_set}, arrays

    @classmethod
    def from_parts(cls, values: Any, arrays: dict[str, NDArray[Any]]) -> "Recording":
        """Return the recording that ``to_parts`` took apart; without any, an empty one.

        Raises
        ------
        ModelFileError
            If the parts are not those of a recording.
        """
        if values is None or values["run"] is None:
            return cls(None)
        if not isinstance(values["has_eval_set"], bool):
            raise ModelFileError("has_eval_set of the recording is neither true nor false")
        return cls(record_from_parts(values["run"], arrays), values["has_eval_set"])


_NO_RECORD = (
    "this model holds no record of its training: its file is older, or its checkpoint had already ended. Fit it again."
)


def recorded_run(model: "TableEstimator", recording: Recording) -> Any:
    """Return the run of which steps can be opened, a ``chainrule.glassbox.RecordedRun``.

    Raises
    ------
    ReplayError
        If there is no record, or the rows are not at hand.
    """
    if recording.opened is not None:
        return recording.opened
    if recording.run is None:
        raise ReplayError(_NO_RECORD)
    if recording.source is None or recording.rows is None or recording.training is None:
        raise ReplayError(
            "the training rows are not at hand: they are in no file and no pickle, and not kept with record=False or "
            "where they take more than 64 MiB. Give the table of fit: model.replay(X, y)."
        )
    recording.opened = _open(model, recording.run, recording.source, recording.rows, recording.training)
    return recording.opened


def _open(model: "TableEstimator", record: RunRecord, source: Source, rows: Rows, training: NDArray[np.int64]) -> Any:
    from chainrule.glassbox.names import Names
    from chainrule.glassbox.run import RecordedRun
    from chainrule.training.replay import Replay

    replay = Replay(record, model.network_, source, engine=model.engine, n_threads=model.n_threads)
    names = Names(model.network_, inputs=model.encoder_.encoded_names_, outputs=_output_names(model))
    given = GivenRows(model, rows, source, training)
    return RecordedRun(replay, names, rows=rows.numbers[training], originals=given.values)


def _output_names(model: "TableEstimator") -> list[str]:
    """Return what the logits stand for: classes, labels, targets, or levels of them."""
    loss, n_outputs = model.network_.loss, model.network_.n_outputs
    target = model.target_name_ or "target"
    if hasattr(model, "classes_"):
        labels = [str(label) for label in model.classes_.tolist()]
        return labels[1:] if isinstance(loss, LogLoss) and n_outputs == 1 else labels
    levels = [f" at {level:g}" for level in loss.levels] if isinstance(loss, Quantile) else [""]
    n_targets = n_outputs // len(levels)
    targets = [target] if n_targets == 1 else [f"{target} {k + 1}" for k in range(n_targets)]
    return [f"{name}{level}" for name in targets for level in levels]
