"""The child process one contestant lives in: nothing it sets, allocates or spins on reaches another contestant.

It is bound to as many cores as it may use threads before it imports anything else, because JAX takes its number of
threads from there and from nowhere else. Orders come as lines of JSON on standard input, answers leave on standard
output: `{"call": method, "with": arguments}` → `{"result": …}` or `{"error": …}`, and how much processor time the
process burnt since its last answer (a library whose threads spin while idle would slow the others: it is seen here).
"""

import contextlib
import json
import os
import sys
import time
import traceback
from importlib import import_module
from typing import Any


def main() -> None:
    """Make the contestant, then carry out orders until standard input ends."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what libraries print must not mix with the answers
    order = json.loads(sys.argv[1])
    if order["cores"] and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, order["cores"])
    answer, contestant = carry_out(lambda: make(order["role"], order["with"]))
    print(json.dumps(answer | {"result": None}), file=answers, flush=True)
    burnt = time.process_time()
    for line in sys.stdin:
        idle = time.process_time() - burnt
        order = json.loads(line)
        answer, _ = carry_out(lambda order=order: getattr(contestant, order["call"])(**order["with"]))
        with contextlib.suppress(BrokenPipeError):
            print(json.dumps(answer | {"idle_cpu": idle}), file=answers, flush=True)
        burnt = time.process_time()


def make(role: str, arguments: dict[str, Any]) -> Any:
    """Return an object of a class named as `module.Class` inside `benchmarks`."""
    module, _, name = role.rpartition(".")
    return getattr(import_module(f"benchmarks.{module}"), name)(**arguments)


def carry_out(action: Any) -> tuple[dict[str, Any], Any]:
    """Return the answer to an order, and what the action returned."""
    try:
        result = action()
    except ModuleNotFoundError as error:
        return {"missing": error.name}, None
    except Exception:
        return {"error": traceback.format_exc()}, None
    return {"result": result}, result


if __name__ == "__main__":
    main()
