"""A user of one of the two libraries, in a process of his own (see ``benchmarks.speed.worker``)."""

import time
import warnings
from importlib import import_module
from typing import Any

import numpy as np
from benchmarks.dropin.cases import CASES, GRID
from sklearn.exceptions import ConvergenceWarning

HOMES = {"scikit-learn": "sklearn.neural_network", "chainrule": "chainrule"}
MANY_ROWS, CALLS = 100_000, 2_000


class User:
    """Does what the cases say, with the estimators of one library: nothing else differs."""

    def __init__(self, n_threads: int, library: str) -> None:
        self.n_threads = n_threads  # the process is bound to as many cores, which both libraries notice
        self.library = import_module(HOMES[library])

    def prepare(self, name: str) -> None:
        """Take a case and its data."""
        self.case = CASES[name]
        self.X, self.y = self.case.data()
        if self.case.do.startswith("predict"):
            self.fitted = self._estimator(0, max_iter=2)
            _fit(self.fitted, self.X, self.y)

    def take(self, seed: int) -> dict[str, Any]:
        """Do the case once; return the seconds it took, and numbers that both libraries must agree on."""
        return getattr(self, f"_{self.case.do}")(seed)  # type: ignore[no-any-return]

    def _estimator(self, seed: int, **settings: Any) -> Any:
        return getattr(self.library, self.case.estimator)(random_state=seed, **self.case.settings, **settings)

    def _fit(self, seed: int) -> dict[str, Any]:
        model = self._estimator(seed)
        seconds = _fit(model, self.X, self.y)
        return {"seconds": seconds, "result": float(model.loss_), "epochs": model.n_iter_}

    def _search(self, seed: int) -> dict[str, Any]:
        from sklearn.model_selection import GridSearchCV

        search = GridSearchCV(self._estimator(seed), GRID, cv=3)
        seconds = _fit(search, self.X, self.y)
        return {"seconds": seconds, "result": float(search.cv_results_["mean_test_score"].mean()), "epochs": None}

    def _predict_one(self, seed: int) -> dict[str, Any]:
        row = self.X[seed : seed + 1].copy()
        self.fitted.predict_proba(row)
        started = time.perf_counter()
        for _ in range(CALLS):
            answer = self.fitted.predict_proba(row)
        seconds = (time.perf_counter() - started) / CALLS
        return {"seconds": seconds, "result": float(answer[0, 0]), "epochs": None}

    def _predict_many(self, seed: int) -> dict[str, Any]:
        rows = np.resize(self.X, (MANY_ROWS, self.X.shape[1]))
        started = time.perf_counter()
        answer = self.fitted.predict_proba(rows)
        seconds = time.perf_counter() - started
        return {"seconds": seconds, "result": float(answer[seed, 0]), "epochs": None}


def _fit(model: Any, X: Any, y: Any) -> float:
    """Fit, without the warning that more epochs would be better; return the seconds."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        started = time.perf_counter()
        model.fit(X, y)
        return time.perf_counter() - started
