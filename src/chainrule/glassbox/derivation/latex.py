"""Formulas as LaTeX (with amsmath), and words that LaTeX prints as they are."""

from chainrule.glassbox.derivation.expression import Expression, Symbol
from chainrule.glassbox.derivation.number import Number
from chainrule.glassbox.derivation.renderer import Renderer, Tightness

__all__ = ["LatexRenderer", "escaped"]

_MATHEMATICS = {
    "α": r"\alpha",
    "β": r"\beta",
    "δ": r"\delta",
    "ε": r"\varepsilon",
    "η": r"\eta",
    "κ": r"\kappa",
    "λ": r"\lambda",
    "μ": r"\mu",
    "π": r"\pi",
    "ρ": r"\rho",
    "σ": r"\sigma",
    "τ": r"\tau",
    "φ": r"\varphi",
    "Δ": r"\Delta",
    "Φ": r"\Phi",
    "ℓ": r"\ell",
    "∂": r"\partial",
    "∇": r"\nabla",
    "Σ": r"\sum",
    "′": r"'",
    "→": r"\to",
    "←": r"\leftarrow",
    "−": "-",
    "±": r"\pm",
    "·": r"\cdot",
    "∞": r"\infty",
    "…": r"\ldots",
    "²": "^{2}",
    "₁": "_{1}",
    "₂": "_{2}",
}
_WORDS = {
    "\\": r"\textbackslash{}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    **{character: f"\\{character}" for character in "{}$&#_%"},
    **{character: f"${latex}$" for character, latex in _MATHEMATICS.items()},
}
_NAMED = {"exp", "ln", "tanh", "cosh"}
_FENCES = {"abs": (r"\left|", r"\right|"), "norm": (r"\left\|", r"\right\|")}


def escaped(words: str) -> str:
    """Return text for LaTeX outside formulas: what it would take as a command is printed as it is."""
    return "".join(_WORDS.get(character, character) for character in words)


class LatexRenderer(Renderer):
    r"""Writes w^{(1)}_{3 \to 7}, \frac{\partial E}{\partial w}, 1.5 \times 10^{-7}."""

    fraction = Tightness.POWER

    def symbol(self, symbol: Symbol) -> str:
        """Return the letter with its indices."""
        written = _letters(symbol.name)
        if symbol.accent:
            written = rf"\{symbol.accent}{{{written}}}"
        if symbol.sup:
            written += f"^{{{symbol.sup}}}"
        return f"{written}_{{{_index(symbol.sub)}}}" if symbol.sub else written

    def partial(self, symbol: Symbol) -> str:
        """Return "∂w"."""
        return rf"\partial {self.symbol(symbol)}"

    def number(self, number: Number) -> str:
        """Return the number with its power of ten."""
        digits, exponent = number.parts
        digits = {"∞": r"\infty", "nan": r"\text{nan}"}.get(digits, digits)
        power = "" if exponent is None else rf" \times 10^{{{exponent}}}"
        return f"{'-' if number.is_negative else ''}{digits}{power}"

    def rest(self, number: str, label: str) -> str:
        """Return the number with what it stands for in a brace below."""
        return rf"\underbrace{{{number}}}_{{\text{{{label}}}}}"

    def negative(self, term: str) -> str:
        """Return the term behind a minus sign."""
        return f"-{term}"

    def operator(self, sign: str) -> str:
        """Return the sign."""
        return {"−": " - ", "·": r" \cdot ", "+": " + "}[sign]

    def row(self, parts: list[str]) -> str:
        """Return the parts joined."""
        return "".join(parts)

    def quotient(self, top: str, bottom: str) -> str:
        """Return a fraction."""
        return rf"\frac{{{top}}}{{{bottom}}}"

    def power(self, base: str, exponent: Expression) -> str:
        """Return the base with the exponent raised."""
        return f"{{{base}}}^{{{self.render(exponent)}}}"

    def function(self, name: str, argument: Expression) -> str:
        """Return the function in its usual notation."""
        inner = self.render(argument)
        if name == "root":
            return rf"\sqrt{{{inner}}}"
        if name == "exp":
            return rf"e^{{{inner}}}"
        left, right = _FENCES.get(name, (r"\left(", r"\right)"))
        called = "" if name in _FENCES else rf"\{name}" if name in _NAMED else _letters(name)
        return f"{called}{left}{inner}{right}"

    def total(self, over: str, term: str) -> str:
        """Return Σ of a term."""
        below = f"_{{{_index(over)}}}" if over else ""
        return rf"\sum{below} {term}"

    def parentheses(self, written: str) -> str:
        """Return something in parentheses that grow with it."""
        return rf"\left({written}\right)"


def _letters(name: str) -> str:
    """Return each letter in its LaTeX form; a prime stays with the letter before it."""
    return " ".join(_MATHEMATICS.get(letter, letter) for letter in name).replace(" '", "'")


def _index(index: str) -> str:
    return rf"\text{{{index}}}" if len(index) > 1 and index.isalpha() else index.replace("→", r" \to ")
