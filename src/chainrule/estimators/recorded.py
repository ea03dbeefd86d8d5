"""What an estimator offers that records its training: the run that took place."""

from abc import abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from numpy.typing import NDArray
from sklearn.utils.validation import check_is_fitted

from chainrule.estimators.recording import recorded_run

if TYPE_CHECKING:
    from chainrule.estimators.recording import AtHand, Recording

__all__ = ["Recorded"]


class Recorded:
    """The methods that open a fitted model's training; an estimator says how its rows become those of a network."""

    _recording: "Recording"

    @abstractmethod
    def _rows_again(self, X: Any, y: Any, sample_weight: Any) -> "AtHand":
        """Return the rows of a table as ``fit`` had them, for a model that has a record."""

    @abstractmethod
    def _input_names(self) -> list[str]:
        """Return what the network's inputs are called."""

    @abstractmethod
    def _encode_features(self, X: Any) -> Any:
        """Return some rows of the table, as it was given, as the network takes them."""

    @abstractmethod
    def _encode_target(self, y: NDArray[Any], dtype: Any) -> NDArray[Any]:
        """Return the target in the shape and dtype that the loss needs."""

    def _first_weights(self) -> Callable[[], NDArray[Any]] | None:
        """Return what draws the weights that the training began with; None: the network does, for the seed."""
        return None

    @property
    def run_(self) -> Any:
        """The training that took place, a ``chainrule.glassbox.RecordedRun``: ``run_.step(t)`` opens any of its steps.

        Raises
        ------
        ReplayError (ValueError)
            If the training rows are not at hand: they are in no file and no pickle (see ``replay``).
        """
        check_is_fitted(self)
        return recorded_run(self, self._recording)

    def replay(self, X: Any, y: Any, sample_weight: Any = None) -> Any:
        """Return the training that took place, given its table once more: for models loaded from a file or a pickle.

        Parameters
        ----------
        X, y, sample_weight
            What ``fit`` was given.

        Returns
        -------
        chainrule.glassbox.RecordedRun
            ``step(t)`` opens any of its steps.

        Raises
        ------
        ReplayError (ValueError)
            If it is another table, or the model has no record.
        """
        check_is_fitted(self)
        return recorded_run(self, self._with_rows(X, y, sample_weight))

    def _with_rows(self, X: Any, y: Any, sample_weight: Any) -> "Recording":
        """Return the recording with a table's rows, if they are those of the training."""
        self._recording.require_run()
        return self._recording.with_rows(self._rows_again(X, y, sample_weight))

    def __getstate__(self) -> dict[str, Any]:
        """Return what a pickle holds: all but keyframes and training rows."""
        state: dict[str, Any] = dict(super().__getstate__())  # type: ignore[call-overload]
        if "_recording" in state:
            state["_recording"] = self._recording.without_rows()
        return state
