"""Some steps of a run, spread over all of it, opened one after another; what takes long says how far it is."""

from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from chainrule.errors import ParameterError

if TYPE_CHECKING:  # rich is imported when there is something to show
    from chainrule.glassbox.run import RecordedRun
    from chainrule.glassbox.step import Step

__all__ = ["N_STEPS", "opened_steps", "sampled_steps", "with_progress"]

N_STEPS = 30
SILENT_SECONDS = 2.0

Item = TypeVar("Item")


def sampled_steps(run: "RecordedRun", n_steps: int = N_STEPS, *, after_last: bool = False) -> list[int]:
    """Return numbers of steps, at most ``n_steps``, evenly spread from the first to the last.

    Parameters
    ----------
    run : RecordedRun
    n_steps : int
        At least 2.
    after_last : bool
        Whether the last number is that of the state after the last step, which has weights but is no step.

    Raises
    ------
    ParameterError
        If ``n_steps`` is not an int of at least 2.
    """
    if isinstance(n_steps, bool) or not isinstance(n_steps, int | np.integer) or n_steps < 2:
        raise ParameterError(f"n_steps must be an int of at least 2, got {n_steps!r}.")
    last = run.n_steps if after_last else run.n_steps - 1
    return sorted({int(step) for step in np.linspace(run.first_step, last, int(n_steps)).round()})


def opened_steps(run: "RecordedRun", n_steps: int, *, what: str) -> "Iterator[Step]":
    """Yield the sampled steps, opened; see ``with_progress``."""
    yield from (run.step(step) for step in with_progress(sampled_steps(run, n_steps), what))


def with_progress(items: Sequence[Item], what: str, *, console: Any = None) -> Iterator[Item]:
    """Yield items; if that takes over two seconds, with a bar on standard error (where it is a terminal).

    Parameters
    ----------
    items : sequence
    what : str
        What is being done, for the bar.
    console : rich.console.Console, optional
        Where to write; default standard error.
    """
    began, bar, task = perf_counter(), None, None
    try:
        for done, item in enumerate(items):
            if bar is None and perf_counter() - began > SILENT_SECONDS:
                bar = _started_bar(console)
                task = bar.add_task(what, total=len(items))
            if bar is not None:
                bar.update(task, completed=done)
            yield item
    finally:
        if bar is not None:
            bar.stop()


def _started_bar(console: Any) -> Any:
    from rich.console import Console
    from rich.progress import Progress

    console = console or Console(stderr=True)
    bar = Progress(console=console, transient=True, disable=not console.is_terminal)
    bar.start()
    return bar
