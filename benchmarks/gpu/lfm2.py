"""Step F: LFM2-350M's shape: packs through scripts/sft.py, and padded rows with and without the attention mask.

A mask makes attention the slow general kernel, and where padding is on the right none is needed: attention and
convolution look back only. The padded rows are a forward and a backward pass of the layers and the loss on half of the
positions, 8 rows of up to 16,384 tokens.
"""

import sys
import time

import torch
from figures import attempt, figure, measured, step_arguments
from shapes import LFM2_350M, ROOT, TINY, make_model, write_model, write_recipe, write_rows
from training import train

from luth.training.loss import LinearCrossEntropy

RECIPE = "recipes/luth-lfm2-350m.yaml"


def padded(model: torch.nn.Module, rows: int, length: int, masked: bool) -> tuple[float, float]:
    """Return the seconds of a step, the best of 3, and the peak memory in bytes."""
    device = next(model.parameters()).device
    # The longest row fills its length; the others are up to a fifth shorter.
    lengths = torch.tensor([length - at * length // (5 * rows) for at in range(rows)], device=device)
    seen = torch.arange(length, device=device)[None] < lengths[:, None]
    tokens = torch.randint(3, 500, (rows, length), device=device) * seen
    trained = seen & (torch.arange(length, device=device)[None] % 2 == 1)
    times = []
    if device.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    for _ in range(4):
        _wait(device)
        begun = time.perf_counter()
        model.zero_grad()
        with torch.autocast(device.type, torch.bfloat16):
            backbone, mask = model.get_decoder(), seen.long() if masked else None  # type: ignore[operator]
            states = backbone(input_ids=tokens, attention_mask=mask, use_cache=False).last_hidden_state
            loss = LinearCrossEntropy.apply(states[trained], model.get_input_embeddings().weight, tokens[trained])  # type: ignore[operator]
        loss.backward()
        _wait(device)
        times.append(time.perf_counter() - begun)
    return lengths.sum().item() / min(times[1:]), torch.cuda.max_memory_allocated() if device.type == "cuda" else 0


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def main() -> None:
    args = step_arguments(__doc__ or "")
    device, length, steps, rows = ("cpu", 256, 5, 2) if args.on_cpu else ("cuda", 16384, 7, 8)
    shape = TINY["lfm2"] if args.on_cpu else LFM2_350M
    model = make_model(shape, device, attn_implementation="sdpa")
    model.train()
    model.gradient_checkpointing_enable({"use_reentrant": False})
    for name, masked in (("no mask", False), ("with the mask", True)):
        with attempt(f"8 rows of 16,384, {name}: tokens/s"):
            speed, peak = padded(model, rows, length, masked)
            figure(f"8 rows of 16,384, {name}: tokens/s", speed)
            if peak:
                figure(f"8 rows of 16,384, {name}: peak GB", peak / 1e9)
    del model
    with attempt("packed: tokens/s"):
        folder = write_model(args.scratch / "lfm2", shape, device)
        data = write_rows(args.scratch / "lfm2.jsonl", steps * length * 5 // 4, length)
        keys = {
            "packing": True,
            "padding_free": None,
            "attn_implementation": "varlen",
            "train_sampling_strategy": None,
            "test_split_size": None,
            "eval_strategy": None,
            "eval_steps": None,
            "max_length": length,
            "per_device_train_batch_size": 1,
            "global_batch_size": 1,
            "max_steps": steps,
            "use_cpu": args.on_cpu,
            "output_dir": str(args.scratch / "lfm2-out"),
        }
        stopwatch, peak = train(write_recipe(args.scratch / "lfm2.yaml", RECIPE, folder, data, **keys), profiled=False)
        figure("packed: tokens/s", stopwatch.tokens_per_second)
        figure("packed: peak GB", peak / 1e9)
        measured(RECIPE, stopwatch.tokens_per_second, peak, {})


if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))
    main()
