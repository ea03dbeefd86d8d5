"""Tools of the build, and how to call them."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# What pip has put beside this Python comes first: CMake and ninja of the extra `test`.
ENVIRONMENT = os.environ | {"PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project: a clone, or an unpacked source distribution."""
    return ROOT


@pytest.fixture(scope="session")
def call() -> Callable[..., subprocess.CompletedProcess[str]]:
    """Run a command; what fails says all that it printed, unless failing is what is asked for."""

    def called(*command, cwd=ROOT, fails=False, **environment):
        done = subprocess.run(
            [str(part) for part in command],
            cwd=cwd,
            env=ENVIRONMENT | environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode != 0) == fails, f"{command}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
        return done

    return called


@pytest.fixture(scope="session")
def tools() -> None:
    """Skip where the core cannot be built."""
    missing = [tool for tool in ("cmake", "ninja") if shutil.which(tool, path=ENVIRONMENT["PATH"]) is None]
    if missing:
        pytest.skip(f"{' and '.join(missing)} not found; they come with the extra 'test'")


@pytest.fixture(scope="session")
def compiler(tools) -> str:
    """Return the C++ compiler, or skip."""
    names = [os.environ.get("CXX", ""), "c++", "g++", "clang++"]
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no C++ compiler found")
    return found


@pytest.fixture(scope="session")
def index(call, tmp_path_factory) -> None:
    """Skip where the requirements of the build cannot be fetched."""
    requirements = ["scikit-build-core>=0.11", "nanobind>=2.4"]
    try:
        folder = tmp_path_factory.mktemp("requirements")
        call(sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, *requirements)
    except AssertionError as error:
        pytest.skip(f"the build's requirements {requirements} cannot be fetched: {str(error).splitlines()[-1]}")
