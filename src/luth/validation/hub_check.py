"""Everything that recipes and tasks name, held against the Hub and against its contracts."""

import dataclasses
import json
import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from importlib.metadata import version
from typing import Any

import httpx
from huggingface_hub import DatasetInfo, ModelInfo
from huggingface_hub.errors import HfHubHTTPError
from tqdm import tqdm

from luth.validation.contracts import NONE, UNKNOWN, Contract, Contracts, compare
from luth.validation.hub_facts import (
    UNREADABLE,
    DatasetFacts,
    dataset_facts,
    licence_of,
    look_up,
    model_facts,
    opens_thought,
)
from luth.validation.hub_findings import Finding, refused, unreadable
from luth.validation.named import DatasetUse, ModelUse, Use

# Datasets and models that are looked at side by side: the time is spent waiting for the Hub.
SIDE_BY_SIDE = 12
# Configurations of a dataset that its line of the table names.
SHOWN = 3


def check(uses: Iterable[Use], contracts: Contracts) -> list[Finding]:
    """Hold everything that is named against the Hub, several at a time, with a progress bar.

    Returns:
        one finding for each dataset and model at each revision that is named, by kind and id.
    """
    groups: dict[tuple[str, str, str | None], list[Any]] = defaultdict(list)
    for use in uses:
        groups["dataset" if isinstance(use, DatasetUse) else "model", use.id, use.revision].append(use)
    findings: list[Finding] = []
    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        waiting = [
            pool.submit(_check, Finding(*name), found, contracts.get(name[:2])) for name, found in groups.items()
        ]
        for done in tqdm(as_completed(waiting), total=len(waiting), desc="On the Hub"):
            findings.append(done.result())
    _excuse_other_names(findings, groups)
    return sorted(findings, key=lambda finding: (finding.kind, finding.id.lower(), finding.revision or ""))


def _excuse_other_names(findings: list[Finding], groups: dict[tuple[str, str, str | None], list[Any]]) -> None:
    """Where the first of a task's two names for a dataset is fine, the second need not be."""
    there = {finding.id for finding in findings if finding.state == "fine"}
    for finding in findings:
        uses = groups[finding.kind, finding.id, finding.revision]
        firsts = {use.instead_of for use in uses if isinstance(use, DatasetUse)}
        if finding.state != "fine" and None not in firsts and firsts and firsts <= there:
            finding.facts = [f"not needed: {', '.join(sorted(filter(None, firsts)))} is there"]
            finding.faults.clear()
            finding.unreachable = ""


def _check(finding: Finding, uses: list[Any], contract: Contract | None) -> Finding:
    try:
        info = look_up(finding.kind, finding.id, finding.revision)
        finding.commit = info.sha or ""
        _check_card(finding, info, uses, contract)
        if finding.kind == "dataset":
            _check_dataset(finding, info, uses, contract)
        else:
            _check_model(finding, info, uses, contract)
    except (HfHubHTTPError, httpx.HTTPError) as error:
        refused(finding, error, uses)
    except UNREADABLE as error:
        unreadable(finding, error, uses, "cannot be read")
    return finding


def _check_card(finding: Finding, info: DatasetInfo | ModelInfo, uses: list[Any], contract: Contract | None) -> None:
    """Compare what a repository says of itself: its name, commit, licence and gate."""
    name, licence = str(info.id), licence_of(info)
    if name != finding.id:
        other = [f"{contract.file}: id: {name}"] if contract and contract.says.id != name else []
        finding.differs(f"moved to {name}", [*(use.line("id", name) for use in uses), *other])
    known = {"gate": "gated" if info.gated else "open", "licence": licence}
    if finding.revision is None:
        finding.facts.append("not pinned")
    finding.facts += [known["gate"], "no licence" if licence == NONE else licence]
    stated = [use for use in uses if getattr(use, "licence", None) not in (None, licence)]
    if stated and licence != NONE:
        finding.differs(f"its licence is {licence}", [use.line("licence", licence) for use in stated])
    if contract:
        _hold(finding, contract, known)
        expected = contract.says.revision
        if expected == UNKNOWN:
            finding.to_fill.append(f"{contract.file}: revision: {finding.commit}")
        elif not finding.commit.startswith(expected):
            finding.facts.append(f"changed since {expected}")
    else:
        finding.facts.append("no contract")


def _hold(finding: Finding, contract: Contract, known: dict[str, Any]) -> None:
    """Compare the keys of a contract that are known with the Hub."""
    says = {key: value for key, value in dataclasses.asdict(contract.says).items() if key in known}
    for path, expected, value in compare(says, known):
        line = f"{contract.file}: {path}{shown(value)}"
        if expected == UNKNOWN:
            finding.to_fill.append(line)
        else:
            finding.differs(f"{path}{shown(value)}, where the contract says {shown(expected)}", [line])


def shown(value: Any) -> str:
    """Return a value as a YAML file may have it, in one line."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _check_dataset(finding: Finding, info: Any, uses: list[DatasetUse], contract: Contract | None) -> None:
    by_configuration: dict[Any, list[DatasetUse]] = defaultdict(list)
    for use in uses:
        by_configuration[use.configuration, use.files].append(use)
    with tempfile.TemporaryDirectory() as cache:
        for (configuration, files), own in by_configuration.items():
            parts = json.loads(files)
            splits = list(dict.fromkeys(use.split for use in own))
            try:
                facts = dataset_facts(info.id, finding.commit, configuration, splits, cache, parts)
            except UNREADABLE as error:
                unreadable(finding, error, own, f"{configuration or 'default'} cannot be read")
                if finding.unreachable:
                    return
                continue
            _check_configuration(finding, facts, own, None if parts else contract)
    if len(by_configuration) > SHOWN:
        others = len(by_configuration) - SHOWN
        finding.facts[-others:] = [f"{others} more configurations"]


def _check_configuration(
    finding: Finding, facts: DatasetFacts, uses: list[DatasetUse], contract: Contract | None
) -> None:
    counts = ", ".join(f"{split} {count}" for split, count in facts.splits.items() if split in {u.split for u in uses})
    finding.facts.append(f"{facts.name}: {counts}" if counts else facts.name)
    for use in uses:
        there = ", ".join(facts.splits)
        if use.split not in facts.splits:
            finding.differs(f"{facts.name} has no split {use.split}, but {there}", [use.line("split", there)])
            continue
        count = facts.splits[use.split]
        if use.rows is not None and count not in (use.rows, UNKNOWN):
            finding.differs(_rows(facts.name, use.split, count), [use.line("rows", count)])
        missing = [*use.columns, *_unread(finding, use, facts)]
        for column in missing:
            if column not in facts.columns:
                finding.differs(_no_column(facts, column), [use.line("columns", column)])
    if contract:
        for what, line, fills in _against(contract, facts):
            if fills:
                finding.to_fill.append(line)
            else:
                finding.differs(what, [line])


def _unread(finding: Finding, use: DatasetUse, facts: DatasetFacts) -> list[str]:
    """Try a task's prompt function on the first rows; return the columns that it misses."""
    if use.prompt is None:
        return []
    task, function = use.prompt
    reasons = []
    for row in facts.rows[use.split]:
        try:
            function(dict(row), task)
            return []
        except KeyError as error:
            return [str(error.args[0])]
        except (ValueError, TypeError, IndexError, AttributeError) as error:
            reasons.append(str(error).splitlines()[0] if str(error) else type(error).__name__)
    reason = reasons[0] if reasons else "there are no rows"
    finding.differs(f"{task} makes no item of its first rows: {reason}", [use.line("id", use.id)])
    return []


def _rows(configuration: str, split: str, count: Any) -> str:
    return f"{configuration}: {split} has {count} rows"


def _no_column(facts: DatasetFacts, column: str) -> str:
    return f"{facts.name} has no column {column!r}, but {', '.join(facts.columns)}"


def _against(contract: Contract, facts: DatasetFacts) -> Iterator[tuple[str, str, bool]]:
    """Compare one configuration with the contract: give what differs, the line to change, whether it was unknown."""
    place = f"{contract.file}: configurations: {facts.name}: "
    expected: Any = getattr(contract.says, "configurations", {}).get(facts.name)
    if expected is None:
        there = {"splits": facts.splits, "columns": facts.columns}
        yield "", f"{place}{shown(there)}", True
        return
    for split, count in expected.splits.items():
        if split not in facts.splits:
            there = ", ".join(facts.splits)
            yield f"{facts.name} has no split {split}, but {there}", f"{place}splits: {split}", False
        for _, _, value in compare(count, facts.splits.get(split, UNKNOWN)):
            line = f"{place}splits: {split}: {value}"
            yield _rows(facts.name, split, value), line, count == UNKNOWN
    if not facts.columns:
        return
    known = {} if expected.columns == UNKNOWN else expected.columns
    for column, kind in {**dict.fromkeys(facts.columns, UNKNOWN), **known}.items():
        if column not in facts.columns:
            yield _no_column(facts, column), f"{place}columns: {column}", False
        for path, old, value in compare(kind, facts.columns.get(column, UNKNOWN)):
            line = f"{place}columns: {column}: {path}{shown(value)}"
            yield f"{facts.name}: {column}: {path}{shown(value)}, not {shown(old)}", line, old == UNKNOWN


def _check_model(finding: Finding, info: Any, uses: list[ModelUse], contract: Contract | None) -> None:
    files = [file.rfilename for file in info.siblings or []]
    try:
        facts = model_facts(info.id, finding.commit, files)
    except ValueError as error:
        unreadable(finding, error, uses, f"transformers {version('transformers')} cannot load it")
        return
    known, template = facts.known, facts.known["template"]
    finding.facts.append(f"{known['max_length']} tokens")
    finding.facts.append("a thinking switch" if template["thinking_switch"] else "no thinking switch")
    begins = [
        name
        for name, does in (("template", template["writes_bos"]), ("tokenizer", known["tokenizer_adds_bos"]))
        if does
    ]
    finding.facts.append(f"beginning of text from {' and '.join(begins)}" if begins else "no beginning of text")
    for use in uses:
        for mode in use.thinking:
            if not template["thinking_switch"] and (mode or opens_thought(facts.tokenizer)):
                what = f"its template has no enable_thinking switch, and thinking is {str(mode).lower()}"
                finding.differs(what, [use.line("thinking", "null")])
        if use.limit and isinstance(known["max_length"], int) and use.limit[1] > known["max_length"]:
            finding.differs(f"it takes {known['max_length']} tokens", [f"{use.limit[0]}: {known['max_length']}"])
    if contract:
        _hold(finding, contract, known)
