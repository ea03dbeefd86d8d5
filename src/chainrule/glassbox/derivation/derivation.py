"""A derivation: equations in a row, each with a word on what it says; as text, LaTeX or HTML."""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from textwrap import fill
from typing import Literal

from chainrule.glassbox.derivation.expression import Expression, Numeral, Quantity
from chainrule.glassbox.derivation.forms import in_numbers, in_symbols, interval
from chainrule.glassbox.derivation.latex import LatexRenderer, escaped
from chainrule.glassbox.derivation.mathml import MathMLRenderer
from chainrule.glassbox.derivation.number import Number
from chainrule.glassbox.derivation.text import TextRenderer
from chainrule.glassbox.tables import printable

__all__ = ["Derivation", "Equation", "Link"]

WIDTH = 100  # of words in text

_STYLE = """<style>
.chainrule-derivation{line-height:1.45;max-width:60em}
.chainrule-derivation h4{margin:1.1em 0 .2em}
.chainrule-derivation p{margin:.2em 0}
.chainrule-derivation div{overflow-x:auto;overflow-y:hidden;padding:.25em 0 .25em 1.5em}
.chainrule-derivation math{font-size:1.1em}
.chainrule-derivation mtd{text-align:left;padding:.3em .15em}
</style>"""


@dataclass(frozen=True)
class Equation:
    """A formula in symbols, the same with numbers, and the result.

    Parameters
    ----------
    left : Expression
        What it gives.
    right : Expression
        The formula, which holds both forms.
    result : Number, optional
        None in general derivations, which have the form in symbols alone.
    relation : str
        "=", or "≈" where the formula is an approximation.
    """

    left: Expression
    right: Expression
    result: Number | None = None
    relation: Literal["=", "≈"] = "="

    @classmethod
    def of(cls, left: Expression, right: Expression, value: float) -> "Equation":
        """Return the equation with its result printed to agree with the numbers in it.

        Parameters
        ----------
        left, right : Expression
        value : float
            The result, computed in float64 from the numbers before they were rounded.
        """
        only = in_numbers(right)
        result = only.number if isinstance(only, Numeral) else Number.result(value, interval(right))
        return cls(left, right, result)

    @property
    def quantity(self) -> Quantity:
        """What later equations take from this one."""
        assert self.result is not None, "a general equation gives no number"
        return Quantity(self.left, self.result)

    @property
    def sides(self) -> tuple[Expression, ...]:
        """Left side, symbols, numbers, result; without what would only repeat the one before."""
        every = [in_symbols(self.left), in_symbols(self.right)]
        if self.result is not None:
            every += [in_numbers(self.right), Numeral(self.result)]
        return tuple(side for i, side in enumerate(every) if i == 0 or side != every[i - 1])


@dataclass(frozen=True)
class Link:
    """One link of the chain.

    Parameters
    ----------
    title : str
    equations : tuple of Equation
        May be empty.
    words : str
        What they say. Plain text; names in it are the user's own.
    """

    title: str
    equations: tuple[Equation, ...]
    words: str

    @property
    def result(self) -> Quantity:
        """What the last equation gives."""
        return self.equations[-1].quantity


@dataclass(frozen=True)
class Derivation:
    """A derivation, to be printed, shown in a notebook, or taken apart.

    ``str()`` is text, :meth:`to_latex` LaTeX for amsmath, :meth:`to_html` HTML with MathML that needs no script. Names
    of columns and classes are escaped in each.

    Parameters
    ----------
    title : str
    introduction : str
        What is derived, in words.
    links : tuple of Link
    """

    title: str
    introduction: str
    links: tuple[Link, ...]

    @property
    def equations(self) -> Iterator[Equation]:
        """All equations in order."""
        return (equation for link in self.links for equation in link.equations)

    def __str__(self) -> str:
        return "\n\n".join([printable(self.title), fill(printable(self.introduction), WIDTH), *self._text_links()])

    def _text_links(self) -> Iterator[str]:
        write = TextRenderer().render
        for number, link in enumerate(self.links, 1):
            lines = [f"{number}. {printable(link.title)}"]
            for equation in link.equations:
                left, *others = (write(side) for side in equation.sides)
                lines.append(f"   {left} {equation.relation} {others[0]}")
                lines += [f"   {' ' * len(left)} = {other}" for other in others[1:]]
            words = fill(printable(link.words), WIDTH, initial_indent="   ", subsequent_indent="   ")
            yield "\n".join([*lines, words])

    def to_latex(self) -> str:
        """Return LaTeX: paragraphs, and an ``align*`` for each link."""
        write = LatexRenderer().render
        parts = [rf"\textbf{{{_in_latex(self.title)}}}", _in_latex(self.introduction)]
        for number, link in enumerate(self.links, 1):
            parts.append(rf"\textbf{{{number}. {_in_latex(link.title)}}}")
            lines = []
            for equation in link.equations:
                left, *others = (write(side) for side in equation.sides)
                sign = r"\approx" if equation.relation == "≈" else "="
                lines += [f"{left} &{sign} {others[0]}", *(f"&= {other}" for other in others[1:])]
            if lines:
                parts.append("\\begin{align*}\n" + " \\\\\n".join(lines) + "\n\\end{align*}")
            parts.append(_in_latex(link.words))
        return "\n\n".join(parts)

    def to_html(self) -> str:
        """Return a piece of HTML with MathML."""
        parts = [_STYLE, f"<h3>{_in_html(self.title)}</h3>", f"<p>{_in_html(self.introduction)}</p>"]
        for number, link in enumerate(self.links, 1):
            parts.append(f"<h4>{number}. {_in_html(link.title)}</h4>")
            if link.equations:
                rows = "".join(_rows(equation) for equation in link.equations)
                parts.append(f'<div><math><mtable displaystyle="true">{rows}</mtable></math></div>')
            parts.append(f"<p>{_in_html(link.words)}</p>")
        return f'<section class="chainrule-derivation">{"".join(parts)}</section>'

    def _repr_html_(self) -> str:
        return self.to_html()

    def _repr_latex_(self) -> str:
        return self.to_latex()


def _rows(equation: Equation) -> str:
    write = MathMLRenderer().render
    left, *others = (write(side) for side in equation.sides)
    lefts = [left, *[""] * (len(others) - 1)]
    relations = [equation.relation, *"=" * (len(others) - 1)]
    return "".join(
        f"<mtr><mtd>{before}</mtd><mtd><mo>{relation}</mo></mtd><mtd>{after}</mtd></mtr>"
        for before, relation, after in zip(lefts, relations, others, strict=True)
    )


def _in_latex(words: str) -> str:
    return escaped(printable(words))


def _in_html(words: str) -> str:
    return escape(printable(words))
