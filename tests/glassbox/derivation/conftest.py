import re
from decimal import Decimal

import mpmath
import numpy as np
import pytest
from hypothesis import strategies as st
from mpmath import iv
from scipy.sparse import csr_array

from chainrule.engine import Batch, Settings, StepPlan
from chainrule.glassbox.moment import Moment
from chainrule.glassbox.names import Names
from chainrule.glassbox.step import Step
from chainrule.network import ACTIVATIONS, LOSSES, Activation, Dense, Dropout, Network, Penalty, Quantile
from chainrule.network.losses import REPORTED_LOSSES, CrossEntropy
from chainrule.training import LBFGS, OPTIMIZERS, Adam

BITS = 50  # what is left of float64's 53 bits after the few roundings of a formula
TINY = 2.3e-308  # float64 knows nothing smaller at full precision


@pytest.fixture(scope="session")
def open_step():
    """A function that opens a step of a network, with random rows, weights and state of its optimizer."""

    def build(
        network,
        optimizer,
        *,
        n=6,
        seed=0,
        weights=None,
        X=None,
        y=None,
        row_weight=None,
        rows=None,
        index=6,
        settings=None,
        plan=None,
        dtype=np.float64,
        inputs=None,
        outputs=None,
    ):
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, network.n_inputs)) if X is None else X
        n = X.shape[0]
        weights = rng.normal(size=network.layout.size) if weights is None else weights
        state = [np.abs(rng.normal(size=len(weights))).astype(dtype) for _ in range(getattr(optimizer, "n_vectors", 0))]
        values = {name: getattr(optimizer, name, 0.0) for name in ("momentum", "weight_decay")}
        moment = Moment(
            network=network,
            optimizer=optimizer,
            learning_rate=0.01,
            settings=settings or Settings(n, seed),
            plan=plan or StepPlan.constant(1, learning_rate=0.01, **values),
            index=index,
            weights=np.asarray(weights, dtype=dtype),
            vectors=tuple(state),
            rows=np.arange(n) * 3 if rows is None else rows,
            batch=Batch(X.astype(dtype), target(network, n, rng) if y is None else y, row_weight),
            weights_after=weights - 0.01 if isinstance(optimizer, LBFGS) else None,
            names=Names(network, inputs, outputs),
        )
        return Step(moment)

    return build


def target(network, n, rng):
    loss, k = network.loss, network.n_outputs
    if isinstance(loss, CrossEntropy):
        return rng.integers(0, k, n)
    if isinstance(loss, Quantile):
        return rng.normal(size=(n, k // len(loss.levels)))
    return rng.integers(0, 2, (n, k)).astype(float)


@pytest.fixture(scope="session")
def steps(open_step):
    """A strategy of opened steps: any layers, loss, optimizer and settings."""

    @st.composite
    def draw_step(draw):
        seed = draw(st.integers(0, 2**32 - 1))
        optimizer = draw(
            st.sampled_from([*(kind() for kind in OPTIMIZERS.values()), Adam(bias_correction=False), LBFGS()])
        )
        network, n = draw(networks()), draw(st.integers(1, 8))
        rng = np.random.default_rng(seed)
        X = rng.normal(size=(n, network.n_inputs)) * draw(st.sampled_from([1.0, 30.0]))
        if draw(st.booleans()):
            X = X.round(1)
        if isinstance(network.layers[0], Dense) and draw(st.booleans()):
            X = csr_array(X * (X > 0))
        row_weight = None
        if draw(st.booleans()):
            row_weight = rng.integers(0, 3, n).astype(float)
            row_weight[0] = 0.7
        weights = rng.normal(size=network.layout.size) * draw(st.sampled_from([0.0, 1e-6, 0.3, 3.0]))
        plan = StepPlan.constant(
            1,
            learning_rate=draw(st.sampled_from([0.01, 1 / 3])),
            momentum=0.9,
            weight_decay=draw(st.sampled_from([0.0, 0.07])),
            dropout=draw(st.sampled_from([1.0, 0.5])),
            penalty=draw(st.sampled_from([1.0, 0.3])),
        )
        limits = [None] if isinstance(optimizer, LBFGS) else [None, 1e-3, 1e3]
        settings = Settings(n, seed, max_gradient_norm=draw(st.sampled_from(limits)))
        dtype = draw(st.sampled_from([np.float32, np.float64]))
        return open_step(
            network,
            optimizer,
            seed=seed,
            weights=weights,
            X=X,
            row_weight=row_weight,
            plan=plan,
            settings=settings,
            dtype=dtype,
            index=draw(st.integers(0, 2_000_000)),
        )

    return draw_step


@st.composite
def networks(draw):
    sizes = st.integers(1, 6)
    width = n_inputs = draw(sizes)
    kinds = draw(st.lists(st.sampled_from(["dense", "activation", "dropout"]), max_size=5))
    kinds.insert(draw(st.integers(0, len(kinds))), "dense")
    loss = draw(losses())
    n_outputs = loss.n_logits(draw(st.integers(1 + isinstance(loss, CrossEntropy), 5)))
    last_dense = len(kinds) - 1 - kinds[::-1].index("dense")
    layers = []
    for place, kind in enumerate(kinds):
        if kind == "dense":
            n_out = n_outputs if place == last_dense else draw(sizes)
            layers.append(Dense(width, n_out))
            width = n_out
        elif kind == "activation":
            layers.append(Activation(draw(st.sampled_from(sorted(ACTIVATIONS)))))
        else:
            layers.append(Dropout(draw(st.sampled_from([0.0, 0.3, 0.5]))))
    l1, l2 = draw(st.sampled_from([(0.0, 0.0), (1e-3, 0.0), (0.0, 0.12), (0.01, 0.02)]))
    return Network(n_inputs, tuple(layers), loss, Penalty(l1, l2))


def losses():
    plain = [loss() for loss in (*LOSSES.values(), *REPORTED_LOSSES.values())]
    return st.sampled_from([*plain, CrossEntropy(0.1), Quantile((0.2, 0.7)), LOSSES["huber"](0.3)])


class Printed:
    """Computes printed formulas again, in interval arithmetic, from nothing but their text.

    A number with a decimal point and six or more significant digits stands for itself ± half a unit of its last place;
    any other is exact.
    """

    TOKEN = re.compile(r"\s*(⟨.*?⟩|\d+(?:\.\d+)?(?:×10⁻?[⁰¹²³⁴⁵⁶⁷⁸⁹]+)?|[⁰¹²³⁴⁵⁶⁷⁸⁹]+|[a-zσΦ√]+\(|[-+−·/()|])")
    RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")

    def __init__(self, text):
        self.tokens, place = [], 0
        while place < len(text):
            match = self.TOKEN.match(text, place)
            if match is None:
                raise ValueError(f"{text!r} at {place}")
            self.tokens.append(match[1])
            place = match.end()

    @classmethod
    def interval(cls, text):
        with mpmath.workprec(BITS):
            iv.prec = BITS
            printed = cls(text)
            value = printed._sum()
            assert not printed.tokens, text
            return value

    @classmethod
    def number(cls, text):
        """Return a number's decimal, its half unit, and how many significant digits it has."""
        digits, _, power = text.partition("×10")
        decimal = Decimal(digits) * Decimal(10) ** int(power.translate(cls.RAISED) or 0)
        significant = len(digits.replace(".", "").lstrip("0"))
        if "." not in digits or significant < 6:
            return decimal, Decimal(0), significant
        places = len(digits.partition(".")[2])
        half = Decimal(5) * Decimal(10) ** (int(power.translate(cls.RAISED) or 0) - places - 1)
        return decimal, half, significant

    def _next(self, *wanted):
        if self.tokens and self.tokens[0] in wanted:
            return self.tokens.pop(0)
        return None

    def _sum(self):
        value = self._product()
        while sign := self._next("+", "−"):
            value = value + self._product() if sign == "+" else value - self._product()
        return value

    def _product(self):
        sign = -1 if self._next("−") else 1
        value = self._power()
        while operator := self._next("·", "/"):
            other = self._power()
            if operator == "·":
                value = value * other
            elif 0 in other:
                value = iv.mpf(["-inf", "inf"])
            else:
                value = value / other
        return sign * value

    def _power(self):
        value = self._atom()
        if self.tokens and self.tokens[0][0] in "⁰¹²³⁴⁵⁶⁷⁸⁹":
            value = value ** int(self.tokens.pop(0).translate(self.RAISED))
        if self.tokens and self.tokens[0].startswith("⟨"):
            self.tokens.pop(0)
        return value

    def _atom(self):
        token = self.tokens.pop(0)
        if token in ("(", "|"):
            value = self._sum()
            assert self._next(")", "|")
            return self._size(value) if token == "|" else value
        if token.endswith("("):
            value = self._sum()
            assert self._next(")")
            return self._function(token[:-1], value)
        decimal, half, _ = self.number(token)
        return iv.mpf([str(decimal - half), str(decimal + half)])

    @staticmethod
    def _size(value):
        low, high = sorted((abs(mpmath.mpf(value.a)), abs(mpmath.mpf(value.b))))
        return iv.mpf([0 if 0 in value else low, high])

    def _function(self, name, value):
        if name == "cosh":
            value = self._size(value)
        rising = {
            "exp": mpmath.exp,
            "ln": lambda x: mpmath.log(x) if x > 0 else mpmath.mpf("-inf"),
            "√": lambda x: mpmath.sqrt(max(x, 0)),
            "tanh": mpmath.tanh,
            "cosh": mpmath.cosh,
            "σ": lambda x: 1 / (1 + mpmath.exp(-x)),
            "Φ": mpmath.ncdf,
        }[name]
        low, high = rising(mpmath.mpf(value.a)), rising(mpmath.mpf(value.b))
        rounding = 1e-12 if name == "Φ" else 2.0**-BITS  # SciPy's Φ loses digits in its left tail
        return iv.mpf([low, high]) * iv.mpf([1 - rounding, 1 + rounding])


@pytest.fixture(scope="session")
def printed():
    return Printed


@pytest.fixture(scope="session")
def violation(printed):
    """A function that says what is wrong with a printed result, given the formula with numbers; None if nothing is.

    The result must lie in the interval that the numbers allow. It is printed to twelve digits at most: with twelve, it
    is enough that its own half unit reaches that interval.
    """

    def find(numbers, result):
        allowed = printed.interval(numbers)
        text = result.strip("()").removeprefix("−")
        value, half, significant = printed.number(text)
        value = -value if result.strip("()").startswith("−") else value
        half = half if significant == 12 else Decimal(0)
        low, high = mpmath.mpf(str(value - half)) - TINY, mpmath.mpf(str(value + half)) + TINY
        if high < allowed.a or low > allowed.b:
            return f"{result} is not in {allowed} of {numbers}"
        return None

    return find


@pytest.fixture(scope="session")
def equations_of():
    """A function that takes a printed derivation apart: (left, symbols, then numbers and result as they are there)."""

    def find(text):
        found = []
        for line in text.splitlines():
            if re.match(r"^   \S.* [=≈] ", line) and not re.search(
                r"[a-z]{3,} [a-z]+ ", line.replace(" more rows", "")
            ):
                left, _, right = line.partition(" = ")
                found.append([left.strip(), right])
            elif re.match(r"^ {4,}= ", line):
                found[-1].append(line.partition("= ")[2])
        return found

    return find
