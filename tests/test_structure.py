"""The house's order, held: who imports whom, how long things are, what they are called."""

import ast
import graphlib
import re
import sys
import typing
from collections import defaultdict
from pathlib import Path

import pytest

from luth.core.errors import Code

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "luth"
SCRIPTS = sorted((ROOT / "scripts").glob("*.py"))
MODULES = sorted(path for path in SOURCE.rglob("*.py") if "scripts" not in path.relative_to(SOURCE).parts)
# A module may import those of its own area and of the areas before its line. tasks.py is the door to evaluation/.
ORDER = (
    {"core"},
    {"languages", "templates", "rows"},
    {"checkpoints"},
    {"training", "data", "merging", "evaluation"},
    {"reporting"},
    {"sweep"},
    {"steps"},
    {"validation"},
    {"scripts", "cli"},
)
RANK = {area: rank for rank, areas in enumerate(ORDER) for area in areas} | {"tasks": 3}
# Names that several areas may have, each once: the area says whose it is (the sweep's recipe, a dataset's card, a
# language's French). Every other name is used once.
SHARED_NAMES = {
    "attention", "card", "conversations", "english", "french", "launch", "recipe", "report",
}  # fmt: skip


def name_of(path):
    """Return a file's module: luth.core.errors, luth.scripts.sft; a package's name for its __init__."""
    if path.parent.name == "scripts":
        return f"luth.scripts.{path.stem}"
    parts = path.relative_to(SOURCE.parent).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


FILES = {name_of(path): path for path in [*MODULES, *SCRIPTS]}


def tree(path):
    return ast.parse(path.read_text("utf-8"), str(path))


def imported(path):
    """Return every module that a file imports, also inside functions: luth's by file, others by their full name."""
    found = set()
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: a relative import hides where it leads"
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner in FILES else node.module)
    return found


IMPORTS = {name: imported(path) for name, path in FILES.items()}


def area(module):
    return module.split(".")[1] if "." in module else "core"


def functions(path):
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]


def test_every_area_has_its_place():
    assert {area(name) for name in FILES} == set(RANK)


def test_imports_go_one_way():
    wrong = [
        f"{name} imports {other}"
        for name, modules in IMPORTS.items()
        for other in sorted(modules & set(FILES))
        if area(other) != area(name)
        and {area(other), area(name)} != {"tasks", "evaluation"}
        and {area(other), area(name)} != {"scripts", "cli"}
        and RANK[area(other)] >= RANK[area(name)]
    ]
    assert wrong == []


def test_no_modules_import_each_other():
    graph = {name: {other for other in modules if other in FILES} for name, modules in IMPORTS.items()}
    try:
        graphlib.TopologicalSorter(graph).prepare()
    except graphlib.CycleError as error:
        raise AssertionError(" -> ".join(error.args[1])) from None


def test_lighteval_is_imported_by_evaluation_alone_and_mergekit_by_nothing():
    for name, modules in IMPORTS.items():
        libraries = {module.split(".")[0] for module in modules}
        assert "mergekit" not in libraries, name
        assert "lighteval" not in libraries or area(name) in ("evaluation", "tasks"), name


def test_nothing_is_mocked_outside_tests():
    tools = ("unittest", "mock", "pytest")
    wrong = {f"{name} imports {module}" for name in IMPORTS for module in IMPORTS[name] if module.startswith(tools)}
    assert wrong == set()


@pytest.mark.parametrize("module", FILES)
def test_files_and_functions_are_short(module):
    path = FILES[module]
    assert len(path.read_text("utf-8").splitlines()) <= (200 if path in SCRIPTS else 400)
    lines = {node.name: node.end_lineno - node.lineno + 1 for node in functions(path)}
    assert {f"{module}.{name} is long" for name in lines if lines[name] > 50} == set()


def test_a_name_means_one_thing():
    places = defaultdict(list)
    for path in MODULES:
        places[path.stem].append(path.relative_to(SOURCE))
    wrong = {
        f"{name} is the name of {', '.join(path.as_posix() for path in paths)}"
        for name, paths in places.items()
        if name != "__init__" and len(paths) > len({path.parts[0] for path in paths} if name in SHARED_NAMES else "1")
    }
    assert wrong == set()


def test_no_module_has_a_library_s_name():
    libraries = {module.split(".")[0] for modules in IMPORTS.values() for module in modules} - {"luth"}
    assert {path.stem for path in MODULES} & (libraries | set(sys.stdlib_module_names)) == set()


def codes_in(path):
    """Return the error codes that a file names, the list of them aside."""
    constants = [node.value for node in ast.walk(tree(path)) if isinstance(node, ast.Constant)]
    return (
        set()
        if path == SOURCE / "core" / "errors.py"
        else {value for value in typing.get_args(Code) if value in constants}
    )


def test_every_error_code_is_raised_and_explained():
    codes = typing.get_args(Code)
    assert list(codes) == sorted(codes)
    errors = (SOURCE / "core" / "errors.py").read_text("utf-8").split("class UserError")[1]
    raised = set(re.findall(r'UserError\("([\w-]+)"', errors)).union(*map(codes_in, FILES.values()))
    assert {f"{code} is raised nowhere" for code in set(codes) - raised} == set()
    page = ROOT / "docs" / "troubleshooting.md"
    if not page.is_file():
        pytest.skip("docs/troubleshooting.md is not there")
    explained = re.findall(r"^### ([\w-]+)$", page.read_text("utf-8"), flags=re.M)
    assert sorted(explained) == sorted(codes)
