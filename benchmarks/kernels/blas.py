"""The same products by NumPy's BLAS."""

import time
from collections.abc import Callable

import numpy as np
from benchmarks.kernels.tasks import Task
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray
from threadpoolctl import threadpool_info

LEAST_SAMPLE = 1e-4  # seconds: long beside what NumPy itself needs for a call, and the clock
Array = NDArray[np.float32]


def about() -> str:
    """Return name, version and kernels of NumPy's BLAS."""
    np.ones((2, 2)) @ np.ones((2, 2))  # loaded by now
    found = [entry for entry in threadpool_info() if entry["user_api"] == "blas" and "numpy" in entry["filepath"]]
    entry = (found or [{}])[0]
    name, version = entry.get("internal_api", "an unknown BLAS"), entry.get("version", "")
    return f"NumPy {np.__version__} with {name} {version}, kernels for {entry.get('architecture', 'who knows what')}"


def operands(task: Task) -> tuple[Array, Array]:
    """Return the factors of a task's product as they lie in memory: W is (n_in, n_out), without biases."""
    random = np.random.default_rng(0)

    def matrix(n: int, m: int) -> Array:
        return random.standard_normal((n, m), dtype=np.float32)

    if task.operation == "forward":  # z = x·W
        return matrix(task.rows, task.n_in), matrix(task.n_in, task.n_out)
    if task.operation == "backward":  # ∂E/∂x = δ·Wᵀ
        return matrix(task.rows, task.n_out), matrix(task.n_in, task.n_out).T
    return matrix(task.rows, task.n_in).T, matrix(task.rows, task.n_out)  # ∂E/∂W = xᵀ·δ


def repeated(A: Array, B: Array, C: Array, repeats: int) -> Callable[[], object]:
    """Return a function that computes C = A·B so many times in one call of NumPy's.

    So the call itself hardly counts. It is a product of stacks of matrices, all of them the same ones in memory.
    """
    factors = as_strided(A, (repeats, *A.shape), (0, *A.strides))
    results = as_strided(C, (repeats, *C.shape), (0, *C.strides))
    return lambda: np.matmul(factors, B, out=results)


def shortest(task: Task, seconds: float) -> float:
    """Return the seconds that a product takes at least, found out within so many seconds."""
    A, B = operands(task)
    C = np.empty((A.shape[0], B.shape[1]), np.float32)
    repeats, product = 1, repeated(A, B, C, 1)
    product()
    while seconds_of(product) < LEAST_SAMPLE:
        repeats *= 2
        product = repeated(A, B, C, repeats)
    times: list[float] = []
    while sum(times) < seconds:
        times.append(seconds_of(product))
    return min(times) / repeats


def seconds_of(call: Callable[[], object]) -> float:
    """Return the processor's seconds that a call takes: those of all threads, and nothing of other processes."""
    started = time.process_time()
    call()
    return time.process_time() - started
