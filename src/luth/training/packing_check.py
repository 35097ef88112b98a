"""Whether several documents may share a row in a model's family."""

import torch
from transformers import AutoModelForCausalLM, Lfm2Config, PretrainedConfig

from luth.checkpoints.families import packed_families
from luth.core.errors import UserError


def require_exact_packing(config: PretrainedConfig, device: torch.device) -> None:
    """Require that documents which share a row cannot see one another.

    LFM2's short convolution reaches over the borders, unless the CUDA package causal_conv1d takes them into account:
    a tiny random model is tried on `device` each time.

    Raises:
        UserError: they can, or the family is not tested.
    """
    family, packed = config.model_type, packed_families()
    if family in packed:
        return
    if family != "lfm2":
        raise UserError(
            "unsupported-model",
            f"packing and padding_free are tested for {', '.join(packed)} only, not for {family}: set both to false",
        )
    try:
        difference = packing_error(Lfm2Config(**TINY_LFM2), device)
    except ValueError as error:
        raise UserError(
            "unsupported-model", f"{LFM2_MIXES}, save with the CUDA package causal_conv1d: {UNPACKED}"
        ) from error
    if difference > 0.05:
        raise UserError(
            "unsupported-model", f"{LFM2_MIXES}: logits of packed documents are {difference:.2g} off: {UNPACKED}"
        )


LFM2_MIXES = "LFM2 cannot be packed here: its short convolution mixes the documents of a row"
UNPACKED = "set packing and padding_free to false, and train_sampling_strategy: group_by_length"
TINY_LFM2 = {
    "vocab_size": 128,
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "layer_types": ["conv", "full_attention"],
}


@torch.no_grad()
def packing_error(config: PretrainedConfig, device: torch.device, attention: str = "sdpa") -> float:
    """Compare the logits of two documents in one row with those of each alone, for random weights.

    Returns:
        the largest difference relative to the largest logit, in the precision of training on `device` (bfloat16 on a
        GPU, else float32).
    """
    dtype = torch.bfloat16 if device.type == "cuda" else torch.float32
    model = AutoModelForCausalLM.from_config(config, attn_implementation=attention, dtype=dtype).to(device).eval()
    documents = [torch.arange(3, 40, device=device)[None], torch.arange(50, 71, device=device)[None]]
    lengths = [document.shape[1] for document in documents]
    borders = torch.tensor([0, lengths[0], sum(lengths)], dtype=torch.int32, device=device)
    packed = model(
        input_ids=torch.cat(documents, dim=1),
        position_ids=torch.cat([torch.arange(length, device=device) for length in lengths])[None],
        cu_seq_lens_q=borders,
        cu_seq_lens_k=borders,
        max_length_q=max(lengths),
        max_length_k=max(lengths),
        seq_idx=torch.repeat_interleave(
            torch.arange(2, dtype=torch.int32, device=device), torch.tensor(lengths, device=device)
        )[None],
        use_cache=False,
    ).logits
    model.set_attn_implementation("sdpa")
    alone = torch.cat([model(input_ids=document, use_cache=False).logits for document in documents], dim=1)
    return float((packed - alone).abs().max() / alone.abs().max())
