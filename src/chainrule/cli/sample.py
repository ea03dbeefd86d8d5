"""``chainrule sample``: scikit-learn's bundled tables as files, with readable names."""

import re
from pathlib import Path
from typing import Any

import polars as pl
from sklearn import datasets

from chainrule.cli.console import Teller
from chainrule.errors import OutputError, ParameterError, nearest
from chainrule.storage import PredictionWriter

__all__ = ["SAMPLES", "sample"]

_DIABETES = {
    "bmi": "body_mass_index",
    "bp": "blood_pressure",
    "s1": "total_cholesterol",
    "s2": "ldl",
    "s3": "hdl",
    "s4": "cholesterol_to_hdl",
    "s5": "log_triglycerides",
    "s6": "blood_sugar",
}
SAMPLES = {
    "iris": "species",
    "wine": "cultivar",
    "breast_cancer": "diagnosis",
    "diabetes": "progression",
    "digits": "digit",
}
"""Each sample's target column."""


def sample(name: str, *, out: str | None, force: bool) -> None:
    """Write a bundled table.

    Parameters
    ----------
    name : str
        One of ``SAMPLES``.
    out : str or None
        ``*.csv``, ``*.parquet``, or ``"-"`` for standard output; None is ``NAME.csv`` in the current folder.
    force : bool
        Whether to replace a file that is there.

    Raises
    ------
    ParameterError
        If there is no such sample.
    OutputError
        If the file is there already, or cannot be written.
    """
    if name not in SAMPLES:
        raise ParameterError(f"there is no sample {name!r}.{nearest(name, SAMPLES)} Samples are {', '.join(SAMPLES)}.")
    path = out or f"{name}.csv"
    if path != "-" and Path(path).exists() and not force:
        raise OutputError(f"'{path}' is there already. Replace it with --force, or name another file with --out.")
    frame = sample_table(name)
    with PredictionWriter(path) as writer:
        writer.write(frame)
    if path != "-":
        teller = Teller(as_json=False)
        teller.say(f"{frame.height:,} rows, {frame.width} columns: {path}")
        teller.say(f"next: chainrule train {path} --target {SAMPLES[name]}")


def sample_table(name: str) -> pl.DataFrame:
    """Return a bundled table; the target is its last column, as text where it has classes with names."""
    options: dict[str, Any] = {"scaled": False} if name == "diabetes" else {}
    bunch = getattr(datasets, f"load_{name}")(**options)
    frame = pl.DataFrame(bunch.data, schema=[_readable(column) for column in bunch.feature_names])
    named = name in ("iris", "wine", "breast_cancer")
    target = bunch.target_names[bunch.target].tolist() if named else bunch.target
    return frame.with_columns(pl.Series(SAMPLES[name], target))


def _readable(name: str) -> str:
    """Return a column name without spaces and brackets: ``sepal length (cm)`` → ``sepal_length_cm``."""
    name = name.replace("od280/od315_of_diluted_wines", "od280_od315")
    return _DIABETES.get(name, re.sub(r"\W+", "_", name).strip("_"))
