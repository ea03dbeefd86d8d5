import json
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np
import polars as pl
import pytest

from chainrule.cli.run import run

QUICK = ["--set", "max_iter=3", "--set", "hidden_layer_sizes=8"]


class Ended(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    error: str

    def json(self) -> dict[str, object]:
        """Return the one JSON object on standard output."""
        return json.loads(self.out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))

    def mistake(self) -> str:
        """Return the error line of a user's mistake: exit code 2, one line, no traceback."""
        lines = [line for line in self.error.splitlines() if line.startswith("error: ")]
        assert self.code == 2, self
        assert len(lines) == 1, self
        assert self.error.splitlines()[-1] == lines[0]
        assert "Traceback" not in self.error + self.out
        return lines[0]


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Be in an empty folder."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def chainrule(here: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., Ended]:
    """Run a command, given as its words, in this process and an own folder."""

    def command(*words: str) -> Ended:
        capsys.readouterr()
        code = run([str(word) for word in words])
        return Ended(code, *capsys.readouterr())

    return command


def table(n: int = 150, seed: int = 0) -> pl.DataFrame:
    """Return rows with a number, a category, a number target, a class target and a weight."""
    rng = np.random.default_rng(seed)
    x, colour = rng.normal(size=n), rng.choice(["red", "green", "blue"], size=n)
    price = 3 * x + (colour == "red") + 0.1 * rng.normal(size=n)
    return pl.DataFrame(
        {"x": x, "colour": colour, "price": price, "sold": np.where(price > 0, "yes", "no"), "w": rng.integers(0, 3, n)}
    )


@pytest.fixture
def houses(here: Path) -> pl.DataFrame:
    """Write ``houses.csv`` and return its rows."""
    frame = table()
    frame.write_csv("houses.csv")
    return frame


@pytest.fixture
def models(houses: pl.DataFrame, chainrule: Callable[..., Ended]) -> tuple[str, str]:
    """Train a classifier ``sold.chainrule`` and a regressor ``price.chainrule``."""
    for target, other in [("sold", "price"), ("price", "sold")]:
        ignored = ["--ignore", other, "--ignore", "w"]
        ended = chainrule("train", "houses.csv", "--target", target, "--out", f"{target}.chainrule", *ignored, *QUICK)
        assert ended.code == 0, ended
    return "sold.chainrule", "price.chainrule"


@pytest.fixture
def quick() -> list[str]:
    return QUICK
