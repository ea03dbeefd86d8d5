"""Measure the drop-in estimators beside scikit-learn's: `python -m benchmarks.dropin` (see benchmarks/README.md)."""

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.dropin.cases import CASES
from benchmarks.dropin.report import OURS, THEIRS, complaints, render
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.pool import hire, take_turns
from benchmarks.speed.readme import between_markers


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.dropin", description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES), help="default: all")
    parser.add_argument("--threads", type=int, default=2, help="cores that each library may use; default: 2")
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--json", type=Path, default=Path("build/dropin.json"), help="where results go")
    parser.add_argument("--readme", type=Path, nargs="+", default=[], help="pages to put the table into")
    return parser.parse_args(arguments)


def measure(name: str, *, n_threads: int, repeats: int) -> dict[str, Any]:
    """Return the seconds and results of both libraries' turns at a case; a first turn each is not counted."""
    print(f"  {name} ({CASES[name].about})", flush=True)
    with ExitStack() as stack:
        roles = {library: ("dropin.user.User", {"library": library}) for library in (THEIRS, OURS)}
        users = hire(stack, roles, n_threads)
        for user in users.values():
            user.ask("prepare", name=name)
        take_turns(users, range(1), "take", lambda _: {"seed": 0})
        answers = take_turns(users, range(1, repeats + 1), "take", lambda seed: {"seed": seed})
    return {
        "case": name,
        "seconds": {library: [answer["seconds"] for answer in given] for library, given in answers.items()},
        "results": {library: [answer["result"] for answer in given] for library, given in answers.items()},
        "epochs": {library: [answer["epochs"] for answer in given] for library, given in answers.items()},
    }


def libraries() -> list[str]:
    """Return both libraries with their versions."""
    from importlib.metadata import version

    return [f"{library} {version(library)}" for library in (OURS, THEIRS)]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print, write; the exit status is 1 if the libraries came to other results."""
    options = parse(arguments)
    machine = describe_machine(quick=False) | {"libraries": libraries()}
    print("The drop-in beside scikit-learn", flush=True)
    records = [measure(name, n_threads=options.threads, repeats=options.repeats) for name in options.cases]
    results = {"machine": machine, "threads": options.threads, "records": records}
    table = render(results)
    print(f"\n{table}")
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=1), encoding="utf-8")
    for page in options.readme:
        page.write_text(between_markers(page.read_text(encoding="utf-8"), table, name="dropin"), encoding="utf-8")
    wrong = complaints(records)
    for line in wrong:
        print(line, file=sys.stderr)
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
