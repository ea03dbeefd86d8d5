"""Sessions beside each other: in several Python threads, in processes after a fork, and after their end."""

import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from chainrule.engine import Settings, logits
from chainrule.network import CrossEntropy
from chainrule.training import Adam


def some_problems(problem):
    shapes = [(60, (8,), 16), (500, (100, 50), 128), (900, (256,), 900), (33, (3, 3), 1)]
    return [
        problem(
            "DAOD" * len(sizes),
            n_rows=n,
            sizes=sizes,
            seed=seed,
            settings=Settings(batch_size=batch, n_threads=threads),
        )
        for seed, (n, sizes, batch) in enumerate(shapes)
        for threads in (1, 2, None)
    ]


def test_sessions_in_several_python_threads_have_the_bits_they_have_alone(problem, engine, plan, bits):
    def trained(made):
        session = made.open(engine, Adam())
        for step in range(0, 20, 5):
            session.run(step, plan(20, 0).part(step, step + 5))
        result = bits(session), logits(made.network, session.weights, made.source.numbers, engine=engine).tobytes()
        session.close()
        return result

    alone = [trained(made) for made in some_problems(problem)]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(trained, some_problems(problem) * 2)) == alone * 2


def test_two_sessions_open_at_once_take_turns(problem, engine, plan, bits):
    pair = some_problems(problem)[4:6]
    alone = []
    for made in pair:
        session = made.open(engine, Adam())
        session.run(0, plan(6, 0))
        alone.append(bits(session))
    open_ = [made.open(engine, Adam()) for made in pair]
    for step in range(6):
        for session in open_:
            session.run(step, plan(6, 0).part(step, step + 1))
    assert [bits(session) for session in open_] == alone


def test_one_session_may_be_used_by_several_python_threads(problem, engine):
    session = problem("DAOD", n_rows=300, sizes=(40,)).open(engine, n_threads=2)

    def sums(step):
        return session.accumulate(slice(0, 200), step=step % 3)[2].tobytes()

    alone = [sums(step) for step in range(3)]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(sums, range(60))) == alone * 20


def test_other_python_threads_go_on_during_a_run(problem, engine, plan):
    made = problem("DAD", n_rows=4000, n_inputs=64, sizes=(512,), settings=Settings(batch_size=4000, n_threads=1))
    session, ticks, done = made.open(engine), [], threading.Event()

    def tick():
        while not done.wait(0.001):
            ticks.append(time.perf_counter())

    thread = threading.Thread(target=tick)
    thread.start()
    started = time.perf_counter()
    session.run(0, plan(4, 0))
    ended = time.perf_counter()
    done.set()
    thread.join()
    assert sum(started < at < ended for at in ticks) >= 10


def test_closing_twice_is_harmless_and_using_a_closed_session_an_error(problem, engine, plan):
    if engine != "native":
        pytest.skip("the reference holds nothing to close")
    made = problem()
    session = made.open(engine)
    session.run(0, plan(2, 0))
    weights = session.weights.copy()
    session.close()
    session.close()
    uses = (
        lambda: session.run(2, plan(2, 0)),
        lambda: session.accumulate(slice(0, 3)),
        lambda: session.descend(weights, 2, plan(2, 0)),
    )
    for use in uses:
        with pytest.raises(ValueError, match="closed"):
            use()
    np.testing.assert_array_equal(session.weights, weights)


def test_the_weights_outlive_the_session(problem, engine, plan):
    session = problem("DAD", loss=CrossEntropy()).open(engine, Adam())
    weights = session.weights
    session.run(0, plan(2, 0))
    copy = weights.copy()
    session.close()
    del session
    np.testing.assert_array_equal(weights, copy)


FORK = """
import multiprocessing, sys, threading
import numpy as np
from chainrule.engine import Settings, Source, StepPlan, logits, open_session
from chainrule.network import multilayer_perceptron
from chainrule.training import Adam

engine = sys.argv[1]
rng = np.random.default_rng(0)
network = multilayer_perceptron(20, (128, 64), 1, loss="squared_error", dropout=0.1)
X = rng.normal(size=(2000, 20))
source, plan = Source(X, X[:, :1] ** 2), StepPlan.constant(8, learning_rate=0.01)

def opened():
    weights = network.initialise(seed=1)
    vectors = (np.zeros_like(weights), np.zeros_like(weights))
    settings = Settings(batch_size=500, n_threads=2)
    return open_session(network, source, Adam(), settings, weights=weights, vectors=vectors, engine=engine)

def finished(session, first_step):
    session.run(first_step, plan.part(first_step, 8))
    predicted = logits(network, session.weights, X, n_threads=2, engine=engine)
    return session.weights.tobytes() + predicted.tobytes()

expected = finished(opened(), 0)
session = opened()
session.run(0, plan.part(0, 3))
fork = multiprocessing.get_context("fork")

def child(queue):
    queue.put((finished(opened(), 0) == expected, finished(session, 3) == expected))

def grandchild(queue):
    inner = fork.Process(target=child, args=(queue,))
    inner.start()
    inner.join()

for target in (child, child, grandchild):
    queue = fork.Queue()
    process = fork.Process(target=target, args=(queue,))
    process.start()
    print(*queue.get(timeout=60))
    process.join(60)
    print(process.exitcode)
print(finished(session, 3) == expected, "parent")
"""


def test_a_forked_child_trains_predicts_and_goes_on_with_its_parents_session(engine):
    command = [sys.executable, "-c", FORK, engine]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["True", "True", "0"] * 3 + ["True", "parent"]


FORK_WITHIN = """
import multiprocessing, sys, threading
import numpy as np
from chainrule.engine import Settings, Source, StepPlan, open_session
from chainrule.network import multilayer_perceptron
from chainrule.training import SGD
network = multilayer_perceptron(20, (256,), 1, loss="squared_error")
source, plan = Source(np.ones((2000, 20)), np.ones((2000, 1))), StepPlan.constant(1, learning_rate=0.01)

def opened():
    settings = Settings(2000, n_threads=2)
    return open_session(
        network, source, SGD(), settings, weights=network.initialise(), vectors=(), engine="native"
    )

session = opened()
inside, leave = threading.Event(), threading.Event()

def hold():
    inside.set()
    leave.wait(60)
    return True

def train():
    while not leave.is_set():
        session.run(0, StepPlan.constant(1000, learning_rate=0.01), hold)

def child(queue):
    try:
        session.run(0, plan)
    except RuntimeError as error:
        queue.put(str(error))
    session.close()
    other = opened()
    queue.put(len(other.run(0, plan).error))
    other.close()

thread = threading.Thread(target=train)
thread.start()
assert inside.wait(60)
fork = multiprocessing.get_context("fork")
queue = fork.Queue()
process = fork.Process(target=child, args=(queue,))
process.start()
print(queue.get(timeout=30))
print(queue.get(timeout=30))
process.join(30)
leave.set()
thread.join()
print(process.exitcode, len(session.run(0, plan).error))
"""


def test_a_child_forked_in_the_middle_of_a_run_is_told_and_can_open_a_session(engine):
    if engine != "native":
        pytest.skip("the reference has nothing to wait for")
    command = [sys.executable, "-c", FORK_WITHIN]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    said, *rest = done.stdout.splitlines()
    assert said == (
        "This process was forked while another thread was training in this session. Open a new session here."
    )
    assert rest == ["1", "0 1"]


EXIT = """
import sys
import numpy as np
from chainrule.engine import Settings, Source, StepPlan, open_session
from chainrule.network import multilayer_perceptron
from chainrule.training import SGD
network = multilayer_perceptron(20, (256,), 1, loss="squared_error")
source, weights = Source(np.ones((2000, 20)), np.ones((2000, 1))), network.initialise()
settings = Settings(2000, n_threads=3)
session = open_session(network, source, SGD(), settings, weights=weights, vectors=(), engine=sys.argv[1])
session.run(0, StepPlan.constant(2, learning_rate=0.01))
print("done")
"""


def test_a_process_ends_with_a_session_still_open(engine):
    command = [sys.executable, "-c", EXIT, engine]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "done\n", "")
