"""What was measured, as a Markdown table, and whether both libraries came to the same results."""

from statistics import median
from typing import Any

from benchmarks.dropin.cases import CASES, ONE_ROW_SECONDS
from benchmarks.speed.tables import machine_line, markdown, time_of

OURS, THEIRS = "chainrule", "scikit-learn"


def ratio_of(record: dict[str, Any]) -> float:
    """Return how many times as long scikit-learn took, by the medians."""
    return median(record["seconds"][THEIRS]) / median(record["seconds"][OURS])


def complaints(records: list[dict[str, Any]]) -> list[str]:
    """Return a line for each case in which the libraries came to other results: its times compare nothing."""
    lines = []
    for record in records:
        limit = CASES[record["case"]].same_result
        for ours, theirs in zip(record["results"][OURS], record["results"][THEIRS], strict=True):
            if not abs(ours - theirs) <= limit * abs(theirs):
                lines.append(f"{record['case']}: chainrule came to {ours:.6g}, scikit-learn to {theirs:.6g}")
                break
    return lines


def render(results: dict[str, Any]) -> str:
    """Return the machine's line and a row for each case."""
    header = ("case", "what", "scikit-learn", "chainrule", "ratio", "asked")
    rows = [
        (
            record["case"],
            CASES[record["case"]].about,
            time_of(record["seconds"][THEIRS]),
            time_of(record["seconds"][OURS]),
            f"{ratio_of(record):.1f}",
            asked(record),
        )
        for record in results["records"]
    ]
    return f"{machine_line(results['machine'])}\n\n{markdown(header, rows)}\n"


def asked(record: dict[str, Any]) -> str:
    """Return the case's target and whether it is met; a dash where there is none."""
    case = CASES[record["case"]]
    if case.do == "predict_one":
        met = median(record["seconds"][OURS]) <= ONE_ROW_SECONDS
        return f"≤ {ONE_ROW_SECONDS * 1e6:.0f} µs: {'met' if met else 'MISSED'}"
    if case.ratio is None:
        return "–"
    return f"≥ {case.ratio:g}: {'met' if ratio_of(record) >= case.ratio else 'MISSED'}"
