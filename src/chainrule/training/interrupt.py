"""Ctrl-C: the first one asks training to end cleanly, the second one interrupts at once."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any

__all__ = ["Interrupt"]


class Interrupt:
    """While entered, SIGINT sets ``requested`` instead of raising; a second one does what it did before.

    If it comes in the middle of a block that must not be broken (``held``), it does so at the block's end.

    Python delivers signals to the main thread alone; entered from another thread this does nothing. Nor does it
    where SIGINT is ignored, as in a shell's background job, or handled outside of Python: that is not ours to change.
    """

    def __init__(self) -> None:
        self.requested = False
        self._previous: Any = None
        self._is_held = self._is_urgent = False

    def __enter__(self) -> "Interrupt":
        in_main_thread = threading.current_thread() is threading.main_thread()
        if in_main_thread and signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, None):
            self._previous = signal.signal(signal.SIGINT, self._handle)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let a second Ctrl-C wait for the end of the block."""
        self._is_held = True
        try:
            yield
        finally:
            self._is_held = False
            if self._is_urgent:
                self._pass_on()

    def _handle(self, number: int, frame: FrameType | None) -> None:
        if not self.requested:
            self.requested = True
        elif self._is_held:
            self._is_urgent = True
        else:
            self._pass_on()

    def _pass_on(self) -> None:
        self._is_urgent = False
        self._restore()
        signal.raise_signal(signal.SIGINT)

    def _restore(self) -> None:
        if self._previous is not None:
            signal.signal(signal.SIGINT, self._previous)
            self._previous = None
