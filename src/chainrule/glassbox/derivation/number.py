"""Numbers as they are printed."""

from dataclasses import dataclass
from decimal import Decimal
from math import inf, isfinite

from chainrule.glassbox.derivation.interval import Interval

__all__ = ["DIGITS", "MOST_DIGITS", "Number"]

DIGITS = 6
MOST_DIGITS = 12
WIDEST_WHOLE = 16  # digits of whole numbers that are written out
LARGEST_WHOLE = 2**53  # beyond, not every whole number is a float64


@dataclass(frozen=True)
class Number:
    """A printed number.

    With a decimal point and six or more significant digits it is rounded, and stands for itself ± half a unit of its
    last place; any other is exact.

    Parameters
    ----------
    decimal : Decimal
        The digits as printed, zeros at the end among them.
    is_exact : bool
        Whether it stands for itself alone.
    """

    decimal: Decimal
    is_exact: bool

    @classmethod
    def given(cls, value: float) -> "Number":
        """Return a number that an equation takes from elsewhere.

        It is exact if it is whole or has five digits at most, else rounded to six.
        """
        shortest = Decimal(repr(float(value)))
        is_whole = isfinite(value) and value == int(value) and abs(value) < LARGEST_WHOLE
        if is_whole or not isfinite(value) or len(shortest.normalize().as_tuple().digits) < DIGITS:
            return cls(_without_zeros(shortest), True)
        return cls(_rounded(value, DIGITS), False)

    @classmethod
    def result(cls, value: float, allowed: Interval) -> "Number":
        """Return the result of an equation, with no more digits than it takes to agree with what is printed before it.

        These are the fewest from six on with which the printed number lies in ``allowed``; at most twelve, and twelve
        if ``allowed`` has no bounds, since then it was float64 that lost them.
        """
        if not isfinite(value) or value == 0:
            return cls.given(value)
        is_bounded = isfinite(allowed.low) and isfinite(allowed.high)
        for digits in range(DIGITS if is_bounded else MOST_DIGITS, MOST_DIGITS + 1):
            decimal = _rounded(value, digits)
            if float(decimal) in allowed:
                break
        return cls(decimal, False)

    @property
    def is_negative(self) -> bool:
        """Whether it is printed with a minus sign."""
        return self.decimal.is_signed()

    @property
    def interval(self) -> Interval:
        """What it stands for."""
        if not self.decimal.is_finite():
            return Interval(-inf, inf)
        if self.is_exact:
            return Interval(float(self.decimal), float(self.decimal))
        half = Decimal(5).scaleb(int(self.decimal.as_tuple().exponent) - 1)
        return Interval(float(self.decimal - half), float(self.decimal + half))

    @property
    def parts(self) -> tuple[str, int | None]:
        """Its digits without sign, and the power of ten that they are to be multiplied with, if any.

        >>> Number.given(0.00025).parts, Number.given(2.5e-8).parts
        (('0.00025', None), ('2.5', -8))
        """
        if not self.decimal.is_finite():
            return ("∞" if self.decimal.is_infinite() else "nan"), None
        size = self.decimal.adjusted()
        positive = self.decimal.copy_abs()
        if size > -5 and (int(self.decimal.as_tuple().exponent) < 0 or (self.is_exact and size < WIDEST_WHOLE)):
            return f"{positive:f}", None
        return f"{positive.scaleb(-size):f}", size


def _rounded(value: float, digits: int) -> Decimal:
    return Decimal(f"{value:.{digits - 1}e}")


def _without_zeros(decimal: Decimal) -> Decimal:
    """Return the decimal as short as it can be: neither 0.0, nor -0, nor 1E+3."""
    if decimal == 0:
        return Decimal(0)
    short = decimal.normalize()
    is_whole = short.is_finite() and int(short.as_tuple().exponent) > 0 and short.adjusted() < WIDEST_WHOLE
    return short.quantize(Decimal(1)) if is_whole else short
