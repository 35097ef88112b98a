"""The model card, written from the run's record alone."""

import json
import os
import re
from collections import Counter
from itertools import zip_longest
from pathlib import Path
from typing import Any

import yaml
from huggingface_hub import ModelCardData

from luth.core.files import write_text
from luth.core.markdown import table
from luth.core.recipes import is_local
from luth.core.text import duration
from luth.languages import TARGET, get

# Loaders of files (datasets.packaged_modules): such a "path" is no dataset of the Hub.
FILE_FORMATS = ("json", "csv", "parquet", "arrow", "text", "pandas", "xml")
COUNTS = {
    "rows": "Rows",
    "tokens": "Tokens",
    "trained_tokens": "Trained tokens",
    "dropped_too_long": "Dropped, too long",
    "dropped_unusable": "Dropped, unusable",
}
REMOVED = "[removed]"
UNKNOWN = "not recorded"


def write_card(folder: Path, record: dict[str, Any], history: list[dict[str, Any]]) -> None:
    """Write `folder`/README.md, a model card in the Hub's format, from a run's record.

    Args:
        folder: the model's folder; loss.png is shown if it is there.
        record: what run.json holds, of a finished run or of one at a checkpoint. Missing facts are left out, or
            called unknown. `hub_repository` is the model's id on the Hub, where it has one.
        history: the Trainer's log history: losses in nats per trained token, by optimiser step.
    """
    record = json.loads(json.dumps(record, default=str))
    recipe = record.get("recipe") or {}
    model = record.get("hub_repository") or recipe.get("hub_model_id") or folder.resolve().name
    parts = [
        f"---\n{_metadata(record, recipe)}---",
        f"# {model.split('/')[-1]}",
        _summary(record, recipe, history),
        "![Loss over optimiser steps](loss.png)" if (folder / "loss.png").is_file() else "",
        _use(model, recipe.get("hub_revision")),
        f"## Base\n\n{_base(record, recipe)}",
        _data(record, recipe),
        _training(record, recipe, history),
        _reproduction(record, recipe),
    ]
    write_text(folder / "README.md", without_secrets("\n\n".join(part for part in parts if part) + "\n"))


def without_secrets(text: str) -> str:
    """Return `text` with Hub tokens, and the values of HF_TOKEN and WANDB_API_KEY, replaced by "[removed]"."""
    for name in ("HF_TOKEN", "WANDB_API_KEY"):
        secret = os.environ.get(name, "")
        # A shorter value is no key, and would blank out ordinary words.
        if len(secret) >= 8:
            text = text.replace(secret, REMOVED)
    return re.sub(r"hf_[A-Za-z0-9]{10,}", REMOVED, text)


def loss_unit(record: dict[str, Any]) -> str:
    """Return what the run's losses are measured in; empty where the step is not scripts/sft.py."""
    return "nats per trained token" if _step(record) == "sft" else ""


def _step(record: dict[str, Any]) -> str:
    return record.get("step", "sft")


def _metadata(record: dict[str, Any], recipe: dict[str, Any]) -> str:
    base = str(recipe.get("model_name_or_path", ""))
    paths = [str(source.get("path")) for source in recipe.get("datasets") or [] if source.get("path")]
    data: Any = ModelCardData(
        library_name="transformers",
        pipeline_tag="text-generation",
        tags=["trl", _step(record), "luth"],
        datasets=[path for path in dict.fromkeys(paths) if path not in FILE_FORMATS and not is_local(path)] or None,
    )
    if base and not is_local(base):
        data.base_model = base
        data.base_model_relation = "adapter" if _is_adapter(record, recipe) else "finetune"
    return data.to_yaml() + "\n"


def _is_adapter(record: dict[str, Any], recipe: dict[str, Any]) -> bool:
    """Tell whether the weights are an adapter: those of a checkpoint are, the finished model is merged."""
    return bool(recipe.get("use_peft")) and record.get("status") != "finished"


def _summary(record: dict[str, Any], recipe: dict[str, Any], history: list[dict[str, Any]]) -> str:
    how = f"trained on the data below, with Luth's `scripts/{_step(record)}.py`."
    if _step(record) == "sft":
        how = (
            "fine-tuned on the assistant's turns of the conversations below, with Luth's `scripts/sft.py` and TRL's "
            "SFTTrainer."
        )
    text = f"{_named(recipe.get('model_name_or_path', UNKNOWN))}, {how}"
    if record.get("status") == "finished":
        return text
    step = record.get("steps", max((entry.get("step", 0) for entry in history), default=0))
    adapter = " The weights are the adapter alone, not yet merged." if _is_adapter(record, recipe) else ""
    return f"{text}\n\n**A checkpoint at step {step:,}: the run is not finished.**{adapter}"


def _use(model: str, revision: str | None) -> str:
    where = f'model="{model}"' + (f', revision="{revision}"' if revision else "")
    lines = [
        "## Use",
        "",
        "```python",
        "from transformers import pipeline",
        "",
        f'chat = pipeline("text-generation", {where})',
        f'messages = [{{"role": "user", "content": "{get(TARGET).example}"}}]',
        'print(chat(messages, max_new_tokens=200)[0]["generated_text"][-1]["content"])',
        "```",
    ]
    return "\n".join(lines)


def _named(name: str) -> str:
    return f"`{name}`" if is_local(name) or name == UNKNOWN else f"[{name}](https://huggingface.co/{name})"


def _base(record: dict[str, Any], recipe: dict[str, Any]) -> str:
    name = str(recipe.get("model_name_or_path", UNKNOWN))
    fingerprint = (record.get("inputs") or {}).get(name, UNKNOWN)
    if is_local(name):
        return f"`{name}`, a local folder; SHA-256 of its files: `{fingerprint}`"
    revision = f", revision `{recipe['model_revision']}`" if recipe.get("model_revision") else ""
    return f"{_named(name)}{revision}, `{fingerprint}`"


def _data(record: dict[str, Any], recipe: dict[str, Any]) -> str:
    counts = record.get("rows") or {}
    inputs = record.get("inputs") or {}
    shown = {recipe.get("model_name_or_path")}
    heads = ["Source", "Split", "Revision", *COUNTS.values(), "Fingerprint"]
    lines = []
    # The record counts the sources in the recipe's order.
    for count, source in zip_longest(counts.get("sources") or [], recipe.get("datasets") or [], fillvalue={}):
        names = _names(source) or [str(count.get("source"))]
        keys = dict.fromkeys([*names, count.get("source"), f"{names[0]}, split {source.get('split')}"])
        shown.update(keys)
        prints = ", ".join(f"`{inputs[key]}`" for key in keys if key in inputs)
        split, revision = source.get("split") or "", source.get("revision") or ""
        lines.append([", ".join(f"`{name}`" for name in names), split, revision, *_counted(count), prints])
    if counts:
        held_out = counts.get("held_out") or 0
        lines.append(["**All**", "", "", *_counted({**counts, "rows": counts.get("rows", 0) + held_out}), ""])
    parts = [table(heads, lines, left=(0, 1, 2, len(heads) - 1))]
    if counts.get("held_out"):
        parts.append(f"{counts['held_out']:,} of these rows were held out of training.")
    others = [f"- `{name}`: `{fingerprint}`" for name, fingerprint in inputs.items() if name not in shown]
    if others:
        parts += ["Other inputs, with their fingerprints:", "\n".join(others)]
    return "\n\n".join(["## Data", *parts])


def _names(source: dict[str, Any]) -> list[str]:
    """Name what one entry of `datasets` reads: its files, or the dataset with its configuration."""
    files = source.get("data_files")
    if source.get("path") == "json" and isinstance(files, str | list):
        return [files] if isinstance(files, str) else [str(file) for file in files]
    return [", ".join(str(source[key]) for key in ("path", "name") if source.get(key))] if source.get("path") else []


def _counted(counts: dict[str, Any]) -> list[str]:
    return [f"{counts[key]:,}" if counts.get(key) is not None else "" for key in COUNTS]


def _training(record: dict[str, Any], recipe: dict[str, Any], history: list[dict[str, Any]]) -> str:
    packages = record.get("packages") or {}
    difference = record.get("adapter_logit_difference")
    facts = {
        "Method": _method(record, recipe),
        "Merged model's logits against the adapter's, largest relative difference": f"{difference:.2g}"
        if difference
        else None,
        "Optimiser steps": f"{record['steps']:,}" if record.get("steps") is not None else None,
        "Training loss, mean": _mean(history),
        "Training loss, last logged": _last(history, "loss"),
        "Held-out loss, last measured": _last(history, "eval_loss"),
        "Seed": record.get("seed"),
        "Precision": record.get("precision"),
        "Processes": record.get("strategy") or record.get("processes"),
        "Hardware": _hardware(record.get("hardware") or {}),
        "Begun": record.get("started"),
        "Time": duration(record["seconds"]) if record.get("seconds") is not None else None,
        "Speed": _speed(record),
        "Memory, most at once": _memory(record),
        "Code": f"Luth, commit `{record['git_commit']}`" if record.get("git_commit") else None,
        "Packages": ", ".join(f"{name} {version}" for name, version in packages.items() if version),
    }
    lines = [f"- {name}: {fact}" for name, fact in facts.items() if fact not in (None, "")]
    unit = [f"Losses are in {loss_unit(record)}.", ""] if loss_unit(record) else []
    return "\n".join(["## Training", "", *unit, *lines])


def _method(record: dict[str, Any], recipe: dict[str, Any]) -> str:
    if not recipe.get("use_peft"):
        return "full fine-tuning"
    settings = [f"{key[5:]} {recipe[key]}" for key in ("lora_r", "lora_alpha", "lora_dropout") if key in recipe]
    merged = ", merged into the base's weights" if record.get("status") == "finished" else ""
    return "LoRA" + (f" ({', '.join(settings)})" if settings else "") + merged


def _mean(history: list[dict[str, Any]]) -> str | None:
    """Return the mean loss over all steps: each log holds the mean since the one before it.

    The Trainer's own train_loss leaves out the steps before the last resume.
    """
    total, done = 0.0, 0
    for entry in history:
        if "loss" in entry:
            total += entry["loss"] * (entry["step"] - done)
            done = entry["step"]
    return f"{total / done:#.4g} (steps 1 to {done:,})" if done else None


def _last(history: list[dict[str, Any]], key: str) -> str | None:
    entry = next((entry for entry in reversed(history) if key in entry), None)
    return None if entry is None else f"{entry[key]:#.4g} (step {entry['step']:,})"


def _hardware(hardware: dict[str, Any]) -> str:
    gpus = [f"{count} x {name}" for name, count in Counter(hardware.get("gpus") or []).items()]
    machine = [str(hardware["processor"])] if hardware.get("processor") else []
    machine += [f"{hardware['cores']} cores"] if hardware.get("cores") else []
    machine += [f"{hardware['memory_gib']:.4g} GiB of memory"] if hardware.get("memory_gib") else []
    return ", ".join(gpus + machine)


def _speed(record: dict[str, Any]) -> str | None:
    rate, share = record.get("tokens_per_second"), record.get("share_of_peak")
    if rate is None:
        return None
    peak = "" if share is None else f", {share:.0%} of the hardware's peak in bfloat16"
    return f"{rate:,.0f} tokens a second{peak}"


def _memory(record: dict[str, Any]) -> str | None:
    peak, several = record.get("peak_memory_gib"), (record.get("processes") or 1) > 1
    return None if peak is None else f"{peak:.3g} GiB" + (", in the first process" if several else "")


def _reproduction(record: dict[str, Any], recipe: dict[str, Any]) -> str:
    # No line is folded: the recipe read back from the card has the hash that stands below it.
    given = yaml.safe_dump(recipe, sort_keys=False, allow_unicode=True, width=10**9)
    origin = f" (`{record['recipe_path']}`, with what the command line changed)" if record.get("recipe_path") else ""
    output = "" if "output_dir" in recipe else ", add `output_dir:` with a folder of your own"
    return (
        f"## Recipe\n\nThe settings as given{origin}:\n\n```yaml\n{given}```\n\n"
        f"SHA-256 of the recipe: `{record.get('recipe_hash', UNKNOWN)}`\n\n{_changes(record)}"
        f"To run it again, save it as `recipe.yaml`{output}, and start in Luth's folder, at the commit above:\n\n"
        f"```bash\naccelerate launch scripts/{_step(record)}.py recipe.yaml\n```"
    )


def _changes(record: dict[str, Any]) -> str:
    """Return the settings with which the run went on, as they were before."""
    lines = [
        f"- until {change['at']}: " + ", ".join(f"`{key}: {value}`" for key, value in change["before"].items())
        for change in record.get("changes", [])
    ]
    return "Some settings were others in the beginning:\n\n" + "\n".join(lines) + "\n\n" if lines else ""
