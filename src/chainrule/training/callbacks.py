"""Callbacks: code of the user's that is told how training goes, and may stop it."""

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING

from chainrule.errors import ParameterError

if TYPE_CHECKING:
    from chainrule.training.run import Run

__all__ = ["EVENTS", "Callback", "CallbackLike", "as_callbacks", "overrides"]

EVENTS = (
    "on_train_begin",
    "on_steps_end",
    "on_go_back",
    "on_epoch_end",
    "on_stop",
    "on_last_step",
    "on_give_up",
    "on_train_end",
)


class Callback:
    """Base of callbacks: override what you need. Each event gets the ``Run``.

    ``run.state`` is the training state (weights and optimizer vectors are the live arrays: copy what you keep),
    ``run.state.history`` the rows so far, ``run.stop(reason)`` ends training after the current steps.
    """

    def on_train_begin(self, run: "Run") -> None:
        """Before the first step; on a resumed run, before the first new one."""

    def on_steps_end(self, run: "Run") -> None:
        """After some steps, several times a second: where the boundaries fall depends on the clock.

        With small tables many epochs may have passed, unless a callback asks for their ends (``on_epoch_end``).
        """

    def on_go_back(self, run: "Run") -> None:
        """After a diverging run has gone back; the state is the one it goes on from."""

    def on_epoch_end(self, run: "Run") -> None:
        """After an epoch; its row is ``run.state.history[-1]``."""

    def on_stop(self, run: "Run") -> None:
        """When training is broken off inside an epoch (Ctrl-C, time limit), before that epoch is closed.

        An epoch of which no step was completed is not closed: it has no row, and no ``on_epoch_end``.
        """

    def on_last_step(self, run: "Run") -> None:
        """When training has ended; the state's weights are still those of its last step."""

    def on_give_up(self, run: "Run") -> None:
        """When a diverging run is given up, before ``DivergedError`` is raised: nothing else is told after it.

        The state is that after the last step that was finite (``run.steps_taken``); the one that was not is counted.
        """

    def on_train_end(self, run: "Run") -> None:
        """After training; the state holds the final weights and ``stop_reason``."""


def overrides(callback: Callback, event: str) -> bool:
    """Return whether a callback does anything at an event."""
    return getattr(getattr(callback, event), "__func__", None) is not getattr(Callback, event)


CallbackLike = Callback | Callable[["Run"], object]


class _OnEpochEnd(Callback):
    """A plain function, called after each epoch."""

    def __init__(self, function: Callable[["Run"], object]) -> None:
        self.function = function

    def on_epoch_end(self, run: "Run") -> None:
        """Call the function."""
        self.function(run)


def as_callbacks(given: Iterable[CallbackLike] | CallbackLike | None) -> Sequence[Callback]:
    """Return a list of callbacks; a plain function becomes one that is called after each epoch.

    Raises
    ------
    ParameterError
        If something is neither a callback nor callable.
    """
    if given is None:
        return []
    callbacks: list[Callback] = []
    for one in given if isinstance(given, Iterable) else [given]:
        if isinstance(one, Callback):
            callbacks.append(one)
        elif callable(one) and not isinstance(one, type):
            callbacks.append(_OnEpochEnd(one))
        else:
            raise ParameterError(
                f"callbacks must be chainrule.training.Callback objects or functions of the run, got {one!r}."
            )
    return callbacks
