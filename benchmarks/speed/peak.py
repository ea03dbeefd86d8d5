"""The peak that times are held against: the fastest float32 matrix product that NumPy, SciPy or PyTorch manages."""

import time
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median
from typing import Any

import numpy as np
from benchmarks.speed.pool import Worker, hire, take_turns

# (m, k, n) of (m, k)·(k, n): square, and tall like a table's rows.
SHAPES = (
    (512, 512, 512),
    (1024, 1024, 1024),
    (2048, 2048, 2048),
    (8192, 256, 256),
    (4096, 512, 512),
    (4096, 1024, 512),
)
SECONDS_A_SHAPE = 0.1


class Products:
    """Measures one library's products; subclasses say how it multiplies."""

    def __init__(self, n_threads: int) -> None:
        self.n_threads = n_threads

    def gflops(self) -> dict[str, float]:
        """Return GFLOP/s by library and shape, each the best of some products."""
        random = np.random.default_rng(0)
        best: dict[str, float] = {}
        for m, k, n in SHAPES:
            A, B = random.random((m, k), dtype=np.float32), random.random((k, n), dtype=np.float32)
            for library, product in self.products(A, B).items():
                best[f"{library} {m}×{k}×{n}"] = 2e-9 * m * k * n / shortest(product)
        return best

    def products(self, A: Any, B: Any) -> dict[str, Callable[[], Any]]:
        """Return functions that multiply A by B into memory of their own."""
        raise NotImplementedError


def shortest(product: Callable[[], Any]) -> float:
    """Return the seconds of the fastest of the products that fit into a moment, after one to warm up."""
    product()
    times: list[float] = []
    while sum(times) < SECONDS_A_SHAPE:
        started = time.perf_counter()
        product()
        times.append(time.perf_counter() - started)
    return min(times)


class NumpyProducts(Products):
    """NumPy's BLAS and SciPy's (wheels carry one each)."""

    def products(self, A: Any, B: Any) -> dict[str, Callable[[], Any]]:
        """Return both; SciPy's wants columns first, so it multiplies the transposed."""
        from scipy.linalg.blas import sgemm

        C = np.empty((len(A), B.shape[1]), np.float32)
        return {
            "NumPy": lambda: np.matmul(A, B, out=C),
            "SciPy": lambda: sgemm(1.0, B.T, A.T, c=C.T, overwrite_c=True),
        }


class TorchProducts(Products):
    """PyTorch's, which is MKL or oneDNN on x86-64."""

    def __init__(self, n_threads: int) -> None:
        import torch

        super().__init__(n_threads)
        torch.set_num_threads(n_threads)

    def products(self, A: Any, B: Any) -> dict[str, Callable[[], Any]]:
        """Return `torch.mm`."""
        import torch

        a, b, c = torch.from_numpy(A), torch.from_numpy(B), torch.empty(len(A), B.shape[1])
        return {"PyTorch": lambda: torch.mm(a, b, out=c)}


class Peak:
    """Measures the peak for each number of threads, in rounds spread over the whole run."""

    def __init__(self, stack: ExitStack, threads: list[int]) -> None:
        libraries = {"NumPy and SciPy": "speed.peak.NumpyProducts", "PyTorch": "speed.peak.TorchProducts"}
        roles: dict[str, tuple[str, dict[str, Any]]] = {name: (role, {}) for name, role in libraries.items()}
        self._workers: dict[int, dict[str, Worker]] = {n: hire(stack, roles, n) for n in threads}
        self._rounds: dict[int, list[dict[str, float]]] = {n: [] for n in threads}

    def measure(self) -> None:
        """Take one round."""
        for n_threads, workers in self._workers.items():
            answers = take_turns(workers, range(1), "gflops", lambda _: {})
            self._rounds[n_threads].append(
                {name: value for answer in answers.values() for name, value in answer[0].items()}
            )

    def report(self) -> dict[str, Any]:
        """Return, by number of threads, the best product, its median GFLOP/s over the rounds, and the rounds."""
        return {
            str(n_threads): {**best_product(rounds), "rounds": rounds} for n_threads, rounds in self._rounds.items()
        }


def best_product(rounds: list[dict[str, float]]) -> dict[str, Any]:
    """Return the product whose median over the rounds is highest, and that median."""
    medians = {name: median(round_[name] for round_ in rounds) for name in rounds[0]}
    best = max(medians, key=lambda name: medians[name])
    return {"product": best, "gflops": medians[best]}
