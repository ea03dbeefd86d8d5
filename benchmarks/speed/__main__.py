"""Measure chainrule's speed beside its peers: `python -m benchmarks.speed` (`make bench`; see benchmarks/README.md)."""

import argparse
import json
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from benchmarks.speed.cases import CASES
from benchmarks.speed.contestants import CONTESTANTS
from benchmarks.speed.estimator import measure_estimator
from benchmarks.speed.fits import measure_case
from benchmarks.speed.imports import measure_imports
from benchmarks.speed.machine import describe_machine
from benchmarks.speed.peak import Peak
from benchmarks.speed.picture import draw
from benchmarks.speed.predict import measure_predict
from benchmarks.speed.readme import between_markers
from benchmarks.speed.scaling import measure_scaling
from benchmarks.speed.tables import render
from benchmarks.speed.together import measure_together
from benchmarks.speed.verdict import check_losses, judge

PARTS = ("fit", "predict", "scaling", "imports", "estimator", "together")
PREDICTED, TOGETHER = ("S1", "S2"), ("S2", "S4")


def parse(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the options; what `--quick` leaves open becomes small."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.speed", description=__doc__)
    parser.add_argument("--cases", nargs="+", choices=CASES, help="default: all; S1 and S6 with --quick")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="default: all")
    parser.add_argument(
        "--only", nargs="+", choices=CONTESTANTS, default=list(CONTESTANTS), help="who trains; default: all"
    )
    parser.add_argument("--threads", nargs="+", type=int, choices=(1, 2), default=[1, 2])
    parser.add_argument("--repeats", type=int, help="default: 7; 2 with --quick")
    parser.add_argument("--engine", default="auto", help="chainrule's engine")
    parser.add_argument("--data", type=Path, help="a folder with california.csv, for the part `estimator`")
    parser.add_argument("--quick", action="store_true", help="see whether all works; the numbers are worth nothing")
    parser.add_argument("--json", type=Path, default=Path("build/speed.json"), help="where results go")
    parser.add_argument("--picture", type=Path, default=Path("build/speed.svg"), help="where the picture goes")
    parser.add_argument("--readme", type=Path, help="a page to put the tables into, between its markers")
    options = parser.parse_args(arguments)
    if options.quick and options.readme:
        parser.error("--readme is for measurements; leave out --quick")
    if options.readme and not options.readme.is_file():
        parser.error(f"--readme is a page that is there, with markers for the tables. {options.readme} is not")
    options.cases = options.cases or (["S1", "S6"] if options.quick else list(CASES))
    options.repeats = options.repeats or (2 if options.quick else 7)
    return options


def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Run the parts asked for."""
    repeats, engine, quick = options.repeats, options.engine, options.quick
    results: dict[str, Any] = {"machine": describe_machine(quick=quick)}
    if "fit" in options.parts:
        results |= measure_fits(options)
    if "predict" in options.parts:
        print("Prediction")
        results["predict"] = measure_predict(
            PREDICTED, threads=options.threads, repeats=repeats, engine=engine, quick=quick
        )
    if "scaling" in options.parts:
        print("Scaling")
        results["scaling"] = measure_scaling(
            options.only, threads=options.threads, repeats=min(repeats, 3), engine=engine, quick=quick
        )
    if "imports" in options.parts:
        print("Imports")
        results["imports"] = measure_imports(repeats)
    if "estimator" in options.parts:
        print("An estimator's fit")
        results["estimator"] = measure_estimator(options.data, n_threads=2, engine=engine, quick=quick)
    if "together" in options.parts:
        print("Two trainings at once")
        cases = TOGETHER[1:] if quick else TOGETHER
        results["together"] = [measure_together(CASES[name], repeats=repeats, engine=engine) for name in cases]
    return results


def measure_fits(options: argparse.Namespace) -> dict[str, Any]:
    """Train all cases, a round of the peak before each and one at the end, and judge."""
    print("Training")
    fits: list[dict[str, Any]] = []
    with ExitStack() as stack:
        peak = Peak(stack, options.threads)
        for name in options.cases:
            peak.measure()
            for n_threads in options.threads:
                fits += measure_case(
                    CASES[name], options.only, n_threads=n_threads, repeats=options.repeats, engine=options.engine
                )
        peak.measure()
        peaks = peak.report()
    return {"peak": peaks, "fits": fits, "verdicts": judge(fits, peaks), "complaints": check_losses(fits)}


def write(path: Path, content: str) -> None:
    """Write a result, and say where it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    print(path)


def main() -> None:
    """Measure, print, write; exit with status 1 if a contestant has not done the same work as the others."""
    options = parse()
    page = options.readme and options.readme.read_text(encoding="utf-8")
    if page:
        between_markers(page, "")  # better found out now than in an hour
    results = measure(options)
    results["machine"]["libraries"] = sorted({fit["about"] for fit in results.get("fits", [])})
    tables = render(results)
    print("\n" + tables)
    write(options.json, json.dumps(results, indent=1) + "\n")
    write(options.picture, draw(results))
    if page:
        write(options.readme, between_markers(page, tables))
    sys.exit("\n".join(results.get("complaints", [])) or None)


if __name__ == "__main__":
    main()
