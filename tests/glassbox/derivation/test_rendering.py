"""Formulas as text, LaTeX and MathML; names of the user's own in each."""

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chainrule.glassbox.derivation.derivation import Derivation, Equation, Link
from chainrule.glassbox.derivation.expression import (
    Expression,
    Function,
    Negative,
    Numeral,
    Partial,
    Quantity,
    Rest,
    Series,
    Symbol,
    Total,
)
from chainrule.glassbox.derivation.forms import in_numbers, in_symbols, interval
from chainrule.glassbox.derivation.latex import LatexRenderer
from chainrule.glassbox.derivation.mathml import MathMLRenderer
from chainrule.glassbox.derivation.number import Number
from chainrule.glassbox.derivation.text import TextRenderer
from chainrule.network import multilayer_perceptron
from chainrule.training import AdamW

a, b, c = Symbol("a"), Symbol("b"), Symbol("c")


def numeral(value):
    return Numeral(Number.given(value))


@pytest.mark.parametrize(
    ("formula", "text", "latex"),
    [
        (a + b * c, "a + b·c", r"a + b \cdot c"),
        ((a + b) * c, "(a + b)·c", r"\left(a + b\right) \cdot c"),
        (a - (b - c), "a − (b − c)", r"a - \left(b - c\right)"),
        (a / b / c, "(a/b)/c", r"\frac{\frac{a}{b}}{c}"),
        (a / (b * c), "a/(b·c)", r"\frac{a}{b \cdot c}"),
        (a * b / c, "a·b/c", r"\frac{a \cdot b}{c}"),
        ((a / b) * c, "(a/b)·c", r"\frac{a}{b} \cdot c"),
        ((a / b) ** 2, "(a/b)²", r"{\left(\frac{a}{b}\right)}^{2}"),
        ((a * b) ** 2, "(a·b)²", r"{\left(a \cdot b\right)}^{2}"),
        (a ** Symbol("t"), "aᵗ", "{a}^{t}"),
        (a ** (b + 1), "a^(b + 1)", "{a}^{b + 1}"),
        (-(a * b), "−a·b", r"-a \cdot b"),
        (a * -b, "a·(−b)", r"a \cdot \left(-b\right)"),
        (2 - a, "2 − a", "2 - a"),
        (a + numeral(-0.5), "a + (−0.5)", r"a + \left(-0.5\right)"),
        (numeral(-0.5) + a, "−0.5 + a", "-0.5 + a"),
        (numeral(2.5e-8) ** 2, "(2.5×10⁻⁸)²", r"{\left(2.5 \times 10^{-8}\right)}^{2}"),
        (Total("k", a * b) / c, "(Σₖ a·b)/c", r"\frac{\sum_{k} a \cdot b}{c}"),
        (c * Total("rows", a), "c·Σ_rows a", r"c \cdot \sum_{\text{rows}} a"),
        (-Total("k", a), "−Σₖ a", r"-\sum_{k} a"),
        (Function("root", a), "√(a)", r"\sqrt{a}"),
        (Function("abs", a - b), "|a − b|", r"\left|a - b\right|"),
        (Function("norm", a), "‖a‖", r"\left\|a\right\|"),
        (Function("exp", -a), "exp(−a)", "e^{-a}"),
        (Function("ln", a), "ln(a)", r"\ln\left(a\right)"),
        (Function("φ′", a), "φ′(a)", r"\varphi'\left(a\right)"),
        (Symbol("w", "3→7", "(1)"), "w⁽¹⁾₃→₇", r"w^{(1)}_{3 \to 7}"),
        (Symbol("m", accent="hat"), "m̂", r"\hat{m}"),
        (Symbol("Δw", "adam"), "Δw_adam", r"\Delta w_{\text{adam}}"),
        (Partial(Symbol("E"), Symbol("a", "2")), "∂E/∂a₂", r"\frac{\partial E}{\partial a_{2}}"),
        (
            Rest(Number.given(-0.5), 1200, "rows"),
            "(−0.5) ⟨1,200 more rows⟩",
            r"\underbrace{\left(-0.5\right)}_{\text{1,200 more rows}}",
        ),
    ],
)
def test_formulas_have_the_parentheses_they_need_and_no_more(formula, text, latex):
    assert TextRenderer().render(formula) == text
    assert LatexRenderer().render(formula) == latex
    drawn = ET.fromstring(f"<math>{MathMLRenderer().render(formula)}</math>")
    assert "".join(drawn.itertext())


def test_a_formula_has_two_forms():
    x, y = Quantity(a, Number.given(2)), Quantity(b, Number.given(0.5))
    total = Total("k", Symbol("c", "k"))
    formula = x * (1 - y) ** 2 + Series(total, (x, y), Rest(Number.given(3), 5, "rows"))
    write = TextRenderer().render
    assert write(in_symbols(formula)) == "a·(1 − b)² + Σₖ cₖ"
    assert write(in_numbers(formula)) == "2·(1 − 0.5)² + (2 + 0.5 + 3 ⟨5 more rows⟩)"
    assert 6.0 in interval(formula)


def test_only_forms_are_written_and_only_numbers_have_an_interval():
    with pytest.raises(TypeError, match="is in neither form"):
        TextRenderer().render(Quantity(a, Number.given(1)))
    with pytest.raises(TypeError, match="has no number"):
        interval(a)


def test_sides_that_would_repeat_are_left_out():
    x = Quantity(a, Number.given(2))
    assert len(Equation.of(b, numeral(1), 1.0).sides) == 2
    assert len(Equation.of(b, x, 2.0).sides) == 3
    assert len(Equation.of(b, x * x, 4.0).sides) == 4
    assert len(Equation(b, a * a).sides) == 2


HOSTILE = [
    "<script>alert(1)</script>",
    "a & b",
    r"\input{secret}",
    "cost_in_$ 100% #1 {x} ~^",
    "red\x1b[31m",
    "two\nlines",
    "‮back",
    "α → ∞",
]


@pytest.fixture
def hostile(open_step):
    network = multilayer_perceptron(len(HOSTILE), (3,), len(HOSTILE), loss="cross_entropy", activation="tanh")
    step = open_step(network, AdamW(), inputs=HOSTILE, outputs=HOSTILE)
    return [step.derive(step.weight("hidden 1", 1, place + 1)) for place in range(len(HOSTILE))]


def test_names_are_escaped_in_html(hostile):
    for derivation in hostile:
        html = derivation._repr_html_()
        assert "<script" not in html
        tree = ET.fromstring(html)
        assert {element.tag for element in tree.iter()} <= {
            *("section", "style", "h3", "h4", "p", "div", "math", "mtable", "mtr", "mtd", "mrow", "mi", "mo", "mn"),
            *("mtext", "mfrac", "msup", "msub", "msubsup", "munder", "mover", "msqrt"),
        }
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in hostile[0].to_html()


def test_names_are_printed_by_latex_as_they_are(hostile):
    assert r"\textbackslash{}input\{secret\}" in hostile[2].to_latex()
    assert r"cost\_in\_\$ 100\% \#1 \{x\} \textasciitilde{}\textasciicircum{}" in hostile[3].to_latex()
    assert r"$\alpha$ $\to$ $\infty$" in hostile[7].to_latex()


def test_what_acts_on_a_terminal_is_shown_as_its_code(hostile):
    text = " ".join(str(hostile[4]).split())
    assert r"red\x1b[31m" in text
    assert r"two\nlines" in str(hostile[5])
    assert r"\u202eback" in str(hostile[6])
    for derivation in hostile:
        assert all(character.isprintable() or character == "\n" for character in str(derivation))


@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_every_derivation_is_well_formed_in_each_language(data, steps):
    step = data.draw(steps())
    derivation = step.derive(data.draw(st.integers(0, step.moment.network.layout.size - 1)))
    tree = ET.fromstring(derivation.to_html())
    counts = {"mfrac": 2, "msup": 2, "msub": 2, "msubsup": 3, "munder": 2, "mover": 2}
    assert all(len(element) == counts[element.tag] for element in tree.iter() if element.tag in counts)
    latex = derivation._repr_latex_()
    assert latex.count("{") == latex.count("}")
    assert latex.count(r"\left") - latex.count(r"\leftarrow") == latex.count(r"\right")
    assert latex.count(r"\begin{align*}") == latex.count(r"\end{align*}")
    assert latex.isascii()


def test_an_approximation_is_written_as_one():
    derivation = Derivation("t", "i", (Link("l", (Equation(a, b, relation="≈"),), "w"),))
    assert "a ≈ b" in str(derivation)
    assert r"a &\approx b" in derivation.to_latex()
    assert "<mo>≈</mo>" in derivation.to_html()


def test_nodes_are_expressions_and_equal_by_value():
    assert isinstance(-a, Negative)
    assert a + b == a + b
    assert isinstance(a + 1, Expression)
