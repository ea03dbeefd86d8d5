import copy
import json
import pickle
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.errors import ParameterError, ShapeError
from chainrule.network import (
    ACTIVATIONS,
    INITIALISERS,
    LOSSES,
    Activation,
    CrossEntropy,
    Dense,
    Dropout,
    Huber,
    LogLoss,
    Network,
    Penalty,
    Poisson,
    Quantile,
    SquaredError,
)

a_fraction = st.floats(0, 0.99)
a_loss = st.one_of(
    st.sampled_from([SquaredError(), LogLoss(), Poisson(), LOSSES["absolute_error"]()]),
    st.builds(Huber, st.floats(0.01, 100)),
    st.builds(CrossEntropy, a_fraction),
    st.builds(Quantile, st.sets(st.floats(0.01, 0.99), min_size=1, max_size=4).map(lambda s: tuple(sorted(s)))),
)


@st.composite
def networks(draw):
    widths = draw(st.lists(st.integers(1, 2**24), min_size=2, max_size=5))
    layers = []
    for n_in, n_out in pairwise(widths):
        layers.append(Dense(n_in, n_out, draw(st.sampled_from(sorted(INITIALISERS)))))
        layers += draw(st.lists(st.builds(Activation, st.sampled_from(sorted(ACTIVATIONS))), max_size=1))
        layers += draw(st.lists(st.builds(Dropout, a_fraction), max_size=1))
    penalty = Penalty(draw(st.floats(0, 1)), draw(st.floats(0, 1)))
    return Network(widths[0], tuple(layers), draw(a_loss), penalty)


@settings(deadline=None, max_examples=100)
@given(networks())
def test_round_trip_through_json(network):
    config = json.loads(json.dumps(network.to_config(), allow_nan=False))
    rebuilt = Network.from_config(config)
    assert rebuilt == network
    assert rebuilt.layout.segments == network.layout.segments
    assert pickle.loads(pickle.dumps(network)) == network


GOOD = Network(
    3, (Dense(3, 2), Activation("relu"), Dropout(0.5), Dense(2, 2)), Quantile((0.1, 0.9)), Penalty(l2=0.1)
).to_config()


def broken(path, value):
    """The good settings with one place replaced, or removed if the value is ``...``."""
    config = copy.deepcopy(GOOD)
    place = config
    for name in path[:-1]:
        place = place[name]
    if value is ...:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return config


DENSE = ["layers", 0]
HOSTILE = [
    (["n_inputs"], "3", "Network: n_inputs must be an integer"),
    (["n_inputs"], True, "Network: n_inputs must be an integer"),
    (["n_inputs"], 10**30, "Network: n_inputs must be an integer from 1 to 16777216"),
    (["n_inputs"], ..., "Network: setting 'n_inputs' is missing"),
    (["version"], 1, "Network: unknown setting 'version'"),
    (["layers"], {}, r"Network: layers must be a list\. Got {} instead"),
    (["layers"], None, "Network: layers must be a list"),
    (["layers"], [], "at least one layer with weights"),
    (["layers", 0], "dense", r"layer: the settings must be a dict with a 'kind'\. Got 'dense'"),
    ([*DENSE, "kind"], ..., "layer: the settings must be a dict with a 'kind'"),
    ([*DENSE, "kind"], "desne", r"layer: kind must be one of activation, dense, dropout\. Got 'desne' .*mean 'dense'"),
    ([*DENSE, "kind"], ["dense"], r"layer: kind must be one of .* Got \['dense'\] instead"),
    ([*DENSE, "n_out"], -1, "Dense: n_out must be an integer"),
    ([*DENSE, "n_out"], 2.0, "Dense: n_out must be an integer"),
    ([*DENSE, "n_out"], ..., "dense: setting 'n_out' is missing"),
    ([*DENSE, "n_otu"], 2, "dense: unknown setting 'n_otu'. Did you mean 'n_out'"),
    ([*DENSE, "initialiser"], "__class__", "Dense: initialiser must be one of"),
    (["layers", 1, "function"], {}, "Activation: function must be one of"),
    (["layers", 2, "rate"], 1.0, "Dropout: rate must be a number"),
    (["layers", 2, "rate"], "0.1", "Dropout: rate must be a number"),
    (["loss"], None, "loss: the settings must be a dict with a 'kind'"),
    (["loss", "kind"], "hinge", "loss: kind must be one of absolute_error"),
    (["loss", "levels"], [], "Quantile: levels must be a tuple"),
    (["loss", "levels"], [0.1, [0.2]], "Quantile: each of levels must be a number"),
    (["loss", "levels"], "0.1", "Quantile: levels must be a tuple"),
    (["penalty"], [], "Penalty: the settings must be a dict"),
    (["penalty", "l1"], -1, "Penalty: l1 must be a number"),
    (["penalty", "l2"], float("inf"), "Penalty: l2 must be a number"),
    (["penalty", "l2"], ..., "Penalty: setting 'l2' is missing"),
]


@pytest.mark.parametrize(("path", "value", "message"), HOSTILE)
def test_hostile_settings(path, value, message):
    with pytest.raises(ParameterError, match=message):
        Network.from_config(broken(path, value))


def test_good_settings_are_good():
    assert Network.from_config(GOOD).to_config() == GOOD


def test_layers_that_do_not_fit():
    with pytest.raises(ShapeError, match=r"takes 4 inputs\. Got 3\."):
        Network.from_config(broken([*DENSE, "n_in"], 4))


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["dense", "kind"]),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4) | st.just("kind"), inner, max_size=3)
    ),
    max_leaves=8,
)


@settings(deadline=None, max_examples=300)
@given(json_values, st.data())
def test_any_json_in_any_place_gives_a_network_or_our_error(value, data):
    config = copy.deepcopy(GOOD)
    place, name = None, None
    inside = config
    while isinstance(inside, dict | list) and inside and (place is None or data.draw(st.booleans())):
        place = inside
        name = data.draw(st.sampled_from(list(inside) if isinstance(inside, dict) else range(len(inside))))
        inside = place[name]
    place[name] = value
    for settings_ in (config, value):
        try:
            network = Network.from_config(settings_)
        except (ParameterError, ShapeError):
            continue
        assert network.to_config() == settings_


def test_ten_thousand_layers_of_sixteen_million_are_described_and_not_allocated():
    config = broken(["layers"], [GOOD["layers"][0]] + [{**GOOD["layers"][0], "n_in": 2}] * 10_000)
    assert Network.from_config(config).layout.size == 8 + 6 * 10_000
    huge = {"kind": "dense", "n_in": 2**24, "n_out": 2**24, "initialiser": "zeros"}
    network = Network.from_config({**GOOD, "n_inputs": 2**24, "layers": [huge] * 3})
    assert network.layout.size == 3 * (2**24 + 1) * 2**24
    with pytest.raises(ShapeError, match="weights must be float32 or float64 of shape"):
        network.forward(np.zeros(1), np.zeros((1, 1)))
