"""chainrule as its users get it: a source distribution, a wheel built from it, both away from the repository."""

import sys
import sysconfig
import tarfile
import zipfile

import pytest

TRAINS = """
import sys, warnings
from pathlib import Path
import numpy as np
import chainrule
from chainrule import TableClassifier
from chainrule.engine import ENGINES, Settings, Source, StepPlan, logits, open_session
from chainrule.network import multilayer_perceptron
from chainrule.training import Adam

assert Path(chainrule.__file__).is_relative_to(sys.prefix), chainrule.__file__
rng = np.random.default_rng(0)
X = rng.normal(size=(200, 4))
network = multilayer_perceptron(4, (32,), 2, loss="cross_entropy")
source = Source(X, (X[:, 0] > 0).astype(int))

def trained(engine):
    weights = network.initialise(seed=0)
    vectors = tuple(np.zeros_like(weights) for _ in range(2))
    session = open_session(network, source, Adam(), Settings(32), weights=weights, vectors=vectors, engine=engine)
    session.run(0, StepPlan.constant(40, learning_rate=0.01))
    return type(session).__name__, logits(network, weights, X, engine=engine)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    (name, predicted), (_, expected) = trained("auto"), trained("reference")
    model = TableClassifier(max_iter=3, random_state=0).fit(X, X[:, 0] > 0)
    assert model.predict(X).shape == (200,)
np.testing.assert_allclose(predicted, expected, rtol=0, atol=1e-8)
print(name, *(warning.category.__name__ for warning in caught))
"""
CORE_TESTS = ["tests/engine/test_native_parity.py", "tests/engine/test_native_isa.py", "tests/network/test_dense.py"]


@pytest.fixture
def environment(call, tmp_path):
    """Return the Python of a fresh environment with a wheel in it and, after it, what else is installed here."""

    def made(wheel):
        folder = tmp_path / "environment"
        call(sys.executable, "-m", "venv", folder)
        python = folder / "bin" / "python"
        call(python, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps", wheel)
        where = "import sysconfig; print(sysconfig.get_path('purelib'))"
        packages = call(python, "-c", where).stdout.strip()
        # A line of a .pth file is a folder to import from; .pth files in there (an editable chainrule's) do not count.
        (folder / packages / "dependencies.pth").write_text(
            f"{sysconfig.get_path('purelib')}\n{sysconfig.get_path('platlib')}\n"
        )
        return python

    return made


def sources(root):
    """Return the files that a source distribution must have, by their place in the project."""
    kept = [path for folder in ("native", "src", "tests", "docs", "examples") for path in (root / folder).rglob("*.*")]
    suffixes = {".cpp", ".hpp", ".py", ".pyi", ".typed", ".md", ".txt"}
    named = [root / name for name in ("CMakeLists.txt", "CMakePresets.json", "LICENSE", "Makefile", "pyproject.toml")]
    return {str(path.relative_to(root)) for path in [*kept, *named] if path.suffix in suffixes or path in named}


@pytest.mark.slow
def test_what_is_distributed_works_elsewhere(call, compiler, index, environment, root, tmp_path):
    built = tmp_path / "dist"
    call(sys.executable, "-m", "build", "--outdir", built, root, CMAKE_BUILD_PARALLEL_LEVEL="2")
    (archive,), (wheel,) = built.glob("*.tar.gz"), built.glob("*.whl")

    with tarfile.open(archive) as files:
        names = {name.partition("/")[2] for name in files.getnames()}
        files.extraction_filter = getattr(tarfile, "data_filter", None)  # None before Python 3.11.4
        files.extractall(tmp_path)
    assert sources(root) - names == set()
    assert [name for name in names if name.endswith((".so", ".o", ".a", ".pyc"))] == []

    names = zipfile.ZipFile(wheel).namelist()
    assert [name.rpartition("/")[0] for name in names if name.endswith(".so")] == ["chainrule/engine"]
    assert {"chainrule/engine/_native.pyi", "chainrule/py.typed"} <= set(names)
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"chainrule"}

    python, elsewhere = environment(wheel), tmp_path / archive.name.removesuffix(".tar.gz")
    for isa in ("", "baseline"):
        done = call(python, "-W", "error", "-c", TRAINS, cwd=tmp_path, CHAINRULE_ISA=isa)
        assert done.stdout.split() == ["NativeSession"]
    options = ["-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", "-m", "not slow"]
    tested = call(python, "-m", "pytest", *options, *CORE_TESTS, cwd=elsewhere, CHAINRULE_ISA="baseline")
    assert " passed" in tested.stdout


@pytest.mark.slow
def test_without_the_core_everything_runs_on_the_reference(call, tools, index, environment, root, tmp_path):
    settings = [f"build-dir={tmp_path / 'build'}", "cmake.define.CHAINRULE_CORE=OFF"]
    options = ["--quiet", "--no-deps", "--wheel-dir", tmp_path, *(f"--config-settings={one}" for one in settings)]
    call(sys.executable, "-m", "pip", "wheel", *options, root, CXX="no-such-compiler")
    (wheel,) = tmp_path.glob("*.whl")
    assert [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith(".so")] == []
    done = call(environment(wheel), "-c", TRAINS, cwd=tmp_path)
    assert done.stdout.split() == ["ReferenceSession", "EngineWarning"]
