"""Fine-tune a chat model on assistant turns with TRL's SFTTrainer.

    accelerate launch --config_file accelerate_configs/single_gpu.yaml scripts/sft.py recipes/luth-0.6b.yaml

Any key of TRL's SFTConfig, ModelConfig or dataset mixture may follow the recipe and wins over it: --max_steps 10.
The same command goes on from the last checkpoint after a kill.
"""

from pathlib import Path

from luth.errors import UserError, run_script
from luth.quiet import quiet_libraries, say


def main(arguments: list[str]) -> None:
    quiet_libraries()
    say("Loading the libraries.")
    import torch
    from transformers import ProgressCallback
    from trl import get_peft_config, get_quantization_config

    from luth.files import sha256
    from luth.memory import keep_freed_memory
    from luth.models import model_fingerprint, require_chat_template
    from luth.run_record import cpu_threads, open_run
    from luth.training.arguments import parse
    from luth.training.checkpoints import last_checkpoint, save_finished
    from luth.training.conversations import load_mixture
    from luth.training.curve import plot_loss
    from luth.training.masking import read_training_template, tokenize
    from luth.training.trainer import LogHistory, LossOnBar, MaskedSFTTrainer

    args = parse(arguments)
    training, model = args.training, args.model
    output = Path(training.output_dir)
    template = read_training_template(training.chat_template_path)
    say(f"Checking the data and {model.model_name_or_path}.")
    rows, sources = load_mixture(args.mixture)
    name, revision = model.model_name_or_path, model.model_revision
    tokenizer = require_chat_template(name, revision)
    inputs = {**sources, name: model_fingerprint(name, revision)}
    inputs[training.chat_template_path] = sha256(Path(training.chat_template_path))
    settings = {key: value for key, value in args.recipe.items() if key not in ("output_dir", "disable_tqdm")}
    run = open_run(output, "sft", settings, inputs, training.seed)
    if run.finished:
        say(f"{output} already holds this very run, finished: nothing to do.")
        return

    with training.main_process_first(desc="tokenising"):
        dataset, counts = tokenize(rows, tokenizer, template, training.max_length, training.dataset_num_proc)
    if training.world_size * training.per_device_train_batch_size > len(dataset) and not training.packing:
        raise UserError(f"{len(dataset)} rows are fewer than one batch over all processes: lower the batch size")
    say(
        f"{counts['rows']} conversations, {counts['tokens']} tokens, {counts['trained_tokens']} of them trained; "
        f"{counts['dropped_too_long']} longer than {training.max_length} tokens dropped."
    )
    if training.use_cpu:
        torch.set_num_threads(cpu_threads())
        keep_freed_memory()

    # The template that trains is used above and ends there: the model keeps the one it came with.
    training.chat_template_path = None
    training.assistant_only_loss = False
    training.model_init_kwargs = {
        "revision": revision,
        "attn_implementation": model.attn_implementation,
        "dtype": model.dtype,
        **(training.model_init_kwargs or {}),
    }
    trainer = MaskedSFTTrainer(
        model=name,
        args=training,
        train_dataset=dataset,
        processing_class=tokenizer,
        quantization_config=get_quantization_config(model),
        peft_config=get_peft_config(model),
        callbacks=[LogHistory(output / "log_history.jsonl")],
    )
    if not training.disable_tqdm:
        trainer.remove_callback(ProgressCallback)
        trainer.add_callback(LossOnBar)
    checkpoint = last_checkpoint(output)
    if trainer.is_world_process_zero():
        run.save(rows=counts, processes=training.world_size, precision="bf16" if training.bf16 else "fp32")
    say(
        f"Training on {training.world_size} process(es), {args.global_batch_size} conversations a step"
        + (f", from {checkpoint}." if checkpoint else ".")
    )
    result = trainer.train(resume_from_checkpoint=checkpoint)

    say(f"Saving the model to {output}.")
    if trainer.is_world_process_zero():
        plot_loss(trainer.state.log_history, output / "loss.png", f"Fine-tuning {name}")
    save_finished(trainer, tokenizer, output)
    if trainer.is_world_process_zero():
        run.finish(train_loss=result.training_loss, steps=trainer.state.global_step)
    trainer.end()


if __name__ == "__main__":
    run_script(main)
