"""Formulas: trees of symbols and numbers, written with Python's own operators.

A formula holds both of its forms. Where a ``Quantity`` stands, one form has its symbol and the other its number; where
a ``Series`` stands, one has Σ over all terms and the other the terms themselves.
"""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from chainrule.glassbox.derivation.number import Number

__all__ = [
    "Expression",
    "Function",
    "Negative",
    "Numeral",
    "Operand",
    "Partial",
    "Power",
    "Product",
    "Quantity",
    "Quotient",
    "Rest",
    "Series",
    "Sum",
    "Symbol",
    "Total",
]


@dataclass(frozen=True)
class Expression:
    """Base of all nodes: arithmetic builds trees, and takes numbers as they are."""

    def __add__(self, other: "Operand") -> "Sum":
        return Sum((*_terms(self), _node(other)))

    def __sub__(self, other: "Operand") -> "Sum":
        return Sum((*_terms(self), Negative(_node(other))))

    def __rsub__(self, other: "Operand") -> "Sum":
        return _node(other) - self

    def __radd__(self, other: "Operand") -> "Sum":
        return _node(other) + self

    def __mul__(self, other: "Operand") -> "Product":
        return Product((*_factors(self), *_factors(_node(other))))

    def __rmul__(self, other: "Operand") -> "Product":
        return _node(other) * self

    def __truediv__(self, other: "Operand") -> "Quotient":
        return Quotient(self, _node(other))

    def __rtruediv__(self, other: "Operand") -> "Quotient":
        return Quotient(_node(other), self)

    def __neg__(self) -> "Negative":
        return Negative(self)

    def __pow__(self, exponent: "Operand") -> "Power":
        return Power(self, _node(exponent))


Operand: TypeAlias = Expression | float


@dataclass(frozen=True)
class Symbol(Expression):
    """A letter with its indices: ``Symbol("w", sub="3→7", sup="(1)")``."""

    name: str
    sub: str = ""
    sup: str = ""
    accent: Literal["", "hat", "tilde"] = ""


@dataclass(frozen=True)
class Partial(Expression):
    """The derivative ∂ ``of`` / ∂ ``by``."""

    of: Symbol
    by: Symbol


@dataclass(frozen=True)
class Numeral(Expression):
    """A number in a formula."""

    number: Number


@dataclass(frozen=True)
class Quantity(Expression):
    """A symbol in the one form, its number in the other."""

    symbol: Expression
    number: Number


@dataclass(frozen=True)
class Sum(Expression):
    """Terms, added up; a ``Negative`` among them is taken off."""

    terms: tuple[Expression, ...]


@dataclass(frozen=True)
class Negative(Expression):
    """Minus something."""

    term: Expression


@dataclass(frozen=True)
class Product(Expression):
    """Factors, multiplied."""

    factors: tuple[Expression, ...]


@dataclass(frozen=True)
class Quotient(Expression):
    """``top`` over ``bottom``."""

    top: Expression
    bottom: Expression


@dataclass(frozen=True)
class Power(Expression):
    """``base`` to a whole ``exponent``."""

    base: Expression
    exponent: Expression


@dataclass(frozen=True)
class Function(Expression):
    """A function of one argument; one that meets numbers has its name in ``interval.FUNCTIONS``."""

    name: str
    argument: Expression


@dataclass(frozen=True)
class Total(Expression):
    """Σ of ``term`` over an index, or over what it is named after."""

    over: str
    term: Expression


@dataclass(frozen=True)
class Rest(Expression):
    """The sum of terms that are not shown: its number, and how many of what they are."""

    number: Number
    count: int
    noun: str


@dataclass(frozen=True)
class Series(Expression):
    """Σ over all in the one form, the largest terms and the rest of them in the other."""

    total: Total
    shown: tuple[Expression, ...]
    rest: Rest | None = None


def _node(operand: Operand) -> Expression:
    return operand if isinstance(operand, Expression) else Numeral(Number.given(operand))


def _terms(node: Expression) -> tuple[Expression, ...]:
    return node.terms if isinstance(node, Sum) else (node,)


def _factors(node: Expression) -> tuple[Expression, ...]:
    return node.factors if isinstance(node, Product) else (node,)
