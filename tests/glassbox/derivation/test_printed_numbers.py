"""Every printed result lies in the interval that the printed numbers before it allow."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.glassbox.derivation import derive
from chainrule.network import multilayer_perceptron
from chainrule.training import OPTIMIZERS, AdamW


def lines_with_numbers(equations):
    """Give (numbers, result) of every equation that has both; what has overflowed allows anything."""
    for _, *sides in equations:
        if len(sides) == 3 and not re.search("∞|nan", sides[1] + sides[2]):
            yield sides[1], sides[2]


@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_every_result_lies_in_the_interval_that_its_operands_allow(data, steps, violation, equations_of):
    step = data.draw(steps())
    weight = data.draw(st.integers(0, step.moment.network.layout.size - 1))
    row = data.draw(st.sampled_from([None, *step.moment.rows.tolist()]))
    text = str(derive(step, weight, row=row))
    found = list(lines_with_numbers(equations_of(text)))
    assert found or not np.isfinite(step.error.value)
    wrong = [message for numbers, result in found if (message := violation(numbers, result)) is not None]
    assert wrong == [], text


def test_a_result_that_is_off_by_a_thousandth_is_found(violation):
    numbers = "(−0.330675)·(−0.0323842) + 0.506281·0.0143870 + (−0.00277671) ⟨2 more neurons⟩"
    assert violation(numbers, "0.0152158") is None
    assert "is not in" in violation(numbers, "0.0152313")
    assert "is not in" in violation(numbers, "−0.0152158")
    assert violation("1/3", "0.333333333333") is None
    assert "is not in" in violation("1/3", "0.333333")


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2·(3 − 0.5)²/5", 2.5),
        ("−2·3 + 1", -5),
        ("1.5×10⁻³·2×10³", 3),
        ("|2 − 5|·√(16)", 12),
        ("exp(0) + ln(1) + tanh(0) + cosh(0) + σ(0) + Φ(0)", 3),
        ("1 − 0.5³", 0.875),
    ],
)
def test_printed_formulas_are_computed_as_they_read(printed, text, value):
    interval = printed.interval(text)
    assert value in interval
    assert interval.delta < 1e-11


@pytest.mark.parametrize("optimizer", [kind() for kind in OPTIMIZERS.values()], ids=lambda optimizer: optimizer.kind)
def test_every_result_is_used_but_the_first_and_the_last(open_step, optimizer, equations_of):
    network = multilayer_perceptron(5, (9, 8), 1, loss="log_loss", activation="silu", dropout=0.3)
    derivation = derive(open_step(network, optimizer, n=20), 7)
    found = equations_of(str(derivation))
    results = {left: sides[-1] for left, *sides in found}
    assert {"E", "ℓ", "Δw", "w′"} < set(results)
    for left in results.keys() - {"E", "w′"}:
        bare = re.escape(results[left].strip("()"))
        others = [sides[-2] for other, *sides in found if other != left and len(sides) > 1]
        assert any(re.search(rf"(?<![\d.]){bare}(?![\d.×])", other) for other in others), left


def test_the_numbers_are_those_of_the_backward_pass_and_of_the_descent(open_step, equations_of):
    network = multilayer_perceptron(5, (9, 8), 3, loss="cross_entropy", activation="tanh", dropout=0.3)
    step = open_step(network, AdamW(), n=20)
    for index in (3, 70, network.layout.size - 1):
        last = {left: sides[-1] for left, *sides in equations_of(str(derive(step, index)))}
        weight = step.weight(index)
        expected = {
            last["E"]: step.error.value,
            last["∂E/∂w"]: step.backward.gradient[index],
            last["Δw"]: step.descent.change[index],
            last["w′"]: step.descent.after[index],
        }
        for printed_number, value in expected.items():
            assert float(printed_number.replace("−", "-").replace("×10⁻⁵", "e-5")) == pytest.approx(value, rel=5e-6)
        assert weight.name in str(derive(step, weight))


def test_a_wide_sum_shows_its_largest_terms_and_the_rest_as_one_number(open_step):
    network = multilayer_perceptron(4, (6, 64), 1, loss="squared_error", activation="relu")
    text = str(derive(open_step(network, OPTIMIZERS["sgd"](), n=40), 0))
    assert text.count("⟨37 more rows⟩") == 2
    assert text.count("⟨61 more neurons⟩") == 1


def test_the_row_that_is_asked_for_is_followed(open_step):
    network = multilayer_perceptron(4, (6,), 1, loss="squared_error", activation="tanh")
    step = open_step(network, OPTIMIZERS["sgd"](), n=30)
    first = str(derive(step, 2))
    largest = step.contributions(2)
    assert f"The loss of row {largest.rows[0]}\n" in first
    smallest = str(derive(step, 2, row=int(largest.rows[-1])))
    assert f"The loss of row {largest.rows[-1]}\n" in smallest
    assert "δ⁽¹⁾₃ = φ′(z⁽¹⁾₃)·∂E/∂a⁽¹⁾₃" in smallest
    assert largest.rows[0] != largest.rows[-1]


def test_numbers_that_are_not_finite_are_printed_as_they_are(open_step):
    network = multilayer_perceptron(2, (3,), 1, loss="squared_error", activation="relu")
    weights = np.full(network.layout.size, 1e200)
    derivation = derive(open_step(network, AdamW(), weights=weights), 0)
    assert "∞" in str(derivation)
    assert r"\infty" in derivation.to_latex()
    assert "∞" in derivation.to_html()
