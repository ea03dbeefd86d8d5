"""The pictures of a training that an estimator offers."""

from typing import TYPE_CHECKING, Any, Literal

from sklearn.utils.validation import check_is_fitted

from chainrule.estimators.recorded import Recorded

if TYPE_CHECKING:
    from chainrule.training import HistoryRow

__all__ = ["Drawing"]


class Drawing(Recorded):
    """Methods that draw; each returns a plotly figure, and needs the extra ``[page]``.

    ``chainrule.glassbox.to_html`` makes a page of a figure. All but the learning curve open steps of the training, for
    which its rows must be at hand (see ``run_``).
    """

    history_: "list[HistoryRow]"

    def _title(self, what: str) -> str:
        return f"{type(self).__name__}: {what}"

    def plot_learning_curve(self) -> Any:
        """Return a plotly figure of the errors over the epochs (needs the extra ``[page]``)."""
        check_is_fitted(self)
        from chainrule.glassbox import learning_curve

        best_epoch = getattr(self, "best_epoch_", None)  # the drop-ins have none
        return learning_curve(self.history_, title=self._title("learning curve"), best_epoch=best_epoch)

    def plot_gradient_flow(self) -> Any:
        """Return a plotly figure of the size of each layer's gradient over the steps."""
        from chainrule.glassbox import gradient_flow

        return gradient_flow(self.run_, title=self._title("gradient flow"))

    def plot_update_ratio(self) -> Any:
        """Return a plotly figure of ‖Δw‖/‖w‖ of each layer over the steps."""
        from chainrule.glassbox import update_ratio

        return update_ratio(self.run_, title=self._title("update ratio"))

    def plot_activations(self) -> Any:
        """Return a plotly figure of each hidden layer's activations, and its dead and saturated units, over the steps.

        Raises
        ------
        ParameterError (ValueError)
            If the network has no hidden layer.
        """
        from chainrule.glassbox import activations

        return activations(self.run_, title=self._title("activations"))

    def plot_step(self, step: int = 0, *, row: int | None = None) -> Any:
        """Return a plotly figure of the network in a step: activations, deltas and changes.

        Parameters
        ----------
        step : int
            Its number, from 0; negative ones count from the end.
        row : int, optional
            The training row whose activations and deltas are shown; by default they are means and sums over the step's.

        Raises
        ------
        ParameterError (ValueError)
            If there is no such step, or the row is not one of it.
        """
        from chainrule.glassbox import step_network

        return step_network(self.run_.step(step), row=row)

    def plot_landscape(self, *, plane: Literal["path", "random"] = "path") -> Any:
        """Return a plotly figure of E(w) on a plane through the weights that were kept.

        Parameters
        ----------
        plane : str
            "path": that of the two directions in which the descent went furthest, its path drawn on it; "random": of
            two random directions.

        Raises
        ------
        ParameterError (ValueError)
            If the plane is another.
        """
        from chainrule.glassbox import landscape

        return landscape(self.run_, plane=plane, title=self._title("error landscape"))

    def learning_rate_range_test(self) -> Any:
        """Return a plotly figure of a short training from the start of this one, whose learning rate grows.

        Raises
        ------
        ParameterError (ValueError)
            If the solver is lbfgs, which has no learning rate.
        """
        from chainrule.glassbox import learning_rate_range_test

        return learning_rate_range_test(self.run_, title=self._title("learning rate range test"))
