"""Every instruction set that this processor can run computes the same."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
CORE = [str(HERE / f"test_native_{name}.py") for name in ("parity", "shapes", "extremes", "float32")]
# Every layer, loss and optimizer, every remainder of a vector's width, the elementwise functions, CSR.
CHOICE = "every or widths or numbers_of or sparse_rows or activations_of or in_between"


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
        tested = run(isa, "-m", "pytest", *options, *CORE, "-k", CHOICE)
        assert tested.returncode == 0, f"{isa}:\n{tested.stdout[-3000:]}{tested.stderr[-2000:]}"


def test_the_best_is_taken_unless_told(native):
    chosen = os.environ.get("CHAINRULE_ISA") or native.instruction_sets()[0]
    assert native.instruction_set() == chosen


def test_an_unknown_instruction_set_is_named(native):
    failed = run("sse9", "-c", NAME)
    assert failed.returncode != 0
    for word in ("CHAINRULE_ISA", "sse9", *native.instruction_sets()):
        assert word in failed.stderr.splitlines()[-1]
