"""A container of arrays and a JSON header that can be trusted.

The file is a valid safetensors file. Its ``__metadata__`` has one entry, ``chainrule``: a JSON object with, in this
order,

========== =====================================================================================
sha256     64 hexadecimal digits over the whole file, these 64 read as zeros: any flipped bit shows
version    of this format, an integer
kind       ``"model"`` or ``"checkpoint"``
header     what the caller gave
========== =====================================================================================

Reading runs no code, and checks every size before it allocates. Memory stays under twice the file plus 64 MiB.
"""

__all__ = ["FORMAT_VERSION", "is_container", "read_container", "write_container"]

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt
from safetensors import SafetensorError, deserialize
from safetensors.numpy import save

from chainrule.errors import ModelFileError, ParameterError
from chainrule.storage.atomic import atomic_write
from chainrule.storage.header import MOST_HEADER_BYTES, MOST_VALUES, count_values, find_digest, parse_strict, read_bytes

FORMAT_VERSION = 1

_DTYPES = {
    name: np.dtype(kind) for name, kind in {"F32": "<f4", "F64": "<f8", "I64": "<i8", "U8": "u1", "BOOL": "?"}.items()
}
_NO_DIGEST = "0" * 64
_BEGINNING = b'{"__metadata__":{"chainrule":"'

Array = npt.NDArray[Any]


def write_container(
    path: str | os.PathLike[str], header: Mapping[str, Any], arrays: Mapping[str, Array], *, kind: str = "model"
) -> None:
    """Write a header and named arrays to one file, atomically.

    The same input gives the same bytes.

    Parameters
    ----------
    path : str or path-like
        The file. What is there before stays whole until the new file is complete.
    header : mapping
        JSON data: dicts with str keys, lists, str, int, finite float, bool, None.
    arrays : mapping of str to ndarray
        Names in ASCII; float32, float64, int64, uint8 or bool; any shape.
    kind : str
        What the file is; :func:`read_container` must ask for the same.

    Raises
    ------
    OutputError
        If the file cannot be written.
    ParameterError
        If the header is not strict JSON or too large, or an array has another dtype or a name that is not ASCII.
    """
    raw = memoryview(save(_plain(arrays), metadata={"chainrule": _envelope(header, kind)}))
    header_end = 8 + int.from_bytes(raw[:8], "little")
    if header_end > MOST_HEADER_BYTES or count_values(bytes(raw[8:header_end])) > MOST_VALUES:
        raise ParameterError(
            f"the description of this {kind} ({header_end:,} bytes of JSON) is larger than a file may hold "
            f"({MOST_HEADER_BYTES:,} bytes, {MOST_VALUES:,} values); train on fewer columns or categories."
        )
    start = find_digest(bytes(raw[:header_end]))
    assert start is not None

    def parts(file: BinaryIO) -> None:
        file.write(raw[:start])
        file.write(_digest(raw, start).encode())
        file.write(raw[start + 64 :])

    atomic_write(path, parts)


def read_container(path: str | os.PathLike[str], *, kind: str = "model") -> tuple[dict[str, Any], dict[str, Array]]:
    """Read what :func:`write_container` wrote, every bit of it checked.

    Parameters
    ----------
    path : str or path-like
        The file.
    kind : str
        What the file must be.

    Returns
    -------
    header : dict
        As given when writing.
    arrays : dict of str to ndarray
        Same dtypes, shapes and bits as given when writing.

    Raises
    ------
    ModelFileError
        If the file is missing, damaged, of another kind, from a newer chainrule, or no chainrule file at all.
    """
    try:
        raw = read_bytes(path)
        header = _open_envelope(raw, kind)
        return header, _arrays(raw)
    except ModelFileError as error:
        raise ModelFileError(f"cannot read '{os.fspath(path)}' as a chainrule {kind}: {error}") from error.__cause__


def is_container(path: str | os.PathLike[str]) -> bool:
    """Return whether a file starts as :func:`write_container` starts one. It may be damaged further on."""
    try:
        with Path(path).open("rb") as file:
            return file.read(8 + len(_BEGINNING))[8:] == _BEGINNING
    except OSError:
        return False


def _envelope(header: Mapping[str, Any], kind: str) -> str:
    """Return the JSON of the ``chainrule`` entry, its digest still zeros. ASCII, so that a character is a byte."""
    envelope = {"sha256": _NO_DIGEST, "version": FORMAT_VERSION, "kind": kind, "header": dict(header)}
    try:
        return json.dumps(envelope, allow_nan=False, separators=(",", ":"))
    except (TypeError, ValueError, RecursionError) as error:
        raise ParameterError(f"the header of a {kind} must be strict JSON, with finite numbers: {error}.") from error


def _plain(arrays: Mapping[str, Array]) -> dict[str, Array]:
    """Return the arrays little-endian and in C order, after checking their dtypes and names."""
    plain = {}
    for name, array in arrays.items():
        dtype = array.dtype.newbyteorder("<")
        if dtype not in _DTYPES.values():
            allowed = "float32, float64, int64, uint8 or bool"
            raise ParameterError(f"array {name!r} must be {allowed} to be stored. Got {array.dtype}.")
        if not name.isascii():
            raise ParameterError(f"the name of a stored array must be ASCII. Got {name!r}.")
        plain[name] = np.asarray(array, dtype=dtype, order="C")
    return plain


def _open_envelope(raw: bytes, kind: str) -> dict[str, Any]:
    """Check version, digest and kind, in this order (a newer format may sum otherwise), and return the header."""
    header_end = 8 + int.from_bytes(raw[:8], "little")
    outer = parse_strict(raw[8:header_end])
    metadata = outer.get("__metadata__") if isinstance(outer, dict) else None
    if not isinstance(metadata, dict) or not isinstance(metadata.get("chainrule"), str):
        raise ModelFileError("it is a safetensors file of another program; name a file that chainrule wrote.")
    envelope = parse_strict(metadata.pop("chainrule"))
    version = envelope.get("version") if isinstance(envelope, dict) else None
    if type(version) is not int or version < 1:
        raise ModelFileError("its format version is unreadable; the file is damaged. Restore or retrain it.")
    if version > FORMAT_VERSION:
        raise ModelFileError(
            f"it was written by a newer chainrule (format version {version}, this one reads up to {FORMAT_VERSION}); "
            "upgrade with: pip install --upgrade chainrule"
        )
    start = find_digest(raw[:header_end])
    if start is None or _digest(memoryview(raw), start).encode() != raw[start : start + 64]:
        raise ModelFileError("its checksum does not match, so at least one bit of it changed. Restore or retrain it.")
    known = set(envelope) == {"sha256", "version", "kind", "header"} and not metadata
    if not known or not isinstance(envelope["header"], dict):
        raise ModelFileError("its header lacks an entry or has an unknown one. Restore or retrain it.")
    if envelope["kind"] != kind:
        raise ModelFileError(f"it is a {str(envelope['kind'])[:40]!r}. Name a {kind} instead.")
    header: dict[str, Any] = envelope["header"]
    return header


def _arrays(raw: bytes) -> dict[str, Array]:
    """Return the arrays. safetensors checks that sizes, shapes and offsets fit each other and the file."""
    try:
        entries = deserialize(raw)  # type: ignore[no-untyped-call]
        return {name: _array(name, entry) for name, entry in entries}
    except ModelFileError:
        raise
    except (SafetensorError, ValueError, OverflowError) as error:
        raise ModelFileError(f"its arrays do not fit the file ({error}). Restore or retrain it.") from error


def _array(name: str, entry: Any) -> Array:
    dtype = _DTYPES.get(entry["dtype"])
    if dtype is None:
        raise ModelFileError(f"its array {name[:40]!r} has dtype {entry['dtype']}, which chainrule never writes.")
    if dtype.kind == "b" and np.frombuffer(entry["data"], np.uint8).max(initial=0) > 1:
        raise ModelFileError(f"its array {name[:40]!r} holds a byte that is neither true nor false.")
    return np.frombuffer(entry["data"], dtype=dtype).reshape(entry["shape"])


def _digest(raw: memoryview, start: int) -> str:
    """Return the SHA-256 of the file in hexadecimal, with the 64 bytes from ``start`` read as zeros."""
    digest = hashlib.sha256(raw[:start])
    digest.update(_NO_DIGEST.encode())
    digest.update(raw[start + 64 :])
    return digest.hexdigest()
