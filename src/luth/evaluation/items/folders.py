"""A dataset's files in a local folder, where their names alone tell subset and split."""

import glob
import re
import unicodedata
from collections.abc import Iterator
from pathlib import Path

from datasets.data_files import SPLIT_KEYWORDS
from huggingface_hub import DatasetCard

from luth.core.errors import UserError

# The loader of `datasets` for each ending; behind it may stand that of a compressed file.
LOADERS = {"parquet": "parquet", "jsonl": "json", "json": "json", "csv": "csv", "tsv": "csv", "arrow": "arrow"}
# The end of a name. A split may be in several files, as the Hub counts them: -00000-of-00002, at times with a hash.
END = (
    r"(?P<end>(?:-\d{5}-of-(?P<count>\d{5})(?:-[0-9a-f]{16})?)?"
    rf"\.(?P<kind>(?:{'|'.join(LOADERS)})(?:\.(?:gz|zst|bz2|xz))?))"
)
# Where a split's files may lie, each also in data/. The first line of which there are files counts.
NAMED = ("SUBSET/SPLIT.EXT", "SUBSET/SPLIT/*.EXT", "SUBSET_SPLIT.EXT", "SPLIT/SUBSET.EXT")
NAMED_ALONE = ("SUBSET.EXT",)
UNNAMED = ("SPLIT.EXT", "SPLIT/*.EXT")
# What `datasets` and the Hub's tools write beside the rows.
NO_ROWS = {"dataset_info.json", "dataset_infos.json", "dataset_dict.json", "state.json"}
# Names of files by what they have in common: the path up to the number, how many there are, and their kind.
Sets = dict[tuple[str, str | None, str], list[str]]


def has_configs(folder: Path) -> bool:
    """Tell whether a folder's README.md says which files are which subset's, as on the Hub."""
    card = folder / "README.md"
    return card.is_file() and bool(DatasetCard.load(card, ignore_metadata_errors=True).data.get("configs"))


def split_files(folder: Path, subset: str, split: str, alone: bool) -> tuple[str, list[str]]:
    """Find the files of a subset's split by their names.

    Args:
        folder: the dataset's.
        subset: the configuration's name; files without any are taken where no other subset has this split.
        split: also known by the Hub's other names for it, such as "dev" for "validation".
        alone: whether the task reads this split alone: then a file may bear the subset's name only.

    Returns:
        the name of their loader in `datasets`, and their paths, escaped for its patterns.

    Raises:
        UserError: there are none, more than one set of them, or less than their names count.
    """
    where = f"subset {subset!r}, split {split!r}"
    groups = (NAMED, NAMED_ALONE, UNNAMED) if alone else (NAMED, UNNAMED)
    files = _files(folder)
    sets = next((found for group in groups if (found := _sets(files, group, subset, split))), {})
    if not sets:
        layouts = ", ".join(layout for group in groups for layout in group)
        raise UserError(
            "bad-dataset",
            f"{where}: no such files: looked for {layouts.replace('SUBSET', subset).replace('SPLIT', split)}, there"
            f" and in data/ (EXT: {', '.join(LOADERS)}): rename the files, or write a README.md with configs",
        )
    if len(sets) > 1:
        first, second, *_ = (names[0] for names in sets.values())
        advice = "keep one of them, or write a README.md with configs"
        raise UserError("bad-dataset", f"{where} may be {first} or {second}: {advice}")
    (_, count, kind), names = next(iter(sets.items()))
    if count and len(names) != int(count):
        raise UserError("bad-dataset", f"{where}: {len(names)} of {int(count)} files are there: fetch the others")
    return LOADERS[kind.split(".")[0]], [glob.escape(str(files[name])) for name in names]


def _files(folder: Path) -> dict[str, Path]:
    """Return the folder's files by their paths in it, in one form of Unicode; hidden ones are left out."""
    found = (path for depth in range(1, 5) for path in sorted(folder.glob("/".join("*" * depth))))
    names = ((unicodedata.normalize("NFC", path.relative_to(folder).as_posix()), path) for path in found)
    return {
        name: path.resolve()
        for name, path in names
        if path.is_file() and path.name not in NO_ROWS and "/." not in f"/{name}"
    }


def _sets(files: dict[str, Path], layouts: tuple[str, ...], subset: str, split: str) -> Sets:
    """Return the files that fit the layouts, by the first of the split's names that any has."""
    for name in dict.fromkeys([split, *SPLIT_KEYWORDS.get(split, [])]):
        sets = _matching(files, [rf"(?:data/)?{each}" for each in _patterns(layouts, subset, name)])
        if sets and layouts is UNNAMED:
            # They are this subset's only where no file is another subset's split of this name.
            return _matching(files, [rf"(?:.*[/_.-])?{each}" for each in _patterns(layouts, subset, name)])
        if sets:
            return sets
    return {}


def _patterns(layouts: tuple[str, ...], subset: str, split: str) -> Iterator[str]:
    names = {"SUBSET": re.escape(unicodedata.normalize("NFC", subset)), "SPLIT": re.escape(split)}
    for layout in layouts:
        pattern = layout.replace("_", "[_.-]").replace("/*", "/(?P<any>[^/]+?)").replace(".EXT", END)
        yield re.sub("SUBSET|SPLIT", lambda place: names[place[0]], pattern)


def _matching(files: dict[str, Path], patterns: list[str]) -> Sets:
    sets: Sets = {}
    for name in files:
        if match := next((found for pattern in patterns if (found := re.fullmatch(pattern, name))), None):
            start = match.start("any" if "any" in match.groupdict() else "end")
            sets.setdefault((name[:start], match["count"], match["kind"]), []).append(name)
    return sets
