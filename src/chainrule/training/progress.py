"""Progress of a training, told on standard error: a live bar on a terminal, plain lines elsewhere."""

from functools import cached_property
from time import perf_counter
from typing import TYPE_CHECKING, Any

from chainrule.training.callbacks import Callback
from chainrule.training.run import Run
from chainrule.training.state import HistoryRow

if TYPE_CHECKING:  # rich is imported when there is something to show: most trainings are over before that
    from rich.console import Console
    from rich.progress import Progress

__all__ = ["ProgressBar"]


class ProgressBar(Callback):
    """Shows epochs, errors, the best epoch and the time left.

    Parameters
    ----------
    delay : float
        Seconds to stay silent: a short training shows nothing.
    terminal_only : bool
        Show nothing where standard error is not a terminal, instead of a plain line every ``line_seconds``.
    console : rich.console.Console, optional
        Where to write; default standard error.
    """

    line_seconds = 5.0

    def __init__(self, delay: float = 0.0, *, terminal_only: bool = False, console: "Console | None" = None) -> None:
        self.delay, self.terminal_only = delay, terminal_only
        self._given_console = console
        self._bar: Progress | None = None
        self._task: Any = None
        self._began = self._last_line = 0.0

    @cached_property
    def console(self) -> "Console":
        """Where to write."""
        from rich.console import Console

        return self._given_console or Console(stderr=True)

    def on_train_begin(self, run: Run) -> None:
        """Start the clock."""
        self._began = self._last_line = perf_counter()

    def on_steps_end(self, run: Run) -> None:
        """Move the bar, or write a line when one is due."""
        now = perf_counter()
        if now - self._began < self.delay:
            return
        if self.console.is_terminal:
            self._move(run)
        elif not self.terminal_only and now - self._last_line >= self.line_seconds:
            self._last_line = now
            self.console.print(f"epoch {run.state.epoch}/{run.recipe.epochs} · {_text(run)}", highlight=False)

    def _move(self, run: Run) -> None:
        if self._bar is None:
            from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("training"),
                BarColumn(bar_width=24),
                MofNCompleteColumn(),
                TextColumn("epochs · {task.description}"),
                TimeRemainingColumn(),
            )
            self._bar = Progress(*columns, console=self.console, transient=True)
            self._task = self._bar.add_task("", total=run.recipe.epochs)
            self._bar.start()
        self._bar.update(self._task, completed=run.state.epoch, description=_text(run))

    def on_train_end(self, run: Run) -> None:
        """Take the bar away."""
        self.close()

    def close(self) -> None:
        """Take the bar away, also when training ended with an error."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None


def _text(run: Run) -> str:
    """Return the last row's errors and the best epoch in words."""
    if not run.state.history:
        return "first epoch"
    row: HistoryRow = run.state.history[-1]
    parts = [f"train error {row['train_error']:.4g}"]
    if row["validation_error"] is not None:
        parts.append(f"validation error {row['validation_error']:.4g}")
    return " · ".join([*parts, f"best epoch {run.state.best_epoch}"])
