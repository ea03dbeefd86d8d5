"""What scikit-learn's networks print with ``verbose``, word for word."""

from chainrule.training import Callback, DivideWhenPatienceEnds, Run

__all__ = ["Telling"]


class Telling(Callback):
    """Prints loss and score of every epoch, and why training stops or the learning rate falls.

    Parameters
    ----------
    stops_early : bool
        Whether a validation score decides.
    """

    def __init__(self, *, stops_early: bool) -> None:
        self.stops_early = stops_early
        self._factor = 1.0

    def on_epoch_end(self, run: Run) -> None:
        """Print the epoch's numbers."""
        row, stopping = run.state.history[-1], run.recipe.stopping
        print(f"Iteration {row['epoch']}, loss = {row['train_error']:.8f}")
        if self.stops_early:
            print(f"Validation score: {row['score']:f}")
        if run.state.plateau_factor != self._factor:
            self._factor = run.state.plateau_factor
            print(f"{self._reason(run)} Setting learning rate to {run.recipe.learning_rate * self._factor:f}")
        elif stopping.patience is not None and run.state.patience_epochs >= stopping.patience:
            small = "Learning rate too small. " if isinstance(run.recipe.schedule, DivideWhenPatienceEnds) else ""
            print(f"{self._reason(run)} {small}Stopping.")

    def _reason(self, run: Run) -> str:
        what = "Validation score" if self.stops_early else "Training loss"
        stopping = run.recipe.stopping
        assert stopping.patience is not None, "nothing is divided or stopped without patience"
        return f"{what} did not improve more than tol={stopping.tol:f} for {stopping.patience - 1} consecutive epochs."
