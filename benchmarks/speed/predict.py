"""How long prediction takes: one row, and a large table."""

from contextlib import ExitStack
from dataclasses import asdict
from statistics import median
from typing import Any

from benchmarks.speed.cases import CASES
from benchmarks.speed.pool import hire, take_turns

ROWS = (1, 100_000)
PREDICTORS = {
    "chainrule": "speed.predictors.ours.Logits",
    "chainrule-session": "speed.predictors.ours.OpenSession",
    "scikit-learn": "speed.predictors.peers.ScikitLearn",
    "torch": "speed.predictors.peers.Torch",
    "onnxruntime": "speed.predictors.peers.OnnxRuntime",
}


def measure_predict(
    cases: tuple[str, ...], *, threads: list[int], repeats: int, engine: str, quick: bool
) -> list[dict[str, Any]]:
    """Return a record for each network, number of rows, number of threads and predictor: seconds of a call."""
    roles: dict[str, tuple[str, dict[str, Any]]] = {
        name: (role, {"engine": engine} if name.startswith("chainrule") else {}) for name, role in PREDICTORS.items()
    }
    records = []
    for n_threads in threads:
        with ExitStack() as stack:
            workers = hire(stack, roles, n_threads)
            for name in cases:
                for rows in (1, 1_000) if quick else ROWS:
                    for worker in workers.values():
                        worker.ask("prepare", case=asdict(CASES[name]), n_rows=rows)
                    answers = take_turns(workers, range(repeats), "seconds_a_call", lambda _: {})
                    check_agreement({key: worker.ask("some_probabilities") for key, worker in workers.items()})
                    records += [
                        {"case": name, "rows": rows, "threads": n_threads, "predictor": key, "seconds": seconds}
                        for key, seconds in answers.items()
                    ]
    return records


def check_agreement(probabilities: dict[str, list[float]]) -> None:
    """Raise AssertionError unless all predictors give the same probabilities, to what float32 can tell."""
    expected = [median(values) for values in zip(*probabilities.values(), strict=True)]
    for name, values in probabilities.items():
        worst = max(abs(value - right) for value, right in zip(values, expected, strict=True))
        assert worst < 1e-4, f"{name} predicts other probabilities than most: off by {worst:.1g}"
