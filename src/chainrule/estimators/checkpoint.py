"""Checkpoints: the training state in a file, so that a killed run goes on as if it had never stopped."""

import hashlib
import json
from os import PathLike, fspath
from pathlib import Path
from time import monotonic
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import issparse

from chainrule import storage
from chainrule.engine import Source
from chainrule.errors import ModelFileError, ParameterError
from chainrule.network import Network
from chainrule.training import Callback, Recipe, Run, TrainingState

__all__ = ["Checkpoint"]

RESUMABLE = ("interrupted", "time_limit")  # ways to end after which the file keeps the state to go on from


class Checkpoint(Callback):
    """A callback that writes the training state to a file, atomically, and reads it back.

    Parameters
    ----------
    path : str or path
        The file. One that belongs to another run (other rows or settings) is refused, not overwritten.
    seconds : float
        At most this much training is lost when the process is killed.

    Raises
    ------
    ParameterError
        If ``seconds`` is negative.
    """

    def __init__(self, path: str | PathLike[str], *, seconds: float = 10.0) -> None:
        if not seconds >= 0:
            raise ParameterError(f"seconds of Checkpoint must be at least 0, got {seconds!r}.")
        self.path, self.seconds = Path(path), seconds
        self._fingerprint, self._seed = "", 0
        self._last = 0.0

    @classmethod
    def of(cls, given: Any) -> Self | None:
        """Return a checkpoint for what ``fit`` was given: nothing, a path, or a checkpoint.

        Raises
        ------
        ParameterError
            If it is something else.
        """
        if given is None or isinstance(given, cls):
            return given
        if isinstance(given, str | PathLike):
            return cls(fspath(given))
        raise ParameterError(f"checkpoint must be a path or a Checkpoint, got {given!r}.")

    def bind(self, fingerprint: str, seed: int) -> None:
        """Tie the checkpoint to one run, by the hash of what its final weights are a function of."""
        self._fingerprint, self._seed = fingerprint, seed

    def seed(self) -> int | None:
        """Return the seed of the run in the file, or None if there is no file: for runs that were given none."""
        if not self.path.exists():
            return None
        seed = storage.read_container(self.path, kind="checkpoint")[0].get("seed")
        if not isinstance(seed, int):
            raise ModelFileError(f"{self.path} holds no seed; delete the file to start anew.")
        return seed

    def load(self) -> TrainingState | None:
        """Return the state in the file, or None if there is no file.

        Raises
        ------
        ModelFileError
            If the file is damaged, or belongs to another run.
        """
        storage.remove_leftovers(self.path)
        if not self.path.exists():
            return None
        header, arrays = storage.read_container(self.path, kind="checkpoint")
        if header.get("fingerprint") != self._fingerprint:
            raise ModelFileError(
                f"{self.path} is the checkpoint of another run: other rows, columns, settings or seed. "
                "Give the same ones to go on, or another path (or delete the file) to start anew."
            )
        return TrainingState.from_parts(header["state"], arrays)

    def _write(self, run: Run) -> None:
        values, arrays = run.state.to_parts()
        storage.write_container(
            self.path,
            {"fingerprint": self._fingerprint, "seed": self._seed, "state": values},
            arrays,
            kind="checkpoint",
        )
        self._last = monotonic()

    def on_train_begin(self, run: Run) -> None:
        """Write at once, so that a path that cannot be written is noticed before the work."""
        self._write(run)

    def on_steps_end(self, run: Run) -> None:
        """Write when it is time."""
        if monotonic() - self._last >= self.seconds:
            self._write(run)

    def on_stop(self, run: Run) -> None:
        """Write the state to go on from."""
        self._write(run)

    def on_train_end(self, run: Run) -> None:
        """Write the final state, unless the run can go on."""
        if run.state.stop_reason not in RESUMABLE:
            self._write(run)


def fingerprint(
    network: Network, recipe: Recipe, training: Source, validation: Source | None, *, metric: str, engine: str
) -> str:
    """Return the SHA-256 of all that the final weights are a function of; the time limit is not part of it.

    Of a metric it knows the name alone, not what the function does.
    """
    digest = hashlib.sha256()
    settings, stopping = recipe.settings, recipe.stopping
    described = {
        "network": network.to_config(),
        "optimizer": recipe.optimizer.to_config(),
        "schedule": recipe.schedule.to_config(),
        "numbers": [recipe.learning_rate, recipe.epochs, recipe.max_recoveries],
        "settings": [settings.batch_size, settings.seed, settings.shuffle, settings.max_gradient_norm],
        "execution": [engine, settings.n_threads, metric],
        "stopping": [stopping.monitor, stopping.patience, stopping.tol, stopping.restore_best],
    }
    digest.update(json.dumps(described, sort_keys=True, default=float).encode())
    for source in (training, validation):
        for array in _arrays(source):
            digest.update(f"{array.dtype} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).view(np.uint8).data)
    return digest.hexdigest()


def _arrays(source: Source | None) -> list[NDArray[Any]]:
    """Return all arrays that a source is made of, in order; no weights are an empty array."""
    if source is None:
        return []
    sparse = issparse(source.numbers)
    parts = [getattr(source.numbers, name) for name in ("data", "indices", "indptr")] if sparse else [source.numbers]
    return [*parts, source.target, np.empty(0) if source.weight is None else source.weight]
