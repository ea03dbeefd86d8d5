"""Going ahead: many short epochs in one call of the engine, where nothing happens between them.

On a small table an epoch takes microseconds, less than Python needs to look at it.
"""

import numpy as np

from chainrule.training.run import Run

__all__ = ["go_ahead"]


def go_ahead(run: Run) -> bool:
    """Run as many whole epochs as make a chunk, to the bits and rows that one after the other has.

    Return whether it did. Only their moments in the history differ: the chunk's time is shared out evenly. The last
    epoch is left to the loop, which knows how training ends. Should it have been ended earlier, or be going wrong, all
    is taken back, and from there on every epoch is looked at: a run is a function, so the same comes to pass.
    """
    state, n_steps = run.state, run.clock.steps_per_epoch
    n_epochs = min(run.chunk // n_steps, run.recipe.epochs - state.epoch - 1)
    if n_epochs < 2 or run.is_watched or run.ending is not None or run.steps_left < n_steps or not state.set_anchor():
        return False
    with run.unbroken():
        report = run.run_engine(n_epochs * n_steps)
        goes_on = report.finite and run.close_epochs(np.reshape(report, (3, n_epochs, n_steps)))
        if not goes_on:
            state.go_to_anchor()
            run.is_watched = True
    if goes_on:
        run.after_steps()
    return goes_on
