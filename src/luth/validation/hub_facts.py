"""What the Hub says of a dataset or a model: its card, a few rows, its tokenizer and configuration."""

import dataclasses
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import datasets
import httpx
from datasets.exceptions import DatasetsError
from huggingface_hub import DatasetInfo, HfApi, ModelInfo, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError
from transformers import AutoConfig, AutoTokenizer, PreTrainedTokenizerBase

from luth.core.errors import UserError
from luth.evaluation.backends.chat_template import render
from luth.training.planning.shape import shape_of
from luth.validation.contracts import NONE, UNKNOWN

# All that a tokenizer and a configuration are made of; the weights stay on the Hub.
MODEL_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer.model",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "vocab.json",
    "merges.txt",
    "chat_template.jinja",
)
SAMPLING = ("temperature", "top_k", "top_p", "min_p", "repetition_penalty")
# Of the rows that are looked at, so that one bad row is not taken for a bad dataset.
ROWS = 3
# How often a busy Hub is asked, and the longest wait in between, in seconds.
TRIES, LONGEST_WAIT = 3, 60.0
# What is raised where files are there and cannot be read.
UNREADABLE = (ValueError, OSError, DatasetsError)
PROBE = [{"role": "user", "content": "luth-probe"}]
Answer = TypeVar("Answer")


@dataclass
class DatasetFacts:
    """One configuration of a dataset.

    Parameters:
        name: of the configuration.
        splits: rows by split, as the card says, or unknown.
        columns: types by column, in the words of the contracts; empty where no split was looked at.
        rows: the first rows of every split that was looked at.
    """

    name: str
    splits: dict[str, Any]
    columns: dict[str, Any]
    rows: dict[str, list[dict[str, Any]]]


@dataclass
class ModelFacts:
    """A model.

    Parameters:
        known: the part of its contract that its files tell.
        tokenizer: with its chat template.
    """

    known: dict[str, Any]
    tokenizer: PreTrainedTokenizerBase


def look_up(kind: str, name: str, revision: str | None) -> DatasetInfo | ModelInfo:
    """Return what the Hub says of a repository whose files this token may read.

    Args:
        kind: dataset or model.
        name: its id; a former one leads to the present one.
        revision: a commit, branch or tag; None for main.

    Raises:
        HfHubHTTPError: it is not there, or closed, or the Hub does not answer.
    """
    api = HfApi()
    ask = api.dataset_info if kind == "dataset" else api.model_info
    info = patiently(lambda: ask(name, revision=revision))
    patiently(lambda: api.auth_check(info.id, repo_type=kind))
    return info


def patiently(ask: Callable[[], Answer]) -> Answer:
    """Return the answer of a Hub that may be busy: it is asked again after the time that it names."""
    for attempt in range(1, TRIES):
        pause = float(attempt)
        try:
            return ask()
        except HfHubHTTPError as error:
            asked, status = wait_of(error), error.response.status_code
            pause = pause if asked is None else asked
            if (status != 429 and status < 500) or pause > LONGEST_WAIT:
                raise
        except httpx.TransportError:
            # The connection broke: perhaps it does not again.
            pass
        time.sleep(pause)
    return ask()


def wait_of(error: HfHubHTTPError) -> float | None:
    """Return for how many seconds the Hub asks to wait, None where it does not say."""
    headers = error.response.headers
    found = re.search(r"^\s*(\d+)\s*$", headers.get("Retry-After", "")) or re.search(
        r"\bt=(\d+)", headers.get("RateLimit", "")
    )
    return float(found[1]) if found else None


def licence_of(info: DatasetInfo | ModelInfo) -> str:
    """Return the licence of a card: the name of one that has no tag of its own, `none` where the card names none."""
    card = info.card_data.to_dict() if info.card_data else {}
    tag = card.get("license") or NONE
    tags = [tag] if isinstance(tag, str) else [str(each) for each in tag]
    if tags == ["other"]:
        tags = [str(card.get("license_name") or "other")]
    return ", ".join(tags)


def dataset_facts(
    name: str, commit: str, configuration: str | None, splits: list[str], cache: str, files: Mapping[str, Any]
) -> DatasetFacts:
    """Read one configuration of a dataset, as a run reads it, but of the rows the first ones alone.

    Args:
        name, commit: on the Hub.
        configuration: None for the default one.
        splits: those whose first rows are read, where they are there.
        cache: an empty folder: in the user's own the library would take an earlier download for the Hub's answer.
        files: data_files and data_dir, where not all files of the dataset are meant.

    Raises:
        ValueError, OSError, DatasetsError: there is no such configuration, or its files cannot be read.
    """
    builder = datasets.load_dataset_builder(name, configuration, revision=commit, cache_dir=cache, **files)
    said = builder.info.splits or {}
    there: Any = said or builder.config.data_files
    counts = {str(split): said[split].num_examples if split in said else UNKNOWN for split in there}
    rows: dict[str, list[dict[str, Any]]] = {}
    features = builder.info.features
    for split in splits:
        if split in counts:
            stream: Any = builder.as_streaming_dataset(split=split)
            rows[split] = list(stream.take(ROWS))
            # Files without types of their own, such as csv, have those of their values.
            features = stream.features or datasets.Dataset.from_list(rows[split]).features
    columns = {column: column_type(feature) for column, feature in (features or {}).items()}
    return DatasetFacts(builder.config.name, counts, columns, rows)


def column_type(feature: Any) -> Any:
    """Return a column's type in the words of the contracts."""
    if isinstance(feature, dict):
        return {name: column_type(inner) for name, inner in feature.items()}
    if isinstance(feature, datasets.List | datasets.LargeList):
        return [column_type(feature.feature)]
    if isinstance(feature, datasets.ClassLabel):
        return "class_label"
    return str(getattr(feature, "dtype", None) or type(feature).__name__.lower()).removeprefix("large_")


def model_facts(name: str, commit: str, files: list[str]) -> ModelFacts:
    """Read a model's configuration, tokenizer and chat template.

    Args:
        name, commit: on the Hub.
        files: all files of the repository.

    Raises:
        HfHubHTTPError, OSError: the Hub does not give a file.
        ValueError: transformers cannot make a configuration or a tokenizer of them.
    """
    if "config.json" not in files:
        raise ValueError("it has no config.json")
    folder = Path()
    for file in MODEL_FILES:
        if file in files:
            folder = Path(patiently(lambda file=file: hf_hub_download(name, file, revision=commit))).parent
    config = AutoConfig.from_pretrained(folder, trust_remote_code=False).get_text_config()
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(folder, trust_remote_code=False)
        template = _template(tokenizer)
    except Exception as error:
        # The tokenizers' own library raises nothing narrower, and a template is a program of the model's authors.
        raise ValueError(f"its tokenizer or chat template fails: {error}") from error
    generation = folder / "generation_config.json"
    defaults = json.loads(generation.read_text("utf-8")) if generation.is_file() else {}
    known = {
        "special_tokens": {token: _token(defaults, config, token) for token in ("bos", "eos", "pad")},
        "tied": config.tie_word_embeddings,
        "generation_config": {key: defaults[key] for key in SAMPLING if defaults.get(key) is not None},
        "template": template,
        "tokenizer_adds_bos": tokenizer("luth-probe").input_ids[:1] == [tokenizer.bos_token_id],
        "max_length": getattr(config, "max_position_embeddings", UNKNOWN),
        "shape": _shape(config),
    }
    return ModelFacts(known, tokenizer)


def _shape(config: Any) -> dict[str, Any] | str:
    try:
        return dataclasses.asdict(shape_of(config))
    except UserError:
        # A family that the planner does not know.
        return UNKNOWN


def _token(defaults: dict[str, Any], config: Any, token: str) -> Any:
    value = defaults.get(f"{token}_token_id", getattr(config, f"{token}_token_id", None))
    return NONE if value is None else value


def _template(tokenizer: PreTrainedTokenizerBase) -> dict[str, Any]:
    template = tokenizer.chat_template
    if not isinstance(template, str):
        return {"fingerprint": NONE, "thinking_switch": False, "writes_bos": False}
    return {
        "fingerprint": hashlib.sha256(template.encode()).hexdigest()[:16],
        "thinking_switch": render(tokenizer, PROBE, True) != render(tokenizer, PROBE, False),
        "writes_bos": bool(tokenizer.bos_token)
        and render(tokenizer, PROBE, None).startswith(str(tokenizer.bos_token)),
    }


def opens_thought(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether a prompt of the tokenizer's chat template ends inside a thought."""
    return render(tokenizer, PROBE, None).rstrip().endswith("<think>")
