"""Formulas as MathML Core, which browsers draw without any script."""

from html import escape

from chainrule.glassbox.derivation.expression import Expression, Symbol
from chainrule.glassbox.derivation.number import Number
from chainrule.glassbox.derivation.renderer import Renderer, Tightness

__all__ = ["MathMLRenderer"]

_ACCENTS = {"hat": "^", "tilde": "~"}
_FENCES = {"abs": "|", "norm": "‖"}


class MathMLRenderer(Renderer):
    """Writes the elements within <math>; every letter is escaped."""

    fraction = Tightness.POWER

    def symbol(self, symbol: Symbol) -> str:
        """Return the letter with its indices."""
        letter = f"<mi>{escape(symbol.name)}</mi>"
        if symbol.accent:
            letter = f'<mover accent="true">{letter}<mo stretchy="false">{_ACCENTS[symbol.accent]}</mo></mover>'
        sub, sup = (f"<mtext>{escape(index)}</mtext>" for index in (symbol.sub, symbol.sup))
        if symbol.sub and symbol.sup:
            return f"<msubsup>{letter}{sub}{sup}</msubsup>"
        if symbol.sub:
            return f"<msub>{letter}{sub}</msub>"
        return f"<msup>{letter}{sup}</msup>" if symbol.sup else letter

    def partial(self, symbol: Symbol) -> str:
        """Return "∂w"."""
        return self.row([_operator("∂", "0", "0"), self.symbol(symbol)])

    def number(self, number: Number) -> str:
        """Return the number with its power of ten."""
        digits, exponent = number.parts
        written = f"<mn>{digits}</mn>"
        if exponent is not None:
            sign = _minus() if exponent < 0 else ""
            raised = self.row([sign, f"<mn>{abs(exponent)}</mn>"])
            written += f"{_operator('×')}<msup><mn>10</mn>{raised}</msup>"
        return self.row([_minus() if number.is_negative else "", written])

    def rest(self, number: str, label: str) -> str:
        """Return the number with what it stands for in a brace below."""
        brace = f'<munder>{number}<mo stretchy="true">⏟</mo></munder>'
        return f"<munder>{brace}<mtext>{escape(label)}</mtext></munder>"

    def negative(self, term: str) -> str:
        """Return the term behind a minus sign."""
        return self.row([_minus(), term])

    def operator(self, sign: str) -> str:
        """Return the sign."""
        return _operator(sign)

    def row(self, parts: list[str]) -> str:
        """Return the parts as one."""
        return f"<mrow>{''.join(parts)}</mrow>"

    def quotient(self, top: str, bottom: str) -> str:
        """Return a fraction."""
        return f"<mfrac>{top}{bottom}</mfrac>"

    def power(self, base: str, exponent: Expression) -> str:
        """Return the base with the exponent raised."""
        return f"<msup>{base}{self.render(exponent)}</msup>"

    def function(self, name: str, argument: Expression) -> str:
        """Return the function in its usual notation."""
        inner = self.render(argument)
        if name == "root":
            return f"<msqrt>{inner}</msqrt>"
        if name == "exp":
            return f"<msup><mi>e</mi>{inner}</msup>"
        if name in _FENCES:
            fence = f'<mo stretchy="true" form="{{}}">{_FENCES[name]}</mo>'
            return self.row([fence.format("prefix"), inner, fence.format("postfix")])
        return self.row([f"<mi>{escape(name)}</mi>", self.parentheses(inner)])

    def total(self, over: str, term: str) -> str:
        """Return Σ of a term."""
        sign = '<mo movablelimits="false">∑</mo>'
        return self.row([f"<munder>{sign}<mtext>{escape(over)}</mtext></munder>" if over else sign, term])

    def parentheses(self, written: str) -> str:
        """Return something in parentheses that grow with it."""
        return self.row(["<mo>(</mo>", written, "<mo>)</mo>"])


def _operator(sign: str, left: str = "0.22em", right: str = "0.22em") -> str:
    return f'<mo lspace="{left}" rspace="{right}">{sign}</mo>'


def _minus() -> str:
    return _operator("−", "0", "0.05em")
