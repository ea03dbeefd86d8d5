"""The results as Markdown tables, for the terminal and for README."""

from collections.abc import Iterable, Sequence
from statistics import median
from typing import Any

from benchmarks.speed.cases import CASES
from benchmarks.speed.verdict import groups, share

SINGLE_ROW, BARE_IMPORT, ESTIMATOR_IMPORT = 5e-6, 0.1, 0.2  # targets, seconds at most
CORE_SHARE, TWO_AT_ONCE = 0.9, 2.5  # targets: at least, less than


def render(results: dict[str, Any]) -> str:
    """Return all that was measured, a section for each part that was run."""
    sections = [
        ("Targets", verdict_table),
        ("Training", fit_table),
        ("Peak", peak_table),
        ("Prediction", predict_table),
    ]
    sections += [("Scaling", scaling_table), ("Imports", import_table), ("The rest", rest)]
    parts = [f"### {title}\n\n{text}" for title, table in sections if (text := table(results))]
    return "\n\n".join([machine_line(results["machine"]), *parts]) + "\n"


def machine_line(machine: dict[str, Any]) -> str:
    """Return where and with what the run was made."""
    about = "; ".join([f"Python {machine['python']}", *machine["libraries"]])
    quick = " **A quick run: no measurement.**" if machine["quick"] else ""
    return (
        f"{machine['date']}, {machine['processor']}, {machine['cores']} cores ({machine['instructions']}), "
        f"{machine['system']}, load {machine['load']} at the start; {about}.{quick}"
    )


def markdown(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a Markdown table with aligned columns: the first two to the left, the rest to the right."""
    lines = [list(header), *map(list, rows)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(header))]

    def line_of(cells: Sequence[str]) -> str:
        aligned = [
            cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(cells, widths, strict=True))
        ]
        return "| " + " | ".join(aligned) + " |"

    rule = ["-" * w if i < 2 else "-" * (w - 1) + ":" for i, w in enumerate(widths)]
    return "\n".join([line_of(lines[0]), line_of(rule), *map(line_of, lines[1:])])


def time_of(seconds: list[float]) -> str:
    """Return "median [least–most]", in a unit that fits the median.

    >>> time_of([0.002, 0.0015, 0.25])
    '2.00 ms [1.50–250]'
    """
    middle = median(seconds)
    scale, unit = next(((s, u) for s, u in ((1, "s"), (1e3, "ms")) if middle * s >= 1), (1e6, "µs"))
    least, most = (three_digits(value * scale) for value in (min(seconds), max(seconds)))
    return f"{three_digits(middle * scale)} {unit} [{least}–{most}]"


def three_digits(value: float) -> str:
    """Return a number with three digits, or with all before the point if they are more.

    >>> [three_digits(value) for value in (0.01234, 1.2, 99.94, 462.1, 46210.0)]
    ['0.0123', '1.20', '99.9', '462', '46,210']
    """
    return f"{value:,.0f}" if value >= 100 else f"{value:#.3g}"


def against(value: float | None, target: float | None, form: str) -> str:
    """Return a number beside its target and whether it is met."""
    if value is None or target is None:
        return "–"
    return f"{value:{form}} (≥ {target:{form}}: {'met' if value >= target else 'MISSED'})"


def verdict_table(results: dict[str, Any]) -> str:
    """Return ratio and share of each case beside the targets."""
    rows = []
    for verdict in results.get("verdicts", []):
        spread = "–" if verdict["ratio"] is None else "{:.2f}–{:.2f}".format(*verdict["ratio_range"])
        ratio = against(verdict["ratio"], verdict["ratio_target"], ".2f")
        cells = [verdict["case"], verdict["fastest_peer"] or "–", ratio, spread]
        rows.append([*cells, against(verdict["share"], verdict["share_target"], ".2f")])
    header = ["case", "fastest peer", "ratio", "range of the peer's", "share of the peak"]
    return markdown(header, rows) if rows else ""


def fit_table(results: dict[str, Any]) -> str:
    """Return a table for each case and number of threads."""
    header = ["case", "contestant", "threads", "median [range]", "rows/s", "GFLOP/s", "of peak", "× ours", "first call"]
    header += ["loss", "grown by"]
    rows = []
    for group in groups(results.get("fits", []), "case", "threads"):
        ours = next((median(fit["seconds"]) for fit in group if fit["contestant"] == "chainrule"), None)
        rows += [fit_cells(fit, ours, results["peak"]) for fit in group]
    if not rows:
        return ""
    return markdown(header, rows) + "\n\n" + "\n".join(f"- {case.name}: {case}" for case in CASES.values())


def fit_cells(fit: dict[str, Any], ours: float | None, peaks: dict[str, Any]) -> list[str]:
    """Return a contestant's line."""
    case, seconds = CASES[fit["case"]], median(fit["seconds"])
    return [
        case.name,
        fit["contestant"],
        str(fit["threads"]),
        time_of(fit["seconds"]),
        f"{case.rows * case.epochs / seconds:,.0f}",
        f"{case.flops * 1e-9 / seconds:.1f}",
        f"{share(case.name, seconds, peaks[str(fit['threads'])]['gflops']):.0%}",
        "–" if ours is None else f"{seconds / ours:.2f}",
        f"+{fit['first_call_extra']:.2f} s",
        f"{median(fit['losses']):.4f}",
        f"{fit['grown_mib']:.0f} MiB",
    ]


def peak_table(results: dict[str, Any]) -> str:
    """Return the fastest product for each number of threads."""
    rows = [
        [threads, peak["product"], f"{peak['gflops']:.0f}", str(len(peak["rounds"]))]
        for threads, peak in results.get("peak", {}).items()
    ]
    return markdown(["threads", "fastest float32 product", "GFLOP/s", "rounds"], rows) if rows else ""


def predict_table(results: dict[str, Any]) -> str:
    """Return the time of a call for each network, number of rows and predictor."""
    records = results.get("predict", [])
    if not records:
        return ""
    rows = [[r["case"], r["predictor"], f"{r['rows']:,}", str(r["threads"]), time_of(r["seconds"])] for r in records]
    single = [r["seconds"] for r in records if (r["case"], r["predictor"], r["rows"]) == ("S1", "chainrule", 1)]
    verdict = f"A row through S1's network: {at_most(max(map(median, single)), SINGLE_ROW)}."
    return markdown(["network", "predictor", "rows", "threads", "a call, median [range]"], rows) + "\n\n" + verdict


def scaling_table(results: dict[str, Any]) -> str:
    """Return the fitted slopes: time ~ x^slope."""
    rows = [
        [axis, line["contestant"], str(line["threads"]), f"{line['x'][0]:,}–{line['x'][-1]:,}", *slopes(line)]
        for axis, lines in results.get("scaling", {}).items()
        for line in lines
    ]
    return markdown(["against", "contestant", "threads", "from–to", "slope", "of the upper half"], rows) if rows else ""


def slopes(line: dict[str, Any]) -> list[str]:
    """Return both slopes of a line."""
    return ["–" if line[key] is None else f"{line[key]:.2f}" for key in ("slope", "upper_slope")]


def import_table(results: dict[str, Any]) -> str:
    """Return the time of whole processes, and without what Python itself takes to start."""
    records = results.get("imports", [])
    if not records:
        return ""
    rows = [[f"`{r['statement']}`", time_of(r["seconds"]), f"{r['net'] * 1e3:.0f} ms"] for r in records]
    net = {record["statement"]: record["net"] for record in records}
    bare, more = net["import chainrule"], net["from chainrule import TableClassifier"] - net["import sklearn.base"]
    verdict = (
        f"`import chainrule`: {at_most(bare, BARE_IMPORT)}. "
        f"An estimator, more than sklearn.base: {at_most(more, ESTIMATOR_IMPORT)}."
    )
    return markdown(["process", "median [range]", "of it the import"], rows) + "\n\n" + verdict


def at_most(seconds: float, target: float) -> str:
    """Return a time beside its target and whether it is met."""
    scale, unit = (1e6, "µs") if target < 1e-3 else (1e3, "ms")
    verdict = "met" if seconds <= target else "MISSED"
    return f"{three_digits(seconds * scale)} {unit} (≤ {target * scale:.0f}: {verdict})"


def rest(results: dict[str, Any]) -> str:
    """Return the lines about the estimator and about two trainings at once."""
    lines = []
    if fit := results.get("estimator"):
        lines.append(
            f"- `TableRegressor(hidden_layer_sizes=(256, 256))` on {fit['table']}: {fit['epochs']} epochs in "
            f"{fit['seconds']:.2f} s, in the engine {against(fit['share'], CORE_SHARE, '.2f')} of it"
        )
    for pair in results.get("together", []):
        verdict = "met" if pair["ratio"] < TWO_AT_ONCE else "MISSED"
        lines.append(
            f"- two trainings of {pair['case']} at once: the slower takes {pair['ratio']:.2f} × the time of one alone "
            f"(< {TWO_AT_ONCE}: {verdict}); alone {time_of(pair['alone'])}, both {time_of(pair['both'])}"
        )
    return "\n".join(lines)
