import numpy as np
import pytest

from chainrule.errors import ParameterError
from chainrule.network import ACTIVATIONS, Activation, Context


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_passes_apply_the_table(name, dtype):
    z = np.array([[-2.0, 0.5], [3.0, -0.1]], dtype=dtype)
    d_outputs = np.array([[1.0, -2.0], [0.25, 4.0]], dtype=dtype)
    layer, function = Activation(name), ACTIVATIONS[name]
    a, cache = layer.forward((), z, Context())
    assert np.array_equal(a, function.phi(z))
    d_inputs, parameters = layer.backward((), cache, d_outputs)
    assert np.array_equal(d_inputs, d_outputs * function.phi_prime(z, a))
    assert a.dtype == d_inputs.dtype == dtype
    assert parameters == ()
    assert layer.width(7) == 7
    assert layer.backward((), cache, d_outputs, needs_d_inputs=False) == (None, ())


@pytest.mark.parametrize(
    ("name", "hint"), [("sigmoid", ""), ("Relu", " Did you mean 'relu'?"), (3, ""), (["relu"], ""), (None, "")]
)
def test_unknown_function(name, hint):
    with pytest.raises(ParameterError, match=r"Activation: function must be one of elu, gelu, .* instead") as raised:
        Activation(name)
    assert str(raised.value).endswith(f"Got {name!r} instead.{hint}")
