"""The state of a ``RandomState`` as one array: what a file holds of a stream of random numbers."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError, ParameterError

__all__ = ["Stream", "checked_stream", "stream_of", "stream_state"]

Stream = NDArray[np.uint32]

_WORDS = 624  # of the Mersenne Twister; the place among them comes after


def stream_state(random: np.random.RandomState) -> Stream:
    """Return the state of a stream, (625,); a normal number that it may have in store is left out.

    Raises
    ------
    ParameterError
        If its generator is not the Mersenne Twister.
    """
    state: Any = random.get_state(legacy=False)
    if state["bit_generator"] != "MT19937":
        raise ParameterError(
            f"random_state must be a RandomState of the Mersenne Twister, as RandomState(seed) is; got one of "
            f"{state['bit_generator']}."
        )
    return np.append(state["state"]["key"], np.uint32(state["state"]["pos"]))


def stream_of(state: Stream, random: np.random.RandomState | None = None) -> np.random.RandomState:
    """Return a stream of a state (625,): the one given, put there, or a new one; what it has in store stays."""
    key, pos = state[:-1], int(state[-1])
    if random is None:
        random = np.random.RandomState(0)  # any seed: asking the system for one takes longer
        random.set_state(("MT19937", key, pos, 0, 0.0))  # nothing in store
        return random
    whole: Any = random.get_state(legacy=False)
    random.set_state(whole | {"state": {"key": key, "pos": pos}})
    return random


def checked_stream(state: NDArray[Any]) -> Stream:
    """Return a state that was written to a file as int64 numbers.

    Raises
    ------
    ModelFileError
        If it is none.
    """
    ok = state.dtype == np.int64 and state.shape == (_WORDS + 1,)
    if not ok or state.min() < 0 or state.max() >= 2**32 or state[-1] > _WORDS:
        raise ModelFileError("this is not the state of a stream of random numbers.")
    return state.astype(np.uint32)
