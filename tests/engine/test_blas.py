import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from chainrule.engine import Settings, Source
from chainrule.engine.blas import blas_threads
from chainrule.network import multilayer_perceptron
from chainrule.training import SGD, Recipe, train


def limits():
    return [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]


def test_the_smallest_wish_holds_and_the_last_to_leave_restores():
    before = limits()
    inside, leave = threading.Event(), threading.Event()

    def other():
        with blas_threads(1):
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    assert inside.wait(10)
    with blas_threads(2):
        assert set(limits()) == {1}
        leave.set()
        thread.join()
        assert set(limits()) <= {1, 2}
    assert limits() == before


def test_concurrent_trainings_leave_the_limits_as_they_were():
    before = limits()
    network = multilayer_perceptron(3, (8,), 1, loss="squared_error")
    source = Source(np.ones((50, 3)), np.ones((50, 1)))
    recipe = Recipe(optimizer=SGD(), epochs=20, settings=Settings(batch_size=5))
    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(lambda _: train(network, source, recipe).weights, range(8)))
    assert limits() == before
    for weights in results:
        np.testing.assert_array_equal(weights, results[0])


def test_what_keeps_the_libraries_from_being_found_is_said(monkeypatch):
    def fails():
        raise OSError("no map of this process")

    monkeypatch.setattr("chainrule.engine.blas._controller", fails)
    with pytest.raises(OSError, match="no map of this process"), blas_threads(1):
        pass
    monkeypatch.undo()
    before = limits()
    with blas_threads(1):
        assert set(limits()) == {1}
    assert limits() == before
