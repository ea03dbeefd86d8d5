"""The peers' prediction. Each imports its library when it is made, so that a missing one costs only itself."""

import warnings
from typing import Any

import numpy as np
from benchmarks.speed.predictors.predictor import Predictor


class ScikitLearn(Predictor):
    """`MLPClassifier.predict_proba`."""

    gives_probabilities = True

    def take_network(self) -> None:
        """Fit for an epoch, so that the estimator is a fitted one, and put the common weights in."""
        from sklearn.exceptions import ConvergenceWarning
        from sklearn.neural_network import MLPClassifier

        y = np.arange(10 * self.case.outputs) % self.case.outputs
        X = np.random.default_rng(1).standard_normal((len(y), self.case.features), dtype=np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            self.model = MLPClassifier(self.case.hidden, max_iter=1).fit(X, y)
        self.model.coefs_, self.model.intercepts_ = (list(part) for part in zip(*self.layers, strict=True))

    def predict(self) -> Any:
        """Return probabilities."""
        return self.model.predict_proba(self.X)


class Torch(Predictor):
    """A `Sequential` in `inference_mode`."""

    def __init__(self, n_threads: int) -> None:
        import torch

        super().__init__(n_threads)
        torch.set_num_threads(n_threads)

    def take_network(self) -> None:
        """Make the network."""
        import torch
        from benchmarks.speed.contestants.with_torch import make_network

        self.network = make_network(self.case, 0).eval()
        self.rows = torch.from_numpy(self.X)
        self.inference_mode = torch.inference_mode

    def predict(self) -> Any:
        """Return logits."""
        with self.inference_mode():
            return self.network(self.rows)


class OnnxRuntime(Predictor):
    """An ONNX graph of Gemm and Relu in onnxruntime's CPU provider."""

    def __init__(self, n_threads: int) -> None:
        import onnx  # noqa: F401
        import onnxruntime  # noqa: F401

        super().__init__(n_threads)

    def take_network(self) -> None:
        """Make the graph and a session on it."""
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = self.n_threads
        model = onnx_model(self.layers).SerializeToString()
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def predict(self) -> Any:
        """Return logits."""
        return self.session.run(None, {"X": self.X})[0]


def onnx_model(layers: list[tuple[Any, Any]]) -> Any:
    """Return the ONNX model of a multilayer perceptron with ReLU, from "X" to "logits"."""
    from onnx import TensorProto, helper, numpy_helper

    nodes, constants, inputs = [], [], "X"
    for i, (W, b) in enumerate(layers):
        constants += [numpy_helper.from_array(W, f"W{i}"), numpy_helper.from_array(b, f"b{i}")]
        last = i == len(layers) - 1
        net_input = "logits" if last else f"z{i}"
        nodes.append(helper.make_node("Gemm", [inputs, f"W{i}", f"b{i}"], [net_input]))
        if not last:
            nodes.append(helper.make_node("Relu", [net_input], [f"a{i}"]))
        inputs = f"a{i}"
    table = helper.make_tensor_value_info("X", TensorProto.FLOAT, [None, layers[0][0].shape[0]])
    logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, [None, layers[-1][0].shape[1]])
    graph = helper.make_graph(nodes, "multilayer_perceptron", [table], [logits], constants)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
