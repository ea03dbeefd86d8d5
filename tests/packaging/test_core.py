"""The core by itself: its own tests in C++ (``native/tests``), and what its build says where it cannot be built."""

import pytest


@pytest.mark.slow
def test_the_core_passes_its_own_tests(call, compiler, tmp_path):
    call("cmake", "--preset", "tests", "-B", tmp_path)
    call("cmake", "--build", tmp_path, "--parallel", "2")
    tested = call(tmp_path / "core_tests")
    assert " 0 failed checks" in tested.stdout


def words_of(failed):
    """Return an error text of CMake's without its line breaks."""
    return " ".join(failed.stderr.split())


def test_without_a_compiler_the_build_says_the_way_out(call, tools, tmp_path):
    said = words_of(call("cmake", "-G", "Ninja", "-B", tmp_path, fails=True, CXX="no-such-compiler"))
    assert "No C++ compiler was found" in said
    assert "pip install . --config-settings=cmake.define.CHAINRULE_CORE=OFF" in said


def test_a_compiler_without_vectors_is_named(call, compiler, tmp_path):
    without_vectors = tmp_path / "compiler"
    without_vectors.write_text(f"#!/bin/sh\nexec {compiler} '-D__attribute__(x)=' \"$@\"\n")
    without_vectors.chmod(0o755)
    said = words_of(call("cmake", "-G", "Ninja", "-B", tmp_path / "build", fails=True, CXX=str(without_vectors)))
    assert f"{without_vectors}) has no vector extensions" in said
    assert "pip install . --config-settings=cmake.define.CHAINRULE_CORE=OFF" in said


def test_the_core_can_be_left_out(call, tools, tmp_path):
    call("cmake", "-G", "Ninja", "-B", tmp_path, "-DCHAINRULE_CORE=OFF", CXX="no-such-compiler")
