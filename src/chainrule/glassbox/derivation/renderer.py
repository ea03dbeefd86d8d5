"""What all renderers share: which parts of a formula need parentheses."""

from abc import ABC, abstractmethod
from enum import IntEnum
from typing import ClassVar

from chainrule.glassbox.derivation.expression import (
    Expression,
    Function,
    Negative,
    Numeral,
    Partial,
    Power,
    Product,
    Quotient,
    Rest,
    Sum,
    Symbol,
    Total,
)
from chainrule.glassbox.derivation.number import Number

__all__ = ["Renderer", "Tightness"]


class Tightness(IntEnum):
    """How tightly a formula holds together: what is looser than its place asks for gets parentheses."""

    SUM = 0
    TOTAL = 1
    QUOTIENT = 2
    PRODUCT = 3
    POWER = 4
    ATOM = 5


class Renderer(ABC):
    """Writes one form of a formula; a subclass says how each kind of node is written."""

    fraction: ClassVar[Tightness]
    """How tightly a quotient holds: a fraction with a line of its own needs no parentheses but as a base."""

    def render(self, node: Expression) -> str:
        """Return the formula, which holds no Quantity and no Series, as written in this language."""
        match node:
            case Symbol():
                return self.symbol(node)
            case Partial():
                return self.quotient(self.partial(node.of), self.partial(node.by))
            case Numeral():
                return self.number(node.number)
            case Rest():
                return self.rest(
                    self._at_least(Tightness.TOTAL, Numeral(node.number)), f"{node.count:,} more {node.noun}"
                )
            case Sum():
                return self._sum(node)
            case Negative():
                return self.negative(self._at_least(Tightness.TOTAL, node.term))
            case Product():
                return self._product(node)
            case Quotient():
                return self._quotient(node)
            case Power():
                return self.power(self._at_least(Tightness.ATOM, node.base), node.exponent)
            case Function():
                return self.function(node.name, node.argument)
            case Total():
                return self.total(node.over, self._at_least(Tightness.QUOTIENT, node.term))
            case _:
                raise TypeError(f"{node!r} is in neither form.")

    def _tightness(self, node: Expression) -> Tightness:
        match node:
            case Sum() | Negative():
                return Tightness.SUM
            case Numeral() if node.number.is_negative:
                return Tightness.SUM
            case Numeral() if node.number.parts[1] is not None:
                return Tightness.PRODUCT
            case Total():
                return Tightness.TOTAL
            case Quotient() | Partial():
                return self.fraction
            case Product():
                return Tightness.PRODUCT
            case Power():
                return Tightness.POWER
            case _:
                return Tightness.ATOM

    def _at_least(self, least: Tightness, node: Expression) -> str:
        written = self.render(node)
        return written if self._tightness(node) >= least else self.parentheses(written)

    def _sum(self, node: Sum) -> str:
        first, *others = node.terms
        written = [self.render(first)]
        for term in others:
            minus = isinstance(term, Negative)
            written.append(self.operator("−" if minus else "+"))
            written.append(self._at_least(Tightness.TOTAL, term.term if isinstance(term, Negative) else term))
        return self.row(written)

    def _product(self, node: Product) -> str:
        *others, last = node.factors
        written: list[str] = []
        for factor in others:
            written += [self._at_least(Tightness.PRODUCT, factor), self.operator("·")]
        return self.row([*written, self._at_least(Tightness.TOTAL, last)])

    def _quotient(self, node: Quotient) -> str:
        if self.fraction > Tightness.PRODUCT:
            return self.quotient(self.render(node.top), self.render(node.bottom))
        return self.quotient(self._at_least(Tightness.PRODUCT, node.top), self._at_least(Tightness.POWER, node.bottom))

    @abstractmethod
    def symbol(self, symbol: Symbol) -> str:
        """Return a letter with its indices."""

    @abstractmethod
    def partial(self, symbol: Symbol) -> str:
        """Return ∂ with what is derived, or by what."""

    @abstractmethod
    def number(self, number: Number) -> str:
        """Return a number with its sign and its power of ten."""

    @abstractmethod
    def rest(self, number: str, label: str) -> str:
        """Return a number that stands for terms that are not shown."""

    @abstractmethod
    def negative(self, term: str) -> str:
        """Return minus a term."""

    @abstractmethod
    def operator(self, sign: str) -> str:
        """Return one of + − · with the space around it."""

    @abstractmethod
    def row(self, parts: list[str]) -> str:
        """Return parts one after another."""

    @abstractmethod
    def quotient(self, top: str, bottom: str) -> str:
        """Return a fraction."""

    @abstractmethod
    def power(self, base: str, exponent: Expression) -> str:
        """Return a power."""

    @abstractmethod
    def function(self, name: str, argument: Expression) -> str:
        """Return a function of an argument."""

    @abstractmethod
    def total(self, over: str, term: str) -> str:
        """Return Σ of a term."""

    @abstractmethod
    def parentheses(self, written: str) -> str:
        """Return something in parentheses."""
