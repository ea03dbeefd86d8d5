"""What ``_native.pyi`` says of the extension is what the extension is."""

import ast
import inspect
import re
from pathlib import Path

import pytest

import chainrule.engine

STUB = Path(chainrule.engine.__file__).with_name("_native.pyi")


def stated():
    """Return the parameters of every function, and of every class's methods, by the stub."""
    found, bases = {}, {}
    for node in ast.parse(STUB.read_text(encoding="utf-8")).body:
        if isinstance(node, ast.FunctionDef):
            found[node.name] = [argument.arg for argument in node.args.args]
        if isinstance(node, ast.ClassDef):
            methods = [member for member in node.body if isinstance(member, ast.FunctionDef)]
            bases[node.name] = {method.name: [a.arg for a in method.args.args] for method in methods}
            for base in node.bases:  # _Session[np.float32]
                bases[node.name] |= bases.get(getattr(getattr(base, "value", None), "id", ""), {})
            found |= {f"{node.name}.{name}": arguments for name, arguments in bases[node.name].items()}
    return {name: arguments for name, arguments in found.items() if not name.startswith("_")}


def bound(native):
    """Return the same by the extension itself, whose functions tell their signatures."""
    found = {}
    for name, member in vars(native).items():
        inside = vars(member).items() if inspect.isclass(member) else ()
        for path, function in [(name, member), *((f"{name}.{inner}", method) for inner, method in inside)]:
            for signature, *_ in getattr(function, "__nb_signature__", None) or ():
                found[path] = re.findall(r"[(,] ?(\w+)(?=[:,)])", re.sub(r"\[[^]]*\]|->.*", "", signature))
    return found


def test_the_stub_is_of_this_extension(engine):
    if engine != "native":
        pytest.skip("the reference has no extension")
    from chainrule.engine import _native

    assert {"Session32.run", "Network.__init__", "logits", "instruction_sets"} <= set(bound(_native))
    assert bound(_native) == stated()
