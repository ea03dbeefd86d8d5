"""Train with the defaults on real tables, beside scikit-learn's MLP, and print how well and how fast.

    python benchmarks/tables.py [FOLDER] [--seeds 0 1] [--json FILE]

FOLDER holds california.csv, adult-train.csv, adult-test.csv and wine-white.csv; without it, or where one of them is not
there, scikit-learn's bundled tables are taken. Every fit runs in a process of its own, one after another, so that its
peak of memory is its own. Held-out rows: `train_test_split(test_size=0.2, random_state=seed, stratify=y for classes)`,
or the table's own test file.
"""

import argparse
import json
import multiprocessing
import os
import platform
import resource
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.metrics import accuracy_score, log_loss, mean_absolute_error, r2_score, roc_auc_score
from sklearn.model_selection import train_test_split
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from chainrule import TableClassifier, TableRegressor, __version__
from chainrule.cli.sample import SAMPLES, sample_table
from chainrule.table import read_table

MODELS = ("chainrule", "scikit-learn MLP", "scikit-learn MLP early")


@dataclass(frozen=True)
class Table:
    """A table to measure on: its files (or the name of a sample) and what is to be predicted."""

    name: str
    target: str
    classes: bool
    test: str | None = None


REAL = (
    Table("california.csv", "median_house_value", classes=False),
    Table("adult-train.csv", "income", classes=True, test="adult-test.csv"),
    Table("wine-white.csv", "quality", classes=False),
)
BUNDLED = tuple(Table(name, target, classes=name != "diabetes") for name, target in SAMPLES.items())


def read_split(table: Table, folder: Path | None, seed: int) -> tuple[pl.DataFrame, pl.DataFrame, Any, Any]:
    """Return features and target of the training rows and of the held-out rows."""
    frame = sample_table(table.name) if folder is None else read_table(folder / table.name)
    X, y = frame.drop(table.target), frame[table.target]
    if folder is not None and table.test is not None:
        test = read_table(folder / table.test)
        return X, test.drop(table.target), y, test[table.target]
    split: Any = train_test_split(X, y, test_size=0.2, random_state=seed, stratify=y if table.classes else None)
    return split[0], split[1], split[2], split[3]


def make_model(name: str, X: pl.DataFrame, *, classes: bool, seed: int) -> Any:
    """Return an estimator with its defaults; scikit-learn's gets the preparation that its users write by hand."""
    if name == "chainrule":
        return (TableClassifier if classes else TableRegressor)(random_state=seed, verbose=False)
    early = {"hidden_layer_sizes": (256, 256), "early_stopping": True} if name.endswith("early") else {}
    network = (MLPClassifier if classes else MLPRegressor)(random_state=seed, **early)
    text = [column for column in X.columns if X.schema[column] == pl.String]
    numbers = [column for column in X.columns if column not in text]
    prepare = ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("text", OneHotEncoder(handle_unknown="ignore", sparse_output=False), text),
        ]
    )
    pipeline = make_pipeline(prepare, network)
    return pipeline if classes else TransformedTargetRegressor(pipeline, transformer=StandardScaler())


def measure(table: Table, folder: Path | None, name: str, seed: int) -> dict[str, Any]:
    """Fit one model and return its metrics on the held-out rows, epochs, seconds and peak memory."""
    X, X_test, y, y_test = read_split(table, folder, seed)
    if name != "chainrule":  # it does not take missing text
        X, X_test = (frame.with_columns(pl.col(pl.String).fill_null("missing")) for frame in (X, X_test))
    y, y_test = y.to_numpy(), y_test.to_numpy()
    model = make_model(name, X, classes=table.classes, seed=seed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    started = time.perf_counter()
    model.fit(X, y)
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {
        **metrics_of(model, X_test, y_test, classes=table.classes),
        "epochs": epochs_of(model),
        "seconds": seconds,
        "peak_mib": peak / 1024,
        "grown_mib": (peak - before) / 1024,
    }


def metrics_of(model: Any, X: pl.DataFrame, y: np.ndarray, *, classes: bool) -> dict[str, float]:
    """Return metrics by scikit-learn, the same for every model."""
    if not classes:
        predicted = model.predict(X)
        rmse = float(np.sqrt(np.mean((predicted - y) ** 2)))
        return {"rmse": rmse, "mae": mean_absolute_error(y, predicted), "r2": r2_score(y, predicted)}
    probabilities = model.predict_proba(X)
    metrics = {
        "accuracy": accuracy_score(y, model.classes_[probabilities.argmax(axis=1)]),
        "log_loss": log_loss(y, probabilities, labels=model.classes_),
    }
    if len(model.classes_) == 2:
        metrics["roc_auc"] = roc_auc_score(y, probabilities[:, 1])
    return metrics


def epochs_of(model: Any) -> int:
    """Return the epochs a fitted model was trained for."""
    inner = getattr(model, "regressor_", model)
    return int(inner[-1].n_iter_ if hasattr(inner, "steps") else inner.n_iter_)


def rows_of(tables: tuple[Table, ...], folder: Path | None, seeds: list[int]) -> list[dict[str, Any]]:
    """Measure every model on every table, each in a new process, and print each line as it comes."""
    rows = []
    spawn = multiprocessing.get_context("spawn")
    for table in tables:
        print(f"\n{table.name}: {'classes of' if table.classes else 'regression of'} {table.target}")
        for seed in seeds:
            for name in MODELS:
                with spawn.Pool(1) as pool:
                    row = {"table": table.name, "model": name, "seed": seed}
                    row |= pool.apply(measure, (table, folder, name, seed))
                rows.append(row)
                numbers = {key: value for key, value in row.items() if isinstance(value, float)}
                print(
                    f"  {name:<23} seed {seed}  {row['epochs']:>3} epochs  "
                    + "  ".join(f"{key} {value:,.4g}" for key, value in numbers.items()),
                    flush=True,
                )
    return rows


def choose_tables(folder: Path | None) -> tuple[Path | None, tuple[Table, ...]]:
    """Return the real tables if all are there, else the bundled ones, and say why."""
    names = [name for table in REAL for name in (table.name, table.test) if name]
    missing = names if folder is None else [name for name in names if not (folder / name).is_file()]
    if not missing:
        return folder, REAL
    print("No folder of real tables given" if folder is None else f"{folder} has no {', '.join(missing)}", end="; ")
    print("measuring on scikit-learn's bundled tables instead.")
    return None, BUNDLED


def main() -> None:
    """Measure, print, and write the JSON."""
    parser = argparse.ArgumentParser(description="Train with the defaults on real tables, beside scikit-learn's MLP.")
    parser.add_argument("folder", nargs="?", type=Path, help="where the real tables are")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--json", type=Path, default=Path("build/benchmark-tables.json"), help="where results go")
    options = parser.parse_args()
    folder, tables = choose_tables(options.folder)
    machine = (
        f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, NumPy {np.__version__}"
    )
    print(f"chainrule {__version__} on {machine}")
    rows = rows_of(tables, folder, options.seeds)
    options.json.parent.mkdir(parents=True, exist_ok=True)
    report = {"machine": machine, "tables": [asdict(table) for table in tables], "rows": rows}
    options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    print(f"\n{options.json}")


if __name__ == "__main__":
    main()
