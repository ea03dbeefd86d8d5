"""What both libraries are asked to do: data, estimator, settings, and how many times faster chainrule is to be."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from benchmarks.speed.cases import CASES as SHAPES
from benchmarks.speed.cases import make_data

Data = tuple[Any, Any]


@dataclass(frozen=True)
class Case:
    """One call. ``do`` names the method of ``user.User`` that is timed; ``ratio`` is what is asked for, if anything.

    ``same_result`` is the most by which the two losses may differ, relative to scikit-learn's: float32 sums that are
    added in another order drift apart over many steps.
    """

    name: str
    about: str
    data: Callable[[], Data]
    estimator: str = "MLPClassifier"
    settings: dict[str, Any] = field(default_factory=dict)
    do: str = "fit"
    ratio: float | None = None
    same_result: float = 0.02


def bundled(name: str) -> Callable[[], Data]:
    """Return the maker of one of scikit-learn's tables, standardised, in float32."""

    def make() -> Data:
        from sklearn import datasets
        from sklearn.preprocessing import StandardScaler

        X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
        return StandardScaler().fit_transform(X).astype(np.float32), y

    return make


def diabetes() -> Data:
    """Return the diabetes table with a standardised target."""
    X, y = bundled("diabetes")()
    return X, ((y - y.mean()) / y.std()).astype(np.float32)


def text_like() -> Data:
    """Return 20,000 × 50,000 sparse rows, 0.1 % filled, and two classes that some columns tell apart."""
    from scipy.sparse import random_array

    random = np.random.default_rng(0)
    X = random_array((20_000, 50_000), density=1e-3, format="csr", dtype=np.float32, rng=random)
    weights = random.standard_normal(50_000).astype(np.float32)
    return X, (X @ weights > 0).astype(np.int64)


def shape(name: str, ratio: float) -> Case:
    """Return a training of one of the shapes S1–S6, all of its epochs."""
    case = SHAPES[name]
    settings = {
        "hidden_layer_sizes": case.hidden,
        "batch_size": case.batch,
        "max_iter": case.epochs,
        "n_iter_no_change": 10**6,
        "tol": 0.0,
    }
    return Case(name, str(case), lambda: make_data(case), settings=settings, ratio=ratio)


GRID = {
    "hidden_layer_sizes": [(50,), (100,)],
    "alpha": [1e-5, 1e-4, 1e-2],
    "learning_rate_init": [1e-3, 1e-2],
}
STOPPED = {"hidden_layer_sizes": (256, 256), "batch_size": 256, "early_stopping": True, "max_iter": 5}

CASES = {
    case.name: case
    for case in (
        Case("digits", "defaults, 1,797 × 64", bundled("digits"), ratio=3, same_result=0.1),
        Case("breast_cancer", "defaults, 569 × 30", bundled("breast_cancer"), ratio=3, same_result=0.1),
        Case("diabetes", "defaults, 442 × 10", diabetes, "MLPRegressor", ratio=3, same_result=0.1),
        shape("S1", 8),
        shape("S2", 3.5),
        shape("S3", 3.5),
        shape("S4", 6),
        shape("S5", 2.3),
        shape("S6", 8),
        Case("stopping", "S2's shape, early_stopping, 5 epochs", lambda: make_data(SHAPES["S2"]), settings=STOPPED),
        Case("sparse", "20,000 × 50,000, 0.1 % filled", text_like, settings={"max_iter": 2}, ratio=2),
        Case("grid", "12 settings, cv=3, breast_cancer", bundled("breast_cancer"), do="search", ratio=4),
        Case("one row", "predict_proba, S1's network", lambda: make_data(SHAPES["S1"]), do="predict_one"),
        Case("100,000 rows", "predict_proba, S2's network", lambda: make_data(SHAPES["S2"]), do="predict_many"),
    )
}
"""By name, in the order in which they are run."""

ONE_ROW_SECONDS = 30e-6  # what predict_proba of one row may take
