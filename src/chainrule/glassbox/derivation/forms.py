"""The two forms of a formula, and the values that its numbers allow."""

from collections.abc import Callable
from dataclasses import fields
from functools import reduce
from typing import Any

from chainrule.glassbox.derivation.expression import (
    Expression,
    Function,
    Negative,
    Numeral,
    Power,
    Product,
    Quantity,
    Quotient,
    Rest,
    Series,
    Sum,
)
from chainrule.glassbox.derivation.interval import FUNCTIONS, Interval

__all__ = ["in_numbers", "in_symbols", "interval"]


def in_symbols(node: Expression) -> Expression:
    """Return the formula's form in symbols."""
    match node:
        case Quantity():
            return node.symbol
        case Series():
            return node.total
        case _:
            return _rebuilt(node, in_symbols)


def in_numbers(node: Expression) -> Expression:
    """Return the formula's form in numbers."""
    match node:
        case Quantity():
            return Numeral(node.number)
        case Series():
            terms = tuple(in_numbers(term) for term in node.shown)
            terms += () if node.rest is None else (node.rest,)
            return terms[0] if len(terms) == 1 else Sum(terms)
        case _:
            return _rebuilt(node, in_numbers)


def interval(node: Expression) -> Interval:
    """Return what the formula's printed numbers allow its value to be."""
    match node:
        case Numeral() | Quantity() | Rest():
            return node.number.interval
        case Series():
            return interval(in_numbers(node))
        case Sum():
            return reduce(Interval.__add__, map(interval, node.terms))
        case Negative():
            return -interval(node.term)
        case Product():
            return reduce(Interval.__mul__, map(interval, node.factors))
        case Quotient():
            return interval(node.top) / interval(node.bottom)
        case Power():
            return interval(node.base) ** int(interval(node.exponent).low)
        case Function():
            return FUNCTIONS[node.name](interval(node.argument))
        case _:
            raise TypeError(f"{node!r} has no number.")


def _rebuilt(node: Expression, form: Callable[[Expression], Expression]) -> Expression:
    """Return the node with every formula in it in that form."""

    def changed(value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(changed(part) for part in value)
        return form(value) if isinstance(value, Expression) else value

    return type(node)(**{field.name: changed(getattr(node, field.name)) for field in fields(node)})
