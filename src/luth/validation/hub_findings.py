"""What came of looking up one dataset or model: fine, with a fault and the lines to change, or not to be reached."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Literal

import httpx
from huggingface_hub import HfApi
from huggingface_hub.errors import (
    EntryNotFoundError,
    GatedRepoError,
    HfHubHTTPError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from luth.core.errors import explain
from luth.evaluation.items.mirrors import ELSEWHERE
from luth.validation.hub_facts import patiently, wait_of

State = Literal["fine", "differs", "unreachable"]


@dataclass
class Finding:
    """What came of one dataset or model.

    Parameters:
        kind, id, revision: as it is named.
        commit: what the Hub has under that name now; empty where it is not there.
        unreachable: why the Hub said nothing of it; empty where it did.
        faults: what differs, each with the lines to change.
        to_fill: lines of its contract whose `unknown` the Hub has replaced.
        facts: what it is, in a few words.
    """

    kind: str
    id: str
    revision: str | None
    commit: str = ""
    unreachable: str = ""
    faults: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    to_fill: list[str] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)

    @property
    def state(self) -> State:
        """The table's first column."""
        return "unreachable" if self.unreachable else "differs" if self.faults else "fine"

    def differs(self, what: str, lines: Iterable[str]) -> None:
        """Note a fault, once, with all lines to change."""
        self.faults[what] = list(dict.fromkeys([*self.faults[what], *lines]))


def refused(finding: Finding, error: Exception, uses: list[Any]) -> None:
    """Note what the Hub answers in place of a dataset or a model, which `uses` name."""
    status = error.response.status_code if isinstance(error, HfHubHTTPError) else None
    if isinstance(error, GatedRepoError):
        page = f"huggingface.co/{'datasets/' if finding.kind == 'dataset' else ''}{finding.id}"
        finding.unreachable = f"its gate is closed for this token: accept its terms at {page}, then set HF_TOKEN"
    elif isinstance(error, RevisionNotFoundError):
        newest = _newest(finding)
        lines = [use.line("revision", newest) for use in uses]
        finding.differs(f"the revision {finding.revision} is gone", lines)
    elif isinstance(error, RepositoryNotFoundError) and all(getattr(use, "served", False) for use in uses):
        finding.facts.append("not on the Hub: a server's own name")
    elif isinstance(error, RepositoryNotFoundError):
        other, _ = ELSEWHERE.get(finding.id, (None, None))
        lines = [use.line("id", other) for use in uses]
        finding.differs("not there, or private: correct the name, or set HF_TOKEN", lines)
    elif status == 401:
        finding.unreachable = "the Hub does not know this token (401): set HF_TOKEN to a valid one"
    elif status == 429 and isinstance(error, HfHubHTTPError):
        pause = wait_of(error)
        when = f"in {pause:.0f} seconds" if pause else "later"
        finding.unreachable = f"the Hub has too many requests from here (429): try again {when}, with HF_TOKEN set"
    elif status is not None:
        finding.unreachable = f"the Hub answers {status}: try again later"
    else:
        known = explain(error)
        finding.unreachable = str(known) if known else " ".join(str(error).split()) or type(error).__name__


def _newest(finding: Finding) -> str:
    """Return the commit of main, where a revision is gone."""
    api = HfApi()
    ask = api.dataset_info if finding.kind == "dataset" else api.model_info
    try:
        return str(patiently(lambda: ask(finding.id)).sha)
    except (HfHubHTTPError, httpx.HTTPError):
        return "?"


def unreadable(finding: Finding, error: BaseException, uses: list[Any], what: str) -> None:
    """Note that the Hub gives files which the libraries cannot read; the cause may be the Hub itself."""
    cause: BaseException | None = error
    while cause is not None:
        # A file that is not there is no failure of the Hub's.
        if isinstance(cause, HfHubHTTPError | httpx.TransportError) and not isinstance(cause, EntryNotFoundError):
            refused(finding, cause, uses)
            return
        cause = cause.__cause__ or cause.__context__
    reason = (str(error).strip().splitlines() or [type(error).__name__])[0][:300]
    finding.differs(f"{what}: {reason}", [use.line("id", finding.id) for use in uses])
