"""Model folders and Hub ids: checked before weights are loaded, fingerprinted, and read tensor by tensor."""

import contextlib
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import torch
from huggingface_hub.errors import StrictDataclassError
from safetensors import safe_open
from transformers import (
    AutoConfig,
    AutoTokenizer,
    GenerationConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from luth.core.errors import UserError, about, explain
from luth.core.files import folder_fingerprint
from luth.core.recipes import is_local, looked_in

SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
# What a generation_config says of sampling alone.
SAMPLING = ("temperature", "top_p", "top_k", "min_p", "typical_p", "top_h", "epsilon_cutoff", "eta_cutoff")


def require_model(name: str) -> None:
    """Raise `UserError` unless `name` is a Hub id, or a folder with config.json and safetensors weights."""
    if not is_local(name):
        return
    folder = Path(name)
    if folder.is_file():
        kind = "holds quantised weights in another form" if folder.suffix == ".gguf" else "is a file"
        raise UserError("bad-model", f"{name} {kind}: name a model's folder, with config.json and *.safetensors")
    if not folder.is_dir():
        raise UserError("bad-model", f"{name}: no such model folder{looked_in(name)}: correct the path")
    config, whole = folder / "config.json", any((folder / file).is_file() for file in (SINGLE, INDEX))
    if (folder / "adapter_config.json").is_file():
        if not whole:
            raise UserError(
                "bad-model",
                f"{name} is an adapter, and no model: merge it into its base first (PeftModel.merge_and_unload), or "
                f"name the output_dir of scripts/sft.py, where the merged model lies",
            )
        raise UserError(
            "bad-model",
            f"{name} holds a model and an adapter, of which transformers reads the adapter and its base, and MergeKit "
            f"the model: move adapter_config.json and adapter_model.safetensors to a folder of their own",
        )
    if not config.is_file() or not any(folder.glob("*.safetensors")):
        of_pickle = " (*.bin is not read: save it again as these)" if any(folder.glob("pytorch_model*.bin")) else ""
        raise UserError(
            "bad-model",
            f"{name} is not a model folder: config.json and *.safetensors are expected in it{of_pickle}",
        )
    with contextlib.suppress(ValueError):
        if not isinstance(json.loads(config.read_text("utf-8")), dict):
            raise UserError("bad-model", f"{config} holds no mapping of keys to values: download the model again")
    weight_files(folder)


def load_config(name: str, revision: str | None = None) -> PretrainedConfig:
    """Load the model's configuration; raise `UserError` where transformers cannot read it or knows no such family."""
    require_model(name)
    try:
        with about(name):
            return AutoConfig.from_pretrained(name, revision=revision)
    except (ValueError, OSError, StrictDataclassError) as error:
        raise UserError(
            "bad-model", f"{name}: its config.json cannot be loaded: {str(error).splitlines()[0]}"
        ) from error


def load_tokenizer(name: str, revision: str | None = None) -> PreTrainedTokenizerBase:
    """Load the tokenizer; raise `UserError` where it cannot be loaded."""
    require_model(name)
    try:
        with about(name):
            return AutoTokenizer.from_pretrained(name, revision=revision)
    except (ValueError, OSError, StrictDataclassError) as error:
        raise UserError(
            "bad-model", f"{name}: its tokenizer cannot be loaded: {str(error).splitlines()[0]}"
        ) from error


def require_chat_template(name: str, revision: str | None = None) -> PreTrainedTokenizerBase:
    """Load the tokenizer and return it.

    Raises:
        UserError: it has no chat template.
    """
    tokenizer = load_tokenizer(name, revision)
    if tokenizer.chat_template is None:
        raise UserError(
            "bad-model",
            f"{name} has no chat template: name an instruct model, or evaluate it with the template of the model that "
            f"was fine-tuned from it (models: [{{model_name: {name}, tokenizer: THAT_MODEL}}])",
        )
    return tokenizer


def require_stop(
    labels: list[int], tokenizer: PreTrainedTokenizerBase, name: str, revision: str | None = None
) -> None:
    """Raise `UserError` unless the last trained token of a row is one at which the model's generation stops."""
    last = next(token for token in reversed(labels) if token >= 0)
    stops = [tokenizer.eos_token_id]
    with contextlib.suppress(OSError):
        try:
            configured = GenerationConfig.from_pretrained(name, revision=revision or "main").eos_token_id
        except (ValueError, TypeError, AttributeError) as error:
            line = " ".join(str(error).split())
            raise UserError("bad-model", f"{name}: its generation_config.json cannot be read: {line}") from error
        stops += configured if isinstance(configured, list) else [configured]
    if last not in stops:
        token = tokenizer.convert_ids_to_tokens(last)
        raise UserError(
            "bad-model",
            f"the template ends an assistant's turn with {token!r}, at which {name} does not stop: set eos_token to "
            f"the end-of-turn token, if it is in the vocabulary, or choose another chat_template_path",
        )


def mend_generation_config(config: GenerationConfig) -> str | None:
    """Make a generation_config one that transformers saves: it refuses settings that have no effect.

    Where it says do_sample: false, answers are greedy and its sampling settings are dropped; where it says nothing, it
    is a model that samples, and do_sample is set. Others without effect, such as early_stopping without beams, are
    dropped.

    Returns:
        what was mended, in words; None where nothing was.

    Raises:
        UserError: it cannot be saved for another reason.
    """
    done = []
    if _without_effect(config) & {*SAMPLING} and config.do_sample is None:
        config.do_sample = True
        done.append("do_sample is set to true, as its sampling settings mean")
    if idle := _without_effect(config):
        done.append(f"what has no effect is dropped ({', '.join(sorted(idle))})")
        for key in idle:
            setattr(config, key, None)
    try:
        config.validate(strict=True)
    except ValueError as error:
        line = " ".join(str(error).split())
        raise UserError("bad-model", f"the model's generation_config.json cannot be saved: {line}") from None
    return f"The model's generation_config.json cannot be saved as it is: {'; '.join(done)}." if done else None


def _without_effect(config: GenerationConfig) -> set[str]:
    """Return the settings that transformers refuses to save, by its own words of them."""
    try:
        config.validate(strict=True)
    except ValueError as error:
        return {key for key in re.findall(r"- `(\w+)`: ", str(error)) if hasattr(config, key)}
    return set()


def require_positions(longest: int, name: str, revision: str | None = None) -> None:
    """Raise `UserError` if a row of `longest` tokens is longer than the model's positions."""
    positions = getattr(load_config(name, revision), "max_position_embeddings", None)
    if positions is not None and longest > positions:
        raise UserError(
            "bad-recipe-value",
            f"{name} takes {positions} tokens, and a row has {longest}: set max_length to {positions}",
        )


def model_fingerprint(name: str, revision: str | None = None) -> str:
    """Return the SHA-256 of a local model folder's files, or the commit of a Hub model's revision."""
    if is_local(name):
        return folder_fingerprint(Path(name))
    from huggingface_hub import HfApi, snapshot_download

    try:
        return f"commit {HfApi().model_info(name, revision=revision).sha}"
    except Exception as error:
        if explain(error) is None:
            raise
        # Offline, the cache knows: a snapshot's folder is named by its commit.
        with about(name):
            return f"commit {Path(snapshot_download(name, revision=revision, local_files_only=True)).name}"


def model_folder(name: str) -> Path:
    """Return a local model's folder, or the folder that a Hub model is downloaded to."""
    require_model(name)
    if is_local(name):
        return Path(name)
    from huggingface_hub import snapshot_download

    with about(name):
        wanted = ["*.json", "*.safetensors", "*.jinja", "*.txt", "*.model"]
        return Path(snapshot_download(name, allow_patterns=wanted, ignore_patterns=["consolidated*"]))


def weight_files(folder: Path) -> list[Path]:
    """Return a model's weight files: those of the index, or model.safetensors, as transformers and MergeKit do.

    Others beside them, such as a consolidated.safetensors, hold the same weights a second time.

    Raises:
        UserError: there is neither, or both, or a file of the index is missing.
    """
    single, index = folder / SINGLE, folder / INDEX
    if not index.is_file():
        if single.is_file():
            return [single]
        raise UserError("bad-model", f"{folder} has neither {SINGLE} nor {INDEX}: save the model again")
    files = sorted(set(_weight_map(index).values()))
    if single.is_file() and single not in files:
        raise UserError("bad-model", f"{folder} has {SINGLE} and {INDEX}: delete the one that is not its own")
    missing = [path.name for path in files if not path.is_file()]
    if missing:
        raise UserError("bad-model", f"{folder} lacks {missing[0]}, which {INDEX} names: download it again")
    return files


def _weight_map(index: Path) -> dict[str, Path]:
    """Return which file holds each tensor, by an index."""
    try:
        named = json.loads(index.read_text("utf-8"))["weight_map"]
        return {name: index.with_name(file) for name, file in named.items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise UserError(
            "bad-model", f"{index} names no files (weight_map): download it again, or save the model again"
        ) from error


def tensor_files(folder: Path) -> dict[str, Path]:
    """Return which of a folder's weight files holds each tensor.

    Raises:
        UserError: a file is not a safetensors file, or the index does not list what its files hold.
    """
    files: dict[str, Path] = {}
    for path in weight_files(folder):
        with about(str(path)), safe_open(path, framework="pt") as file:
            files |= dict.fromkeys(file.keys(), path)
    index = folder / INDEX
    named = _weight_map(index) if index.is_file() else files
    wrong = sorted(name for name in {*files, *named} if files.get(name) != named.get(name))
    if wrong:
        raise UserError(
            "bad-model", f"{index} does not say where {wrong[0]} is: download the model again, or save it again"
        )
    return files


def tensor_dtypes(folder: Path) -> dict[str, str]:
    """Return each tensor's dtype by the names of safetensors (F32, BF16, F8_E4M3, ...), read from the headers."""
    dtypes = {}
    for path in dict.fromkeys(tensor_files(folder).values()):
        with safe_open(path, framework="pt") as file:
            dtypes |= {name: file.get_slice(name).get_dtype() for name in file.keys()}
    return dtypes


def tensor_shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    """Return each tensor's shape, read from the headers of a folder's weight files.

    A head that is tied to the embeddings is left out: some checkpoints store it a second time.

    Raises:
        UserError: as `tensor_files`.
    """
    tensors: dict[str, tuple[int, ...]] = {}
    for path in dict.fromkeys(tensor_files(folder).values()):
        with safe_open(path, framework="pt") as file:
            tensors |= {name: tuple(file.get_slice(name).get_shape()) for name in file.keys()}
    if is_tied(folder):
        tensors.pop("lm_head.weight", None)
    return tensors


def is_tied(name: str | Path, revision: str | None = None) -> bool:
    """Tell whether a model's head is tied to its embeddings."""
    # Families name the key differently (LFM2: tie_embedding) and have different defaults: let transformers read it.
    return bool(load_config(str(name), revision).tie_word_embeddings)


def read_tensor(path: Path, name: str) -> torch.Tensor:
    """Read one tensor, and close its file again: an open file keeps in memory all tensors read from it."""
    with about(str(path)), safe_open(path, framework="pt") as file:
        return file.get_tensor(name)


def checkpoint_tensors(folder: Path) -> Iterator[tuple[str, torch.Tensor]]:
    """Yield every tensor of a folder's safetensors files with its name, reading one at a time."""
    for name, path in tensor_files(folder).items():
        yield name, read_tensor(path, name)


def replace_weights(model: PreTrainedModel, tensors: Iterable[tuple[str, torch.Tensor]]) -> str:
    """Copy tensors into a loaded model's parameters, in the parameters' dtype and on their device.

    Where the head is tied to the embeddings, a tensor of its own for it is ignored.

    Returns:
        the SHA-256 over the names and values of all parameters.

    Raises:
        UserError: the tensors are not the model's, or hold values that are not finite.
    """
    parameters = dict(model.named_parameters())
    tied = {name for name, _ in model.named_parameters(remove_duplicate=False)} - set(parameters)
    digests = {}
    for name, tensor in tensors:
        if name in tied:
            continue
        if name not in parameters or parameters[name].shape != tensor.shape:
            raise UserError(
                "bad-model", f"{name} of shape {tuple(tensor.shape)} has no place in a {type(model).__name__}"
            )
        if not tensor.isfinite().all():
            raise UserError("bad-model", f"the tensor {name} holds values that are not finite")
        value = tensor.to(parameters[name].dtype).contiguous()
        digests[name] = hashlib.sha256(value.reshape(-1).view(torch.uint8).numpy().data).hexdigest()
        with torch.no_grad():
            parameters[name].copy_(value)
    missing = sorted(set(parameters) - set(digests))
    if missing:
        raise UserError(
            "bad-model", f"there is no tensor for {missing[0]} ({len(missing)} of {len(parameters)} are missing)"
        )
    return hashlib.sha256(repr(sorted(digests.items())).encode()).hexdigest()
