import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ParameterError
from chainrule.network import (
    ACTIVATIONS,
    LOSSES,
    Activation,
    CrossEntropy,
    Dense,
    Dropout,
    Huber,
    Network,
    Penalty,
    Quantile,
    SquaredError,
    multilayer_perceptron,
)


def test_layers_in_order():
    network = multilayer_perceptron(
        4, (8, 6), 2, loss=Huber(2.0), activation=("selu", "tanh"), dropout=0.1, penalty=Penalty(l1=1)
    )
    layers = (
        Dense(4, 8, "lecun_normal"),
        Activation("selu"),
        Dropout(0.1),
        Dense(8, 6, "glorot_uniform"),
        Activation("tanh"),
        Dropout(0.1),
        Dense(6, 2, "glorot_uniform"),
    )
    assert network == Network(4, layers, Huber(2.0), Penalty(l1=1))


def test_no_hidden_layer_is_a_linear_model():
    assert multilayer_perceptron(4, (), 3, loss="cross_entropy") == Network(
        4, (Dense(4, 3, "glorot_uniform"),), CrossEntropy()
    )


@settings(deadline=None, max_examples=50)
@given(
    st.lists(st.integers(1, 9), max_size=3),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.integers(1, 4),
    st.sampled_from(sorted(LOSSES)),
)
def test_sizes_and_one_activation_for_all(sizes, activation, n_outputs, loss):
    network = multilayer_perceptron(5, sizes, n_outputs, loss=loss, activation=activation)
    dense = [layer for layer in network.layers if isinstance(layer, Dense)]
    assert [layer.n_in for layer in dense] == [5, *sizes]
    assert [layer.n_out for layer in dense[:-1]] == sizes
    assert network.n_outputs == LOSSES[loss]().n_logits(n_outputs)
    assert [layer for layer in network.layers if isinstance(layer, Activation)] == [Activation(activation)] * len(sizes)
    rectifying = {"relu", "leaky_relu", "elu", "gelu", "silu", "mish", "softplus"}
    suited = "he_uniform" if activation in rectifying else "lecun_normal" if activation == "selu" else "glorot_uniform"
    assert [layer.initialiser for layer in dense] == [suited] * len(sizes) + ["glorot_uniform"]


def test_an_initialiser_of_the_users_choice_is_for_all_layers():
    network = multilayer_perceptron(2, (3,), 1, loss="squared_error", initialiser="orthogonal")
    assert [layer.initialiser for layer in network.layers if isinstance(layer, Dense)] == ["orthogonal"] * 2


def test_quantiles_widen_the_last_layer():
    assert multilayer_perceptron(2, (3,), 2, loss=Quantile((0.1, 0.5, 0.9))).n_outputs == 6


@pytest.mark.parametrize(
    ("settings_", "message"),
    [
        ({"loss": "squarederror"}, r"multilayer_perceptron: loss must be one of .* Did you mean 'squared_error'\?"),
        ({"loss": SquaredError}, "multilayer_perceptron: loss must be one of"),
        ({"hidden_layer_sizes": 4}, r"hidden_layer_sizes must be a sequence such as \(256, 256\)\. Got 4 instead"),
        ({"loss": None}, "multilayer_perceptron: loss must be one of"),
        ({"activation": "relu6"}, r"Activation: function must be one of .* Did you mean 'relu'\?"),
        ({"activation": ("relu",)}, r"activation must be one name or one for each of the 2 hidden layers\. Got 1\."),
        ({"dropout": 1.5}, "Dropout: rate must be a number"),
        ({"initialiser": "xavier"}, "Dense: initialiser must be one of"),
        ({"hidden_layer_sizes": (4, 0)}, "Dense: n_out must be an integer"),
        ({"n_outputs": 0}, "multilayer_perceptron: n_outputs must be an integer"),
        ({"n_inputs": 0}, "Dense: n_in must be an integer"),
    ],
)
def test_settings_out_of_range(settings_, message):
    arguments = {"n_inputs": 3, "hidden_layer_sizes": (4, 4), "n_outputs": 1, "loss": "squared_error", **settings_}
    with pytest.raises(ParameterError, match=message):
        multilayer_perceptron(**arguments)
