"""What every contestant does: take the data, train from the weights of a seed, show what came out."""

import resource
import sys
import time
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any

import numpy as np
from benchmarks.speed.cases import Case, training_loss


class Contestant(ABC):
    """A way to train a case's network; subclasses say how.

    Only ``train`` is timed. Before it the data are in memory in the library's own form, and network, first weights and
    optimizer are made, where the library lets them; what training allocates and compiles belongs to it.
    """

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads

    def prepare(self, case: dict[str, Any], folder: str) -> None:
        """Take a case, and its data from a folder."""
        self.case = Case(**{**case, "hidden": tuple(case["hidden"])})
        self.X, self.y = np.load(Path(folder) / "X.npy"), np.load(Path(folder) / "y.npy")
        self.take_data()
        self._peak_before = peak_mib()

    def fit(self, seed: int) -> dict[str, float]:
        """Train once; return the seconds it took and the loss it reached."""
        self.start(seed)
        started = time.perf_counter()
        self.train()
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "loss": training_loss(self.weights(), self.X, self.y)}

    def train_only(self, seed: int) -> float:
        """Train once; return the seconds it took."""
        self.start(seed)
        started = time.perf_counter()
        self.train()
        return time.perf_counter() - started

    def grown_mib(self) -> float:
        """Return by how much the process's peak of memory has grown since the data were there, in MiB."""
        return peak_mib() - self._peak_before

    @abstractmethod
    def take_data(self) -> None:
        """Bring ``self.X`` and ``self.y`` into the library's own form."""

    @abstractmethod
    def start(self, seed: int) -> None:
        """Make everything that training starts from."""

    @abstractmethod
    def train(self) -> None:
        """Train; return when it is done."""

    @abstractmethod
    def about(self) -> str:
        """Return the library's version and what else tells how it runs."""

    @abstractmethod
    def weights(self) -> list[tuple[Any, Any]]:
        """Return each layer's W (n_in, n_out) and bias (n_out,) as they are after ``train``."""


def peak_mib() -> float:
    """Return the process's peak of memory so far, in MiB (macOS counts bytes, Linux KiB)."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)
