"""Pushing models to the Hub: whole files, no pickles. A wrong name or token is found before training."""

import json
import os
import shlex
import shutil
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import httpx
from huggingface_hub import CommitInfo, HfApi
from huggingface_hub.errors import OfflineModeIsEnabled
from huggingface_hub.utils import filter_repo_objects
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.trainer_utils import HubStrategy

from luth.core.console import say
from luth.core.errors import Code, UserError, explain
from luth.training.card import loss_unit, without_secrets, write_card
from luth.training.loss_curve import plot_loss

PUSHED = ["*.safetensors", "*.json", "*.jinja", "*.txt", "*.model", "README.md", "loss.png", "log_history.jsonl"]
# Patterns' stars match slashes as well: */* is everything in a subfolder.
KEPT_BACK = ["*/*", ".*", "trainer_state.json", "complete.json"]
# Weights of an earlier push under other names. An adapter_config.json beside merged weights would be loaded on them.
REPLACED = ["adapter_*", "model.safetensors*", "model-*-of-*.safetensors"]
STAGE = ".pushed"


def open_repository(args: TrainingArguments, record: dict[str, Any]) -> str:
    """Create the repository that `args` name, and its branch, and check that it can be written to.

    Reads `hub_model_id` (without it, the output folder's name), `hub_private_repo`, `hub_revision` and
    `hub_strategy`; the token comes from HF_TOKEN or `hf auth login`. `record` is what run.json will hold: it is
    published, so it may hold no secret.

    Returns:
        the repository's full id, as `user/name`.

    Raises:
        UserError: the strategy is not supported, the record holds a token, the name is wrong, the token is missing or
            may not write, or the Hub cannot be reached.
    """
    if args.hub_strategy not in (HubStrategy.END, HubStrategy.EVERY_SAVE):
        raise UserError(
            "bad-recipe-value",
            f"hub_strategy: {HubStrategy(args.hub_strategy).value} uploads the optimiser's state, which is a pickle: "
            "choose end or every_save",
        )
    published = json.dumps(record, default=str, ensure_ascii=False)
    if without_secrets(published) != published:
        raise UserError(
            "hub-refused",
            "the recipe holds a token, and run.json is published: set HF_TOKEN in the environment instead",
        )
    name = args.hub_model_id or Path(str(args.output_dir)).resolve().name
    api = HfApi()
    try:
        repo_id = api.create_repo(name, private=args.hub_private_repo, exist_ok=True).repo_id
        # create_repo also succeeds for a public repository that belongs to somebody else.
        api.auth_check(repo_id, write=True)
        if args.hub_revision:
            api.create_branch(repo_id, branch=args.hub_revision, exist_ok=True)
    except (httpx.HTTPError, OSError, ValueError) as error:
        code, reason = _reason(error)
        raise UserError(code, f"hub_model_id {name}: {reason}") from error
    return repo_id


def push_finished(folder: Path, repo_id: str, revision: str | None = None) -> str:
    """Push the finished model in `folder`, with its card, record and loss curve, in one commit.

    Args:
        folder: an output folder; only the files that `PUSHED` names leave it, none from its subfolders.
        repo_id: what `open_repository` returned.
        revision: the branch, if not main; `open_repository` has created it.

    Returns:
        the commit's address.

    Raises:
        UserError: the push failed: the message holds the command that does it again.
    """
    step = json.loads((folder / "run.json").read_text(encoding="utf-8")).get("steps")
    try:
        return _upload(HfApi(), folder, repo_id, revision, f"Finished model, step {step}").commit_url
    except Exception as error:
        code, reason = _reason(error)
        raise UserError(
            code,
            f"{repo_id} was not pushed: {reason}. The model is safe in {folder}; "
            f"to push it: {upload_command(folder, repo_id, revision)}",
        ) from error


def upload_command(folder: Path, repo_id: str, revision: str | None = None) -> str:
    """Return the command line that pushes what `push_finished` does."""
    command = ["hf", "upload", repo_id, str(folder), "."]
    command += ["--revision", revision] if revision else []
    for option, patterns in (("--include", PUSHED), ("--exclude", KEPT_BACK), ("--delete", REPLACED)):
        command += [word for pattern in patterns for word in (option, pattern)]
    return shlex.join(command)


class PushCheckpoints(TrainerCallback):
    """Push each checkpoint's model in the background, with a card and a loss curve up to its step.

    A checkpoint that is saved while an earlier one is still being pushed is not pushed. A push that fails prints one
    line, and training goes on. The callback that seals checkpoints must run before this one: it stops a diverged run.
    """

    def __init__(self, record: dict[str, Any], repo_id: str) -> None:
        """`record` is the run's; `repo_id` is what `open_repository` returned."""
        self.record = record
        self.repo_id = repo_id
        self.api = HfApi()
        self.push: Future[CommitInfo] | None = None
        self.step = 0

    def on_save(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any) -> None:
        """Begin to push the checkpoint just written, from the first process."""
        if not state.is_world_process_zero or args.hub_strategy != HubStrategy.EVERY_SAVE:
            return
        if self.push is not None and not self.push.done():
            return
        self._await_push()
        output = Path(str(args.output_dir))
        self.step = state.global_step
        try:
            if any("loss" in entry for entry in state.log_history):
                name = self.record["recipe"]["model_name_or_path"]
                plot_loss(state.log_history, output / "loss.png", f"Fine-tuning {name}", loss_unit(self.record))
            write_card(output, {**self.record, "steps": self.step}, state.log_history)
            staged = _stage(output, output / f"checkpoint-{self.step}")
            message = f"Checkpoint, step {self.step}"
            self.push = self.api.run_as_future(_upload, self.api, staged, self.repo_id, args.hub_revision, message)
        except (OSError, UserError) as error:
            self._report(error)

    def on_train_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Wait for the push that is under way."""
        if state.is_world_process_zero:
            self._await_push()
            shutil.rmtree(Path(str(args.output_dir)) / STAGE, ignore_errors=True)

    def _await_push(self) -> None:
        error = self.push.exception() if self.push is not None else None
        self.push = None
        if error is not None:
            self._report(error)

    def _report(self, error: BaseException) -> None:
        say(f"The checkpoint at step {self.step} was not pushed, training goes on: {_reason(error)[1]}.")


def _stage(output: Path, checkpoint: Path) -> Path:
    """Link a checkpoint's model, and the run's card, record and curve, into a folder of their own.

    The Trainer deletes old checkpoints (save_total_limit), also while one is being pushed; a link keeps the file.
    """
    stage = output / STAGE
    shutil.rmtree(stage, ignore_errors=True)
    stage.mkdir()
    names = [path.name for path in checkpoint.iterdir() if path.is_file()]
    if not any(name.endswith(".safetensors") for name in names):
        raise UserError("hub-refused", f"{checkpoint} holds no safetensors weights: sharded training saves none there")
    model = filter_repo_objects(names, allow_patterns=PUSHED, ignore_patterns=KEPT_BACK)
    beside = [output / name for name in ("README.md", "run.json", "loss.png")]
    # By name, ours last: PEFT puts a README.md of its own into a checkpoint.
    files = {path.name: path for path in [*(checkpoint / name for name in model), *beside] if path.exists()}
    for name, path in files.items():
        try:
            os.link(path, stage / name)
        except OSError:
            # Some network file systems have no links.
            shutil.copyfile(path, stage / name)
    return stage


def _upload(api: HfApi, folder: Path, repo_id: str, revision: str | None, message: str) -> CommitInfo:
    return api.upload_folder(
        repo_id=repo_id,
        folder_path=folder,
        revision=revision,
        commit_message=message,
        allow_patterns=list(PUSHED),
        ignore_patterns=list(KEPT_BACK),
        delete_patterns=list(REPLACED),
    )


def _reason(error: BaseException) -> tuple[Code, str]:
    """Return the code and one line of why the Hub did not do it, with the remedy where there is one."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    message = " ".join((getattr(error, "server_message", None) or str(error)).split())[:300]
    if status in (401, 403):
        advice = "set HF_TOKEN to a token with write permission for this name"
        return "hub-refused", f"the Hub refuses ({status}: {message}): {advice}"
    if status is not None:
        return "hub-refused", f"the Hub answers {status}: {message}"
    if isinstance(error, OfflineModeIsEnabled):
        return "hub-offline", "HF_HUB_OFFLINE is set: unset it to push"
    if isinstance(error, httpx.TransportError):
        return "hub-unreachable", f"the Hub cannot be reached ({message}): check the network"
    known = explain(error)
    return (known.code, str(known)) if known else ("hub-refused", message)
