"""How long imports take: whole new processes, beside one that imports nothing."""

import subprocess
import sys
import time
from importlib.util import find_spec
from statistics import median
from typing import Any

NOTHING = "pass"
STATEMENTS = (
    NOTHING,
    "import chainrule",
    "import sklearn.base",
    "from chainrule import TableClassifier",
    "import sklearn.neural_network",
    "import torch",
    "import jax",
)


def measure_imports(repeats: int) -> list[dict[str, Any]]:
    """Return for each statement the seconds of its processes, and their median less that of a process doing nothing."""
    statements = [statement for statement in STATEMENTS if statement == NOTHING or _is_installed(statement)]
    seconds: dict[str, list[float]] = {statement: [] for statement in statements}
    for number in range(repeats + 1):  # the first round brings the files into memory
        for statement in statements:
            started = time.perf_counter()
            subprocess.run([sys.executable, "-c", statement], check=True)
            if number:
                seconds[statement].append(time.perf_counter() - started)
    nothing = median(seconds[NOTHING])
    return [
        {"statement": statement, "seconds": times, "net": median(times) - nothing}
        for statement, times in seconds.items()
    ]


def _is_installed(statement: str) -> bool:
    """Return whether the package a statement imports from can be found, and say so where it cannot."""
    package = statement.split()[1].partition(".")[0]
    if find_spec(package) is None:
        print(f"    {package}: left out, it is not installed")
        return False
    return True
