from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ShapeError
from chainrule.network import Activation, Dense, Layer, Layout, Parameter


@dataclass(frozen=True)
class Declared(Layer):
    """A layer that only declares parameters."""

    kind: ClassVar[str] = "declared"
    declared: tuple[Parameter, ...]

    def parameters(self):
        return self.declared

    def width(self, n_inputs):
        return n_inputs

    def forward(self, parameters, inputs, context):
        return inputs, None

    def backward(self, parameters, cache, d_outputs, needs_d_inputs=True):
        return d_outputs, ()


factors = st.sampled_from([0.0, 0.1, 1.0, 6.0])
a_parameter = st.builds(
    Parameter,
    st.sampled_from(["W", "scale"]),
    st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
    bias_row=st.booleans(),
    rate=factors,
    bias_rate=factors,
    decay=factors,
)
a_network = st.lists(
    st.one_of(
        st.builds(Dense, st.integers(1, 4), st.integers(1, 4)),
        st.just(Activation("relu")),
        st.lists(a_parameter, max_size=3).map(lambda declared: Declared(tuple(declared))),
    ),
    max_size=5,
)


@settings(deadline=None, max_examples=100)
@given(a_network)
def test_views_cover_the_vector_in_order(layers):
    layout = Layout(layers)
    flat = np.arange(layout.size)
    views = layout.views(flat)
    assert [[view.shape for view in of_layer] for of_layer in views] == [
        [parameter.shape for parameter in layer.parameters()] for layer in layers
    ]
    ravelled = [number for of_layer in views for view in of_layer for number in view.ravel()]
    assert ravelled == flat.tolist()
    for of_layer, part in zip(views, layout.layer_slices, strict=True):
        assert [number for view in of_layer for number in view.ravel()] == flat[part].tolist()
        for view in of_layer:
            view[...] = -1
    assert (flat == -1).all()


@settings(deadline=None, max_examples=100)
@given(a_network)
def test_segments_and_factors(layers):
    layout = Layout(layers)
    rate, decay = np.full(layout.size, np.nan), np.full(layout.size, np.nan)
    for layer, of_rate, of_decay in zip(layers, layout.views(rate), layout.views(decay), strict=True):
        for parameter, r, d in zip(layer.parameters(), of_rate, of_decay, strict=True):
            r[...], d[...] = parameter.rate, parameter.decay
            if parameter.bias_row:
                r[-1], d[-1] = parameter.bias_rate, 0
    assert np.array_equal(layout.decay_factors(), decay)
    if (rate == 1).all():
        assert layout.rate_factors() == 1.0
    else:
        assert np.array_equal(layout.rate_factors(), rate)
    assert [s.start for s in layout.segments] == [0, *(s.stop for s in layout.segments)][: len(layout.segments)]
    assert sum(s.stop - s.start for s in layout.segments) == layout.size
    assert all(s.start < s.stop for s in layout.segments)


def test_a_bias_row_is_a_segment_of_its_own():
    layout = Layout((Activation("relu"), Dense(3, 2)))
    found = [(s.layer, s.name, s.start, s.stop, s.rate, s.decay) for s in layout.segments]
    assert found == [(1, "W", 0, 6, 1.0, 1.0), (1, "bias", 6, 8, 1.0, 0.0)]
    assert layout.layer_slices == (slice(0, 0), slice(0, 8))
    assert layout.rate_factors() == 1.0


def test_locate():
    scale = Declared((Parameter("scale", (2,)), Parameter("shift", (2, 2))))
    layout = Layout((Dense(2, 3), Activation("relu"), Dense(3, 1), scale))
    assert [layout.locate(index) for index in range(layout.size)] == [
        *(f"dense 1 · weight of input {i} to neuron {j}" for i in (1, 2) for j in (1, 2, 3)),
        *(f"dense 1 · bias of neuron {j}" for j in (1, 2, 3)),
        *(f"dense 2 · weight of input {i} to neuron 1" for i in (1, 2, 3)),
        "dense 2 · bias of neuron 1",
        *(f"declared 1 · scale[{i}]" for i in (1, 2)),
        *(f"declared 1 · shift[{i}, {j}]" for i in (1, 2) for j in (1, 2)),
    ]
    assert [layout.layer_name(layer) for layer in range(4)] == ["dense 1", "activation 1", "dense 2", "declared 1"]


@settings(deadline=None, max_examples=50)
@given(a_network)
def test_no_two_numbers_of_one_parameter_share_their_place(layers):
    layout = Layout([layer for layer in layers if len(layer.parameters()) == 1])
    names = [layout.locate(index) for index in range(layout.size)]
    assert len(set(names)) == layout.size


@pytest.mark.parametrize("index", [-1, 6])
def test_locate_outside(index):
    with pytest.raises(ShapeError, match=rf"index must be from 0 to 5\. Got {index}\."):
        Layout((Dense(2, 2),)).locate(index)


@pytest.mark.parametrize("shape", [(5,), (7,), (1, 6), (6, 1)])
def test_views_of_another_shape(shape):
    with pytest.raises(ShapeError, match=r"flat vector must have shape \(6,\)\. Got"):
        Layout((Dense(2, 2),)).views(np.zeros(shape))
