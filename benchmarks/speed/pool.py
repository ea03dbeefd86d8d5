"""The parent's side of the contestants' processes: starting them, giving orders, letting them take turns."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parents[2]
THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
# OpenBLAS's threads spin for about 0.1 s after their work before they sleep, OpenMP's for some ms. Telling them not to
# (OMP_WAIT_POLICY=PASSIVE) would slow PyTorch down, so the next contestant waits instead until they sleep.
PAUSE = 0.2


class MissingPeerError(Exception):
    """A library that a contestant needs is not installed."""


class Worker:
    """A contestant in a process of its own, bound to ``n_threads`` cores."""

    def __init__(self, role: str, n_threads: int, **arguments: Any) -> None:
        cores = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []
        order = {"role": role, "cores": cores[-n_threads:], "with": {"n_threads": n_threads, **arguments}}
        environment = os.environ | dict.fromkeys(THREAD_VARIABLES, str(n_threads))
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.speed.worker", json.dumps(order)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.idle_cpu = 0.0  # the most processor time, in seconds, that it burnt while waiting for an order
        self._role = role
        try:
            self.result()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def send(self, call: str, **arguments: Any) -> None:
        """Give an order, without waiting for the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"call": call, "with": arguments}) + "\n")
        self._process.stdin.flush()

    def result(self) -> Any:
        """Wait for the answer to the last order and return it."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"{self._role} has died, with exit code {self._process.wait()}")
        answer = json.loads(line)
        self.idle_cpu = max(self.idle_cpu, answer.get("idle_cpu", 0.0))
        if "missing" in answer:
            raise MissingPeerError(answer["missing"])
        if "error" in answer:
            raise RuntimeError(f"{self._role} has failed:\n{answer['error']}")
        return answer["result"]

    def ask(self, call: str, **arguments: Any) -> Any:
        """Give an order and return the answer."""
        self.send(call, **arguments)
        return self.result()

    def close(self) -> None:
        """End the process."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def hire(stack: ExitStack, roles: Mapping[str, tuple[str, dict[str, Any]]], n_threads: int) -> dict[str, Worker]:
    """Start a worker for each role (name → class and its arguments), to be closed with the stack.

    Those whose library is not installed are left out, with a line saying so.
    """
    workers = {}
    for name, (role, arguments) in roles.items():
        try:
            workers[name] = stack.enter_context(Worker(role, n_threads, **arguments))
        except MissingPeerError as missing:
            print(f"    {name}: left out, {missing} is not installed", flush=True)
    return workers


def take_turns(
    workers: Mapping[str, Worker], rounds: Iterable[int], call: str, arguments: Callable[[int], dict[str, Any]]
) -> dict[str, list[Any]]:
    """Let every worker do the same in every round, one after another; return each one's answers."""
    answers: dict[str, list[Any]] = {name: [] for name in workers}
    names = list(workers)
    for number in rounds:
        for name in names if number % 2 else reversed(names):  # nobody always runs behind the same neighbour
            time.sleep(PAUSE)
            answers[name].append(workers[name].ask(call, **arguments(number)))
    return answers
