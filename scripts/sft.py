"""Fine-tune a chat model on assistant turns with TRL's SFTTrainer.

    accelerate launch --config_file accelerate_configs/single_gpu.yaml scripts/sft.py recipes/luth-0.6b.yaml
    python scripts/sft.py recipes/luth-0.6b.yaml --preview 3

--preview N prints N rows with the trained tokens marked, and the data report, and trains nothing. Any key of TRL's
SFTConfig or ModelConfig may follow the recipe and wins over it: --max_steps 10. The same command goes on from the last
checkpoint after a kill.
"""

import argparse
import math
import statistics
from pathlib import Path

from luth.core.console import quiet_libraries, say, script_parser
from luth.core.errors import UserError, about, explain, run_script


def make_parser() -> argparse.ArgumentParser:
    parser = script_parser(__doc__)
    parser.add_argument("recipe", help="a .yaml file, such as recipes/luth-0.6b.yaml; then any --KEY VALUE")
    parser.add_argument("--preview", type=int, metavar="N", help="print N rows and the data report, and stop")
    return parser


def main(arguments: list[str]) -> None:
    if arguments[:1] in (["--help"], ["-h"]):
        make_parser().print_help()
        return
    quiet_libraries()
    say("Loading the libraries.")
    import torch
    from transformers import ProgressCallback
    from trl import get_peft_config, get_quantization_config

    from luth import steps
    from luth.checkpoints.models import load_config, load_tokenizer, model_fingerprint, require_positions, require_stop
    from luth.core.files import sha256
    from luth.core.memory import keep_freed_memory
    from luth.core.run_record import cpu_threads, open_run
    from luth.templates import template_file
    from luth.training.adapter import merge_adapter
    from luth.training.arguments import parse, split
    from luth.training.batch_order import require_one_batch
    from luth.training.card import write_card
    from luth.training.divergence import rows_of
    from luth.training.launch import check_launch, confirm_launch
    from luth.training.loss_curve import plot_loss
    from luth.training.masking import inference_template, read_training_template
    from luth.training.mixture import load_rows
    from luth.training.packing_check import require_exact_packing
    from luth.training.preview import data_report, preview
    from luth.training.publish import PushCheckpoints, open_repository, push_finished
    from luth.training.resuming import KeepCheckpoints, last_checkpoint, save_finished
    from luth.training.trainer import LogHistory, LossOnBar, MaskedSFTTrainer, NotFinite

    path, overrides = split(arguments)
    args = parse(path, steps.read(path, "sft"), overrides)
    training, model, luth = args.training, args.model, args.luth
    output, limit = Path(training.output_dir), training.save_total_limit
    name, revision = model.model_name_or_path, model.model_revision
    strategy = check_launch(training)
    template = read_training_template(training.chat_template_path)
    say(f"Checking the data and {name}.")
    tokenizer = load_tokenizer(name, revision, training.eos_token)
    if tokenizer.chat_template is None:
        tokenizer.chat_template = inference_template(template)
    if training.packing or training.padding_free:
        require_exact_packing(load_config(name, revision), training.device)
    with training.main_process_first(desc="tokenising"):
        rows = load_rows(args.mixture, tokenizer, template, training, luth.max_dropped_fraction)
    require_stop(rows.train[0]["labels"], tokenizer, name, revision)
    require_positions(max(rows.train["length"][:]), name, revision)
    if luth.preview is not None:
        say(preview(rows, tokenizer, luth.preview))
    say(data_report(rows, training.max_length))
    if luth.preview is not None:
        return

    kind = "packs" if training.packing else "rows"
    if not training.packing:
        require_one_batch(len(rows.train), luth.global_batch_size, kind, strategy.processes)
    inputs = {**rows.fingerprints, name: model_fingerprint(name, revision)}
    inputs[training.chat_template_path] = sha256(template_file(training.chat_template_path))
    settings = {key: value for key, value in args.recipe.items() if key not in ("output_dir", "disable_tqdm")}
    run = open_run(output, "sft", settings, inputs, training.seed)
    run.record["recipe_path"] = args.path
    if run.finished:
        if not any(output.glob("*.safetensors")):
            raise UserError(
                "bad-checkpoint", f"{output} holds a finished run without its weights: delete the folder to run again"
            )
        say(f"{output} already holds this very run, finished: nothing to do.")
        return
    made_by = {"recipe": run.record["recipe_hash"][:16], "strategy": strategy.kind, "processes": strategy.processes}
    checkpoint = last_checkpoint(output, made_by)
    callbacks = [LogHistory(output / "log_history.jsonl"), KeepCheckpoints(limit, made_by)]
    if training.push_to_hub and training.process_index == 0:
        run.record["hub_repository"] = open_repository(training, run.record)
        callbacks.append(PushCheckpoints(run.record, run.record["hub_repository"]))
    if training.use_cpu:
        torch.set_num_threads(cpu_threads())
        keep_freed_memory()

    # Done here and not by the Trainer. The template that trains ends above: the model keeps the one it came with.
    # Nothing is cut, no loss that is not a number is averaged away, checkpoints are sealed before older ones go, and
    # no pickle is pushed.
    training.chat_template_path, training.assistant_only_loss = None, False
    training.max_length = training.max_length if training.packing else None
    training.eval_packing, training.dataset_num_proc = False, None
    training.logging_nan_inf_filter, training.save_total_limit, training.push_to_hub = False, None, False
    training.model_init_kwargs = {
        "revision": revision,
        "attn_implementation": model.attn_implementation,
        "dtype": model.dtype,
        **(training.model_init_kwargs or {}),
    }
    try:
        with about(name):
            trainer = MaskedSFTTrainer(
                model=name,
                args=training,
                train_dataset=rows.train,
                eval_dataset=rows.held_out,
                processing_class=tokenizer,
                quantization_config=get_quantization_config(model),
                peft_config=get_peft_config(model),
                callbacks=callbacks,
            )
    except (ValueError, ImportError, OSError) as error:
        if explain(error) is not None:
            raise
        raise UserError("bad-checkpoint", f"{args.path}: the trainer refuses these settings: {error}") from error
    confirm_launch(strategy, trainer.accelerator, training)
    require_one_batch(len(trainer.train_dataset), luth.global_batch_size, kind, strategy.processes)
    if not training.disable_tqdm:
        trainer.remove_callback(ProgressCallback)
        trainer.add_callback(LossOnBar)
    # Not before every process has looked into the folder.
    trainer.accelerator.wait_for_everyone()
    if trainer.is_world_process_zero():
        run.save(
            rows=rows.counts,
            strategy=str(strategy),
            processes=strategy.processes,
            precision="bf16" if training.bf16 else "fp32",
        )
    say(
        f"Training: {strategy}, {luth.global_batch_size} {kind} a step"
        + (f", from {checkpoint}." if checkpoint else ".")
    )
    try:
        trainer.train(resume_from_checkpoint=checkpoint)
    except NotFinite as error:
        kept = last_checkpoint(output, made_by)
        raise UserError(
            "bad-checkpoint",
            f"the loss is {error.loss} at step {trainer.state.global_step + 1}, in the batch of "
            f"{'; '.join(rows_of(error.inputs, rows))}: stopped; "
            f"{f'the last good checkpoint is {kept}' if kept else 'there is no checkpoint yet'}: look at these rows, "
            f"or lower learning_rate or max_grad_norm, with another output_dir",
        ) from error

    say(f"Saving the model to {output}.")
    save_finished(trainer, tokenizer, output)
    # The other processes are done: what the first one does now may take longer than they would wait for it.
    trainer.end()
    if trainer.is_world_process_zero():
        losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
        facts = {"train_loss": statistics.fmean(losses or [math.nan]), "steps": trainer.state.global_step}
        if model.use_peft:
            say("Merging the adapter into its base.")
            facts["adapter_logit_difference"] = merge_adapter(
                name, revision, model.dtype, tokenizer, output, trainer.model
            )
        plot_loss(trainer.state.log_history, output / "loss.png", f"Fine-tuning {name}")
        run.finish(**facts)
        write_card(output, run.record, trainer.state.log_history)
        if "hub_repository" in run.record:
            push_finished(output, run.record["hub_repository"], training.hub_revision)


if __name__ == "__main__":
    run_script(main)
