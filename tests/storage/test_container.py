import json
import os
import stat
import tempfile
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from safetensors import safe_open

from chainrule.errors import ModelFileError, OutputError, ParameterError
from chainrule.storage import FORMAT_VERSION, container, header, read_container, write_container

DTYPES = [np.float32, np.float64, np.int64, np.uint8, np.bool_]
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
arrays = st.dictionaries(
    st.text(st.characters(codec="ascii"), max_size=8),
    st.sampled_from(DTYPES).flatmap(
        lambda dtype: hnp.arrays(dtype, hnp.array_shapes(min_dims=0, min_side=0, max_dims=4))
    ),
    max_size=4,
)


@settings(deadline=None, max_examples=150)
@given(st.dictionaries(st.text(max_size=8), json_values, max_size=4), arrays)
def test_what_is_read_is_what_was_written_bit_for_bit(header_in, arrays_in):
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "m.chainrule"
        write_container(path, header_in, arrays_in)
        header_out, arrays_out = read_container(path)
    assert header_out == header_in
    assert json.dumps(header_out, sort_keys=True) == json.dumps(header_in, sort_keys=True)  # 1 is not True is not 1.0
    assert arrays_out.keys() == arrays_in.keys()
    for name, array in arrays_in.items():
        assert (arrays_out[name].dtype, arrays_out[name].shape) == (array.dtype, array.shape)
        assert arrays_out[name].tobytes() == array.tobytes()


@pytest.mark.parametrize(
    "layout", [np.asfortranarray, lambda a: a[::-2], lambda a: a.astype(a.dtype.newbyteorder(">"))]
)
def test_the_layout_in_memory_does_not_matter(tmp_path, layout):
    array = layout(np.arange(20.0).reshape(5, 4))
    write_container(tmp_path / "m", {}, {"a": array})
    np.testing.assert_array_equal(read_container(tmp_path / "m")[1]["a"], array)


def test_loaded_arrays_can_be_written_to(small_file):
    assert all(array.flags.writeable for array in read_container(small_file)[1].values())


def test_the_safetensors_library_reads_the_file(small_file):
    with safe_open(small_file, framework="numpy") as file:
        assert set(file.keys()) == {"weights", "means", "steps", "mask"}
        np.testing.assert_array_equal(file.get_tensor("weights"), np.arange(6, dtype=np.float32).reshape(2, 3))
        assert json.loads(file.metadata()["chainrule"])["version"] == FORMAT_VERSION


def test_the_same_content_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        write_container(tmp_path / name, {"x": 1, "y": [2]}, {"w": np.ones(3), "v": np.zeros(2, np.float32)})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_every_flipped_bit_is_caught(small_file, load_bytes):
    raw = small_file.read_bytes()
    assert load_bytes(raw)
    for place in range(8 * len(raw)):
        flipped = bytearray(raw)
        flipped[place // 8] ^= 1 << place % 8
        with pytest.raises(ModelFileError):
            load_bytes(bytes(flipped))


def test_every_truncation_is_caught(small_file, load_bytes):
    raw = small_file.read_bytes()
    for length in range(len(raw)):
        with pytest.raises(ModelFileError):
            load_bytes(raw[:length])


def test_a_byte_too_many_is_caught(small_file, load_bytes, reseal):
    with pytest.raises(ModelFileError, match="checksum"):
        load_bytes(small_file.read_bytes() + b"\0")
    with pytest.raises(ModelFileError, match="arrays do not fit"):
        load_bytes(reseal(small_file.read_bytes() + b"\0"))


def test_a_container_is_known_by_its_beginning(small_file, tmp_path):
    assert container.is_container(small_file)
    (tmp_path / "other").write_bytes(b"x" * 100)
    assert not any(container.is_container(path) for path in (tmp_path / "other", tmp_path, tmp_path / "missing"))


def test_another_kind_is_refused(tmp_path):
    write_container(tmp_path / "run", {}, {}, kind="checkpoint")
    with pytest.raises(ModelFileError, match=r"cannot read '.*run' as a chainrule model: it is a 'checkpoint'"):
        read_container(tmp_path / "run")
    assert read_container(tmp_path / "run", kind="checkpoint") == ({}, {})


def test_a_newer_format_asks_for_an_upgrade(tmp_path, monkeypatch):
    monkeypatch.setattr(container, "FORMAT_VERSION", FORMAT_VERSION + 1)
    write_container(tmp_path / "m", {}, {})
    monkeypatch.undo()
    with pytest.raises(ModelFileError, match=r"newer chainrule \(format version 2, this one reads up to 1\); upgrade"):
        read_container(tmp_path / "m")


def test_a_missing_file_suggests_the_nearest(tmp_path):
    write_container(tmp_path / "housing.chainrule", {}, {})
    with pytest.raises(ModelFileError, match=r"no such file\. Did you mean 'housing\.chainrule'"):
        read_container(tmp_path / "housin.chainrule")
    with pytest.raises(ModelFileError, match="no such file"):
        read_container(tmp_path / "no" / "folder" / "x")


def test_what_is_not_a_file_is_refused_without_waiting(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(ModelFileError, match="not a regular file"):
            read_container(path)


def test_paths_no_system_accepts_are_refused_kindly(tmp_path):
    with pytest.raises(ModelFileError, match="null byte"):
        read_container("a\0b")
    with pytest.raises(ModelFileError, match="too long"):
        read_container(tmp_path / ("x" * 300))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is empty"),
        (b"short", "not a chainrule file"),
        (b"PK\3\4" + b"x" * 500, "not a chainrule file"),
        ((10**6).to_bytes(8, "little") + b"{}", "cut off: 10 of at least 1,000,008 bytes"),
        ((3).to_bytes(8, "little") + b"{]}", "not JSON"),
        ((2).to_bytes(8, "little") + b"{}", "safetensors file of another program"),
        ((4).to_bytes(8, "little") + b'{"\xc3\xa9', "not JSON"),
    ],
)
def test_foreign_files_are_named(load_bytes, content, message):
    with pytest.raises(ModelFileError, match=message):
        load_bytes(content)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"header": []}, "lacks an entry or has an unknown one"),
        ({"extra": 1}, "lacks an entry or has an unknown one"),
        ({"version": True}, "version is unreadable"),
        ({"version": "1"}, "version is unreadable"),
        ({"version": 0}, "version is unreadable"),
        ({"kind": ["x"]}, "it is a"),
    ],
)
def test_hostile_envelopes(load_bytes, reseal, pack, change, message):
    with pytest.raises(ModelFileError, match=message):
        load_bytes(reseal(pack(change=change)))


HOSTILE_HEADERS = {
    "deep lists": ('{"a":' + "[" * 100_000 + "]" * 100_000 + "}", "not JSON"),
    "an endless number": ('{"a":' + "9" * 100_000 + "}", "not JSON"),
    "an infinite number": ('{"a":1e999}', "not finite"),
    "a NaN": ('{"a":NaN}', "not finite"),
    "a key twice": ('{"a":1,"a":2}', "one thing twice"),
    "millions of values": ('{"a":[' + "{}," * 500_000 + "1]}", "more values"),
}


@pytest.mark.parametrize("case", HOSTILE_HEADERS)
def test_hostile_headers(load_bytes, reseal, pack, case):
    text, message = HOSTILE_HEADERS[case]
    with pytest.raises(ModelFileError, match=message):
        load_bytes(reseal(pack(header_text=text)))


HOSTILE_TENSORS = {
    "beyond the end": {"dtype": "F64", "shape": [10**6], "data_offsets": [0, 8 * 10**6]},
    "shape and size differ": {"dtype": "F64", "shape": [3], "data_offsets": [0, 16]},
    "an overflowing shape": {"dtype": "F64", "shape": [2**62, 2**62], "data_offsets": [0, 16]},
    "a negative shape": {"dtype": "F64", "shape": [-2], "data_offsets": [0, 16]},
    "offsets backwards": {"dtype": "F64", "shape": [2], "data_offsets": [16, 0]},
    "a gap": {"dtype": "U8", "shape": [8], "data_offsets": [8, 16]},
    "an unknown dtype": {"dtype": "X9", "shape": [2], "data_offsets": [0, 16]},
    "a shape that is text": {"dtype": "F64", "shape": "2", "data_offsets": [0, 16]},
    "a huge empty shape": {"dtype": "F64", "shape": [0, 2**63], "data_offsets": [0, 0]},
    "100 dimensions": {"dtype": "F64", "shape": [1] * 99 + [2], "data_offsets": [0, 16]},
}


@pytest.mark.parametrize("case", HOSTILE_TENSORS)
def test_hostile_array_tables(load_bytes, reseal, pack, case):
    with pytest.raises(ModelFileError, match="arrays do not fit"):
        load_bytes(reseal(pack(tensors={"w": HOSTILE_TENSORS[case]}, data=bytes(16))))


def test_dtypes_that_chainrule_never_writes_are_refused(load_bytes, reseal, pack):
    half = {"dtype": "F16", "shape": [8], "data_offsets": [0, 16]}
    with pytest.raises(ModelFileError, match="'w' has dtype F16, which chainrule never writes"):
        load_bytes(reseal(pack(tensors={"w": half}, data=bytes(16))))


def test_a_truth_value_is_0_or_1(load_bytes, reseal, pack):
    truth = {"dtype": "BOOL", "shape": [2], "data_offsets": [0, 2]}
    assert load_bytes(reseal(pack(tensors={"w": truth}, data=b"\0\1")))[1]["w"].tolist() == [False, True]
    with pytest.raises(ModelFileError, match="neither true nor false"):
        load_bytes(reseal(pack(tensors={"w": truth}, data=b"\1\2")))


def test_foreign_metadata_beside_ours_is_refused(load_bytes, reseal, pack):
    with pytest.raises(ModelFileError, match="unknown one"):
        load_bytes(reseal(pack(metadata={"other": "x"})))


def test_a_second_place_for_the_checksum_is_refused(load_bytes, reseal, pack):
    second = {"other": '{"sha256":"' + "0" * 64 + '","version":1'}
    with pytest.raises(ModelFileError, match="checksum"):
        load_bytes(reseal(pack(metadata=second)))


def test_a_header_longer_than_we_write_is_refused(tmp_path):
    path = tmp_path / "long"
    length = header.MOST_HEADER_BYTES + 1
    with path.open("wb") as file:
        file.write(length.to_bytes(8, "little") + b"{")
        file.truncate(8 + length)
    with pytest.raises(ModelFileError, match="more than chainrule writes"):
        read_container(path)


def test_what_could_not_be_read_back_is_not_written(tmp_path):
    with pytest.raises(ParameterError, match="larger than a file may hold"):
        write_container(tmp_path / "m", {"a": [0] * header.MOST_VALUES}, {})
    with pytest.raises(ParameterError, match="must be strict JSON, with finite numbers"):
        write_container(tmp_path / "m", {"a": float("nan")}, {})
    with pytest.raises(ParameterError, match=r"array 'a' must be float32.* Got float16"):
        write_container(tmp_path / "m", {}, {"a": np.zeros(2, np.float16)})
    with pytest.raises(ParameterError, match=r"must be ASCII\. Got 'ä'"):
        write_container(tmp_path / "m", {}, {"ä": np.zeros(2)})
    assert not list(tmp_path.iterdir())


def test_a_failed_save_keeps_the_model(small_file):
    before = small_file.read_bytes()
    with pytest.raises(OutputError, match="cannot write"):
        write_container(small_file.parent / "missing" / "m", {}, {})
    with pytest.raises(ParameterError):
        write_container(small_file, {"a": object()}, {})
    assert small_file.read_bytes() == before
    assert stat.S_ISREG(small_file.stat().st_mode)


@pytest.mark.parametrize("shape", ["weights", "header"])
def test_reading_takes_at_most_twice_the_file_and_64_mib(tmp_path, shape):
    path = tmp_path / "big"
    if shape == "weights":
        write_container(path, {}, {"w": np.zeros(4_000_000)})
    else:
        write_container(path, {"a": [{} for _ in range(250_000)], "b": ["ab"] * 40_000}, {})
    tracemalloc.start()
    try:
        read_container(path)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak <= 2 * path.stat().st_size + 64 * 2**20
