import runpy
from pathlib import Path

import numpy as np
import pytest

EXAMPLE = Path(__file__).parents[2] / "examples" / "momentum.py"


@pytest.fixture(scope="module")
def ran():
    return runpy.run_path(str(EXAMPLE))


def gradient(ran, weights):
    """Return ∂E/∂w of the example by central differences of order 4: independent of the backward pass."""
    h = 1e-3

    def error(move):
        return ran["network"].error(weights + move, ran["X"], ran["y"])

    return np.array(
        [(8 * (error(e) - error(-e)) - (error(2 * e) - error(-2 * e))) / (12 * h) for e in h * np.eye(len(weights))]
    )


def hessian(ran, weights):
    h = 1e-3
    columns = [(gradient(ran, weights + e) - gradient(ran, weights - e)) / (2 * h) for e in h * np.eye(len(weights))]
    return np.array(columns)


def test_plain_descent_ends_in_a_local_minimum(ran):
    end = ran["ends"]["sgd"]
    assert np.abs(gradient(ran, end)).max() < 1e-8
    curvature = hessian(ran, end)
    np.testing.assert_allclose(curvature, curvature.T, rtol=1e-5, atol=1e-8)
    assert np.linalg.eigvalsh(curvature).min() > 1e-4  # flat or a saddle would be 0 or negative


def test_momentum_ends_much_lower(ran):
    network, X, y = ran["network"], ran["X"], ran["y"]
    plain, momentum = (network.error(ran["ends"][kind], X, y) for kind in ("sgd", "momentum"))
    assert momentum < 0.6 * plain


def test_the_end_of_momentum_is_another_valley(ran):
    """It is not the same minimum reached more exactly: E first rises on the straight way between the two ends."""
    network, X, y = ran["network"], ran["X"], ran["y"]
    plain, momentum = ran["ends"]["sgd"], ran["ends"]["momentum"]
    way = [network.error(plain + share * (momentum - plain), X, y) for share in np.linspace(0, 1, 101)]
    assert max(way) > 1.01 * way[0]  # a convex E would nowhere on the way exceed its value at the higher end


def test_it_says_so(capsys):
    runpy.run_path(str(EXAMPLE))
    assert [line.split(":")[0].strip() for line in capsys.readouterr().out.splitlines()] == ["sgd", "momentum"]
