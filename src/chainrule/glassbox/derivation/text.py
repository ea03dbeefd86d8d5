"""Formulas as text: one line of Unicode, to be read in a terminal and, in numbers, to be computed again."""

from chainrule.glassbox.derivation.expression import Expression, Numeral, Symbol
from chainrule.glassbox.derivation.number import Number
from chainrule.glassbox.derivation.renderer import Renderer, Tightness

__all__ = ["TextRenderer"]

_SUBSCRIPTS = str.maketrans("0123456789ijk", "₀₁₂₃₄₅₆₇₈₉ᵢⱼₖ")
_SUPERSCRIPTS = str.maketrans("0123456789()-.t", "⁰¹²³⁴⁵⁶⁷⁸⁹⁽⁾⁻·ᵗ")
_ACCENTS = {"": "", "hat": "\N{COMBINING CIRCUMFLEX ACCENT}", "tilde": "\N{COMBINING TILDE}"}
_FENCES = {"abs": ("|", "|"), "norm": ("‖", "‖")}


class TextRenderer(Renderer):
    """Writes w⁽¹⁾₃→₇, ∂E/∂w, 1.5×10⁻⁷, (a + b)/c, Σₖ."""

    fraction = Tightness.QUOTIENT

    def symbol(self, symbol: Symbol) -> str:
        """Return the letter with its indices raised and lowered: "δ⁽²⁾₇"."""
        written = symbol.name + _ACCENTS[symbol.accent] + symbol.sup.translate(_SUPERSCRIPTS)
        return written + _lowered(symbol.sub)

    def partial(self, symbol: Symbol) -> str:
        """Return "∂w"."""
        return f"∂{self.symbol(symbol)}"

    def number(self, number: Number) -> str:
        """Return "−1.50000×10⁻⁷"."""
        digits, exponent = number.parts
        power = "" if exponent is None else f"×10{str(exponent).translate(_SUPERSCRIPTS)}"
        return f"{'−' if number.is_negative else ''}{digits}{power}"

    def rest(self, number: str, label: str) -> str:
        """Return "0.0123000 ⟨61 more terms⟩"."""
        return f"{number} ⟨{label}⟩"

    def negative(self, term: str) -> str:
        """Return the term behind a minus sign."""
        return f"−{term}"

    def operator(self, sign: str) -> str:
        """Return the sign, with space around it unless it multiplies."""
        return sign if sign == "·" else f" {sign} "

    def row(self, parts: list[str]) -> str:
        """Return the parts joined."""
        return "".join(parts)

    def quotient(self, top: str, bottom: str) -> str:
        """Return "top/bottom"."""
        return f"{top}/{bottom}"

    def power(self, base: str, exponent: Expression) -> str:
        """Return the base with the exponent raised."""
        written = self.render(exponent)
        if isinstance(exponent, Numeral | Symbol) and all(ord(c) in _SUPERSCRIPTS for c in written):
            return base + written.translate(_SUPERSCRIPTS)
        return f"{base}^({written})"

    def function(self, name: str, argument: Expression) -> str:
        """Return "name(argument)", "√(argument)" or "|argument|"."""
        left, right = _FENCES.get(name, ("√(" if name == "root" else f"{name}(", ")"))
        return f"{left}{self.render(argument)}{right}"

    def total(self, over: str, term: str) -> str:
        """Return "Σₖ term"."""
        return f"Σ{_lowered(over)} {term}"

    def parentheses(self, written: str) -> str:
        """Return "(…)"."""
        return f"({written})"


def _lowered(index: str) -> str:
    lowered = index.translate(_SUBSCRIPTS)
    return f"_{index}" if lowered.isascii() and index else lowered
