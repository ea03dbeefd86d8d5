"""How many threads matrix products may use: a setting of the whole process, so its users are counted."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

from threadpoolctl import ThreadpoolController

__all__ = ["blas_threads"]

_lock = threading.Lock()
_wishes: list[int] = []
_limiter: Any = None


@cache
def _controller() -> ThreadpoolController:
    """Return the controller of the BLAS libraries loaded (finding them takes milliseconds)."""
    return ThreadpoolController()


@contextmanager
def blas_threads(n_threads: int | None) -> Iterator[None]:
    """Let matrix products use ``n_threads`` threads while the block runs; None is one.

    Minibatch products are too small to share, and one thread has one result. Where several Python threads are inside at
    once, the smallest wish holds for all; the last one to leave restores what was before the first one came.
    """
    wish = int(n_threads or 1)
    with _lock:
        _wishes.append(wish)
    try:
        with _lock:
            _apply()
        yield
    finally:
        with _lock:
            _wishes.remove(wish)
            _apply()


def _apply() -> None:
    """Put the smallest wish in force, or what was before if there is none left and one was ever in force."""
    global _limiter
    if not _wishes:
        if _limiter is not None:
            _limiter.restore_original_limits()
        _limiter = None
    elif _limiter is None:
        _limiter = _controller().limit(limits=_wishes[0], user_api="blas")
    else:
        for library in _controller().lib_controllers:
            if library.user_api == "blas":
                library.set_num_threads(min(_wishes))
