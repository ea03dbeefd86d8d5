"""Ctrl-C, and whoever else wants a step to be given up."""

import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import csr_array

from chainrule.engine import Settings, Source, StepPlan
from chainrule.training import Adam


@pytest.fixture
def long_step(problem, engine):
    """A problem of which one step takes about a second on one thread."""
    if engine != "native":
        pytest.skip("the reference asks between steps, not in the middle of one")
    configuration = Settings(batch_size=6000, n_threads=1)
    return problem("DADAD", n_rows=6000, n_inputs=16, sizes=(1024, 1024), settings=configuration)


def test_a_long_step_is_given_up_at_once_and_leaves_no_trace(long_step, engine, plan, bits):
    session = long_step.open(engine, Adam())
    before, asked = bits(session), []

    def interrupted():
        asked.append(time.thread_time())
        return len(asked) == 3

    started = time.thread_time()
    report = session.run(0, plan(2, 0), interrupted)
    ended = time.thread_time()
    assert len(report.error) == len(report.weight) == len(report.gradient_norm) == 0
    assert report.finite
    assert bits(session) == before
    # Processor time of the calling thread, which does all the work here: what others take from it is not the engine's.
    assert np.median(np.diff([started, *asked, ended])) <= 0.05


def test_a_step_given_up_and_taken_again_is_the_step(problem, engine, plan, bits):
    made = problem("DAOD", n_rows=200, sizes=(300,), settings=Settings(batch_size=16))
    plain = made.open(engine, Adam())
    expected = plain.run(0, plan(60, 0))
    asked = []

    def interrupted():
        asked.append(True)
        return len(asked) % 2 == 0

    for _ in range(3):
        session, step = made.open(engine, Adam()), 0
        while step < 60:
            report = session.run(step, plan(60, 0).part(step, 60), interrupted)
            np.testing.assert_array_equal(report.error, expected.error[step : step + len(report.error)])
            step += len(report.error)
        assert bits(session) == bits(plain)


def test_never_interrupted_is_run(problem, engine, plan, bits):
    made = problem("DAOD", n_rows=50)
    one, other = made.open(engine, Adam()), made.open(engine, Adam())
    one.run(0, plan(20, 0), lambda: False)
    other.run(0, plan(20, 0))
    assert bits(one) == bits(other)


def test_an_exception_of_the_one_asked_is_passed_on(long_step, engine, plan, bits):
    session = long_step.open(engine, Adam())
    before = bits(session)

    def interrupted():
        raise KeyError("the asked one's own")

    with pytest.raises(KeyError, match="own"):
        session.run(0, plan(2, 0), interrupted)
    assert bits(session) == before


CTRL_C = """
import os, signal, threading, time
import numpy as np
from chainrule.engine import Settings, Source, StepPlan, open_session
from chainrule.network import multilayer_perceptron
from chainrule.training import SGD
network = multilayer_perceptron(16, (1024, 1024), 1, loss="squared_error")
source, weights = Source(np.ones((6000, 16)), np.ones((6000, 1))), network.initialise()
session = open_session(
    network, source, SGD(), Settings(6000, n_threads=2), weights=weights, vectors=(), engine="native"
)
before, waits = weights.copy(), []
for _ in range(5):
    sent = []
    timer = threading.Timer(0.1, lambda: (sent.append(time.perf_counter()), os.kill(os.getpid(), signal.SIGINT)))
    timer.start()
    try:
        session.run(0, StepPlan.constant(50, learning_rate=0.0))
    except KeyboardInterrupt:
        waits.append(time.perf_counter() - sent[0])
    timer.join()
assert (weights == before).all()
print(len(waits), min(waits))
"""


@pytest.mark.slow
def test_ctrl_c_ends_a_long_step_within_a_tenth_of_a_second(engine):
    if engine != "native":
        pytest.skip("NumPy finishes its matrix product first")
    done = subprocess.run([sys.executable, "-c", CTRL_C], capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    count, best = done.stdout.split()
    assert int(count) == 5
    assert float(best) <= 0.1  # the best of five: a busy machine may delay any one


def test_an_empty_plan_is_no_step(problem, engine, bits):
    session = problem().open(engine)
    before = bits(session)
    assert len(session.run(0, StepPlan.constant(0, learning_rate=1.0)).error) == 0
    assert bits(session) == before


def test_interruptions_at_any_moment_leave_the_team_together(problem, engine, plan, bits):
    made = problem("DAD", n_rows=600, sizes=(300,), settings=Settings(batch_size=64, n_threads=4))
    expected = made.open(engine, Adam())
    whole = expected.run(0, plan(200, 0))
    session, step, asked = made.open(engine, Adam()), 0, []

    def interrupted():
        asked.append(True)
        return len(asked) % 2 == 1

    while step < 200:
        step += len(session.run(step, plan(200, 0).part(step, 200), interrupted).error)
    assert len(whole.error) == 200
    assert bits(session) == bits(expected)


@pytest.mark.parametrize("answer", [np.bool_(False), None, 0])
def test_any_answer_that_is_not_true_goes_on(problem, engine, plan, answer):
    made = problem("DADAD", n_rows=2000, sizes=(300, 300), settings=Settings(batch_size=2000, n_threads=2))
    assert len(made.open(engine, Adam()).run(0, plan(4, 0), lambda: answer).error) == 4


def gaps_of(work):
    """Return the calling thread's time between questions, from before ``work(interrupted)`` to the third of them."""
    moments = [time.thread_time()]

    def interrupted():
        moments.append(time.thread_time())
        return len(moments) == 4

    with suppress(KeyboardInterrupt):
        work(interrupted)
    return np.diff([*moments, time.thread_time()])


@pytest.fixture(scope="module")
def large_part(problem, engine):
    """A problem of few rows and so many weights that a pass takes about half a second."""
    if engine != "native":
        pytest.skip("the reference asks between steps, not in the middle of one")
    return problem("DADAD", n_rows=90, n_inputs=4, sizes=(4096, 4096), settings=Settings(batch_size=90, n_threads=1))


def test_few_rows_through_very_many_weights_are_given_up_at_once(large_part, engine, plan, bits):
    session = large_part.open(engine)
    before = bits(session)
    gaps = gaps_of(lambda interrupted: session.run(0, plan(3, 0), interrupted))
    assert len(gaps) == 4
    assert gaps.max() < 0.08
    assert bits(session) == before


def test_sums_are_given_up_at_once_and_leave_no_trace(large_part, engine, bits):
    session = large_part.open(engine)
    before = bits(session)
    expected = session.accumulate(slice(0, 2))
    gaps = gaps_of(lambda interrupted: session.accumulate(slice(None), interrupted=interrupted))
    assert len(gaps) == 4
    assert gaps.max() < 0.08
    assert bits(session) == before
    again = session.accumulate(slice(0, 2), interrupted=lambda: False)
    assert again[:2] == expected[:2]
    np.testing.assert_array_equal(again[2], expected[2])


def test_the_gradient_of_very_many_sparse_rows_is_given_up_at_once(problem, engine, plan):
    if engine != "native":
        pytest.skip("the reference asks between steps, not in the middle of one")
    rows = csr_array(
        (np.ones(60 * 300_000), np.tile(np.arange(0, 2400, 40), 300_000), np.arange(0, 60 * 300_000 + 1, 60)),
        shape=(300_000, 2400),
    )
    made = problem("D", n_rows=2, n_inputs=2400, n_outputs=1, settings=Settings(batch_size=300_000, n_threads=1))
    made = replace(made, source=Source(rows, np.zeros((300_000, 1))))
    moments = []

    def interrupted():
        moments.append(time.thread_time())
        return False

    made.open(engine).run(0, plan(2, 0), interrupted)
    assert len(moments) > 4
    assert np.diff(moments).max() < 0.08


def test_an_order_of_very_many_rows_that_is_given_up_is_made_again(problem, engine, plan):
    n_rows = 4_000_000
    made = problem("D", n_rows=2, n_inputs=1, n_outputs=1, settings=Settings(batch_size=1000, n_threads=2))
    made = replace(made, source=Source(np.arange(n_rows * 1.0)[:, None] / n_rows, np.zeros((n_rows, 1))))
    plain, asked = made.open(engine), []
    whole = plain.run(0, plan(3, 0))
    session, step = made.open(engine), 0

    def interrupted():
        asked.append(True)
        return len(asked) <= 2

    while step < 3:
        step += len(session.run(step, plan(3, 0).part(step, 3), interrupted).error)
    assert len(whole.error) == step
    assert len(asked) > 2
    np.testing.assert_array_equal(session.weights, plain.weights)


def test_what_the_one_asked_about_sums_raises_passes_through(problem, engine):
    made = problem("DADAD", n_rows=4000, sizes=(512, 512), settings=Settings(batch_size=4000, n_threads=2))

    def interrupted():
        raise KeyError("the asked one's own")

    with pytest.raises(KeyError, match="own"):
        made.open(engine).accumulate(slice(None), interrupted=interrupted)


CTRL_C_AROUND = """
import os, signal, sys, threading, time
import numpy as np
from chainrule.engine import Settings, Source, StepPlan, logits, open_session
from chainrule.network import multilayer_perceptron
from chainrule.training import SGD
network = multilayer_perceptron(16, (2048, 2048), 1, loss="squared_error")
X, weights = np.ones((40_000, 16), np.float32), np.zeros(network.layout.size, np.float32)
settings = Settings(1000, n_threads=2)
session = open_session(
    network, Source(X[:1000], X[:1000, :1]), SGD(), settings, weights=weights, vectors=(), engine="native"
)
one, plan = np.ones_like(weights), StepPlan.constant(1, learning_rate=1.0)

def descend():
    while True:
        session.descend(one, 0, plan)

work = {
    "accumulate": lambda: [session.accumulate(slice(None)) for _ in range(9)],
    "descend": descend,
    "logits": lambda: logits(network, weights, X, n_threads=2, engine="native"),
}[sys.argv[1]]
waits = []
for _ in range(5):
    sent = []
    timer = threading.Timer(0.2, lambda: (sent.append(time.perf_counter()), os.kill(os.getpid(), signal.SIGINT)))
    timer.start()
    try:
        work()
    except KeyboardInterrupt:
        waits.append(time.perf_counter() - sent[0])
    timer.join()
assert (weights == weights[0]).all()  # steps are taken whole
print(len(waits), min(waits))
"""


@pytest.mark.slow
@pytest.mark.parametrize("work", ["accumulate", "descend", "logits"])
def test_ctrl_c_ends_what_is_not_a_run_within_a_tenth_of_a_second(work, engine):
    if engine != "native":
        pytest.skip("NumPy finishes its matrix product first")
    command = [sys.executable, "-c", CTRL_C_AROUND, work]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    count, best = done.stdout.split()
    assert int(count) == 5
    assert float(best) <= 0.1  # the best of five: a busy machine may delay any one
