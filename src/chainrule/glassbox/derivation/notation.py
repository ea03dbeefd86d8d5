"""Which symbol stands for what in a network."""

from collections import Counter
from collections.abc import Collection
from typing import Literal

from chainrule.glassbox.derivation.expression import Expression, Function, Partial, Symbol
from chainrule.network import Activation, Dense, Dropout, Network

__all__ = ["ERROR", "Notation"]

ERROR = Symbol("E")


class Notation:
    """The symbols of a network's signals and weights; layers, inputs and neurons are counted from 1.

    x is an input; z⁽ˡ⁾ leaves dense layer l, a⁽ˡ⁾ the activation behind it; a tilde is put on what dropout has masked.
    The gradient of E with respect to a net input z is δ.

    Parameters
    ----------
    network : Network
    idle : collection of int
        Indices of layers that pass on what enters them: dropout that drops nothing.
    """

    def __init__(self, network: Network, idle: Collection[int]) -> None:
        self._layers, self._idle = network.layers, idle
        self._symbols: list[Symbol] = []
        self._is_net_input: list[bool] = []
        symbol, dense, seen = Symbol("x"), 0, Counter[str]()
        for index, layer in enumerate(network.layers):
            dense += isinstance(layer, Dense)
            if index not in idle:
                name: str = {Dense: "z", Activation: "a"}.get(type(layer), symbol.name)
                accent: Literal["tilde", ""] = "tilde" if isinstance(layer, Dropout) else ""
                key = f"{accent}{name}{dense}"
                seen[key] += 1
                again = f".{seen[key]}" if seen[key] > 1 else ""
                symbol = Symbol(name, "", "" if name == "x" and not again else f"({dense}{again})", accent)
            self._symbols.append(symbol)
            is_net_input = isinstance(layer, Dense) or (index in idle and index > 0 and self._is_net_input[-1])
            self._is_net_input.append(is_net_input)

    def output(self, layer: int, unit: int | str) -> Symbol:
        """Return the symbol of what leaves a layer; layer -1 is the input. A unit counts from 0, or is a letter."""
        symbol = self._symbols[layer] if layer >= 0 else Symbol("x")
        return Symbol(symbol.name, _index(unit), symbol.sup, symbol.accent)

    def gradient(self, layer: int, unit: int | str) -> Expression:
        """Return the symbol of the gradient of E with respect to what leaves a layer: δ for a dense one."""
        output = self.output(layer, unit)
        if self._is_net_input[layer]:
            return Symbol("δ", output.sub, output.sup)
        return Partial(ERROR, output)

    def weight(self, layer: int, source: int | str | None, unit: int | str) -> Symbol:
        """Return the symbol of a dense layer's weight; its bias if the source is None."""
        sup = f"({sum(isinstance(dense, Dense) for dense in self._layers[: layer + 1])})"
        if source is None:
            return Symbol("b", _index(unit), sup)
        return Symbol("w", f"{_index(source)}→{_index(unit)}", sup)

    def slope(self, layer: int, unit: int | str) -> Function:
        """Return φ′ of what enters an activation layer."""
        return Function("φ′", self.output(layer - 1, unit))


def _index(unit: int | str) -> str:
    return unit if isinstance(unit, str) else str(unit + 1)
