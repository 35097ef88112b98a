"""Write docs/recipe-keys.md: every key of every recipe, from the docstrings of the dataclasses that read them.

    python docs/generate_recipe_keys.py [--check]

--check writes nothing, and fails where the page is stale.
"""

import argparse
import dataclasses
import inspect
import re
import sys
import types
import typing
from pathlib import Path
from typing import Any

from luth.core.console import quiet_libraries

PAGE = Path(__file__).with_name("recipe-keys.md")
HEAD = """# Recipe keys

<!-- Written by docs/generate_recipe_keys.py from the dataclasses' docstrings: edit those, then run it. -->

A recipe is a YAML file for one step, and says which: `step: sft`. An unknown key stops the step before anything is
loaded, and the line names the nearest key. The tables list the keys that are Luth's own; for a library's key, see the
library. MergeKit's files (`mergekit-yaml`, `scripts/merge.py`) have MergeKit's keys and no `step`.
"""
LIBRARIES = {
    "sft": "Beside these, every key of TRL's "
    "[SFTConfig](https://huggingface.co/docs/trl/sft_trainer#trl.SFTConfig) and "
    "[ModelConfig](https://huggingface.co/docs/trl/script_utils#trl.ModelConfig), save those that would be ignored or "
    "break a promise: `scripts/sft.py` says which and why.",
}


def page() -> str:
    """Return the whole page."""
    from luth.steps import STEPS

    parts = [HEAD]
    for name, step in STEPS.items():
        parts.append(f"## {name}\n\nRead by `scripts/{step.script}`.")
        if name in LIBRARIES:
            parts.append(LIBRARIES[name])
        seen: set[type] = set()
        for schema in step.schemas():
            if schema.__module__.startswith("luth."):
                parts += tables(schema, "", seen)
    return "\n\n".join(part.strip() for part in parts) + "\n"


def tables(schema: type, path: str, seen: set[type]) -> list[str]:
    """Return a dataclass's table, and those of the dataclasses that its fields hold."""
    if schema in seen:
        return []
    seen.add(schema)
    hints = typing.get_type_hints(schema, include_extras=True)
    meanings = parameters(schema)
    lines = ["| key | type | default | meaning |", "| --- | --- | --- | --- |"]
    nested: list[str] = []
    for field in dataclasses.fields(schema):
        if not field.init or field.name not in _own(schema):
            continue
        inner = _dataclasses(hints[field.name])
        meaning = meanings.get(field.name) or (_summary(inner[0]) if inner else None)
        if meaning is None:
            raise SystemExit(f"error: {schema.__module__}.{schema.__name__}: its docstring does not say {field.name}")
        cells = (f"`{field.name}`", f"`{type_name(hints[field.name])}`", default(field), meaning)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        for kind in inner:
            nested += tables(kind, f"{path}{field.name}: ", seen)
    title = f"### {path.rstrip(': ')}" if path else ""
    return [part for part in (title, _summary(schema), "\n".join(lines), *nested) if part]


def _summary(schema: type) -> str:
    return " ".join((inspect.getdoc(schema) or "").split("\n\n")[0].split())


def _own(schema: type) -> set[str]:
    """Return the fields that are ours: those of a library's parent class are the library's to document."""
    names: set[str] = set()
    for kind in schema.__mro__:
        if kind.__module__.startswith("luth."):
            names |= set(inspect.get_annotations(kind))
    return names


def parameters(schema: type) -> dict[str, str]:
    """Return what a docstring's section "Parameters" says of each field."""
    documented: dict[str, str] = {}
    for kind in reversed(schema.__mro__):
        if kind.__module__.startswith("luth."):
            documented |= _section(inspect.getdoc(kind) or "")
    return documented


def _section(docstring: str) -> dict[str, str]:
    _, _, section = docstring.partition("Parameters:\n")
    entries: dict[str, str] = {}
    names: list[str] = []
    for line in section.splitlines():
        head = re.match(r"    (`?[a-z_]\w*`?(?:, `?[a-z_]\w*`?)*)(?: \([^)]*(?:\([^)]*\))?[^)]*\))?: ?(.*)", line)
        if head and not line.startswith("     "):
            names = [name.strip("` ") for name in head[1].split(",")]
            entries |= dict.fromkeys(names, head[2].strip())
        elif line.startswith("        ") and names:
            entries |= {name: f"{entries[name]} {line.strip()}".strip() for name in names}
        elif line.strip():
            break
    return entries


def type_name(hint: Any) -> str:
    """Return a type as it reads in Python, bounds as signs."""
    if typing.get_origin(hint) is typing.Annotated:
        kind, *bounds = typing.get_args(hint)
        signs = {"gt": ">", "ge": ">=", "lt": "<", "le": "<="}
        held = [part for bound in bounds for part in getattr(bound, "metadata", [bound])]
        limits = [
            f"{sign} {getattr(part, key):g}" for part in held for key, sign in signs.items() if hasattr(part, key)
        ]
        return " ".join([type_name(kind), *limits])
    if isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union:
        return " | ".join(type_name(kind) for kind in typing.get_args(hint))
    if typing.get_origin(hint) is typing.Literal:
        return " | ".join(repr(value) for value in typing.get_args(hint))
    if typing.get_origin(hint) in (list, dict, tuple):
        inner = ", ".join(type_name(kind) for kind in typing.get_args(hint) if kind is not Ellipsis)
        return f"{typing.get_origin(hint).__name__}[{inner}]"
    if hint in (None, types.NoneType):
        return "null"
    return getattr(hint, "__name__", str(hint))


def default(field: dataclasses.Field[Any]) -> str:
    """Return a field's default, or that it has none."""
    if field.default_factory is not dataclasses.MISSING:
        value = field.default_factory()
        return "" if dataclasses.is_dataclass(value) else f"`{value}`"
    if field.default is dataclasses.MISSING:
        return "required"
    return (
        "`null`"
        if field.default is None
        else f"`{str(field.default).lower() if isinstance(field.default, bool) else field.default}`"
    )


def _dataclasses(hint: Any) -> list[type]:
    if dataclasses.is_dataclass(hint):
        return [hint] if isinstance(hint, type) else []
    return [kind for inner in typing.get_args(hint) for kind in _dataclasses(inner)]


def main() -> None:
    """Write the page, or check that it is fresh."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="fail where the page is stale, and write nothing")
    args = parser.parse_args()
    quiet_libraries()
    text = page()
    if not args.check:
        PAGE.write_text(text, encoding="utf-8")
    elif not PAGE.is_file() or PAGE.read_text(encoding="utf-8") != text:
        print("error: docs/recipe-keys.md is stale: run python docs/generate_recipe_keys.py", file=sys.stderr)
        sys.exit(1)


if __name__ == "__main__":
    main()
