"""What a model does to its logits after the output projection: a factor, then a soft cap."""

from dataclasses import dataclass
from typing import Any

import torch

from luth.core.errors import UserError

# Where the factor and the cap stand in a model's configuration, read in the forward passes of transformers 5.23
# (models/FAMILY/modeling_FAMILY.py). The exponent says whether the model multiplies or divides by the factor.
FACTORS = {
    "logit_scale": 1,  # cohere, cohere2, cohere2_moe
    "output_multiplier": 1,  # muse_glimmer
    "lm_head_multiplier": 1,  # falcon_h1
    "logits_scaling": -1,  # granite and its variants
}
# hyperclovax multiplies where granite divides; minicpm3 divides the hidden states, before the output projection.
EXPONENTS = {"hyperclovax": 1, "minicpm3": 0}
CAPS = (
    "final_logit_softcapping",  # gemma2, gemma3, gemma3n, gemma4, vaultgemma, nanochat, muse_glimmer, mistral_large4
    "logits_soft_cap",  # recurrent_gemma
)


@dataclass(frozen=True)
class LogitChange:
    """`cap * tanh(factor * logits / cap)`, or `factor * logits` without a cap.

    Parameters:
        factor (`float`): what the output projection's result is multiplied by.
        cap (`float`, *optional*): the bound that the logits approach (Gemma 2, arXiv 2408.00118, section 2).
    """

    factor: float = 1.0
    cap: float | None = None

    def __call__(self, logits: torch.Tensor) -> torch.Tensor:
        """Return the changed logits, of the same shape."""
        scaled = logits if self.factor == 1 else logits * self.factor
        return scaled if self.cap is None else self.cap * torch.tanh(scaled / self.cap)


def logit_change(config: Any) -> LogitChange:
    """Read what a model does to its logits from its (text) configuration."""
    factor = 1.0
    for key, exponent in FACTORS.items():
        value = getattr(config, key, None)
        # mpt's logit_scale may be a word, and its forward pass does not read it.
        if isinstance(value, int | float):
            factor *= float(value) ** EXPONENTS.get(config.model_type, exponent)
    caps = [getattr(config, key, None) for key in CAPS]
    return LogitChange(factor, next((float(cap) for cap in caps if cap is not None), None))


def require_change(change: LogitChange, given: torch.Tensor, returned: torch.Tensor, family: str) -> None:
    """Require that a model changes its logits as `change` says.

    Args:
        change: what the loss assumes.
        given: what stood in for the output projection's result, of any shape.
        returned: the "logits" that the model made of it.
        family: the model's family.

    Raises:
        UserError: it does something else.
    """
    wanted = change(given.detach())
    if returned.shape != wanted.shape or not torch.allclose(returned.float(), wanted, rtol=1e-2, equal_nan=True):
        raise UserError(
            "unsupported-model",
            f"models of the family {family} change their logits in a way that the loss does not know: add it to "
            f"src/luth/training/logits.py, or choose a model of another family",
        )
