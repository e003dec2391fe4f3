"""The codebase as a test: which way imports and includes point, who may import numba, how long a file may
be."""

import ast
import importlib
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "python" / "ranef"
CPP = ROOT / "cpp"

# Lowest first. A module imports from its own layer and those below; layers on one line are peers, which must
# not form a cycle.
LAYERS = [
    (
        "arrays",
        "cached",
        "errors",
        "guidance",
    ),
    ("pickles",),
    ("theta",),
    ("show",),
    ("formula",),
    ("_core",),
    ("machine",),
    ("frame", "pickled", "sparse_symmetric"),
    ("verbs",),
    ("likelihood_fit",),
    ("refitted_fit", "tested_fit"),
    ("design",),
    ("cross_products",),
    ("coordinates",),
    ("digits", "independent_residuals"),
    ("stream",),
    ("sufficient",),
    ("plan", "planning"),
    ("model",),
    ("variants",),
    ("optimize",),
    ("fit", "result"),
    ("estimates", "inference", "report", "bootstrap", "diagnostics", "plots"),
    ("repeated", "residual", "structured", "related", "iterative"),
    ("fitting",),
    ("generalised",),
    ("lme4", "versions"),
]
RANK = {name: rank for rank, names in enumerate(LAYERS) for name in names}
STANDS_ALONE = {"datasets": {"datasets", "errors", "guidance", "show"}}
LINE_LIMIT = 400

MODULES = sorted(PACKAGE.rglob("*.py"))


def short(path):
    return str(path.relative_to(ROOT))


def layer_of(path):
    """The layer a file belongs to: the first name below the package ("" for ranef/__init__.py)."""
    first = path.relative_to(PACKAGE).parts[0].removesuffix(".py")
    return "" if first == "__init__" else first


def imported_names(node, path):
    """Absolute dotted names one import statement asks for."""
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    base = node.module or ""
    if node.level:
        inside = ("ranef", *path.relative_to(PACKAGE).with_suffix("").parts)
        base = ".".join([*inside[: len(inside) - node.level], *([node.module] if node.module else [])])
    return [f"{base}.{alias.name}" for alias in node.names]


@cache
def tree(path):
    """A file as a syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


@cache
def imports(path):
    """(dotted name, line, whether inside a function) of every import, those under TYPE_CHECKING included."""
    found = []

    def visit(node, inside_function):
        if isinstance(node, ast.Import | ast.ImportFrom):
            found.extend((name, node.lineno, inside_function) for name in imported_names(node, path))
        for child in ast.iter_child_nodes(node):
            visit(
                child,
                inside_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda),
            )

    visit(tree(path), False)
    return found


def own_imports(path):
    """(layer imported from, line, inside a function) within the package."""
    for name, line, lazy in imports(path):
        parts = name.split(".")
        if parts[0] == "ranef" and len(parts) > 1:
            yield parts[1], line, lazy


def test_every_module_has_a_layer():
    unknown = {layer_of(path) for path in MODULES} - set(RANK) - set(STANDS_ALONE) - {""}
    assert not unknown, f"give these a place in LAYERS (and CONTRIBUTING.md): {sorted(unknown)}"


def test_imports_point_down():
    wrong = []
    for path in MODULES:
        layer = layer_of(path)
        for target, line, _ in own_imports(path):
            if layer == "" or target == layer:
                continue
            if layer in STANDS_ALONE:
                fine = target in STANDS_ALONE[layer]
            else:
                fine = target in RANK and RANK[target] <= RANK[layer]
            if not fine:
                wrong.append(f"{short(path)}:{line}: {layer} imports {target}")
    assert not wrong, "\n".join(wrong)


MODULE_OF = {".".join(path.relative_to(ROOT / "python").with_suffix("").parts): path for path in MODULES}


def module_edges():
    """Module -> modules it imports, anywhere in the file."""
    edges = {}
    for name, path in MODULE_OF.items():
        for target, _, _ in imports(path):
            base = target.rpartition(".")[0]
            places = (target, f"{target}.__init__", base, f"{base}.__init__")
            found = next((place for place in places if place in MODULE_OF), name)
            if found != name and target != "ranef._core":
                edges.setdefault(name, set()).add(found)
    return edges


def test_no_import_circle():
    """Of modules, in functions and for types included. Only the names of verbs (`ranef.verbs`) point up."""
    edges = module_edges()
    done = set()

    def walk(name, trail):
        assert name not in trail, "import circle: " + " -> ".join([*trail[trail.index(name) :], name])
        if name not in done:
            for target in sorted(edges.get(name, ())):
                walk(target, [*trail, name])
            done.add(name)

    for name in edges:
        walk(name, [])


def verbs():
    """(class body it stands in, name, target) of every verb and answer."""
    for name, path in MODULE_OF.items():
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.ClassDef):
                continue
            for line in node.body:
                made = ast.unparse(line.value) if isinstance(line, ast.Assign) else ""
                if re.match(r"((?:Table)?Verb|Answer(\[.*\])?)\(", made):
                    yield f"{name}.{node.name}", line.targets[0].id, line.value.args[0].value


def test_verbs_exist():
    found = list(verbs())
    assert len(found) > 40
    for where, name, target in found:
        module, _, function = target.partition(":")
        assert callable(getattr(importlib.import_module(f"ranef.{module}"), function)), (where, name)


def test_the_bootstrap_has_layers_too():
    folders = ("draws", "loop", "schemes", "replicates", "studies")
    wrong = []
    for rank, folder in enumerate(folders):
        for path in (PACKAGE / "bootstrap" / folder).glob("*.py"):
            for line in path.read_text(encoding="utf-8").splitlines():
                found = re.match(r"\s*from \.\.(\w+)", line)
                if found and found[1] not in (*folders[: rank + 1], "checks"):
                    wrong.append(f"{short(path)}: {line.strip()}")
    assert not wrong, wrong


def test_only_the_bootstrap_knows_numba():
    wrong = [
        f"{short(path)}:{line}"
        for path in MODULES
        for name, line, _ in imports(path)
        if name.split(".")[0] in {"numba", "llvmlite"} and layer_of(path) != "bootstrap"
    ]
    assert not wrong, wrong


HEAVY = ["numba", "formulaic", "matplotlib", "pyarrow", "polars", "tqdm", "dask", "duckdb"]


def loaded_by(packages):
    """The modules in memory after an import, in a process of its own."""
    code = f"import sys, {packages}; print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return set(done.stdout.split())


def test_import_is_light():
    """`import ranef`, its bootstrap and its plots load nothing that only some users need."""
    # What pandas loads by itself where it is installed, such as pyarrow, is not ours to answer for.
    heavy = set(HEAVY) & loaded_by("ranef.bootstrap, ranef.plots") - loaded_by("pandas")
    assert not heavy, f"import ranef loads {heavy}"


def test_a_first_fit_is_light():
    """A fit of plain terms loads no library that takes longer to load than the fit."""
    code = """
import sys, pandas, ranef
before = set(sys.modules)
ranef.lmer("y ~ x + (1 | g)", {"y": [1.0, 2, 4, 3, 5, 9], "x": [0.0, 1, 2, 0, 1, 2], "g": list("aabbcc")}).bse
print(*set(sys.modules) - before)
"""
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    heavy = {name.partition(".")[0] for name in done.stdout.split()} & {"scipy", "narwhals", *HEAVY[:2]}
    assert not heavy, f"a first fit loads {heavy}"


KINDS_OF_FITS = ("repeated", "residual", "structured", "related", "iterative", "generalised")


def test_no_room_asks_which_kind_of_fit_it_has():
    """A fit, or a model, says of itself what others need; only its room knows its class."""
    wrong = []
    for path in MODULES:
        if layer_of(path) in KINDS_OF_FITS:
            continue
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
                asked = set(re.findall(r"\w+(?:Fit|Model)\b|\bFit\b|\bModel\b", ast.unparse(node.args[1])))
                if asked - {"LikelihoodFit"}:  # whether it is a fit at all
                    wrong.append(f"{short(path)}:{node.lineno}: {ast.unparse(node)}")
    assert not wrong, "\n".join(wrong)


def test_modules_are_short():
    lines = {short(path): len(path.read_text(encoding="utf-8").splitlines()) for path in MODULES}
    long = {name: count for name, count in lines.items() if count >= LINE_LIMIT}
    assert not long, f"split these by subject: {long}"


def test_no_exception_is_swallowed():
    """No handler for everything whose body does nothing."""
    wrong = []
    for path in MODULES:
        for node in ast.walk(tree(path)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            broad = node.type is None or ast.unparse(node.type) in {"Exception", "BaseException"}
            silent = all(
                isinstance(s, ast.Pass | ast.Continue)
                or (isinstance(s, ast.Expr) and isinstance(s.value, ast.Constant))
                for s in node.body
            )
            if node.type is None or (broad and silent):
                wrong.append(f"{short(path)}:{node.lineno}")
    assert not wrong, wrong


# ---------------------------------------------------------------- C++
def includes(path):
    return re.findall(
        r'^\s*#\s*include\s*[<"]([^>"]+)[>"]', path.read_text(encoding="utf-8"), flags=re.MULTILINE
    )


def cpp_files(*folders):
    return sorted(
        p for folder in folders for p in (CPP / folder).rglob("*") if p.suffix in {".h", ".hpp", ".cpp"}
    )


def test_core_knows_neither_python_nor_input_and_output():
    forbidden = re.compile(r"Python\.h|pybind11|numpy|bindings/|^(iostream|fstream|cstdio|stdio\.h|print)$")
    wrong = [
        f"{short(p)}: {name}" for p in cpp_files("ranef") for name in includes(p) if forbidden.search(name)
    ]
    assert not wrong, wrong


def test_one_header_owns_pybind11():
    owners = [
        short(p) for p in cpp_files("bindings") if any(name.startswith("pybind11/") for name in includes(p))
    ]
    assert len(owners) <= 1, f"include pybind11 through one header: {owners}"
    assert all(owner.endswith((".h", ".hpp")) for owner in owners), owners


def test_headers_form_no_cycle():
    headers = {str(p.relative_to(CPP)): p for p in cpp_files("ranef") if p.suffix != ".cpp"}

    def walk(name, trail):
        assert name not in trail, "include cycle: " + " -> ".join([*trail, name])
        for target in includes(headers[name]):
            if target in headers:
                walk(target, [*trail, name])

    for name in headers:
        walk(name, [])


@pytest.mark.parametrize("header", sorted(CPP.rglob("c_api.h")), ids=short)
def test_c_interface_is_c(header):
    """It is read by callers that know no C++: no std:: in its declarations, C linkage."""
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", header.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert "std::" not in text
    assert 'extern "C"' in text


CORE = (
    *("base", "pedigree", "model", "rows", "cross", "plan", "sparse"),
    *("factor", "criterion", "optimum", "iterative", "mmrm", "inference", "refits"),
    *("families", "laplace"),
)


def test_the_core_has_layers_too():
    """A file includes files of its own folder and of the folders below."""
    files = cpp_files("ranef")
    assert {path.parent.name for path in files} == set(CORE)
    wrong = []
    for path in files:
        for name in includes(path):
            if not name.startswith("ranef/"):
                continue
            own, other = path.parent.name, name.split("/")[1]
            if CORE.index(other) > CORE.index(own):
                wrong.append(f"{short(path)} ({own}) includes {name} ({other})")
    assert not wrong, wrong
