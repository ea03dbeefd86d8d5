"""What does not fit is refused in words; nothing crashes, hangs, or is silently left undone."""

import json
import re
import subprocess
import sys

import pytest

# A crash or an endless wait must be a failed test, not the end of all tests: each case is in a fork of its own.
CASES = """
import json, multiprocessing, signal, sys
import numpy as np
from chainrule.engine import Settings, Source, StepPlan, logits, open_session
from chainrule.network import multilayer_perceptron
from chainrule.training import Momentum

ENGINE = sys.argv[1]
rng = np.random.default_rng(0)
network = multilayer_perceptron(7, (33,), 2, loss="squared_error", dropout=0.2)
X, y, plan = rng.normal(size=(60, 7)), rng.normal(size=(60, 2)), StepPlan.constant(3, learning_rate=0.1)
first = network.initialise(seed=1)

def opened(weights=None, vectors=None, row_weight=None, **settings):
    weights = first.copy() if weights is None else weights
    vectors = (np.zeros_like(weights),) if vectors is None else vectors
    settings = Settings(**({"batch_size": 16} | settings))
    return open_session(
        network, Source(X, y, row_weight), Momentum(), settings, weights=weights, vectors=vectors, engine=ENGINE
    )

def outcome(case, pipe):
    signal.alarm(20)
    try:
        exec(case, globals())
        pipe.send("done")
    except Exception as error:
        pipe.send(f"{type(error).__name__} | {error}")

fork, outcomes = multiprocessing.get_context("fork"), {}
for name, case in json.loads(sys.argv[2]).items():
    reader, writer = fork.Pipe(duplex=False)
    process = fork.Process(target=outcome, args=(case, writer))
    process.start()
    writer.close()
    try:
        outcomes[name] = reader.recv()
    except EOFError:
        process.join()
        outcomes[name] = f"ended by signal {-process.exitcode}"
    process.join()
print(json.dumps(outcomes))
"""

SEED = r"seed must be an integer with 0 <= seed < 2\*\*64. Got "
REFUSED = {
    "a step before the first": ("opened().run(-3, plan)", "step"),
    "a seed below 0": ("opened(seed=-1).run(0, plan)", SEED + "-1"),
    "a seed of 65 bits": ("opened(seed=2**64).run(0, plan)", SEED + "18446744073709551616"),
    "a seed that is no number": ("opened(seed=True).run(0, plan)", SEED + "True"),
    "row weights of two columns": ("opened(row_weight=np.ones((60, 2))).run(0, plan)", "Row weights must have shape"),
    "read-only weights": ("first.flags.writeable = False; opened(weights=first).run(0, plan)", "read-only"),
    "a vector too short": ("opened(vectors=(np.zeros(3),)).run(0, plan)", "vector|broadcast"),
    "a vector too many": ("opened(vectors=(first.copy(), first.copy())).run(0, plan)", "vectors|unpack"),
    "a short gradient": ("opened().descend(np.ones(3), 0, plan)", "gradient|broadcast"),
    "a negative dropout": ("plan.dropout[1] = -1; opened().run(0, plan)", "rate times Context.dropout"),
    "a negative dropout of sums": ("opened().accumulate(slice(0, 9), step=1, dropout=-1.0)", "rate times"),
    "no thread": ("logits(network, first, X, n_threads=0, engine=ENGINE)", "n_threads"),
}
DONE_OR_REFUSED = {
    "weights with gaps": "w = np.repeat(first, 2)[::2]; opened(weights=w).run(0, plan); assert (w != first).all()",
    "vectors with gaps": "v = np.zeros(2 * len(first))[::2]; opened(vectors=(v,)).run(0, plan); assert v.any()",
    "more threads than rows": "opened(n_threads=300).run(0, plan)",
    "more rows than there are": "opened(batch_size=10**15).run(0, plan)",
    "as many rows as can be counted": "opened(batch_size=sys.maxsize).run(0, plan)",
}


@pytest.fixture(scope="module")
def outcomes(engine):
    cases = {name: case for name, (case, _) in REFUSED.items()} | DONE_OR_REFUSED
    command = [sys.executable, "-c", CASES, engine, json.dumps(cases)]
    return json.loads(subprocess.run(command, capture_output=True, text=True, timeout=300, check=True).stdout)


@pytest.mark.parametrize("name", REFUSED)
def test_what_does_not_fit_is_refused_in_words(name, outcomes):
    kind, _, message = outcomes[name].partition(" | ")
    assert kind in ("ParameterError", "ShapeError", "ValueError"), outcomes[name]
    assert re.search(REFUSED[name][1], message), message


@pytest.mark.parametrize("name", DONE_OR_REFUSED)
def test_what_is_odd_is_done_or_refused_but_never_left_undone(name, outcomes):
    assert outcomes[name].partition(" | ")[0] in ("done", "ParameterError", "ShapeError"), outcomes[name]
