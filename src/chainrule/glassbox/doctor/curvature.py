"""Curvature of the error at a point: the extreme eigenvalues of its Hessian, by Lanczos' method."""

import numpy as np

from chainrule.glassbox.doctor.passes import Numbers, SamplePass

__all__ = ["extreme_curvatures"]

ITERATIONS = 12
STEP = 1e-4  # of the weights' norm, for the differences of gradients


def extreme_curvatures(passes: SamplePass) -> tuple[float, float]:
    """Return estimates of the least and the largest eigenvalue of the Hessian of E of the sample.

    Lanczos' iteration with full orthogonalisation on products H·v ≈ (g(w + hv) − g(w − hv))/2h. The estimates lie
    between the true ones and come near them within few iterations (Golub & Van Loan, "Matrix computations", 10.1).
    """
    weights, network, batch = passes.weights, passes.network, passes.batch
    h = STEP * max(float(np.linalg.norm(weights)), 1.0)

    def gradient(w: Numbers) -> Numbers:
        forward = network.forward(w, batch.numbers)
        return np.asarray(network.backward(w, forward, batch.target, batch.weight, penalty=0.0).gradient)

    start = np.random.default_rng(0).normal(size=len(weights))
    basis = [start / np.linalg.norm(start)]
    diagonal, beside = [], []
    for _ in range(min(ITERATIONS, len(weights))):
        v = basis[-1]
        product = (gradient(weights + h * v) - gradient(weights - h * v)) / (2 * h)
        diagonal.append(float(v @ product))
        for other in [*basis, *basis]:  # twice is enough (Kahan and Parlett)
            product = product - (other @ product) * other
        norm = float(np.linalg.norm(product))
        if not norm > 1e-12:
            break
        beside.append(norm)
        basis.append(product / norm)
    n = len(diagonal)
    eigenvalues = np.linalg.eigvalsh(np.diag(diagonal) + np.diag(beside[: n - 1], 1) + np.diag(beside[: n - 1], -1))
    return float(eigenvalues[0]), float(eigenvalues[-1])
