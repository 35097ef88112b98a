"""Checks of the models that go into a merge, before it starts."""

import json
from pathlib import Path
from typing import Any

from jinja2 import TemplateError
from transformers import GenerationConfig, PretrainedConfig, PreTrainedTokenizerBase

from luth.checkpoints.fitting import fit, fits
from luth.checkpoints.models import load_config, load_tokenizer, model_folder, tensor_dtypes, tensor_shapes
from luth.core.console import say
from luth.core.errors import UserError
from luth.core.recipes import nearest
from luth.merging.check import VOCABULARY

GENERATION, AUTO = "generation_config.json", "auto"
# Dtypes of weights that are numbers, as safetensors names them.
PLAIN = ("F16", "BF16", "F32", "F64")
# Keys of config.json that may differ: they change nothing that weights mean. What else a configuration's class knows
# must be the same. The number of rows is checked with the tensors; layer_types says what max_window_layers decides.
MAY_DIFFER = (
    *("architectures", "dtype", "torch_dtype", "transformers_version", "_name_or_path", "use_cache", "vocab_size"),
    *("bos_token_id", "eos_token_id", "pad_token_id", "decoder_start_token_id", "max_position_embeddings"),
    *("initializer_range", "attention_dropout", "hidden_dropout", "embd_pdrop", "resid_pdrop", "output_attentions"),
    *("output_hidden_states", "return_dict", "id2label", "label2id", "problem_type", "max_window_layers"),
    *("use_sliding_window", "chunk_size_feed_forward", "pretraining_tp", "name", "is_encoder_decoder"),
)
ADVICE = "merge a model with one that was fine-tuned from it"


def alike_parents(names: list[str], folder: Path, own_tokenizer: bool = False) -> dict[str, Path]:
    """Return the parents' folders by name, after writing those that must be given something before into `folder`.

    Parents on the Hub are downloaded, which MergeKit would do anyway. What a parent is given is said in a line:
    luth.checkpoints.fitting.

    Args:
        names: of the parents, the base first.
        folder: what is written lies in `folder`/1, `folder`/2, ...
        own_tokenizer: the recipe makes the merge's tokenizer, and parents keep theirs.
    """
    folders = {name: model_folder(name) for name in names}
    for name, needed in fits(names, not own_tokenizer).items():
        say(f"For the merge {needed.reason}.")
        folders[name] = folder / str(1 + names.index(name))
        fit(name, needed, folders[name])
    return folders


def check_parents(folders: dict[str, Path], own_tokenizer: bool = False) -> None:
    """Raise `UserError` unless all parents have one model family, and the same configuration, tensors and vocabulary.

    Args:
        folders: of all parents, the base first, by the name that messages give them.
        own_tokenizer: the recipe makes the merge's tokenizer and brings the embeddings in line (tokenizer_source).
    """
    (first, base), *others = folders.items()
    reference, rows = tensor_shapes(base), _vocabulary_tensors(base)
    for name, folder in folders.items():
        _require_plain_weights(name, folder)
    _require_generation_config(first, base)
    if not own_tokenizer:
        _require_rows(first, base)
    for name, folder in others:
        kinds = [_content(each).get("model_type", "unknown") for each in (base, folder)]
        if kinds[0] != kinds[1]:
            raise UserError(
                "bad-merge", f"{first} is a {kinds[0]} model and {name} a {kinds[1]}: only one family can be merged"
            )
        _require_same_config(first, base, name, folder)
        _require_same_class(first, base, name, folder)
        other = tensor_shapes(folder)
        for tensor in sorted({*reference, *other}):
            if reference.get(tensor) != other.get(tensor) and not (own_tokenizer and tensor in rows):
                raise UserError(
                    "bad-merge",
                    f"{tensor} is {_shape(reference, tensor)} in {first} and {_shape(other, tensor)} in {name}: "
                    f"{ADVICE}",
                )
        ours, theirs = load_tokenizer(str(base)), load_tokenizer(str(folder))
        if not own_tokenizer and ours.get_vocab() != theirs.get_vocab():
            raise UserError("bad-merge", f"{first} and {name} have different vocabularies: {ADVICE}")


def check_tokenizer(recipe: dict[str, Any], folders: dict[str, Path]) -> None:
    """Raise `UserError` where the merge would have no chat template that works: the check after it asks questions."""
    source = recipe.get("tokenizer_source") or (recipe.get("tokenizer") or {}).get("source")
    name = source if isinstance(source, str) and source not in ("base", "union") else next(iter(folders))
    given, tokenizer = recipe.get("chat_template"), load_tokenizer(str(folders.get(name, name)))
    if given and "{" in given:
        _require_working(given, tokenizer)
        return
    templates = [tokenizer.chat_template]
    if given == AUTO:
        templates = [load_tokenizer(str(folder)).chat_template for folder in folders.values()]
    if (not given or given == AUTO) and not any(templates):
        raise UserError(
            "bad-merge",
            f"the merge would have the tokenizer of {name}, which has no chat template: set chat_template (chatml, or "
            f"Jinja text) in the recipe",
        )


def _require_working(template: str, tokenizer: PreTrainedTokenizerBase) -> None:
    """Raise `UserError` unless a chat template writes one question as a prompt."""
    question = [{"role": "user", "content": "?"}]
    try:
        tokenizer.apply_chat_template(question, chat_template=template, add_generation_prompt=True, tokenize=False)
    except (TemplateError, TypeError, ValueError) as error:
        line = " ".join(str(error).split())[:300]
        raise UserError("bad-recipe-value", f"chat_template: it writes no prompt for one question: {line}") from error


def check_layers(recipe: dict[str, Any], folders: dict[str, Path]) -> None:
    """Raise `UserError` where `slices` take layers that a model lacks, or change how many a config.json lists.

    MergeKit changes the number alone, and transformers refuses such a configuration after the whole merge.
    """
    for source in (source for part in recipe.get("slices") or [] for source in part["sources"]):
        # MergeKit's name of a model may be a mapping, of which it says itself what is wrong.
        folder = folders.get(str(source.get("model")))
        has = folder and _content(folder).get("num_hidden_layers")
        if has and source["layer_range"][1] > has:
            raise UserError(
                "bad-merge",
                f"slices: layer_range {source['layer_range']} of {source['model']}, which has {has} layers: "
                f"it ends at {has} at most",
            )
    name, base = next(iter(folders.items()))
    listed = _content(base).get("layer_types")
    ranges = [part["sources"][0]["layer_range"] for part in recipe.get("slices") or []]
    layers = sum(end - start for start, end in ranges)
    if ranges and listed and layers != len(listed):
        raise UserError(
            "bad-merge",
            f"slices: they make {layers} layers, and the config.json of {name} lists layer_types for {len(listed)}, "
            f"which MergeKit leaves as they are: take as many layers, or a family without layer_types (llama)",
        )


def check_filters(filters: list[str], base: str, folder: Path) -> None:
    """Raise `UserError` for a filter that is part of no tensor's name: MergeKit ignores it without a word.

    Args:
        filters: the recipe's filters.
        base: the name of a parent.
        folder: its folder.
    """
    tensors = list(tensor_shapes(folder))
    for name in filters:
        if name != "*" and not any(name in tensor for tensor in tensors):
            kinds = sorted({part for tensor in tensors for part in tensor.split(".")[3:-1]})
            raise UserError(
                "bad-recipe-value",
                f"the filter {name!r} is in no tensor's name of {base}{nearest(name, kinds)}: "
                f"the names have {', '.join(kinds)}",
            )


def _require_same_config(first: str, base: Path, name: str, folder: Path) -> None:
    ours, theirs = (load_config(str(each)) for each in (base, folder))
    mine, other = (_meaning(config) for config in (ours, theirs))
    # A key that the class does not know (a tool's signature, say) has no effect.
    for key in sorted(set(type(ours)().to_dict()) - set(MAY_DIFFER)):
        if mine.get(key) != other.get(key):
            raise UserError(
                "bad-merge",
                f"{key} is {mine.get(key)} in the config.json of {first} and {other.get(key)} in that of {name}, so "
                f"their weights do not mean the same: {ADVICE}",
            )


def _meaning(config: PretrainedConfig) -> dict[str, Any]:
    """Return a configuration's keys; of the RoPE without `type`, which older files have for `rope_type`."""
    keys = config.to_dict()
    if isinstance(rope := keys.get("rope_parameters"), dict):
        keys["rope_parameters"] = {key: value for key, value in rope.items() if key != "type"}
    return keys


def _require_plain_weights(name: str, folder: Path) -> None:
    """Raise `UserError` where weights are quantised: they are no numbers that a merge may mix."""
    method = (_content(folder).get("quantization_config") or {}).get("quant_method")
    dtypes = [f"{tensor} is {dtype}" for tensor, dtype in tensor_dtypes(folder).items() if dtype not in PLAIN]
    if method or dtypes:
        raise UserError(
            "bad-merge",
            f"{name} is quantised ({method or dtypes[0]}): merge the model that it was made from, and quantise the "
            f"merge; if its weights are plain ones, delete quantization_config from its config.json",
        )


def _require_same_class(first: str, base: Path, name: str, folder: Path) -> None:
    """Raise `UserError` unless both configurations name the same one class: MergeKit finds tensors by it."""
    classes = [_content(each).get("architectures") or [] for each in (base, folder)]
    if classes[0] != classes[1] or len(classes[0]) != 1:
        raise UserError(
            "bad-merge",
            f"architectures is {classes[0]} in the config.json of {first} and {classes[1]} in that of {name}: both "
            f"must name the same one class: {ADVICE}, or correct config.json",
        )


def _require_rows(name: str, folder: Path) -> None:
    """Raise `UserError` unless config.json, which the merge takes, gives the embeddings the rows that they have."""
    says, shapes = load_config(str(folder)).get_text_config().vocab_size, tensor_shapes(folder)
    for tensor in _vocabulary_tensors(folder):
        if tensor in shapes and shapes[tensor][0] != says:
            raise UserError(
                "bad-merge",
                f"vocab_size is {says} in the config.json of {name}, and {tensor} has {shapes[tensor][0]} rows: "
                f"correct it, or save the model again",
            )


def _require_generation_config(name: str, folder: Path) -> None:
    """Raise `UserError` where transformers would refuse the merge's generation_config.json, which is the base's."""
    if not (folder / GENERATION).is_file():
        return
    try:
        GenerationConfig.from_pretrained(folder).validate()
    except (ValueError, OSError, TypeError, AttributeError) as error:
        line = " ".join(str(error).split())
        raise UserError(
            "bad-merge", f"the {GENERATION} of {name}, which the merge takes, is not valid: {line}"
        ) from None


def _vocabulary_tensors(folder: Path) -> list[str]:
    return [name for name in tensor_shapes(folder) if name.endswith(VOCABULARY)]


def _shape(shapes_of: dict[str, tuple[int, ...]], tensor: str) -> str:
    return "x".join(map(str, shapes_of[tensor])) if tensor in shapes_of else "absent"


def _content(folder: Path) -> dict[str, Any]:
    return json.loads((folder / "config.json").read_text(encoding="utf-8"))
