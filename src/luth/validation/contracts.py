"""Contracts: what the Hub has under the names that recipes and tasks give, a YAML file a dataset or model.

    tests/hub/datasets/OWNER--NAME.yaml
    tests/hub/models/OWNER--NAME.yaml

What is not known of the Hub is the word `unknown`, which the Hub's own word replaces: see `compare`.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from pydantic import ConfigDict

from luth.core.errors import UserError
from luth.core.recipes import build, read_recipe
from luth.training.planning.shape import Shape

UNKNOWN, NONE = "unknown", "none"
Unknown = Literal["unknown"]
Absent = Literal["none"]
STRICT = ConfigDict(extra="forbid")
# Files that do not carry the names of a column's classes hold their numbers.
STORED_AS = {"class_label": "int64"}


@dataclass
class Configuration:
    """One configuration of a dataset.

    Parameters:
        splits: rows by split; the Hub may have others.
        columns: types by column, as datasets names them: string, int64, bool, class_label; [T] is a list of T, {name:
            T} a structure. The Hub may have other columns.
    """

    __pydantic_config__ = STRICT

    splits: dict[str, int | Unknown]
    columns: dict[str, Any] | Unknown


@dataclass
class DatasetContract:
    """What a dataset is on the Hub.

    Parameters:
        id: owner/name, as the Hub has it.
        revision: the first letters of the commit that was looked at.
        gate: gated where terms must be accepted.
        licence: the tag of the dataset's card; none where it has none.
        configurations: by name; the Hub may have others.
        other_names: ids under which recipes and tasks name it too.
    """

    __pydantic_config__ = STRICT

    id: str
    revision: str
    gate: Literal["open", "gated", "unknown"]
    licence: str
    configurations: dict[str, Configuration]
    other_names: list[str] = field(default_factory=list)


@dataclass
class SpecialTokens:
    """Ids of special tokens, as generation_config.json names them, or config.json where it does not."""

    __pydantic_config__ = STRICT

    bos: int | Absent | Unknown
    eos: int | list[int] | Absent | Unknown
    pad: int | Absent | Unknown


@dataclass
class Template:
    """A model's chat template.

    Parameters:
        fingerprint: the first 16 letters of its SHA-256.
        thinking_switch: whether enable_thinking changes the prompt.
        writes_bos: whether the prompt begins with the beginning-of-text token.
    """

    __pydantic_config__ = STRICT

    fingerprint: str
    thinking_switch: bool | Unknown
    writes_bos: bool | Unknown


@dataclass
class ModelContract:
    """What a model is on the Hub.

    Parameters:
        id, revision, gate, licence: as of a dataset.
        special_tokens: ids.
        tied: whether the output layer is the embedding.
        generation_config: how the model samples by default: what generation_config.json says of temperature, top_k,
            top_p, min_p and repetition_penalty.
        template: the chat template.
        tokenizer_adds_bos: whether the tokenizer puts the beginning-of-text token before a text by itself.
        max_length: tokens that the model takes (max_position_embeddings).
        shape: widths and layers, from which the headers of recipes have their memory and time.
    """

    __pydantic_config__ = STRICT

    id: str
    revision: str
    gate: Literal["open", "gated", "unknown"]
    licence: str
    special_tokens: SpecialTokens
    tied: bool | Unknown
    generation_config: dict[str, float] | Unknown
    template: Template
    tokenizer_adds_bos: bool | Unknown
    max_length: int | Unknown
    shape: Shape | Unknown = UNKNOWN
    other_names: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Contract:
    """A contract with the file that it stands in."""

    file: Path
    says: DatasetContract | ModelContract


Contracts = dict[tuple[str, str], Contract]


def read_contracts(folder: Path) -> Contracts:
    """Read all contracts of a folder.

    Returns:
        contracts by kind (dataset, model) and id, those with other names under these too.

    Raises:
        UserError: there is no such folder, it holds none, a file is no contract, or two have one id.
    """
    if not folder.is_dir():
        raise UserError("bad-argument", f"--contracts: {folder}: no such folder: the repository's own is tests/hub")
    contracts: Contracts = {}
    for kind, schema in (("dataset", DatasetContract), ("model", ModelContract)):
        for file in sorted((folder / f"{kind}s").glob("*.yaml")):
            says = build(file, read_recipe(file), schema)
            for name in (says.id, *says.other_names):
                if (kind, name) in contracts:
                    raise UserError("bad-recipe-value", f"{file}: {contracts[kind, name].file} has {name} already")
                contracts[kind, name] = Contract(file, says)
    if not contracts:
        raise UserError("bad-argument", f"--contracts: {folder} holds neither datasets/*.yaml nor models/*.yaml")
    return contracts


def compare(contract: Any, hub: Any, path: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Give what differs between a contract, or a part of it, and the Hub, and what the contract does not know.

    Args:
        contract: values as YAML has them, `unknown` among them.
        hub: the same as read from the Hub; what could not be read there is `unknown`. It may have more keys.
        path: the keys that lead to this part: "splits: test: ".

    Yields:
        path, the contract's value, the Hub's. A key that the Hub does not have has None there.
    """
    if hub in (contract, UNKNOWN) or (isinstance(contract, str) and STORED_AS.get(contract) == hub):
        return
    if isinstance(contract, dict) and isinstance(hub, dict) and path != "generation_config: ":
        for key, value in contract.items():
            yield from compare(value, hub.get(key), f"{path}{key}: ")
    elif isinstance(contract, list) and isinstance(hub, list) and len(contract) == len(hub) == 1:
        yield from compare(contract[0], hub[0], path)
    else:
        yield path, contract, hub
