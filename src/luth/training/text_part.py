"""The text part of a vision-language model, which is all that is trained of it."""

from typing import Any, cast

from transformers import AutoModelForCausalLM, PreTrainedModel, TrainingArguments
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING
from trl import ModelConfig, get_quantization_config
from trl.trainer.utils import create_model_from_path

from luth.checkpoints.models import load_config
from luth.core.console import say


def text_family(name: str, revision: str | None) -> str | None:
    """Return the family of the text model that transformers reads from a vision-language model; None for any other."""
    config = load_config(name, revision)
    text, kinds = config.get_text_config(), cast(Any, MODEL_FOR_CAUSAL_LM_MAPPING)
    if text is config or type(config) not in kinds or kinds[type(config)].config_class is not type(text):
        return None
    return text.model_type


def load_text_part(model: ModelConfig, name: str, settings: TrainingArguments) -> PreTrainedModel | None:
    """Load the text part of a vision-language model; return None for any other model.

    TRL would load the whole of it. No row has a picture, so the vision model would have no gradients, for which DDP
    stops; it would take memory, get adapters, and be saved without what prepares its pictures.

    Args:
        model: the recipe's, with how its weights are quantised.
        name: its folder or Hub id.
        settings: the trainer's; `model_init_kwargs` are those of the model's loading.
    """
    family = text_family(name, model.model_revision)
    if family is None:
        return None
    say(
        f"{name} is a vision-language model: its text part alone is trained and saved ({family}), its vision model "
        f"and its heads for several tokens are left out."
    )
    options: dict[str, Any] = {"device_map": None, **(getattr(settings, "model_init_kwargs", None) or {})}
    if (quantization := get_quantization_config(model)) is not None:
        options["quantization_config"] = quantization
    kind: Any = AutoModelForCausalLM
    return create_model_from_path(name, kind, **options)


def keep_own_names(model: Any) -> None:
    """Let a model be saved with its own tensor names, not with a prefix that they have in the files it was read from.

    transformers would write a text model with the names of the vision-language model around it, and the Trainer, which
    reads a checkpoint by the model's own names, would go on without its weights and without a word.
    """
    model._weight_conversions = None
