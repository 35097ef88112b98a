"""Finding the checkpoint to go on from, and putting the finished model in place."""

import json
import os
import shutil
from pathlib import Path

from transformers import PreTrainedTokenizerBase, Trainer


def last_checkpoint(folder: Path) -> str | None:
    """Return the newest complete `checkpoint-N` in `folder`, or None.

    The Trainer writes trainer_state.json last: a checkpoint without a readable one was torn by a kill and is passed
    over.
    """
    found = []
    for path in folder.glob("checkpoint-*"):
        try:
            json.loads((path / "trainer_state.json").read_text(encoding="utf-8"))
            found.append((int(path.name.rsplit("-", 1)[1]), str(path)))
        except (OSError, ValueError):
            continue
    return max(found)[1] if found else None


def save_finished(trainer: Trainer, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save model and tokenizer beside `folder`'s files, then move them in, the weights last.

    A kill leaves either no model.safetensors or a whole one.
    """
    beside = folder / ".finished"
    trainer.save_model(str(beside))
    if trainer.is_world_process_zero():
        tokenizer.save_pretrained(str(beside))
        (beside / "training_args.bin").unlink(missing_ok=True)
        for path in sorted(beside.iterdir(), key=lambda path: path.suffix == ".safetensors"):
            os.replace(path, folder / path.name)
        shutil.rmtree(beside)
    trainer.accelerator.wait_for_everyone()
