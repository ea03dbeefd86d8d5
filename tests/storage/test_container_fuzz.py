import random

import pytest
from safetensors.numpy import load as independent_load

from chainrule.errors import ModelFileError

MUTATIONS_A_TEST = 6_000
TOKENS = [
    b"0",
    b"-1",
    b"1e9",
    b"9" * 30,
    b"[",
    b"]",
    b"{",
    b"}",
    b'"',
    b'\\"',
    b",",
    b":",
    b"null",
    b"true",
    b"\0",
    b"\xff",
    b"F16",
]


def mutate(raw: bytes, rng: random.Random) -> bytes:
    """Change, insert, delete, repeat or swap something; most often inside the header, where structure is."""
    end = 8 + int.from_bytes(raw[:8], "little")
    i = rng.randrange(end if rng.random() < 0.8 else len(raw))
    j = min(len(raw), i + rng.choice([1, 1, 1, 2, 8, 40]))
    k = rng.randrange(len(raw))
    return rng.choice(
        [
            raw[:i] + bytes([rng.randrange(256)]) + raw[i + 1 :],
            raw[:i] + bytes([rng.randrange(32, 127)]) + raw[i + 1 :],
            raw[:i] + rng.choice(TOKENS) + raw[i:],
            raw[:i] + rng.choice(TOKENS) + raw[j:],
            raw[:i] + raw[j:],
            raw[:j] + raw[i:j] + raw[j:],
            raw[:k] + raw[i:j] + raw[k:],
        ]
    )


def with_true_length(raw: bytes, change: int) -> bytes:
    """Let the length in the first 8 bytes follow a header that became longer or shorter."""
    length = max(0, int.from_bytes(raw[:8], "little") + change)
    return length.to_bytes(8, "little") + raw[8:] if length < 2**63 else raw


def test_mutated_files_raise_model_file_error_or_are_unchanged(small_file, load_bytes):
    raw, rng = small_file.read_bytes(), random.Random(1)
    for _ in range(MUTATIONS_A_TEST):
        mutant = mutate(raw, rng)
        if mutant == raw:
            continue
        with pytest.raises(ModelFileError):
            load_bytes(mutant)


def test_mutated_files_with_a_true_checksum_raise_model_file_error_or_are_sound(small_file, load_bytes, reseal):
    raw, rng = small_file.read_bytes(), random.Random(2)
    refused = 0
    for _ in range(MUTATIONS_A_TEST):
        mutant = raw
        for _ in range(rng.choice([1, 1, 2, 5])):
            mutant = mutate(mutant, rng) or raw
        mutant = reseal(with_true_length(mutant, len(mutant) - len(raw)))
        try:
            _, arrays = load_bytes(mutant)
        except ModelFileError:
            refused += 1
            continue
        expected = independent_load(mutant)
        assert {name: array.tobytes() for name, array in arrays.items()} == {
            name: array.tobytes() for name, array in expected.items()
        }
    assert (
        MUTATIONS_A_TEST // 3 < refused < MUTATIONS_A_TEST
    )  # deeper layers were reached, and some mutants were harmless
