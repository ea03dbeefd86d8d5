"""scikit-learn's own callbacks (``set_callbacks``, from its release 1.9 on), told of every epoch."""

from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Self

from sklearn.utils.metaestimators import available_if

from chainrule.training import Callback, Run

if TYPE_CHECKING:
    from chainrule.estimators.perceptron.base import MultilayerPerceptron

__all__ = ["CallbackSupport", "ForeignCallbacks"]


def _are_there(_model: Any) -> bool:
    """Return whether the scikit-learn installed has callbacks."""
    return find_spec("sklearn.callback") is not None


class CallbackSupport:
    """What scikit-learn's ``CallbackSupportMixin`` gives an estimator.

    That one is imported when callbacks are set: it brings rich along, which takes as long as a quarter of chainrule.
    """

    @available_if(_are_there)  # type: ignore[untyped-decorator]
    def set_callbacks(self, *callbacks: Any) -> Self:
        """Set scikit-learn's callbacks, from its release 1.9 on.

        Parameters
        ----------
        *callbacks : callbacks of ``sklearn.callback``
            None of them takes away those that were set.

        Returns
        -------
        self

        Raises
        ------
        TypeError
            If one is no such callback.
        """
        from sklearn.callback import CallbackSupportMixin

        CallbackSupportMixin.set_callbacks(self, *callbacks)
        return self


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
        from sklearn.callback import CallbackSupportMixin

        self._model, self._rows = model, rows
        self._fit = CallbackSupportMixin._init_callback_context(model, max_subtasks=int(model.max_iter))
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
