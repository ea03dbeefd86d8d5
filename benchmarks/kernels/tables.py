"""The results as Markdown tables, for the terminal and for README."""

from collections.abc import Sequence
from typing import Any

from benchmarks.kernels.tasks import OPTIMIZERS, Task
from benchmarks.speed.tables import machine_line, markdown, three_digits
from benchmarks.speed.verdict import groups

BLAS = "BLAS"
Record = dict[str, Any]


def render(results: dict[str, Any]) -> str:
    """Return all that was measured."""
    sets = results["instruction_sets"]
    parts = [
        ("Products of a step, all together: GFLOP/s", step_table(results["products"], sets)),
        ("Products: GFLOP/s", product_table(results["products"], sets)),
        ("Packing, and Adam's step: 10⁶ weights/s", pass_table(results["passes"], sets)),
        ("Optimizers' steps, without packing: 10⁶ weights/s", optimizer_table(results["optimizers"], sets)),
    ]
    turns = f"The least processor times of {results['rounds']} turns of {results['seconds_of_a_turn'] * 1e3:.0f} ms."
    sections = [f"#### {title}\n\n{table}" for title, table in parts]
    return "\n\n".join([machine_line(results["machine"]) + " " + turns, *sections]) + "\n"


def task_of(record: Record) -> Task:
    """Return what a record is a measurement of."""
    return Task(**record["task"])


def product_table(records: list[Record], sets: Sequence[str]) -> str:
    """Return a line for each product, its inner size in the middle."""
    rows = [[*named(task_of(record)), *rates([record], [*sets, BLAS])] for record in records]
    return markdown(["case", "product", "sizes", *sets, BLAS, "ratio"], rows)


def named(task: Task) -> list[str]:
    """Return case, formula and sizes (m×k×n: m·n sums of k products) of a product."""
    rows, n_in, n_out = task.rows, task.n_in + 1, task.n_out
    if task.operation == "forward":
        return [task.case, "x·W", f"{rows}×{n_in - 1}×{n_out}"]
    if task.operation == "backward":
        return [task.case, "δ·Wᵀ", f"{rows}×{n_out}×{n_in - 1}"]
    return [task.case, "xᵀ·δ", f"{n_in - 1}×{rows}×{n_out}"]


def step_table(records: list[Record], sets: Sequence[str]) -> str:
    """Return a line for each case: the arithmetic of all products over the sum of their times."""
    rows = [
        [task_of(group[0]).case, str(len(group)), *rates(group, [*sets, BLAS])]
        for group in groups([record | {"case": record["task"]["case"]} for record in records], "case")
    ]
    return markdown(["case", "products", *sets, BLAS, "ratio"], rows)


def rates(records: list[Record], contestants: Sequence[str]) -> list[str]:
    """Return each contestant's GFLOP/s over some products, and the first one's as a multiple of the last one's."""
    flops = sum(task_of(record).flops for record in records)
    gflops = [flops * 1e-9 / sum(record["seconds"][name] for record in records) for name in contestants]
    return [*map(three_digits, gflops), f"{gflops[0] / gflops[-1]:.2f}"]


def pass_table(records: list[Record], sets: Sequence[str]) -> str:
    """Return a line for each layer: its operations by every instruction set."""
    keyed = [record | {key: record["task"][key] for key in ("case", "layer")} for record in records]
    by_layer = list(groups(keyed, "case", "layer"))
    operations = [task_of(record).operation for record in by_layer[0]]
    rows = []
    for group in by_layer:
        task = task_of(group[0])
        speeds = [millions(record, name) for record in group for name in sets]
        rows.append([task.case, f"{task.n_in + 1}×{task.n_out}", *speeds])
    return markdown(["case", "W", *(f"{operation}, {name}" for operation in operations for name in sets)], rows)


def optimizer_table(records: list[Record], sets: Sequence[str]) -> str:
    """Return a line for each optimizer."""
    task = task_of(records[0])
    by_name = {task_of(record).operation: record for record in records}
    rows = [[name, f"{task.n_in + 1}×{task.n_out}", *(millions(by_name[name], s) for s in sets)] for name in OPTIMIZERS]
    return markdown(["optimizer", "W", *sets], rows)


def millions(record: Record, contestant: str) -> str:
    """Return millions of weights a second."""
    return three_digits(task_of(record).weights * 1e-6 / record["seconds"][contestant])
