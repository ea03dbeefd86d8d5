"""What `make demo` runs: a table, a trained network, its predictions. Every command is printed, and can be typed as is.

The table holds 1,797 handwritten digits, 64 grey values each. Eight of them are put aside before training, as new rows
whose digit is not known yet. Everything is written to ./demo.
"""

import shlex
import subprocess
import sys
from pathlib import Path

import numpy as np
import polars as pl

FOLDER = Path("demo")
NEW_ROWS, IN_A_ROW = 8, 4
SHADES = " .:*#"


def run(command: str) -> None:
    """Print a command and run it as a user would; a failure ends the demo with its exit code."""
    print(f"\n$ {command}", flush=True)
    program, *arguments = shlex.split(command)
    done = subprocess.run([Path(sys.executable).with_name(program), *arguments], check=False)
    if done.returncode:
        sys.exit(done.returncode)


def put_new_rows_aside() -> pl.Series:
    """Split the table into rows to learn from and new rows without the digit; return the digits of the latter."""
    table = pl.read_csv(FOLDER / "digits.csv")
    new = table.tail(NEW_ROWS)
    table.head(-NEW_ROWS).write_csv(FOLDER / "known.csv")
    new.drop("digit").write_csv(FOLDER / "new.csv")
    print(f"\nThe last {NEW_ROWS} rows are put aside, without their digit: {FOLDER / 'new.csv'}")
    return new["digit"]


def show(truth: pl.Series) -> None:
    """Draw the new rows, with what the network says below each, beside the truth."""
    predicted = pl.read_csv(FOLDER / "predictions.csv")
    images = pl.read_csv(FOLDER / "new.csv").to_numpy().reshape(-1, 8, 8)
    surest = predicted.select(pl.max_horizontal("^probability_.*$")).to_series()
    below = [
        f"predicted {digit} ({share:.0%})\ntrue      {true}"
        for digit, share, true in zip(predicted["prediction"], surest, truth, strict=True)
    ]
    print("\nThe new rows, drawn, and what the network says of them:")
    for first in range(0, len(images), IN_A_ROW):
        band = slice(first, first + IN_A_ROW)
        drawings = [drawing(image) + words.split("\n") for image, words in zip(images[band], below[band], strict=True)]
        print()
        for line in zip(*drawings, strict=True):
            print("".join(f"{part:<19}" for part in line).rstrip())


def drawing(image: np.ndarray) -> list[str]:
    """Return an image (8, 8) of grey values 0 … 16 as eight lines of text."""
    levels = (image / 16 * (len(SHADES) - 1)).astype(int)
    return ["".join(SHADES[level] * 2 for level in line) for line in levels]


def main() -> None:
    """Run the demo."""
    FOLDER.mkdir(exist_ok=True)
    run("chainrule sample digits --out demo/digits.csv --force")
    truth = put_new_rows_aside()
    run("chainrule train demo/known.csv --target digit --out demo/digits.chainrule --figure demo/learning-curve.html")
    run("chainrule predict demo/digits.chainrule demo/new.csv --proba --out demo/predictions.csv")
    show(truth)
    print(
        f"\nThe learning curve, to open in a browser (no network needed): {(FOLDER / 'learning-curve.html').resolve()}"
    )


if __name__ == "__main__":
    main()
