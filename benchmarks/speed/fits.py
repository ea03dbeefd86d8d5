"""The main part: every contestant trains every case, in turns."""

import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.cases import Case, save_data
from benchmarks.speed.contestants import roles
from benchmarks.speed.pool import PAUSE, Worker, hire, take_turns

SHORT, MORE_REPEATS = 0.3, 3  # a fit shorter than this many seconds is noisy, and repeated three times as often


def measure_case(
    case: Case, names: tuple[str, ...], *, n_threads: int, repeats: int, engine: str
) -> list[dict[str, Any]]:
    """Return a record for each contestant: seconds and losses of its fits, the first call's extra time, memory.

    Repeat i starts everywhere from the same weights, those of seed i.
    """
    print(f"  {case.name} ({case}), {n_threads} thread{'s' if n_threads > 1 else ''}", flush=True)
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        workers = hire(stack, roles(names, engine), n_threads)
        data = save_data(case, Path(folder))
        for worker in workers.values():
            worker.ask("prepare", case=asdict(case), folder=data)
        first = take_turns(workers, range(1), "fit", lambda _: {"seed": 0})
        if all(answers[0]["seconds"] < SHORT for answers in first.values()):
            repeats *= MORE_REPEATS
        answers = take_turns(workers, range(1, repeats + 1), "fit", lambda seed: {"seed": seed})
        return [
            {
                "case": case.name,
                "threads": n_threads,
                "contestant": name,
                "about": workers[name].ask("about"),
                **summary(first[name][0], answers[name]),
                **residue(workers[name], n_threads),
            }
            for name in workers
        ]


def summary(first: dict[str, float], answers: list[dict[str, float]]) -> dict[str, Any]:
    """Return times and losses of the repeats; what the warm-up took beyond their median is the first call's extra."""
    seconds = [answer["seconds"] for answer in answers]
    return {
        "seconds": seconds,
        "losses": [answer["loss"] for answer in answers],
        "first_call_extra": max(first["seconds"] - median(seconds), 0.0),
    }


def residue(worker: Worker, n_threads: int) -> dict[str, Any]:
    """Return what a worker leaves behind: memory, and processor time burnt while others ran."""
    time.sleep(PAUSE)
    grown = worker.ask("grown_mib")
    if worker.idle_cpu > PAUSE * n_threads:
        print(f"    a contestant burnt {worker.idle_cpu:.2f} s while it had nothing to do: others may look slower")
    return {"grown_mib": grown, "idle_cpu": worker.idle_cpu}
