"""Measure the core's kernels beside BLAS, on one thread: `python -m benchmarks.kernels` (see benchmarks/README.md)."""

import argparse
import json
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from benchmarks.kernels import blas
from benchmarks.kernels.program import ROOT, Kernels, ProgramError, build, instruction_sets
from benchmarks.kernels.tables import BLAS, render
from benchmarks.kernels.tasks import OPTIMIZERS, PASSES, Task, products_of, tasks
from benchmarks.speed.cases import CASES, Case
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.readme import between_markers
from threadpoolctl import threadpool_limits

OPTIMIZERS_CASE, OPTIMIZERS_LAYER = "S2", 1  # W of 257×256: it stays in the second-level cache

Contestants = dict[str, Callable[[Task, float], float]]


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options; what `--quick` leaves open becomes small."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.kernels", description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, help="default: all; S6 with --quick")
    parser.add_argument("--rounds", type=int, help="default: 5; 2 with --quick")
    parser.add_argument("--seconds", type=float, default=0.02, help="of a contestant's turn at a task (%(default)s)")
    parser.add_argument("--quick", action="store_true", help="see whether all works; the numbers are worth nothing")
    parser.add_argument("--program", type=Path, help="kernel_speed; default: build it in build/kernels")
    parser.add_argument("--json", type=Path, default=ROOT / "build/kernels.json", help="where results go")
    parser.add_argument("--readme", type=Path, help="a page to put the tables into, between its markers")
    options = parser.parse_args(arguments)
    if options.quick and options.readme:
        parser.error("--readme is for measurements; leave out --quick")
    if options.readme and not options.readme.is_file():
        parser.error(f"--readme is a page that is there, with markers for the tables. {options.readme} is not")
    options.cases = options.cases or (["S6"] if options.quick else list(CASES))
    options.rounds = options.rounds or (2 if options.quick else 5)
    options.seconds = 0.001 if options.quick else options.seconds
    return options


def measure(options: argparse.Namespace, program: Path) -> dict[str, Any]:
    """Measure all tasks: the products, the passes over the weights, the optimizers."""
    sets = instruction_sets(program)
    results: dict[str, Any] = {"rounds": options.rounds, "seconds_of_a_turn": options.seconds, "instruction_sets": sets}
    results |= {"products": [], "passes": [], "optimizers": []}

    def add(part: str, case: Case, work: list[Task], *, with_blas: bool) -> None:
        with ExitStack() as stack:
            contestants: Contestants = {
                name: stack.enter_context(Kernels(program, name, case)).shortest for name in sets
            }
            contestants |= {BLAS: blas.shortest} if with_blas else {}
            results[part] += [record_of(task, contestants, options) for task in work]

    for name in options.cases:
        print(f"{name}: {CASES[name]}", flush=True)
        add("products", CASES[name], products_of(CASES[name]), with_blas=True)
        add("passes", CASES[name], tasks(CASES[name], PASSES), with_blas=False)
    case = CASES[OPTIMIZERS_CASE]
    add("optimizers", case, [t for t in tasks(case, OPTIMIZERS) if t.layer == OPTIMIZERS_LAYER], with_blas=False)
    return results


@contextmanager
def on_one_core() -> Iterator[None]:
    """Bind this process, and those that it starts, to a core: only one of them has work at a time."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(cores)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


def record_of(task: Task, contestants: Contestants, options: argparse.Namespace) -> dict[str, Any]:
    """Return each contestant's least seconds at a task, after rounds in which they take turns in changing order."""
    times: dict[str, list[float]] = {name: [] for name in contestants}
    for number in range(options.rounds):
        for name in reversed(times) if number % 2 else times:
            times[name].append(contestants[name](task, options.seconds))
    return {"task": asdict(task), "seconds": {name: min(found) for name, found in times.items()}}


def main(arguments: list[str] | None = None) -> None:
    """Build, measure, print, write; exit with status 1 if a kernel's result is wrong."""
    options = parse(arguments)
    page = options.readme and options.readme.read_text(encoding="utf-8")
    if page:
        between_markers(page, "", name="kernels")  # better found out now than in a minute
    try:
        program = options.program or build(ROOT / "build/kernels", "-DCMAKE_BUILD_TYPE=Release")
        machine = describe_machine(quick=options.quick) | {"libraries": [blas.about()]}
        with threadpool_limits(1), on_one_core():
            results = {"machine": machine} | measure(options, program)
    except ProgramError as error:
        sys.exit(str(error))
    tables = render(results)
    print("\n" + tables)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
    print(options.json)
    if page:
        options.readme.write_text(between_markers(page, tables, name="kernels"), encoding="utf-8")


if __name__ == "__main__":
    main()
