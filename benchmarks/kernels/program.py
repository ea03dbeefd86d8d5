"""`kernel_speed`, the program that runs the kernels: building it, and giving orders to it."""

import contextlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Self

from benchmarks.kernels.tasks import Task
from benchmarks.speed.cases import Case

ROOT = Path(__file__).parents[2]
# What pip has put beside this Python comes first: CMake and ninja of the extra `test`.
ENVIRONMENT = os.environ | {
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
    "CMAKE_GENERATOR": "Ninja",
}


class ProgramError(Exception):
    """The program cannot be built, or has ended early: a wrong result does that."""


def build(folder: Path, *options: str) -> Path:
    """Build the program in a folder, and return its path; ``options`` are CMake's.

    Raises
    ------
    ProgramError
        If CMake or a C++ compiler is missing, or does not succeed.
    """
    target = ["--build", str(folder), "--target", "kernel_speed", "--parallel", "2"]
    for command in (["-S", str(ROOT), "-B", str(folder), "-DCHAINRULE_BENCHMARKS=ON", *options], target):
        try:
            done = subprocess.run(["cmake", *command], env=ENVIRONMENT, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            raise ProgramError("kernel_speed is built with CMake, which is missing: pip install '.[test]'") from None
        if done.returncode != 0:
            raise ProgramError(f"kernel_speed cannot be built:\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return folder / "kernel_speed"


def instruction_sets(program: Path) -> list[str]:
    """Return the names of those that this processor runs, the best one first."""
    return subprocess.run([program], capture_output=True, text=True, check=True).stdout.split()


class Kernels:
    """The kernels of an instruction set, in a process of their own, for the layers of a case."""

    def __init__(self, program: Path, instruction_set: str, case: Case) -> None:
        self._process = subprocess.Popen(
            [program, str(case.batch), *map(str, case.widths)],
            env=os.environ | {"CHAINRULE_ISA": instruction_set},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # what it reads ends, and so it ends

    def shortest(self, task: Task, seconds: float) -> float:
        """Return the seconds that a task takes at least, found out within so many seconds.

        Raises
        ------
        ProgramError
            If the program has ended: its result was wrong, or it does not know the task.
        """
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):  # then there is no answer either
            self._process.stdin.write(f"{task.operation} {task.layer} {seconds}\n")
            self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            said = self._process.communicate()[1].strip()
            raise ProgramError(f"kernel_speed has ended with status {self._process.returncode}: {said}")
        return float(answer)
