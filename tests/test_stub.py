"""The stub of the extension module says what the extension has: names, properties, arguments in order."""

import ast
import re
from pathlib import Path

import ranef
from ranef import _core

STUB = Path(ranef.__file__).with_name("_core.pyi")
ADVICE = "bring python/ranef/_core.pyi in line with cpp/bindings"


def public(name):
    return not name.startswith("_") or name in {"__init__", "__version__"}


def stub_members(body):
    """Name -> argument names (functions), "property", a dict (classes), or "value"."""
    found = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = stub_members(node.body)
        elif isinstance(node, ast.FunctionDef):
            arguments = [a.arg for a in (*node.args.args, *node.args.kwonlyargs) if a.arg != "self"]
            found[node.name] = "property" if node.decorator_list else arguments
        elif isinstance(node, ast.AnnAssign):
            found[node.target.id] = "property" if "Final" in ast.unparse(node.annotation) else "value"
        elif isinstance(node, ast.Assign):  # a second name of a method, or of a type
            found[node.targets[0].id] = found.get(ast.unparse(node.value), "type")
    return {name: value for name, value in found.items() if value != "type" and public(name)}


def arguments_of(text):
    """The argument names in the first line of pybind11's docstring."""
    inside = text[text.index("(") + 1 : text.rindex(") ->")]
    depth, names = 0, [""]
    for sign in inside:
        depth += (sign in "[(") - (sign in "])")
        if sign == "," and depth == 0:
            names.append("")
        else:
            names[-1] += sign
    words = [re.split("[:=]", name)[0].strip() for name in names]
    return [word for word in words if word not in {"self", ""} and not word.startswith("*")]


def real_members(owner):
    found = {}
    for name, value in vars(owner).items():
        if isinstance(value, property):
            found[name] = "property"
        elif isinstance(value, type):
            found[name] = real_members(value)
        elif callable(value) and "->" in (value.__doc__ or ""):
            found[name] = arguments_of(value.__doc__.splitlines()[0])
        elif owner is _core:
            found[name] = "value"
    return {name: value for name, value in found.items() if public(name)}


def test_stub_is_complete_and_true():
    stub = stub_members(ast.parse(STUB.read_text(encoding="utf-8")).body)
    real = real_members(_core)
    assert set(stub) == set(real), ADVICE
    for name in real:
        assert stub[name] == real[name], f"{name}: {ADVICE}"


def test_the_package_is_marked_as_typed():
    assert STUB.with_name("py.typed").exists()
