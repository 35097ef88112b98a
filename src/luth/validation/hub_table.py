"""`scripts/validate.py --hub`: what recipes and tasks name, looked up on the Hub and printed as one table."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import datasets
import huggingface_hub

from luth.core.console import say
from luth.core.errors import UserError, about
from luth.validation.contracts import Contracts, read_contracts
from luth.validation.hub_check import Finding, check
from luth.validation.named import named

CONTRACTS = Path("tests/hub")
# Letters of a commit that are shown.
COMMIT = 8


def validate_on_hub(files: Iterable[Path], every_task: bool, contracts: Path | None) -> bool:
    """Look up everything that recipes and tasks name, print one table, and tell whether all of it is fine.

    Args:
        files: recipes without mistakes.
        every_task: look at all tasks of the package, and not only at those of the recipes.
        contracts: a folder; None for the repository's own, where it is there.

    Raises:
        UserError: the Hub cannot be reached, or the folder is none of contracts.
    """
    known: Contracts = {}
    if contracts or CONTRACTS.is_dir():
        known = read_contracts(contracts or CONTRACTS)
    else:
        say(f"There are no contracts in {CONTRACTS}: what is named is looked up, and compared with recipes and tasks.")
    uses = named(files, every_task)
    if not uses:
        say("Nothing of the Hub's is named.")
        return True
    # A look is no download, for the Hub's counts either.
    datasets.config.HF_UPDATE_DOWNLOAD_COUNTS = False
    huggingface_hub.utils.disable_progress_bars()
    datasets.disable_progress_bars()
    _require_hub()
    findings = check(uses, known)
    for line in table(findings):
        print(line)
    return all(finding.state == "fine" for finding in findings)


def _require_hub() -> None:
    endpoint = huggingface_hub.constants.ENDPOINT
    try:
        with about(endpoint):
            huggingface_hub.get_session().head(endpoint, timeout=20)
    except UserError as error:
        raise UserError(error.code, f"{error}; nothing was looked up") from None


def table(findings: list[Finding]) -> Iterator[str]:
    """Give the table's lines: one for what is fine, one for each fault, last what the contracts may be filled with."""
    order = {"fine": 0, "differs": 1, "unreachable": 2}
    rows = [("state", "kind", "name", "commit", "what")]
    for finding in sorted(findings, key=lambda finding: order[finding.state]):
        name = f"{finding.id}@{finding.revision[:COMMIT]}" if finding.revision else finding.id
        for text in _texts(finding):
            rows.append((finding.state, finding.kind, name, finding.commit[:COMMIT] or "-", text))
    widths = [max(len(row[column]) for row in rows) for column in range(4)]
    for row in rows:
        cells = [cell.ljust(width) for cell, width in zip(row, widths, strict=False)]
        yield "  ".join([*cells, row[4]]).rstrip()
    to_fill = [line for finding in findings for line in finding.to_fill]
    if to_fill:
        yield "\nThe contracts do not know these yet; the Hub says:"
        yield from to_fill
    counts = Counter(finding.state for finding in findings)
    yield f"\n{len(findings)} looked up: " + ", ".join(f"{counts[state]} {state}" for state in order)


def _texts(finding: Finding) -> list[str]:
    if finding.unreachable:
        return [finding.unreachable]
    faults = [f"{what}: {'; '.join(lines)}" for what, lines in finding.faults.items()]
    return faults or [", ".join(finding.facts)]
