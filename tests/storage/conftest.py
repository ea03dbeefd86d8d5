import hashlib
import json
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest

from chainrule.storage import read_container, write_container

HEADER = {"task": "regression", "columns": [{"name": "größe", "scale": 0.1}], "seed": 0, "note": None}
ARRAYS = {
    "weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "means": np.array([0.1, np.nan, -np.inf]),
    "steps": np.array(7, dtype=np.int64),
    "mask": np.array([True, False]),
}


@pytest.fixture
def small_file(tmp_path: Path) -> Path:
    path = tmp_path / "small.chainrule"
    write_container(path, HEADER, ARRAYS)
    return path


@pytest.fixture
def reseal() -> Callable[[bytes], bytes]:
    """Give a changed file the checksum that belongs to it, as an attacker would, so that later checks are reached."""

    def seal(raw: bytes) -> bytes:
        start = raw.find(b'{\\"sha256\\":\\"') + 14
        if start < 14 or len(raw) < start + 64:
            return raw
        blank = raw[:start] + b"0" * 64 + raw[start + 64 :]
        return raw[:start] + hashlib.sha256(blank).hexdigest().encode() + raw[start + 64 :]

    return seal


@pytest.fixture
def load_bytes(tmp_path: Path) -> Iterator[Callable[[bytes], object]]:
    """Write bytes to a file and read it as a model. The file stays open: to truncate it at opening is slow."""
    path = tmp_path / "mutant.chainrule"
    with path.open("wb", buffering=0) as file:

        def load(raw: bytes) -> object:
            file.seek(0)
            file.write(raw)
            file.truncate(len(raw))
            return read_container(path)

        yield load


@pytest.fixture
def pack() -> Callable[..., bytes]:
    """Write the bytes of a container by hand, so that every part of it can be made hostile."""

    def build(*, change=None, header_text=None, tensors=None, data=b"", metadata=None) -> bytes:
        envelope = {"sha256": "0" * 64, "version": 1, "kind": "model", "header": {}} | (change or {})
        text = json.dumps(envelope, separators=(",", ":"))
        if header_text is not None:
            text = text.replace('"header":{}', '"header":' + header_text)
        outer = {"__metadata__": {"chainrule": text} | (metadata or {})} | (tensors or {})
        raw = json.dumps(outer, separators=(",", ":")).encode()
        return len(raw).to_bytes(8, "little") + raw + data

    return build
