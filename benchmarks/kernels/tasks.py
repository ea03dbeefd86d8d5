"""What the kernels are given to do: the products of S1–S6, and the passes over their weights."""

from dataclasses import dataclass
from itertools import pairwise

from benchmarks.speed.cases import Case

PRODUCTS = ("forward", "gradient", "backward")
PASSES = ("pack", "transpose", "adam", "adam+pack")
OPTIMIZERS = ("sgd", "momentum", "nesterov", "adagrad", "rmsprop", "adam")


@dataclass(frozen=True)
class Task:
    """An operation of a dense layer (n_in → n_out) with a whole minibatch of rows, on one thread."""

    case: str
    operation: str
    layer: int
    rows: int
    n_in: int
    n_out: int

    @property
    def flops(self) -> int:
        """Arithmetic of a product: 2·rows·n_in·n_out. That of the biases, a row more, is not counted."""
        return 2 * self.rows * self.n_in * self.n_out

    @property
    def weights(self) -> int:
        """Numbers of W (n_in + 1, n_out)."""
        return (self.n_in + 1) * self.n_out


def products_of(case: Case) -> list[Task]:
    """Return the matrix products of a step; nobody needs the gradient of the first layer's inputs."""
    return [task for task in tasks(case, PRODUCTS) if task.layer > 0 or task.operation != "backward"]


def tasks(case: Case, operations: tuple[str, ...]) -> list[Task]:
    """Return the operations for every layer of a case."""
    return [
        Task(case.name, operation, layer, case.batch, n_in, n_out)
        for layer, (n_in, n_out) in enumerate(pairwise(case.widths))
        for operation in operations
    ]
