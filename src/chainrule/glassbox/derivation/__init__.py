"""Derivations: the chain rule for one weight of an opened step, in symbols and in numbers; and the theory without."""

from chainrule.glassbox.derivation.derivation import Derivation, Equation, Link
from chainrule.glassbox.derivation.derive import derive
from chainrule.glassbox.derivation.theory import theory

__all__ = ["Derivation", "Equation", "Link", "derive", "theory"]
