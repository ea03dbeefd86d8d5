"""scikit-learn's own callbacks (``set_callbacks``, from its release 1.9 on), told of every epoch."""

from typing import TYPE_CHECKING, Any

from chainrule.training import Callback, Run

if TYPE_CHECKING:
    from chainrule.estimators.perceptron.base import MultilayerPerceptron

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # an earlier release

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing: this scikit-learn has no callbacks."""


__all__ = ["CallbackSupportMixin", "ForeignCallbacks"]


class ForeignCallbacks(Callback):
    """Tells scikit-learn's callbacks of a fit and of its epochs, as the tasks that they know.

    Made before the fit begins, since scikit-learn tears down what was set up however the fit ends.

    Parameters
    ----------
    model : MultilayerPerceptron
        Has callbacks set.
    rows : dict
        X, y and metadata, as ``fit`` was given them.
    """

    def __init__(self, model: "MultilayerPerceptron", rows: dict[str, Any]) -> None:
        self._model, self._rows = model, rows
        self._fit = model._init_callback_context(max_subtasks=int(model.max_iter))
        self._epoch: Any = None

    @classmethod
    def of(cls, model: "MultilayerPerceptron", X: Any, y: Any, sample_weight: Any) -> "list[ForeignCallbacks]":
        """Return one if the model has callbacks set."""
        if not getattr(model, "_skl_callbacks", None):
            return []
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        return [cls(model, {"X": X, "y": y, "metadata": metadata})]

    def on_train_begin(self, run: Run) -> None:
        """Begin the fit and its first epoch."""
        self._fit.call_on_fit_task_begin(estimator=self._model, **self._rows)
        self._begin_epoch()

    def on_epoch_end(self, run: Run) -> None:
        """End the epoch, stop if a callback asks for it, and begin the next one."""
        weights = {"weights_": run.state.weights.copy()}
        if self._epoch.call_on_fit_task_end(estimator=self._model, **self._rows, reconstruction_attributes=weights):
            run.stop("callback")
        self._epoch = None
        if run.ending is None and run.state.epoch < run.recipe.epochs:
            self._begin_epoch()

    def on_train_end(self, run: Run) -> None:
        """End the fit, and an epoch that was begun for nothing."""
        if self._epoch is not None:
            self._epoch.call_on_fit_task_end(estimator=self._model)
        weights = {"weights_": run.state.weights}
        self._fit.call_on_fit_task_end(estimator=self._model, **self._rows, reconstruction_attributes=weights)

    def _begin_epoch(self) -> None:
        self._epoch = self._fit.subcontext(task_name="epoch")
        self._epoch.call_on_fit_task_begin(estimator=self._model, **self._rows)
