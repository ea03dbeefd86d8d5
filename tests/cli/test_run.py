import re
import signal
import subprocess
import sys
import warnings
from pathlib import Path

import pytest

from chainrule.cli import main, train
from chainrule.errors import DivergenceWarning
from chainrule.estimators import load


def test_help_lists_the_commands(chainrule):
    for words in ([], ["--help"], ["-h"]):
        ended = chainrule(*words)
        assert (ended.code, ended.error) == (0, "")
        for command in ("train", "predict", "evaluate", "inspect", "sample"):
            assert re.search(rf"\b{command}\b", ended.out)


def test_each_command_has_help(chainrule):
    for command in ("train", "predict", "evaluate", "inspect", "sample"):
        assert chainrule(command, "--help").code == 0


def test_help_shows_every_default(chainrule, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    told = {command: chainrule(command, "--help").out for command in ("train", "predict", "sample")}
    for part in ["the table's name with .chainrule", "0.2"]:
        assert f"(default: {part})" in told["train"]
    assert "(default: standard output)" in told["predict"]
    assert "(default: NAME.csv)" in told["sample"]


def test_version(chainrule):
    from importlib.metadata import version

    assert chainrule("--version").out == f"chainrule {version('chainrule')}\n"


def test_help_does_not_wait_for_scikit_learn_or_polars():
    program = (
        "import sys; from chainrule.cli.run import run; run(['train', '--help'])\n"
        "print({'sklearn', 'scipy', 'polars', 'plotly'} & set(sys.modules), file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert ended.stderr == "set()\n"


def test_main_exits_with_the_code(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["chainrule", "trian"])
    with pytest.raises(SystemExit) as exit_:
        main()
    assert exit_.value.code == 2
    assert capsys.readouterr().err.startswith("error: No such command 'trian'")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["trian"], r"No such command 'trian'\. Did you mean 'train'\? See: chainrule --help"),
        (["train"], r"Missing argument 'TABLE'\. See: chainrule train --help"),
        (["train", "t.csv"], r"Missing option '--target'\. See"),
        (["train", "t.csv", "--targt", "y"], r"No such option: --targt .*--target.*See"),
        (
            ["train", "t.csv", "--target", "y", "--max_iter", "3"],
            r"No such option: --max_iter.*use --set max_iter=VALUE\. See",
        ),
        (["train", "t.csv", "--target", "y", "--seed", "x"], r"Invalid value for '--seed'.*See"),
        (["train", "t.csv", "--target", "y", "--seed", "-1"], r"Invalid value for '--seed'.*See"),
        (["train", "t.csv", "--target", "y", "--threads", "0"], r"Invalid value for '--threads'.*See"),
        (["predict", "m", "t", "more"], r"unexpected extra argument.*See"),
    ],
)
def test_usage_errors_are_one_line_with_the_way_to_help(chainrule, words, message):
    ended = chainrule(*words)
    assert re.fullmatch(f"error: .*{message}.*", ended.mistake())
    assert ended.error.count("\n") == 1


@pytest.mark.parametrize("debug", [False, True])
def test_a_defect_of_ours_says_so_and_shows_its_traceback_on_demand(chainrule, houses, monkeypatch, debug):
    def broken(*args, **kwargs):
        raise ZeroDivisionError("inner\nworkings")

    monkeypatch.setattr(train, "read_table", broken)
    if debug:
        monkeypatch.setenv("CHAINRULE_DEBUG", "1")
    ended = chainrule("train", "houses.csv", "--target", "price")
    assert ended.code == 1
    last = ended.error.splitlines()[-1]
    assert last.startswith(
        "error: this is a defect of chainrule, not a mistake of yours (ZeroDivisionError: inner workings)"
    )
    assert ("Traceback" in ended.error) == debug


def test_ctrl_c_before_training_ends_with_130(chainrule, houses, monkeypatch):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "read_table", interrupted)
    assert chainrule("train", "houses.csv", "--target", "price") == (130, "", "error: interrupted\n")


def test_ctrl_c_in_training_saves_the_best_model_so_far(chainrule, houses, quick, monkeypatch):
    epochs = []

    def interrupt_in_the_third_epoch(self, run):
        epochs.append(run.state.epoch)
        if len(epochs) == 3:
            signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(train._OnBegin, "on_epoch_end", interrupt_in_the_third_epoch)
    ended = chainrule("train", "houses.csv", "--target", "price", *quick[2:], "--checkpoint", "run", "--json")
    assert ended.code == 130
    assert ended.json()["stop_reason"] == "interrupted"
    assert ended.json()["epochs"] == load("houses.chainrule").n_iter_
    assert 3 <= ended.json()["epochs"] <= 4  # the epoch in which it is noticed is broken off
    assert "the same command goes on where this one stopped" in ended.error


def test_ctrl_c_of_a_real_process(houses, here):
    command = [
        sys.executable,
        "-c",
        "from chainrule.cli import main; main()",
        "train",
        "houses.csv",
        "--target",
        "price",
    ]
    more = ["--set", "early_stopping=false", "--set", "max_iter=1000000", "--json"]
    process = subprocess.Popen([*command, *more], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    for line in process.stderr:  # progress has begun: the columns are told, then the epochs
        if line.startswith("epoch"):
            break
    process.send_signal(signal.SIGINT)
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 130
    assert '"stop_reason": "interrupted"' in out
    assert load("houses.chainrule").n_iter_ > 1


def test_warnings_are_one_line_without_their_place_in_the_code(chainrule, houses, monkeypatch, quick):
    real = train.read_table

    def warns(*args, **kwargs):
        with warnings.catch_warnings():
            warnings.simplefilter("always")
            warnings.warn("mind\nthe gap", DivergenceWarning, stacklevel=1)
        return real(*args, **kwargs)

    monkeypatch.setattr(train, "read_table", warns)
    ended = chainrule("train", "houses.csv", "--target", "price", *quick, "--json")
    assert "warning: mind the gap\n" in ended.error
    assert ".py" not in ended.error


def in_bash(words):
    """Run ``chainrule`` with what follows it in bash, and return how that ended."""
    program = f"set -o pipefail; {sys.executable} -c 'from chainrule.cli import main; main()' {words}"
    return subprocess.run(["bash", "-c", program], capture_output=True, text=True, check=False)


def test_a_reader_that_has_seen_enough_does_not_end_training(houses, here):
    ended = in_bash("train houses.csv --target price --set max_iter=3 | true")
    assert ended.returncode == 0, ended
    assert "error" not in ended.stderr
    assert load("houses.chainrule").n_iter_ == 3


@pytest.mark.parametrize("words", ["inspect sold.chainrule", "inspect sold.chainrule --json"])
def test_a_reader_that_has_seen_enough_is_no_error(models, words):
    ended = in_bash(f"{words} | true")
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("words", ["--version", "inspect sold.chainrule", "inspect sold.chainrule --json"])
def test_a_full_disk_behind_standard_output_is_no_defect(models, words):
    ended = in_bash(f"{words} > /dev/full")
    assert ended.returncode == 2
    assert re.fullmatch("error: cannot write to standard output: No space left on device.*\n", ended.stderr)
