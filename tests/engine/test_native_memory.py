"""Memory: all of it at the start, and not more than promised."""

import gc
import subprocess
import sys
import tracemalloc
from pathlib import Path

import pytest

from chainrule.engine import Settings
from chainrule.training import Adam

MB = 2**20
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads Linux's peak of the memory")

PEAK = """
import sys
from pathlib import Path
import numpy as np
from chainrule.engine import Settings, Source, StepPlan, open_session
from chainrule.network import multilayer_perceptron
from chainrule.training import Adam

engine, n_inputs, batch, n_threads, n_rows, *sizes = sys.argv[1], *map(int, sys.argv[2:])
network = multilayer_perceptron(n_inputs, sizes, 10, loss="cross_entropy", activation="gelu", dropout=0.1)
X, y = np.ones((n_rows, n_inputs), np.float32), np.zeros(n_rows, np.int64)
weights = np.full(network.layout.size, 0.001, np.float32)
vectors = tuple(np.full_like(weights, 0.0) for _ in range(2))

def peak():
    # Not ru_maxrss, which starts from that of the process before exec.
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])

before = peak()
settings = Settings(batch, n_threads=n_threads)
session = open_session(network, Source(X, y), Adam(), settings, weights=weights, vectors=vectors, engine=engine)
session.run(0, StepPlan.constant(2, learning_rate=1e-3))
after_two = peak()
for step in range(2, 6):
    session.run(step, StepPlan.constant(1, learning_rate=1e-3))
print(network.layout.size, before, after_two, peak())
"""

SHAPES = {  # n_inputs, batch, n_threads, rows, hidden layers
    "many weights": (500, 64, 2, 128, 2000, 2000),
    "large batch": (32, 30_000, 2, 30_000, 64, 64, 64, 64),
    "both": (300, 1024, 3, 1024, 1000, 1000),
    "many rows": (16, 256, 2, 400_000, 32),
}


def measured(engine, shape):
    command = [sys.executable, "-c", PEAK, engine, *map(str, shape)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return map(int, done.stdout.split())


@LINUX
@pytest.mark.parametrize("name", SHAPES)
def test_peak_memory_is_within_the_promise(name, engine):
    if engine != "native":
        pytest.skip("the promise is the native engine's")
    n_inputs, batch, n_threads, _, *sizes = SHAPES[name]
    n_weights, before, after_two, at_end = measured(engine, SHAPES[name])
    widths = n_inputs + sum(sizes) + 10
    # Weights and Adam's two vectors are three of the copies, and were there before.
    promise = 4 * ((6 + n_threads - 3) * n_weights + 3 * batch * widths) + 64 * MB
    assert at_end - before <= promise
    assert at_end - after_two <= MB


def test_steps_leave_nothing_behind(problem, engine, plan):
    if engine != "native":
        pytest.skip("threadpoolctl's look-ups of symbols leave some bytes each time")
    made = problem("DAOD", n_rows=64, settings=Settings(batch_size=8))
    session = made.open(engine, Adam())
    for step in range(50):
        session.run(step, plan(1, 0))
    steps = plan(1, 0)
    tracemalloc.start()
    try:
        traced = []
        for first_step in (50, 60, 1060):
            gc.collect()
            traced.append(tracemalloc.get_traced_memory()[0])
            for step in range(first_step, 60 if first_step == 50 else 1060):
                session.run(step, steps)
        assert traced[2] - traced[1] < 4 * 1024  # not 5 bytes a step
    finally:
        tracemalloc.stop()


SESSIONS = """
import sys
from pathlib import Path
import numpy as np
from chainrule.engine import Settings, Source, StepPlan, logits, open_session
from chainrule.network import multilayer_perceptron
from chainrule.training import SGD
network = multilayer_perceptron(50, (500,), 1, loss="squared_error")
source, weights = Source(np.ones((600, 50)), np.ones((600, 1))), network.initialise()

def peak():
    # Not ru_maxrss, which starts from that of the process before exec.
    status = Path("/proc/self/status").read_text()
    return 1024 * int(status.partition("VmHWM:")[2].split()[0])

def some(n):
    for _ in range(n):
        settings = Settings(300, n_threads=2)
        session = open_session(network, source, SGD(), settings, weights=weights, vectors=(), engine=sys.argv[1])
        session.run(0, StepPlan.constant(2, learning_rate=1e-6))
        session.close()
        logits(network, weights, source.numbers, engine=sys.argv[1])
    return peak()

few = some(10)
print(some(60) - few)
"""


@LINUX
def test_closed_sessions_give_their_memory_back(engine):
    done = subprocess.run(
        [sys.executable, "-c", SESSIONS, engine], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.returncode == 0, done.stderr
    # 300 rows of 552 numbers are over 1 MB a session: 60 sessions that kept it would be seen.
    assert int(done.stdout) <= 16 * MB
