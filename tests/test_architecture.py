"""The architecture that docs/architecture.md states: who may import whom, the small door, documented names."""

import ast
import importlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

import chainrule

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "chainrule"
MODULES = sorted(PACKAGE.rglob("*.py"))

KNOWS = {
    "errors": set(),
    "version": set(),
    "network": {"errors"},
    "engine": {"errors", "network"},
    "training": {"errors", "version", "network", "engine"},
    "table": {"errors"},
    "storage": {"errors"},
    "glassbox": {"errors", "network", "engine", "training", "storage"},
    "estimators": {"errors", "version", "network", "engine", "training", "table", "storage"},
    "cli": {"errors", "training", "table", "storage", "glassbox", "estimators"},
    "__init__": {"estimators", "network", "version"},
    "__main__": {"cli"},
}
KNOWS_IN_FUNCTIONS = {"estimators": {"glassbox"}}  # figures are an extra: nothing may need them to be imported


def room_of(path):
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_rooms(node):
    """Return the rooms that an import statement names; relative imports are told apart by their dots."""
    if isinstance(node, ast.Import):
        names = [alias.name for alias in node.names]
    elif isinstance(node, ast.ImportFrom):
        assert node.level == 0, "imports are absolute"
        names = [f"{node.module}.{alias.name}" for alias in node.names]
    else:
        return set()
    return {name.split(".")[1] for name in names if name.split(".")[0] == "chainrule" and "." in name}


def imports_of(source, *, in_functions):
    """Return the rooms a module imports inside its functions, or outside of them."""
    tree = ast.parse(source)
    inside = {
        id(node)
        for function in ast.walk(tree)
        if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        for node in ast.walk(function)
    }
    found = [imported_rooms(node) for node in ast.walk(tree) if (id(node) in inside) == in_functions]
    return set().union(*found)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_point_down(path):
    room, source = room_of(path), path.read_text(encoding="utf-8")
    allowed = KNOWS[room] | {room}
    assert imports_of(source, in_functions=False) <= allowed
    assert imports_of(source, in_functions=True) <= allowed | KNOWS_IN_FUNCTIONS.get(room, set())


def test_the_rule_sees_what_breaks_it():
    source = (
        "import chainrule.cli\ndef f():\n    from chainrule.glassbox import to_html\n    from chainrule import table"
    )
    assert imports_of(source, in_functions=False) == {"cli"}
    assert imports_of(source, in_functions=True) == {"glassbox", "table"}


def test_the_page_states_the_rule_that_is_tested():
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    rows = [line.split("|") for line in page.splitlines() if line.startswith("| `")]
    stated = {row[1].strip().strip("`").removesuffix("/").removesuffix(".py"): row[3] for row in rows if len(row) == 5}
    for room, known in KNOWS.items():
        if room not in ("__init__", "version"):
            named = {other for other in KNOWS if f"`{other}`" in stated[room]}
            assert named == (known | KNOWS_IN_FUNCTIONS.get(room, set())) - {"version"}, room


def test_the_door():
    assert sorted(chainrule.__all__) == [
        "Checkpoint",
        "MLPClassifier",
        "MLPRegressor",
        "Network",
        "TableClassifier",
        "TableRegressor",
        "__version__",
        "check_gradient",
        "diagnose",
        "load",
        "multilayer_perceptron",
    ]
    assert set(chainrule.__all__) <= set(dir(chainrule))
    with pytest.raises(AttributeError, match="module 'chainrule' has no attribute 'TableClasifier'"):
        _ = chainrule.TableClasifier


@pytest.mark.parametrize("name", sorted(set(chainrule.__all__) - {"__version__"}))
def test_every_name_of_the_door_is_documented(name):
    assert getattr(chainrule, name).__doc__
    pages = "".join(page.read_text(encoding="utf-8") for page in (ROOT / "docs" / "reference").glob("*.md"))
    assert f".{name}\n" in pages


@pytest.mark.parametrize(
    "room", ["errors", "network", "engine", "training", "table", "storage", "glassbox", "estimators"]
)
def test_every_room_offers_what_its_door_says(room):
    door = importlib.import_module(f"chainrule.{room}")
    assert len(set(door.__all__)) == len(door.__all__)
    assert [name for name in door.__all__ if not hasattr(door, name)] == []


def test_import_is_light():
    heavy = ["numpy", "scipy", "sklearn", "polars", "narwhals", "plotly", "chainrule.network", "chainrule.estimators"]
    code = f"import chainrule, json, sys; print(json.dumps([m for m in {heavy} if m in sys.modules]))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


def public_definitions(path):
    """Return (name, has a docstring) of a module, its public classes and functions, and their public methods."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    yield "module", ast.get_docstring(tree) is not None
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef) and not node.name.startswith("_"):
            yield node.name, ast.get_docstring(node) is not None
            for member in node.body if isinstance(node, ast.ClassDef) else ():
                if isinstance(member, ast.FunctionDef) and not member.name.startswith("_"):
                    yield f"{node.name}.{member.name}", ast.get_docstring(member) is not None


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_what_is_public_is_documented(path):
    assert [name for name, documented in public_definitions(path) if not documented] == []


def longest_body(tree):
    """Return the lines of the longest function body, docstring not counted, and the function's name."""
    lengths = [(0, "")]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            body = node.body[1:] if ast.get_docstring(node) is not None else node.body
            if body:
                lengths.append((body[-1].end_lineno - body[0].lineno + 1, node.name))
    return max(lengths)


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_and_functions_stay_small(path):
    source = path.read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 400
    assert longest_body(ast.parse(source))[0] <= 40
