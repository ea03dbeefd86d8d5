"""What a fit of the drop-in began with: its place in scikit-learn's stream of random numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from chainrule.errors import ModelFileError
from chainrule.training.stream import Stream, checked_stream

__all__ = ["Origin"]

_STREAM = "record.origin"


@dataclass(frozen=True, eq=False)
class Origin:
    """What first weights and split of a fit are functions of, besides the rows.

    Parameters
    ----------
    stream : array (625,)
        State of the stream before the fit drew from it; see ``chainrule.training.stream``.
    n_rows : int
        Rows that the fit was given.
    dtype : str or None
        In which the first weights were drawn; None if training went on from others.
    """

    stream: Stream
    n_rows: int
    dtype: str | None

    def to_parts(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return plain values (for JSON) and arrays, by name."""
        return {"n_rows": self.n_rows, "dtype": self.dtype}, {_STREAM: self.stream.astype(np.int64)}

    @classmethod
    def from_parts(cls, values: dict[str, Any], arrays: dict[str, NDArray[Any]]) -> "Origin":
        """Return the origin that ``to_parts`` took apart.

        Raises
        ------
        ModelFileError
            If the parts are not those of one.
        """
        n_rows, dtype = values["n_rows"], values["dtype"]
        if type(n_rows) is not int or n_rows < 1 or dtype not in (None, "float32", "float64"):
            raise ModelFileError("the origin of the recording has no such rows or weights")
        return cls(checked_stream(arrays[_STREAM]), n_rows, dtype)
