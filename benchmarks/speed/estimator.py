"""How much of an estimator's fit is spent in the engine: the rest is reading, encoding and bookkeeping."""

import time
from pathlib import Path
from typing import Any

from benchmarks.speed.pool import Worker

TABLE, TARGET = "california.csv", "median_house_value"
HIDDEN = (256, 256)


class Stopwatch:
    """A session that keeps the time spent in its `run` and its `logits`."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self.seconds = 0.0

    def run(self, *arguments: Any, **options: Any) -> Any:
        """Run the session, timed."""
        return self._timed(self._session.run, *arguments, **options)

    def logits(self, *arguments: Any, **options: Any) -> Any:
        """Return the session's logits, timed."""
        return self._timed(self._session.logits, *arguments, **options)

    def _timed(self, method: Any, *arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return method(*arguments, **options)
        finally:
            self.seconds += time.perf_counter() - started

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


class Fitting:
    """Fits a TableRegressor in the worker."""

    def __init__(self, n_threads: int, engine: str) -> None:
        self.engine = engine
        self.n_threads = n_threads

    def fit(self, path: str, max_iter: int) -> dict[str, Any]:
        """Return the seconds of the fit, those in the engine, and their share."""
        from chainrule import TableRegressor
        from chainrule.table import read_table
        from chainrule.training import run as module

        run: Any = module  # its open_session is its own business; here it is replaced for a while
        open_session, watches = run.open_session, []

        def open_watched(*arguments: Any, **options: Any) -> Any:
            watches.append(Stopwatch(open_session(*arguments, **options)))
            return watches[-1]

        table = read_table(Path(path))
        model = TableRegressor(
            hidden_layer_sizes=HIDDEN, max_iter=max_iter, engine=self.engine, random_state=0, verbose=False
        )
        run.open_session = open_watched
        try:
            started = time.perf_counter()
            model.fit(table.drop(TARGET), table[TARGET])
            seconds = time.perf_counter() - started
        finally:
            run.open_session = open_session
        core = sum(watch.seconds for watch in watches)
        return {"epochs": model.n_iter_, "seconds": seconds, "core": core, "share": core / seconds}


def measure_estimator(folder: Path | None, *, n_threads: int, engine: str, quick: bool) -> dict[str, Any] | None:
    """Return what `Fitting.fit` does, of a second fit in a process of its own; None without the table."""
    path = None if folder is None else folder / TABLE
    if path is None or not path.is_file():
        print(f"    left out: it needs --data FOLDER with {TABLE} in it")
        return None
    max_iter = 3 if quick else 200
    with Worker("speed.estimator.Fitting", n_threads, engine=engine) as worker:
        worker.ask("fit", path=str(path.resolve()), max_iter=1)
        answer: dict[str, Any] = worker.ask("fit", path=str(path.resolve()), max_iter=max_iter)
    return {"table": TABLE, "threads": n_threads, **answer}
