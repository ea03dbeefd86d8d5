"""What an estimator keeps of its training, so that any step of it can be opened: the record, and the rows."""

from dataclasses import dataclass, field, replace
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from chainrule.engine import Source
from chainrule.errors import ModelFileError, ReplayError
from chainrule.estimators.origin import Origin
from chainrule.network import LogLoss, Quantile
from chainrule.training.fingerprint import source_arrays, source_fingerprint
from chainrule.training.keyframes import Keyframes
from chainrule.training.record import Recorder, RunRecord

if TYPE_CHECKING:
    from chainrule.estimators.rows import Rows
    from chainrule.training.record_parts import Parts

__all__ = ["AtHand", "Recording", "make_recorder", "recorded_run"]

BUDGET = 64 * 2**20  # bytes of keyframes, and of encoded rows

_NO_RECORD = (
    "this model holds no record of its training: its file is older, its checkpoint had already ended, or it was saved "
    "without one. Fit it again."
)


def make_recorder(record: Any, *, beside: int = 0) -> Recorder:
    """Return the callback that the parameter ``record`` asks for.

    Parameters
    ----------
    record : {"auto", "full", False} or path
    beside : int
        Bytes of the budget that something else than keyframes takes.

    Raises
    ------
    OutputError
        If it is a folder that cannot be made.
    """
    if isinstance(record, PathLike):
        from chainrule.estimators.spill import KeyframesInFolder

        return Recorder(KeyframesInFolder(record))
    if record == "full":
        return Recorder(Keyframes(None), share=1.0)
    return Recorder(Keyframes(BUDGET - beside if record == "auto" else 0))


class AtHand(NamedTuple):
    """The rows of a training.

    Parameters
    ----------
    source : Source
        Those that were trained on, encoded.
    rows : Rows
        The table they came from, as it was given.
    training : array (N,)
        Which of these rows they are.
    validation : Source or None
        Those that the training was judged by, encoded.
    """

    source: Source
    rows: "Rows"
    training: NDArray[np.int64]
    validation: Source | None

    def within(self, budget: int) -> "AtHand | None":
        """Return what a budget of bytes has room for: all, those that were trained on, or nothing."""
        size, judged = _size(self.source), 0 if self.validation is None else _size(self.validation)
        if size > budget:
            return None
        return self if size + judged <= budget else self._replace(validation=None)


def _size(source: Source) -> int:
    return sum(array.nbytes for array in source_arrays(source))


@dataclass
class Recording:
    """The record of a training, and the rows it was on, if they are at hand.

    Parameters
    ----------
    run : RunRecord or None
        None if there is none.
    has_eval_set : bool
        Whether validation rows were given, so that none were kept back.
    origin : Origin or None
        What the training began with, of the drop-ins.
    at_hand : AtHand or None
    absence : str
        Why there is no record, and what to do.
    opened : RecordedRun or None
        The run, once somebody has asked for it: it remembers what it has repeated.
    """

    run: RunRecord | None
    has_eval_set: bool = False
    origin: Origin | None = None
    at_hand: AtHand | None = None
    absence: str = _NO_RECORD
    opened: Any = field(default=None, compare=False)

    def kept(self, record: Any) -> "Recording":
        """Return what the parameter ``record`` says to keep of a training that has ended."""
        if self.at_hand is None or record is False:
            return self.without_rows()
        at_hand = self.at_hand.within(BUDGET) if record == "auto" else self.at_hand
        return self.without_rows() if at_hand is None else replace(self, at_hand=at_hand)

    def without_rows(self) -> "Recording":
        """Return the recording without rows and keyframes: fingerprint and checksums stand in for them."""
        run = self.with_fingerprint().run
        return replace(self, run=None if run is None else run.without_keyframes(), at_hand=None, opened=None)

    def with_fingerprint(self) -> "Recording":
        """Take the fingerprint of the rows, unless it is taken, and return the recording."""
        if self.run is not None and not self.run.fingerprint and self.at_hand is not None:
            self.run.fingerprint = source_fingerprint(self.at_hand.source)
        return self

    def require_run(self) -> RunRecord:
        """Return the record.

        Raises
        ------
        ReplayError
            If there is none.
        """
        if self.run is None:
            raise ReplayError(self.absence)
        return self.run

    def with_rows(self, at_hand: AtHand) -> "Recording":
        """Return the recording with a table's rows, if they are those of the training.

        Raises
        ------
        ReplayError
            If they are not, or there is no record.
        """
        run = self.with_fingerprint().require_run()
        if at_hand.source.n_rows != run.n_rows:
            raise ReplayError(
                f"this table is not the one of fit: {at_hand.source.n_rows} of its rows are for training, "
                f"and there were {run.n_rows}. Give the table, the sample_weight and the parameters of fit."
            )
        if source_fingerprint(at_hand.source) != run.fingerprint:
            raise ReplayError(
                "this table is not the one that the model was trained on: encoded, its rows have another fingerprint "
                "(a value, the target, a weight or the order of the rows differs). Give the table of fit."
            )
        return replace(self, at_hand=at_hand, opened=None)

    def to_parts(self, *, with_keyframes: bool) -> "Parts":
        """Return the recording as plain values and arrays, by name; the rows are left out."""
        from chainrule.training.record_parts import record_to_parts

        run = self.with_fingerprint().run
        if run is None:
            return {"run": None, "absence": self.absence}, {}
        values, arrays = record_to_parts(run, with_keyframes=with_keyframes)
        origin, stream = (None, {}) if self.origin is None else self.origin.to_parts()
        return {"run": values, "has_eval_set": self.has_eval_set, "origin": origin}, arrays | stream

    @classmethod
    def from_parts(cls, values: Any, arrays: dict[str, NDArray[Any]]) -> "Recording":
        """Return the recording that ``to_parts`` took apart; without any, an empty one.

        Raises
        ------
        ModelFileError
            If the parts are not those of a recording.
        """
        from chainrule.training.record_parts import record_from_parts

        if values is None:
            return cls(None)
        if values["run"] is None:
            absence = values.get("absence", _NO_RECORD)
            if not isinstance(absence, str) or not absence.isprintable():
                raise ModelFileError("absence of the recording is not a text")
            return cls(None, absence=absence)
        if not isinstance(values["has_eval_set"], bool):
            raise ModelFileError("has_eval_set of the recording is neither true nor false")
        origin = None if values.get("origin") is None else Origin.from_parts(values["origin"], arrays)
        return cls(record_from_parts(values["run"], arrays), values["has_eval_set"], origin)


def recorded_run(model: Any, recording: Recording) -> Any:
    """Return the run of which steps can be opened, a ``chainrule.glassbox.RecordedRun``.

    Raises
    ------
    ReplayError
        If there is no record, or the rows are not at hand, or not any more what they were.
    """
    if recording.opened is not None:
        return recording.opened
    record = recording.require_run()
    if recording.at_hand is None:
        raise ReplayError(
            "the training rows are not at hand: they are in no file and no pickle, and not kept with record=False or "
            "where they take more than 64 MiB. Give the table of fit: model.replay(X, y)."
        )
    recording.opened = _open(model, record, recording.at_hand)
    return recording.opened


def _open(model: Any, record: RunRecord, at_hand: AtHand) -> Any:
    from chainrule.estimators.given_rows import GivenRows
    from chainrule.glassbox.names import Names
    from chainrule.glassbox.run import RecordedRun
    from chainrule.training.replay import Replay

    source = _own_source(at_hand)
    if record.fingerprint and source_fingerprint(source) != record.fingerprint:
        raise ReplayError(
            "the table was changed after fit: its rows are not those that the network was trained on any more. Give "
            "the table as it was: model.replay(X, y)."
        )
    replay = Replay(
        record,
        model.network_,
        source,
        engine=model.engine,
        n_threads=model.n_threads,
        first_weights=model._first_weights(),
    )
    names = Names(model.network_, inputs=model._input_names(), outputs=_output_names(model), other=_other_class(model))
    given = GivenRows(model, at_hand.rows, source, at_hand.training)
    return RecordedRun(replay, names, rows=at_hand.rows.numbers[at_hand.training], originals=given.values)


def _own_source(at_hand: AtHand) -> Source:
    """Return the rows in arrays that nobody else can write to, copied where they may be the user's own."""
    source, rows = at_hand.source, at_hand.rows

    def own(array: Any) -> Any:
        is_own = isinstance(array, np.ndarray) and array.base is None and array is not rows.X and array is not rows.y
        return array if is_own else array.copy()

    return Source(own(source.numbers), own(source.target), None if source.weight is None else source.weight.copy())


def _output_names(model: Any) -> list[str]:
    """Return what the logits stand for: classes, labels, targets, or levels of them."""
    loss, n_outputs = model.network_.loss, model.network_.n_outputs
    target = model.target_name_ or "target"
    if hasattr(model, "classes_"):
        labels = [str(label) for label in model.classes_.tolist()]
        return labels[-1:] if _other_class(model) is not None else labels
    levels = [f" at {level:g}" for level in loss.levels] if isinstance(loss, Quantile) else [""]
    n_targets = n_outputs // len(levels)
    targets = [target] if n_targets == 1 else [f"{target} {k + 1}" for k in range(n_targets)]
    return [f"{name}{level}" for name in targets for level in levels]


def _other_class(model: Any) -> str | None:
    """Return the label of the first of two classes that share one logit; None where each has its own."""
    labels, network = getattr(model, "classes_", np.empty(0)).tolist(), model.network_
    shares = isinstance(network.loss, LogLoss) and network.n_outputs == 1 and len(labels) == 2
    return str(labels[0]) if shares else None
