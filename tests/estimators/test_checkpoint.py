"""A killed run goes on to the same bits."""

import random
import signal
import subprocess
import sys
import time

import numpy as np
import pytest
from sklearn.metrics import max_error

from chainrule import Checkpoint, TableRegressor
from chainrule.errors import ModelFileError, OutputError, ParameterError
from chainrule.training import Callback

SCRIPT = """
import hashlib
import sys
import numpy as np
from chainrule import Checkpoint, TableRegressor

rng = np.random.default_rng(0)
X = rng.normal(size=(4000, 6))
y = np.sin(X[:, 0]) + X[:, 1] * X[:, 2]
model = TableRegressor(
    hidden_layer_sizes=(32, 32), dropout=0.1, schedule="reduce_on_plateau", max_iter=25, random_state=3, verbose=False
)
print("ready", flush=True)
model.fit(X, y, checkpoint=Checkpoint(sys.argv[1], seconds=0.0))
print("weights", hashlib.sha256(model.weights_).hexdigest(), model.n_iter_, model.best_epoch_, flush=True)
"""


def start(path):
    return subprocess.Popen([sys.executable, "-c", SCRIPT, str(path)], stdout=subprocess.PIPE, text=True)


def run_to_the_end(path):
    process = start(path)
    output = process.communicate(timeout=120)[0]
    assert process.returncode == 0
    return output.splitlines()[-1]


@pytest.mark.slow
def test_a_process_killed_at_20_random_moments_resumes_to_the_same_bits(tmp_path):
    """The checkpoint is written after every chunk of steps, so that many kills fall into a save."""
    whole = run_to_the_end(tmp_path / "whole.checkpoint")
    path = tmp_path / "killed.checkpoint"
    moment = random.Random(time.time_ns())
    kills = 0
    while kills < 20:
        process = start(path)
        assert process.stdout.readline() == "ready\n"
        time.sleep(moment.uniform(0.0, 0.35))
        if process.poll() is not None:  # it finished first: start over with a fresh run
            process.communicate()
            path.unlink()
            continue
        process.send_signal(signal.SIGKILL)
        process.communicate()
        kills += 1
    assert run_to_the_end(path) == whole
    assert [p.name for p in tmp_path.iterdir() if p.suffix != ".checkpoint"] == [], "leftovers of a killed save"


@pytest.fixture
def problem():
    rng = np.random.default_rng(0)
    X = rng.normal(size=(300, 4))
    return X, X[:, 0] * X[:, 1]


class Kill(Callback):
    """Ends a run without warning after some steps."""

    def __init__(self, step):
        self.step = step

    def on_steps_end(self, run):
        if run.state.step >= self.step:
            raise MemoryError("killed")


@pytest.mark.parametrize("step", [1, 7, 30])
def test_a_broken_run_resumes_to_the_same_bits(quick, problem, tmp_path, step):
    settings = quick | {"max_iter": 12, "dropout": 0.2}
    whole = TableRegressor(**settings).fit(*problem)
    checkpoint = Checkpoint(tmp_path / "run.checkpoint", seconds=0.0)
    with pytest.raises(MemoryError):
        TableRegressor(**settings).fit(*problem, callbacks=[Kill(step)], checkpoint=checkpoint)
    resumed = TableRegressor(**settings).fit(*problem, checkpoint=str(tmp_path / "run.checkpoint"))
    np.testing.assert_array_equal(resumed.weights_, whole.weights_)
    assert [r["validation_error"] for r in resumed.history_] == [r["validation_error"] for r in whole.history_]
    again = TableRegressor(**settings).fit(*problem, checkpoint=tmp_path / "run.checkpoint")  # it is finished
    np.testing.assert_array_equal(again.weights_, whole.weights_)
    assert again.fit_seconds_ >= again.history_[-1]["seconds"]  # the time of the whole run, not of reading its end


def test_a_run_stopped_by_its_time_limit_goes_on_with_a_later_one(quick, problem, tmp_path):
    settings = quick | {"max_iter": 400, "n_iter_no_change": 400}
    whole = TableRegressor(**settings).fit(*problem)
    path = tmp_path / "run.checkpoint"
    stopped = TableRegressor(**settings, time_limit=0.05).fit(*problem, checkpoint=path)
    assert stopped.stop_reason_ == "time_limit"
    assert stopped.n_iter_ < 400
    resumed = TableRegressor(**settings).fit(*problem, checkpoint=path)
    assert resumed.stop_reason_ == "max_iter"
    np.testing.assert_array_equal(resumed.weights_, whole.weights_)


def test_the_checkpoint_of_another_run_is_refused_and_kept(quick, problem, tmp_path):
    X, y = problem
    path = tmp_path / "run.checkpoint"
    settings = quick | {"max_iter": 2}
    TableRegressor(**settings).fit(X, y, checkpoint=path)
    before = path.read_bytes()
    weight = np.linspace(1, 2, 300)
    others = [
        lambda: TableRegressor(**settings | {"max_iter": 3}).fit(X, y, checkpoint=path),
        lambda: TableRegressor(**settings | {"random_state": 1}).fit(X, y, checkpoint=path),
        lambda: TableRegressor(**settings, alpha=0.1).fit(X, y, checkpoint=path),
        lambda: TableRegressor(**settings, max_grad_norm=1.0).fit(X, y, checkpoint=path),
        lambda: TableRegressor(**settings, eval_metric="mae").fit(X, y, checkpoint=path),
        lambda: TableRegressor(**settings, eval_metric=max_error).fit(X, y, checkpoint=path),
        lambda: TableRegressor(**settings, n_threads=2).fit(X, y, checkpoint=path),
        lambda: TableRegressor(**settings).fit(X, y + X[:, 2], checkpoint=path),
        lambda: TableRegressor(**settings).fit(X, y, sample_weight=weight, checkpoint=path),
        lambda: TableRegressor(**settings).fit(X, y, eval_set=(X, y), checkpoint=path),
    ]
    for other in others:
        with pytest.raises(
            ModelFileError, match="is the checkpoint of another run: other rows, columns, settings or seed"
        ):
            other()
    assert path.read_bytes() == before


def test_a_run_without_a_seed_resumes_with_the_one_it_drew(problem, tmp_path):
    settings = {"hidden_layer_sizes": (8,), "max_iter": 6, "verbose": False}
    checkpoint = Checkpoint(tmp_path / "run.checkpoint", seconds=0.0)
    with pytest.raises(MemoryError):
        TableRegressor(**settings).fit(*problem, callbacks=[Kill(7)], checkpoint=checkpoint)
    resumed = TableRegressor(**settings).fit(*problem, checkpoint=checkpoint)
    whole = TableRegressor(**settings, random_state=resumed.seed_).fit(*problem)
    np.testing.assert_array_equal(resumed.weights_, whole.weights_)


def test_files_that_are_no_checkpoint_are_refused(quick, problem, tmp_path):
    path = tmp_path / "run.checkpoint"
    path.write_bytes(b"something of the user's")
    with pytest.raises(ModelFileError, match=r"cannot read '.*run.checkpoint' as a chainrule checkpoint"):
        TableRegressor(**quick).fit(*problem, checkpoint=path)
    assert path.read_bytes() == b"something of the user's"
    with pytest.raises(OutputError, match="nowhere"):
        TableRegressor(**quick).fit(*problem, checkpoint=tmp_path / "nowhere" / "run.checkpoint")


def test_what_cannot_be_resumed_is_said(quick, problem, tmp_path):
    with pytest.raises(ParameterError, match="checkpoint has no effect with lbfgs"):
        TableRegressor(**quick, solver="lbfgs").fit(*problem, checkpoint=tmp_path / "run.checkpoint")
    with pytest.raises(ParameterError, match="seconds of Checkpoint must be at least 0, got -1"):
        Checkpoint("x", seconds=-1)
