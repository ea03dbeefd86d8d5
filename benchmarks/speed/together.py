"""Two trainings at once on the same two cores: threads that spin would make each take many times as long."""

import tempfile
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any

from benchmarks.speed.cases import Case, save_data
from benchmarks.speed.contestants import roles
from benchmarks.speed.pool import hire

N_THREADS = 2


def measure_together(case: Case, *, repeats: int, engine: str) -> dict[str, Any]:
    """Return the seconds of one process alone, of the slower of two at once, and the ratio of their medians."""
    alone, both = [], []
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        data = save_data(case, Path(folder))
        pair = [hire(stack, roles(("chainrule",), engine), N_THREADS)["chainrule"] for _ in range(2)]
        for worker in pair:
            worker.ask("prepare", case=asdict(case), folder=data)
            worker.ask("train_only", seed=0)
        for seed in range(1, repeats + 1):
            alone.append(pair[seed % 2].ask("train_only", seed=seed))
            for worker in pair:
                worker.send("train_only", seed=seed)
            both.append(max(worker.result() for worker in pair))
    return {"case": case.name, "alone": alone, "both": both, "ratio": median(both) / median(alone)}
