"""PyTorch, eager: as an expert writes it and as it is usually written."""

from itertools import pairwise
from typing import Any

import torch
from benchmarks.speed.cases import BETA_1, BETA_2, EPSILON, LEARNING_RATE, Case, first_weights
from benchmarks.speed.contestants.contestant import Contestant
from torch import nn
from torch.utils.data import DataLoader, TensorDataset


def make_network(case: Case, seed: int) -> nn.Sequential:
    """Return the network with the common first weights."""
    layers: list[nn.Module] = []
    for (n_in, n_out), (W, b) in zip(pairwise(case.widths), first_weights(case, seed), strict=True):
        linear = nn.Linear(n_in, n_out)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.T))
            linear.bias.copy_(torch.from_numpy(b))
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


class Expert(Contestant):
    """No DataLoader, and Adam's update is one fused kernel.

    Rows are gathered once an epoch and batches are slices of them: measured, this is as fast as gathering each batch,
    or some per cent faster.
    """

    fused = True

    def take_data(self) -> None:
        """Share NumPy's memory."""
        torch.set_num_threads(self.n_threads)
        self.inputs, self.target = torch.from_numpy(self.X), torch.from_numpy(self.y)

    def start(self, seed: int) -> None:
        """Make network and optimizer."""
        torch.manual_seed(seed)
        self.network = make_network(self.case, seed)
        self.optimizer = torch.optim.Adam(
            self.network.parameters(), lr=LEARNING_RATE, betas=(BETA_1, BETA_2), eps=EPSILON, fused=self.fused
        )

    def train(self) -> None:
        """Train."""
        for _ in range(self.case.epochs):
            order = torch.randperm(self.case.rows)
            batches = (data.index_select(0, order).split(self.case.batch) for data in (self.inputs, self.target))
            for inputs, target in zip(*batches, strict=True):
                self.optimizer.zero_grad(set_to_none=True)
                nn.functional.cross_entropy(self.network(inputs), target).backward()
                self.optimizer.step()

    def weights(self) -> list[tuple[Any, Any]]:
        """Return the matrices, turned: PyTorch keeps (n_out, n_in)."""
        linear = [layer for layer in self.network if isinstance(layer, nn.Linear)]
        return [(layer.weight.detach().numpy().T, layer.bias.detach().numpy()) for layer in linear]

    def about(self) -> str:
        """Return the version."""
        return f"PyTorch {torch.__version__}"


class Usual(Expert):
    """The tutorial's loop: DataLoader over a TensorDataset, Adam as it comes."""

    fused = False

    def start(self, seed: int) -> None:
        """Make network, optimizer and loader."""
        super().start(seed)
        self.loader = DataLoader(TensorDataset(self.inputs, self.target), self.case.batch, shuffle=True)

    def train(self) -> None:
        """Train."""
        loss_function = nn.CrossEntropyLoss()
        for _ in range(self.case.epochs):
            for inputs, target in self.loader:
                self.optimizer.zero_grad()
                loss = loss_function(self.network(inputs), target)
                loss.backward()
                self.optimizer.step()
