import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ParameterError, ShapeError
from chainrule.glassbox import Names
from chainrule.network import Activation, Dense, Layer, Network, Parameter, SquaredError, multilayer_perceptron

INPUTS, OUTPUTS = ["age", "size", "town ← Rome"], ["no · yes", "maybe"]


@pytest.fixture
def names():
    network = multilayer_perceptron(3, (4, 2), 2, loss="squared_error", dropout=0.1)
    return Names(network, inputs=INPUTS, outputs=OUTPUTS)


def test_what_people_read(names):
    assert [names.layer(i) for i in names.dense] == ["hidden 1", "hidden 2", "output"]
    assert str(names.place("hidden 1", 3, "size")) == "hidden 1 · neuron 3 ← size"
    assert str(names.place(2, "neuron 2", 4)) == "hidden 2 · neuron 2 ← hidden 1 · neuron 4"
    assert str(names.place("output", "maybe", "bias")) == "output · maybe ← bias"
    assert names.layer(1) == "activation 1"
    assert names.neuron(names.dense[-1], 0) == "output · no · yes"


def test_without_names_there_are_numbers():
    names = Names(multilayer_perceptron(2, (), 1, loss="squared_error"))
    assert [str(names.weight(i)) for i in range(3)] == [
        "output · neuron 1 ← input 1",
        "output · neuron 1 ← input 2",
        "output · neuron 1 ← bias",
    ]


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(1, 4), max_size=3), st.integers(1, 4), st.integers(1, 3))
def test_every_weight_is_found_by_its_place_and_its_name(hidden, n_inputs, n_outputs):
    network = multilayer_perceptron(n_inputs, hidden, n_outputs, loss="squared_error")
    names = Names(network)
    views = network.layout.views(np.arange(float(network.layout.size)))
    for index in range(network.layout.size):
        weight = names.weight(index)
        assert views[weight.layer][0][weight.row, weight.column] == index == weight.index
        assert weight.is_bias == (weight.row == views[weight.layer][0].shape[0] - 1)
        layer = names.dense.index(weight.layer) + 1
        assert names.place(layer, weight.column + 1, weight.row + 1) == weight
        assert names.find(weight.name) == names.find(weight) == names.find(index) == weight


def test_labels_may_hold_the_marks_of_names(names):
    for index in range(names.network.layout.size):
        weight = names.weight(index)
        assert names.find(weight.name) == weight


def test_a_name_given_twice_is_found_by_number_only():
    names = Names(multilayer_perceptron(2, (), 1, loss="squared_error"), inputs=["x", "x"])
    with pytest.raises(
        ParameterError, match=r"'x' is the name of more than one source of output; .* number instead: 1, 2"
    ):
        names.place("output", 1, "x")
    assert names.place("output", 1, 2).row == 1


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (("hiden 1", 1, 1), r"no layer called 'hiden 1'; there is 'hidden 1', .* Did you mean 'hidden 1'\?"),
        ((4, 1, 1), "the number of a layer must be an int from 1 to 3, got 4"),
        (("hidden 1", 5, 1), "number of a neuron of hidden 1 must be an int from 1 to 4, got 5"),
        (("hidden 1", 0, 1), "number of a neuron of hidden 1 must be an int from 1 to 4, got 0"),
        (("hidden 1", 1, "agge"), r"no source of hidden 1 called 'agge'.* Did you mean 'age'\?"),
        (("hidden 1", 1, True), "number of a source of hidden 1 must be an int from 1 to 4, got True"),
        (("hidden 1", 1, 1.0), "must be an int from 1 to 4, got 1.0"),
    ],
)
def test_places_that_are_none(names, place, message):
    with pytest.raises(ParameterError, match=message):
        names.place(*place)


@pytest.mark.parametrize("index", [-1, 32, 1.5, True, None])
def test_indices_that_are_none(names, index):
    with pytest.raises(ParameterError, match="a weight's index must be an int from 0 to 31, got"):
        names.find(index)


def test_a_name_of_another_form(names):
    with pytest.raises(ParameterError, match="a weight's name must be like hidden 1 · neuron 1 ← age, got 'age'"):
        names.find("age")


@pytest.mark.parametrize(
    ("given_", "what"), [({"inputs": ["a"]}, "inputs must hold 3"), ({"outputs": "abc"}, "2 names")]
)
def test_there_is_a_name_for_each(names, given_, what):
    with pytest.raises(ShapeError, match=what):
        Names(names.network, **given_)


def test_a_number_may_be_text_where_it_is_no_name(names):
    assert names.place("hidden 1", "2", "3") == names.place("hidden 1", 2, 3)
    labelled = Names(names.network, outputs=["2", "7"])
    assert str(labelled.place("output", "2", "bias")) == "output · 2 ← bias"
    assert str(labelled.place("output", 2, "bias")) == "output · 7 ← bias"
    assert str(labelled.place("output", "1", "bias")) == "output · 2 ← bias"
    with pytest.raises(ParameterError, match=r"a neuron of hidden 1 must be an int from 1 to \d+, got 99"):
        names.place("hidden 1", "99", 1)


class Scale(Layer):
    """One factor for each input: a layer with weights that is not dense."""

    kind = "scale"

    def __init__(self, n):
        self.n = n

    def width(self, n_inputs):
        return n_inputs

    def parameters(self):
        return (Parameter("factors", (self.n,)),)

    def forward(self, parameters, inputs, context):
        return inputs * parameters[0], inputs

    def backward(self, parameters, cache, d_outputs, needs_d_inputs=True):
        return d_outputs * parameters[0], ((cache * d_outputs).sum(axis=0),)


def test_layers_that_are_not_dense_are_called_by_their_kind():
    network = Network(2, (Scale(2), Dense(2, 3), Activation("tanh"), Dense(3, 1)), SquaredError())
    names = Names(network, inputs=["a", "b"])
    first = names.weight(0)
    assert (first.name, first.row, first.column, first.is_bias) == ("scale 1 · factors[1]", -1, -1, False)
    assert str(names.place("hidden 1", 2, 1)) == "hidden 1 · neuron 2 ← a"
