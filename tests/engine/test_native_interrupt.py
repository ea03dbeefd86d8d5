"""Ctrl-C, and whoever else wants a step to be given up."""

import subprocess
import sys
import time

import numpy as np
import pytest

from chainrule.engine import Settings, StepPlan
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
