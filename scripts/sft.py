"""Fine-tune a chat model on assistant turns with TRL's SFTTrainer.

    accelerate launch --config_file accelerate_configs/single_gpu.yaml scripts/sft.py recipes/luth-0.6b.yaml
    python scripts/sft.py recipes/luth-0.6b.yaml --preview 3
    python scripts/sft.py recipes/luth-0.6b.yaml --plan --gpu a100 --processes 4 --launch zero2

--preview N prints N rows with the trained tokens marked, and the data report, and trains nothing. --plan prints the
memory and the time that the run will need on a card, and whether it fits; it loads no weights. Any key of TRL's
SFTConfig or ModelConfig may follow the recipe and wins over it: --max_steps 10. The same command goes on from the last
checkpoint after a kill.
"""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from luth.core.command_line import recipe_parser, split
from luth.core.console import loading, quiet_libraries, say
from luth.core.errors import run_script
from luth.core.locks import alone_in
from luth.training.planning.command import split_options

if TYPE_CHECKING:
    from transformers import PreTrainedTokenizerBase

    from luth.training.finetune import Training
    from luth.training.launch import Strategy
    from luth.training.mixture import Rows
    from luth.training.sft_keys import SFTArguments
    from luth.training.trainer import MaskedSFTTrainer


def make_parser() -> argparse.ArgumentParser:
    parser = recipe_parser(__doc__)
    parser.add_argument("--preview", type=int, metavar="N", help="print N rows and the data report, and stop")
    add_plan(parser)
    return parser


def add_plan(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("--plan prints memory, time and whether they fit, and trains nothing")
    group.add_argument("--plan", action="store_true")
    group.add_argument("--gpu", metavar="NAME", help="for this card: h100, a100, l40s, 4090 (this one)")
    group.add_argument("--processes", type=int, metavar="N", help="on so many cards (1)")
    group.add_argument("--launch", metavar="NAME", help="by this file of accelerate_configs/: zero2, fsdp2, ... (ddp)")
    group.add_argument("--tokens", type=float, metavar="N", help="tokens of an epoch, where the data is not at hand")


def main(arguments: list[str]) -> None:
    path, words = split(arguments, make_parser())
    asked, overrides = split_options(words, add_plan)
    quiet_libraries()
    from luth import steps

    recipe = steps.read(path, "sft")
    with loading("the libraries"):
        from luth.training.arguments import parse
        from luth.training.batch_order import require_one_batch
        from luth.training.kernels import require_kernels
        from luth.training.launch import check_launch
        from luth.training.layers import require_compilable
        from luth.training.planning.command import planned, warn_if_too_small
        from luth.training.preview import data_report, preview
        from luth.training.sft_keys import SFT

    if asked.plan:
        say(planned(path, recipe, overrides, asked))
        return
    args: SFTArguments = parse(path, recipe, overrides, SFT)
    strategy = check_launch(args.training)
    if args.luth.preview is None:
        require_kernels(args.training, args.model_name, args.model.model_revision)
        require_compilable(args.training, strategy.kind)
    tokenizer, rows = masked_rows(args)
    if args.luth.preview is not None:
        say(preview(rows, tokenizer, args.luth.preview))
    say(data_report(rows, args.training.max_length))
    if args.luth.preview is not None:
        return
    if not args.training.packing:
        require_one_batch(len(rows.train), args.luth.global_batch_size, "rows", strategy.processes)
    warn_if_too_small(args, strategy.kind, strategy.processes, rows.train["length"][:])
    with alone_in(Path(str(args.training.output_dir))):
        fine_tune(args, strategy, tokenizer, rows)


def fine_tune(args: "SFTArguments", strategy: "Strategy", tokenizer: "PreTrainedTokenizerBase", rows: "Rows") -> None:
    """Begin the run in its folder, or go on with it; nothing is done where it is finished."""
    from luth.training import finetune
    from luth.training.batch_order import require_one_batch
    from luth.training.trainer import MaskedSFTTrainer, for_tokenised_rows

    training = finetune.open_training("sft", args, strategy, rows.fingerprints)
    if training is None:
        return
    settings = for_tokenised_rows(finetune.trainer_settings(args))
    trainer = finetune.build_trainer(MaskedSFTTrainer, training, settings, tokenizer, rows.train, rows.held_out)
    # Only the trainer knows how many packs the rows make.
    sequences = "packs" if args.training.packing else "rows"
    require_one_batch(trainer.sequences, args.luth.global_batch_size, sequences, strategy.processes)
    train(trainer, training, tokenizer, rows)


def train(
    trainer: "MaskedSFTTrainer", training: "Training", tokenizer: "PreTrainedTokenizerBase", rows: "Rows"
) -> None:
    """Train, save and write the card; a loss that is not a number is said with its step, rows and last checkpoint."""
    from luth.training import finetune
    from luth.training.divergence import NotFinite, diverged
    from luth.training.new_tokens import give_rows
    from luth.training.resuming import last_checkpoint

    sequences = "packs" if training.arguments.training.packing else "rows"
    if "new_tokens" in rows.counts:
        give_rows(trainer.model, tokenizer, training.arguments.training.seed)
    try:
        finetune.train(trainer, training, sequences, rows=rows.counts)
    except NotFinite as error:
        checkpoint = last_checkpoint(training.output, training.made_by)
        raise diverged(error, trainer.state.global_step + 1, rows, checkpoint) from error
    finetune.finish(trainer, training, tokenizer)


def masked_rows(args: "SFTArguments") -> "tuple[PreTrainedTokenizerBase, Rows]":
    """Load the tokenizer and the mixture, tokenised and masked, and check that model, template and rows fit."""
    from luth.checkpoints.models import load_config, require_positions, require_stop
    from luth.training.chat_templates import describe, to_compare
    from luth.training.early_checks import (
        require_adapter,
        require_optimiser,
        require_padding,
        require_rows_for_tokens,
    )
    from luth.training.masking import inference_template
    from luth.training.mixture import load_rows
    from luth.training.packing_check import require_exact_packing
    from luth.training.tokenizer import load_for_training

    training, name, revision = args.training, args.model_name, args.model.model_revision
    say(f"Checking the data and {name}.")
    require_optimiser(training, args.path)
    require_adapter(args.model, name)
    tokenizer, template, new_tokens = load_for_training(args)
    say(describe(template, tokenizer))
    own = to_compare(template, tokenizer)
    if tokenizer.chat_template is None:
        tokenizer.chat_template = inference_template(template.source)
    if (training.packing or training.padding_free) and args.luth.preview is None:
        require_exact_packing(load_config(name, revision), training.device, args.model.attn_implementation)
    with training.main_process_first(desc="tokenising"):
        rows = load_rows(args.mixture, tokenizer, template.text, training, args.luth.max_dropped_fraction, own)
    rows.fingerprints[template.name] = template.fingerprint
    require_stop(rows.train[0]["labels"], tokenizer, name, revision)
    require_positions(max(rows.train["length"][:]), name, revision)
    tokens = len(tokenizer) if new_tokens else 0
    require_rows_for_tokens([rows.train, rows.held_out], tokens, name, revision)
    require_padding(tokenizer, training.pad_token, tokens, name, revision)
    rows.counts.update({"new_tokens": new_tokens} if new_tokens else {})
    return tokenizer, rows


if __name__ == "__main__":
    run_script(main)
