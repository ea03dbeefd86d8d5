"""Reading bytes and JSON of unknown origin: strictly, and with every size known before memory is taken."""

import json
import math
import os
import re
import stat
from pathlib import Path
from typing import Any

from chainrule.errors import ModelFileError, nearest

MOST_HEADER_BYTES = 16 * 2**20
MOST_VALUES = 800_000
"""Bounds what parsing takes: a JSON value costs at most some 80 bytes of Python objects per structural character."""

_DIGEST = re.compile(rb'\{\\"sha256\\":\\"([0-9a-f]{64})\\",\\"version\\":')


def read_bytes(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a file that starts like a safetensors file: 8 bytes of header length, then JSON.

    Raises
    ------
    ModelFileError
        If there is no such file, it is no regular file, or its first bytes promise more than it holds.
    """
    path = Path(path)
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):  # seen before opening: a pipe would wait for a writer
            raise ModelFileError("it is not a regular file. Name the file that train wrote.")
        with path.open("rb") as file:
            _check_start(file.read(9), status.st_size)
            file.seek(0)
            return file.read()
    except ModelFileError:
        raise
    except FileNotFoundError:
        raise ModelFileError(f"there is no such file.{_nearest_file(path)}") from None
    except (OSError, ValueError) as error:  # ValueError: a null byte in the path
        raise ModelFileError(
            f"{getattr(error, 'strerror', None) or error}. Check the path and its permissions."
        ) from error


def _check_start(start: bytes, size: int) -> None:
    if size == 0:
        raise ModelFileError("it is empty. Restore or retrain it.")
    length = int.from_bytes(start[:8], "little")
    if len(start) < 9 or start[8:] != b"{" or length > 100 * 2**20:
        raise ModelFileError("it is not a chainrule file. Name the file that train wrote.")
    if 8 + length > size:
        raise ModelFileError(f"it is cut off: {size:,} of at least {8 + length:,} bytes. Restore or retrain it.")
    if length > MOST_HEADER_BYTES:
        raise ModelFileError(f"its header has {length:,} bytes, more than chainrule writes ({MOST_HEADER_BYTES:,}).")


def _nearest_file(path: Path) -> str:
    try:
        return nearest(path.name, [entry.name for entry in path.parent.iterdir()])
    except OSError:
        return ""


def count_values(text: bytes) -> int:
    """Return an upper bound of the number of JSON values and keys in ``text``: its structural characters."""
    return len(text) - len(text.translate(None, b",:[]{}"))


def find_digest(header: bytes) -> int | None:
    """Return where in the file the 64 digits of the checksum start, or None if they are not there exactly once."""
    places = [match.start(1) for match in _DIGEST.finditer(header)]
    return places[0] if len(places) == 1 else None


def parse_strict(text: bytes | str) -> Any:
    """Parse ASCII JSON without NaN, infinity, repeated keys, endless numbers or endless nesting.

    Raises
    ------
    ModelFileError
        If the text breaks one of these rules, or holds more values than chainrule writes.
    """
    raw = text.encode() if isinstance(text, str) else text
    if count_values(raw) > MOST_VALUES:
        raise ModelFileError(f"its header holds more values than chainrule writes ({MOST_VALUES:,}).")
    try:
        return json.loads(raw.decode("ascii"), object_pairs_hook=_unique, parse_float=_finite, parse_constant=_finite)
    except ModelFileError:
        raise
    except (ValueError, RecursionError) as error:
        raise ModelFileError(
            f"its header is not JSON as chainrule writes it ({error}). Restore or retrain it."
        ) from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    unique = dict(pairs)
    if len(unique) != len(pairs):
        raise ModelFileError("its header says one thing twice. Restore or retrain it.")
    return unique


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ModelFileError(f"its header holds a number that is not finite ({text[:20]}). Restore or retrain it.")
    return value
