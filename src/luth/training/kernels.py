"""Other packages' kernels for a model's layers: Liger's, and the Hub's through transformers."""

from typing import Any

from transformers.utils.import_utils import is_kernels_available
from trl import SFTConfig

from luth.checkpoints.models import load_config
from luth.core.console import say
from luth.core.errors import UserError

LEAVE_OUT = "or leave the key out: training needs no kernels of others"


def require_kernels(training: SFTConfig, model: str, revision: str | None) -> None:
    """Require what the recipe's kernels need, before a model is loaded, and say what they do.

    Args:
        training: the recipe's settings; `use_liger_kernel` and `model_init_kwargs: {use_kernels: true}` are read.
        model: the base model's folder or Hub id.
        revision: its revision on the Hub.

    Raises:
        UserError: a package is missing, Liger does not know the family, or it would replace the loss.
    """
    if training.use_liger_kernel:
        _require_liger(training, load_config(model, revision).get_text_config().model_type)
        say("Liger's kernels compute the layers, not the loss. (TRL 1.16 calls use_liger_kernel deprecated.)")
    init: Any = training.model_init_kwargs
    if (init or {}).get("use_kernels"):
        if not is_kernels_available():
            raise UserError("package-missing", f"use_kernels: pip install kernels, {LEAVE_OUT}")
        say("Kernels from the Hub compute the layers for which it has some, transformers' own code the others.")


def _require_liger(training: SFTConfig, family: str) -> None:
    if training.use_cpu:
        raise UserError("no-gpu", f"use_liger_kernel: Liger's kernels need a GPU: run it there, {LEAVE_OUT}")
    replaced = [key for key, on in (training.liger_kernel_config or {}).items() if on and "cross_entropy" in key]
    if replaced:
        raise UserError(
            "bad-recipe-value",
            f"liger_kernel_config: {replaced[0]} would replace the loss, which is computed here: leave it out",
        )
    try:
        from liger_kernel.transformers.monkey_patch import (  # pyright: ignore[reportMissingImports]
            MODEL_TYPE_TO_APPLY_LIGER_FN,
        )
    except ImportError as error:
        raise UserError("package-missing", f"use_liger_kernel: pip install liger-kernel, {LEAVE_OUT}") from error
    if family not in MODEL_TYPE_TO_APPLY_LIGER_FN:
        raise UserError(
            "unsupported-model", f"use_liger_kernel: this Liger has no kernels for the family {family}: leave it out"
        )
