from pathlib import Path

import numpy as np
import polars as pl
import pytest
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

QUICK = {"hidden_layer_sizes": (16,), "random_state": 0, "verbose": False}


@pytest.fixture
def quick():
    """Settings of a network that trains in a moment."""
    return dict(QUICK)


@pytest.fixture
def table():
    """300 rows of mixed columns with gaps; ``price`` and ``sold`` depend on them."""
    rng = np.random.default_rng(0)
    n = 300
    area = rng.lognormal(4.5, 0.4, n)
    town = rng.choice(["Rome", "Oslo", "Lima"], n, p=[0.5, 0.3, 0.2])
    price = 2.0 * area + np.where(town == "Rome", 90.0, 0.0) + rng.normal(0, 10, n)
    return pl.DataFrame(
        {
            "area": np.where(rng.random(n) < 0.1, np.nan, area),
            "town": [None if missing else name for name, missing in zip(town, rng.random(n) < 0.05, strict=True)],
            "garden": rng.random(n) < 0.4,
            "built": (np.datetime64("1950-01-01") + rng.integers(0, 20000, n)).astype("datetime64[D]"),
            "price": price,
            "sold": np.where(price > np.median(price), "yes", "no"),
        }
    ).with_columns(pl.col("area").fill_nan(None))


@pytest.fixture
def features(table):
    return table.drop("price", "sold")


@pytest.fixture
def iris():
    return load_iris(return_X_y=True, as_frame=True)


@pytest.fixture
def diabetes():
    return load_diabetes(return_X_y=True, as_frame=True)


@pytest.fixture
def cancer():
    return load_breast_cancer(return_X_y=True, as_frame=True)


@pytest.fixture(scope="session")
def real_tables():
    """The folder of real tables beside a checkout."""
    folder = Path(__file__).parents[3] / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"the real tables are not beside this checkout ({folder})")
    return folder
