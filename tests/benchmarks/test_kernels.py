import json
import os
import shutil
import subprocess
from dataclasses import asdict
from fractions import Fraction

import numpy as np
import pytest
from benchmarks.kernels import blas
from benchmarks.kernels.__main__ import main, on_one_core, parse
from benchmarks.kernels.program import ENVIRONMENT, ROOT, Kernels, ProgramError, build, instruction_sets
from benchmarks.kernels.tables import product_table, render, step_table
from benchmarks.kernels.tasks import OPTIMIZERS, PASSES, PRODUCTS, Task, products_of, tasks
from benchmarks.speed.cases import CASES, Case
from benchmarks.speed.readme import between_markers

TINY = Case("tiny", rows=100, features=5, hidden=(7,), outputs=3, batch=10, epochs=1)
FORWARD, GRADIENT, BACKWARD = (Task("tiny", operation, 1, 10, 7, 3) for operation in PRODUCTS)


@pytest.mark.parametrize("case", CASES.values(), ids=str)
def test_the_products_of_all_steps_are_the_arithmetic_of_the_case(case):
    of_a_row = Fraction(sum(task.flops for task in products_of(case)), case.batch)
    assert of_a_row * case.rows * case.epochs == case.flops


def test_passes_are_over_all_weights():
    weights = [task.weights for task in tasks(TINY, ("pack",))]
    assert weights == [(5 + 1) * 7, (7 + 1) * 3]


@pytest.mark.parametrize("repeats", [1, 3])
@pytest.mark.parametrize(
    ("task", "sizes", "sums"),
    [
        (FORWARD, [(10, 7), (7, 3)], "rk,kj->rj"),
        (BACKWARD, [(10, 3), (3, 7)], "rk,kj->rj"),
        (GRADIENT, [(7, 10), (10, 3)], "ir,rj->ij"),
    ],
    ids=lambda value: value.operation if isinstance(value, Task) else None,
)
def test_blas_computes_the_layers_products(task, sizes, sums, repeats):
    A, B = blas.operands(task)
    assert [A.shape, B.shape] == sizes
    C = np.full((len(A), B.shape[1]), np.nan, np.float32)
    blas.repeated(A, B, C, repeats)()
    np.testing.assert_allclose(C, np.einsum(sums, A, B, dtype=np.float64), rtol=1e-5, atol=1e-5)
    assert blas.shortest(task, 1e-4) > 0


def test_blas_reads_the_weights_where_the_layer_has_them():
    assert blas.operands(BACKWARD)[1].T.flags.c_contiguous  # W (n_in, n_out), not a transposed copy
    assert blas.operands(GRADIENT)[0].T.flags.c_contiguous  # x (rows, n_in)


def test_one_core_and_then_all_again():
    if not hasattr(os, "sched_getaffinity"):
        pytest.skip("this system binds no process to cores")
    before = os.sched_getaffinity(0)
    with on_one_core():
        assert len(os.sched_getaffinity(0)) == 1
    assert os.sched_getaffinity(0) == before


def record(operation, layer=1, **seconds):
    task = next(t for t in tasks(TINY, (operation,)) if t.layer == layer)
    return {"task": asdict(task), "seconds": seconds}


def cells(table):
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines()[2:]]


def test_a_products_line_has_its_speed_and_the_ratio_of_the_best_instruction_set():
    table = product_table([record("backward", avx2=1e-7, baseline=4e-7, BLAS=2e-7)], ["avx2", "baseline"])
    flops = 2 * 10 * 7 * 3
    speeds = [f"{flops / nanoseconds:.3g}" for nanoseconds in (100, 400, 200)]
    assert speeds == ["4.2", "1.05", "2.1"]
    assert cells(table) == [["tiny", "δ·Wᵀ", "10×3×7", "4.20", "1.05", "2.10", "2.00"]]


def test_a_step_is_the_sum_of_its_products():
    records = [record("forward", layer, avx2=1e-7, BLAS=2e-7) for layer in (0, 1)]
    flops = 2 * 10 * (5 * 7 + 7 * 3)
    assert cells(step_table(records, ["avx2"])) == [["tiny", "2", f"{flops / 200:.2f}", f"{flops / 400:.2f}", "2.00"]]


def test_passes_and_optimizers_have_weights_a_second():
    machine = dict.fromkeys(("date", "processor", "cores", "instructions", "system", "python", "load"), "?")
    results = {
        "machine": machine | {"libraries": [], "quick": True},
        "rounds": 7,
        "seconds_of_a_turn": 0.02,
        "instruction_sets": ["avx2"],
        "products": [record("forward", avx2=1.0, BLAS=1.0)],
        "passes": [record(name, avx2=24e-9) for name in PASSES],  # of (7 + 1)·3 weights
        "optimizers": [record(name, avx2=12e-9) for name in OPTIMIZERS],
    }
    text = render(results)
    assert "A quick run" in text
    assert "The least processor times of 7 turns of 20 ms." in text
    assert f"| tiny | 8×3 |{' 1,000 |' * len(PASSES)}".replace(" ", "") in text.replace(" ", "")
    for name in OPTIMIZERS:
        assert f"|{name}|8×3|2,000|" in text.replace(" ", "")


def test_quick_is_small_and_writes_no_page():
    quick, full = parse(["--quick"]), parse([])
    assert (quick.cases, full.cases) == (["S6"], list(CASES))
    assert (quick.rounds, full.rounds, full.seconds) == (2, 5, 0.02)
    with pytest.raises(SystemExit):
        parse(["--quick", "--readme", "README.md"])


def test_the_page_of_the_benchmarks_has_a_place_for_the_tables():
    page = (ROOT / "benchmarks/README.md").read_text(encoding="utf-8")
    assert "NEW TABLES" in between_markers(page, "NEW TABLES", name="kernels")
    with pytest.raises(ValueError, match="<!-- kernels: begin --> and <!-- kernels: end -->"):
        between_markers("no markers", "", name="kernels")


@pytest.fixture
def script(tmp_path):
    """Return a function that writes a program of the shell's."""

    def written(text):
        path = tmp_path / "program"
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)
        return path

    return written


def test_orders_name_operation_layer_and_seconds(script):
    echo = script(
        'read order; test "$CHAINRULE_ISA $* $order" = "avx2 10 5 7 3 backward 1 0.5" && echo 1.5e-3; read end'
    )
    with Kernels(echo, "avx2", TINY) as kernels:
        assert kernels.shortest(BACKWARD, 0.5) == 1.5e-3


@pytest.mark.parametrize("dying", ["read order; ", ""], ids=["at the order", "before"])
def test_a_program_that_ends_is_an_error_with_what_it_said(script, dying):
    with (
        Kernels(script(f"{dying}echo 'number 3 is wrong' >&2; exit 1"), "avx2", TINY) as kernels,
        pytest.raises(ProgramError, match="kernel_speed has ended with status 1: number 3 is wrong"),
    ):
        kernels.shortest(BACKWARD, 0.5)


def test_a_wrong_result_ends_the_run_with_status_1(script, tmp_path):
    wrong = script('test "$#" = 0 && echo avx2 && exit; read order; echo "$order: wrong" >&2; exit 1')
    with pytest.raises(SystemExit, match=r"forward 0 0\.001: wrong") as ended:
        main(["--quick", "--program", str(wrong), "--json", str(tmp_path / "kernels.json")])
    assert isinstance(ended.value.code, str)  # which Python prints, and exits with 1
    assert not (tmp_path / "kernels.json").exists()


def test_a_build_that_fails_says_so(tmp_path):
    with pytest.raises(ProgramError, match=r"(?s)kernel_speed cannot be built.*no-such-generator|which is missing"):
        build(tmp_path, "-G", "no-such-generator")


def test_without_cmake_the_way_out_is_told(tmp_path, monkeypatch):
    monkeypatch.setitem(ENVIRONMENT, "PATH", str(tmp_path))
    with pytest.raises(ProgramError, match=r"CMake, which is missing: pip install '\.\[test\]'"):
        build(tmp_path)


@pytest.mark.slow
def test_the_program_times_every_kernel_and_notices_a_wrong_result(tmp_path):
    if not all(shutil.which(tool, path=ENVIRONMENT["PATH"]) for tool in ("cmake", "ninja", "c++")):
        pytest.skip("CMake, ninja or a C++ compiler is missing")
    program = build(tmp_path, "-DCMAKE_BUILD_TYPE=None", "-DCMAKE_CXX_FLAGS=-O1")
    main(["--quick", "--program", str(program), "--json", str(tmp_path / "kernels.json")])
    results = json.loads((tmp_path / "kernels.json").read_text())
    sets = instruction_sets(program)
    assert "baseline" in sets
    for part, contestants in (("products", [*sets, "BLAS"]), ("passes", sets), ("optimizers", sets)):
        for record in results[part]:
            assert list(record["seconds"]) == contestants
            assert all(0 < seconds < 1 for seconds in record["seconds"].values())
    for name in sets:
        for operation in (*PRODUCTS, *PASSES, *OPTIMIZERS):
            assert spoilt(program, name, operation).endswith("by its definition")
    for arguments in (["3"], ["3", "x", "2"], ["3", "0", "2"]):
        said = subprocess.run([program, *arguments], capture_output=True, text=True, check=False)
        assert (said.returncode, "the arguments are ROWS FEATURES WIDTH" in said.stderr) == (1, True)


def spoilt(program, instruction_set, operation):
    """Return what the program says of an operation with a wrong result, but for the last word: the right number."""
    done = subprocess.run(
        [program, "100", "40", "19", "3"],  # rows in two parts, strips of several widths
        input=f"{operation} 1 0.001\n{operation} 1 0.001 spoilt\n",
        env=os.environ | {"CHAINRULE_ISA": instruction_set},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, len(done.stdout.split())) == (1, 1), done.stderr  # the first answer is right
    return done.stderr.strip().rpartition(" ")[0]
