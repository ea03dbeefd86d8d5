"""Every instruction set that this processor can run computes the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CORE = [
    f"{HERE / 'test_native_parity.py'}",
    f"{HERE / 'test_native_shapes.py'}::test_widths",
    f"{HERE / 'test_native_shapes.py'}::test_numbers_of_outputs",
    f"{HERE / 'test_native_shapes.py'}::test_sparse_rows_are_the_dense_ones",
    f"{HERE / 'test_native_extremes.py'}::test_activations_of_extreme_values",
    f"{HERE / 'test_native_extremes.py'}::test_activations_in_between",
    f"{HERE / 'test_native_float32.py'}::test_widths",
    f"{HERE / 'test_native_float32.py'}::test_the_bound_is_tight_enough_to_tell",
]


@pytest.fixture(scope="session")
def native(engine):
    if engine != "native":
        pytest.skip("the reference has no instruction sets of its own")
    from chainrule.engine import native

    return native


def run(isa, *arguments):
    environment = os.environ | {"CHAINRULE_ISA": isa}
    return subprocess.run([sys.executable, *arguments], capture_output=True, text=True, env=environment, check=False)


NAME = "from chainrule.engine.native import instruction_set; print(instruction_set())"


@pytest.mark.slow
def test_every_instruction_set_passes_the_core_tests(native):
    assert "baseline" in native.instruction_sets()
    for isa in native.instruction_sets():
        assert run(isa, "-c", NAME).stdout.strip() == isa
        options = ["-q", "-p", "no:cacheprovider", "-p", "no:randomly", "-p", "no:xdist", "-p", "no:cov"]
        tested = run(isa, "-m", "pytest", *options, *CORE)
        assert tested.returncode == 0, f"{isa}:\n{tested.stdout[-3000:]}{tested.stderr[-2000:]}"


def test_the_best_is_taken_unless_told(native):
    chosen = os.environ.get("CHAINRULE_ISA") or native.instruction_sets()[0]
    assert native.instruction_set() == chosen


def test_an_unknown_instruction_set_is_named(native):
    failed = run("sse9", "-c", NAME)
    assert failed.returncode != 0
    for word in ("CHAINRULE_ISA", "sse9", *native.instruction_sets()):
        assert word in failed.stderr.splitlines()[-1]
