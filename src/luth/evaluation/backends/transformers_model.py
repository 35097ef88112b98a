"""A model on the transformers backend, with LightEval's interface."""

import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import torch
from lighteval.models.transformers.transformers_model import TransformersModel, TransformersModelConfig
from lighteval.tasks.requests import Doc
from tqdm import tqdm
from transformers import AutoModelForCausalLM, PretrainedConfig, PreTrainedModel

from luth.checkpoints.fitting import take_missing_tokens
from luth.checkpoints.models import require_chat_template
from luth.core.console import say
from luth.core.errors import UserError, about, memory_advice
from luth.core.memory import free_memory
from luth.evaluation.backends.answer_store import Answer, AnswerStore, key
from luth.evaluation.backends.prompts import Prompts
from luth.evaluation.backends.thoughts import Tags, split_thought
from luth.evaluation.inference import packed, padded
from luth.evaluation.inference.questions import Prompt, Question
from luth.evaluation.inference.sampling import Sampling
from luth.evaluation.launch import one_evaluation
from luth.evaluation.recipe import EvalRecipe, Generation, Row
from luth.templates import date_fixed

# So many tokens a forward pass keep a CPU at work, and a GPU.
CPU_BATCH_TOKENS = 4096
GPU_BATCH_TOKENS = 32768


class LocalModel(TransformersModel):
    """LightEval's TransformersModel, with our inference, thinking, and answers that survive a kill.

    Made by `load_model`, used after `set_mode`. Under `accelerate launch` every process answers its share of the docs;
    afterwards each has all answers.
    """

    prompts: Prompts
    batch_tokens: int
    answers: AnswerStore
    thinking: bool | None
    generation: Generation
    seed: int

    @property
    def device(self) -> torch.device:
        """The device of this process."""
        return self.accelerator.device

    @property
    def tags(self) -> Tags:
        """The pairs that open and close a thought."""
        return self.prompts.tags

    def set_mode(self, row: Row, answers: AnswerStore) -> None:
        """Set how the model answers, and where its answers are kept.

        Raises:
            UserError: the model's chat template does not take the row's thinking mode.
        """
        for note in self.prompts.check_mode(row.thinking):
            say(note)
        self.thinking, self.generation, self.seed = row.thinking, row.generation, row.seed
        self.answers = answers

    def greedy_until(self, docs: list[Doc]) -> list[Answer]:
        """Answer every doc in words: greedily, or sampled where a temperature is set."""
        sampling = {name: value for name, value in self.generation.given().items() if name != "max_new_tokens"}
        prompts: dict[str, Prompt] = {}
        names, opened, cuts, shortened = [], {}, {}, 0
        for doc in docs:
            if doc.num_samples > 1:
                raise UserError(
                    "bad-recipe-value",
                    f"{doc.task_name} needs {doc.num_samples} answers to a question: set num_runs instead",
                )
            tokens = self.prompts.ids(doc, self.thinking)
            cut = max(0, len(tokens) - self.max_length + 1)
            wanted = self.generation.max_new_tokens or doc.generation_size or self.max_length
            room = min(wanted, self.max_length - len(tokens) + cut)
            shortened += room < wanted
            name = key(prompt=tokens, new=room, sampling=sampling, seed=self.seed if sampling["temperature"] else None)
            names.append(name)
            opened[name], cuts[name] = self.prompts.opens_thought(doc, self.thinking), cut
            prompts[name] = Prompt(len(names) - 1, tokens[cut:], room, int(key(name=name, seed=self.seed)[:15], 16))
        self._say_cuts(list(cuts.values()))
        if shortened:
            say(
                f"{shortened} of {len(docs)} answers have less room than they are allowed: "
                f"prompt and answer share the {self.max_length} tokens that the model takes."
            )
        self._answer(prompts, lambda missing: self._complete(missing, Sampling(**sampling)))
        return [self._written(self.answers[name], prompts[name], opened[name], cuts[name]) for name in names]

    def _complete(self, prompts: list[Prompt], sampling: Sampling) -> Iterator[tuple[int, dict[str, Any]]]:
        stop = stop_tokens(self.model, self.tokenizer.eos_token_id)
        batch_size = self.batch_size or 1
        # Those that may run longest begin first, so that none is left alone at the end.
        prompts = sorted(prompts, key=lambda prompt: (-prompt.max_new_tokens, -len(prompt.tokens)))
        # The bar counts tokens, for one answer may take long. What an answer leaves of its room is taken off the end.
        room = sum(prompt.max_new_tokens for prompt in prompts)
        with tqdm(total=room, desc="Answers", unit=" tokens", unit_scale=True, disable=self.disable_tqdm) as progress:
            if packed.fits(self.model):
                batch = (batch_size, self.batch_tokens)
                pairs = packed.completions(self.model, prompts, sampling, stop, *batch, progress.update)
            else:
                pairs = padded.completions(self.model, prompts, sampling, stop, batch_size, progress.update)
            for done, (prompt, completion) in enumerate(pairs, 1):
                progress.set_postfix_str(f"{done} of {len(prompts)} answers", refresh=False)
                progress.total -= prompt.max_new_tokens - len(completion.tokens) - (not completion.truncated)
                yield prompt.index, {"tokens": completion.tokens, "truncated": completion.truncated}

    def _written(self, answer: dict[str, Any], prompt: Prompt, opened: bool, cut: int) -> Answer:
        text = self._decode(answer["tokens"])
        reply = split_thought(text, self.tags, opened, bool(self.thinking), answer["truncated"])
        response = Answer(
            text=[reply.answer],
            reasonings=[reply.thought],
            input_tokens=prompt.tokens,
            output_tokens=[answer["tokens"]],
            truncated_tokens_count=cut,
        )
        response.truncated, response.unclosed = answer["truncated"], reply.unclosed
        return response

    def _decode(self, tokens: list[int]) -> str:
        """Decode without special tokens, save where a tokenizer counts the tags of a thought among them."""
        tags = {tag for pair in self.tags for tag in pair}
        if not tags & set(self.tokenizer.all_special_tokens):
            return str(self.tokenizer.decode(tokens, skip_special_tokens=True))
        kept = [token for token in tokens if token not in self.tokenizer.all_special_ids or self._is_tag(token, tags)]
        return str(self.tokenizer.decode(kept, skip_special_tokens=False))

    def _is_tag(self, token: int, tags: set[str]) -> bool:
        return self.tokenizer.convert_ids_to_tokens(token) in tags

    def loglikelihood(self, docs: list[Doc]) -> list[Answer]:
        """Score every doc's choices, each after the doc's prompt, never thinking."""
        questions: dict[str, Question] = {}
        pieces_of = [self._pieces(doc, False if self.thinking else self.thinking, questions) for doc in docs]
        self._say_cuts([cut for _, cut in pieces_of])
        self._answer(questions, self._score)
        responses = []
        for names, cut in pieces_of:
            answers = [self.answers[name] for name in names]
            pieces = [questions[name] for name in names]
            response = Answer(
                logprobs=[value for answer in answers for value in answer["logprobs"]],
                argmax_logits_eq_gold=[value for answer in answers for value in answer["greedy"]],
                input_tokens=pieces[0].context,
                output_tokens=[tokens for piece in pieces for tokens in piece.continuations],
                truncated_tokens_count=cut,
            )
            responses.append(response)
        return responses

    def _pieces(self, doc: Doc, thinking: bool | None, questions: dict[str, Question]) -> tuple[list[str], int]:
        """Add a doc's question to `questions`; return its keys there and how many tokens were cut.

        A doc is one question, unless it is too long. Then each choice becomes a question of its own, as in LightEval,
        with as much of the context's end as fits into the model.
        """
        if self.prompts.opens_thought(doc, thinking):
            raise UserError(
                "bad-recipe-value",
                "the chat template opens a thought, and a choice cannot be scored inside it: set thinking to false",
            )
        whole, continuations = self.prompts.choices(doc, thinking)
        over = [max(0, len(whole) + len(tokens) - self.max_length) for tokens in continuations]
        groups = [[at] for at in range(len(over))] if any(over) else [list(range(len(over)))]
        names = []
        for group in groups:
            context, choices = whole[over[group[0]] :], [continuations[at] for at in group]
            name = key(prompt=context, choices=choices)
            if name not in questions:
                questions[name] = Question(len(questions), context, choices)
            names.append(name)
        return names, max(over)

    def _score(self, questions: list[Question]) -> Iterator[tuple[int, dict[str, Any]]]:
        kind = packed if packed.fits(self.model) else padded
        pairs = kind.likelihoods(self.model, questions, self.batch_tokens)
        for question, likelihood in tqdm(pairs, "Log-likelihoods", len(questions), disable=self.disable_tqdm):
            yield question.index, {"logprobs": likelihood.logprobs, "greedy": likelihood.greedy}

    def loglikelihood_rolling(self, docs: list[Doc]) -> list[Answer]:
        """Raise `UserError`: none of our tasks measures perplexity."""
        raise UserError("bad-recipe-value", "perplexity tasks are not for this model: use `lighteval accelerate`")

    def _say_cuts(self, cuts: list[int]) -> None:
        count = sum(cut > 0 for cut in cuts)
        if count:
            say(
                f"{count} of {len(cuts)} prompts are longer than the {self.max_length} tokens that the model takes: "
                f"their beginning is cut, by {max(cuts)} tokens at most."
            )

    def _answer(
        self,
        requests: dict[str, Any],
        work: Callable[[list[Any]], Iterable[tuple[int, dict[str, Any]]]],
    ) -> None:
        """Let `work` answer this process's share of the requests without an answer; keep each answer as it comes."""
        accelerator = self.accelerator
        accelerator.wait_for_everyone()
        missing = {request.index: name for name, request in requests.items() if name not in self.answers}
        accelerator.wait_for_everyone()
        share = sorted(missing)[accelerator.process_index :: accelerator.num_processes]
        mine = [requests[missing[index]] for index in share]
        with memory_advice("lower batch_tokens, or batch_size where answers are written; kept answers stand"):
            for index, answer in work(mine) if mine else ():
                self.answers.put(missing[index], answer)
        accelerator.wait_for_everyone()
        self.answers.refresh()

    def cleanup(self) -> None:
        """Keep the model in memory: another mode or run of it may follow."""


def default_batch_tokens(device: torch.device, config: PretrainedConfig, itemsize: int, free: int) -> int:
    """Return how many tokens a forward pass reads where the recipe does not say it.

    Args:
        device: where the model is.
        config: the model's.
        itemsize: bytes of a number of the model.
        free: bytes of the device that are free. Half of them hold a pass in which each token's logits are needed.
    """
    if device.type == "cpu":
        return CPU_BATCH_TOKENS
    text = config.get_text_config()
    wide = getattr(text, "intermediate_size", None) or 4 * text.hidden_size
    numbers = text.vocab_size + 3 * wide + 8 * text.hidden_size
    return max(CPU_BATCH_TOKENS, min(GPU_BATCH_TOKENS, free // 2 // (numbers * itemsize)))


def stop_tokens(model: PreTrainedModel, eos_token_id: Any) -> set[int]:
    """Return the tokens at which generation stops: the tokenizer's and the model's own."""
    own = model.generation_config.eos_token_id
    return {eos_token_id, *(own if isinstance(own, list) else [own] if own is not None else [])}


def display_name(model: str) -> str:
    """Return the name under which results are filed: relative, and never taken for a Hub id.

    LightEval asks the Hub about names of the form `a/b`, and would put its cache inside an absolute path. A server's
    name for a model may be any path, which need not be there: it stays inside the folder of results.
    """
    path = Path(model)
    if not path.exists() and not path.is_absolute() and ".." not in path.parts:
        return model
    return f"./{os.path.relpath(model)}" if _is_inside(model) else f"./{str(path.resolve()).lstrip('/')}"


def shown_name(model: str) -> str:
    """Return the name by which messages and tables call a model: of a folder, a path that leads to it."""
    return display_name(model) if Path(model).exists() and _is_inside(model) else model


def _is_inside(model: str) -> bool:
    """Tell whether a path is below the folder in which the command was started."""
    return not os.path.relpath(model).startswith("..")


def load_model(
    name: str, revision: str | None, recipe: EvalRecipe, cache_dir: Path, tokenizer_of: str | None = None
) -> LocalModel:
    """Load a local or Hub model for LightEval, on the GPU where there is one.

    Args:
        name: a folder or a Hub id.
        revision: of a Hub model.
        recipe: says dtype, batch sizes, and how prompts are made.
        cache_dir: a scratch folder for LightEval's own cache, which is not used.
        tokenizer_of: the model whose tokenizer and template are taken, None for its own.

    Raises:
        UserError: it cannot be loaded, or its chat template takes no question.
    """
    # Before the weights, which take time.
    tokenizer = require_chat_template(tokenizer_of or name, None if tokenizer_of else revision)
    tokenizer.chat_template = date_fixed(tokenizer.get_chat_template(), recipe.date)
    prompts = Prompts(shown_name(name), tokenizer, recipe.system_prompt, recipe.tokenisation, recipe.reasoning_tags)
    for note in prompts.notes:
        say(note)
    config = TransformersModelConfig(
        model_name=display_name(name),
        tokenizer=tokenizer_of or name,
        revision=revision or "main",
        dtype=recipe.dtype,
        batch_size=recipe.batch_size,
        system_prompt=recipe.system_prompt,
        cache_dir=str(cache_dir),
    )
    accelerator = one_evaluation()
    with about(name), memory_advice("set dtype: bfloat16, or take a larger card"):
        weights = AutoModelForCausalLM.from_pretrained(name, revision=revision, dtype=recipe.dtype)
        if tokenizer_of:
            take_missing_tokens(weights, name, revision, tokenizer_of)
        weights = weights.to(accelerator.device)
    # Not prepared by accelerate: a model that is only read needs no wrapper, and the wrapper hides its attributes.
    model: Any = LocalModel.from_model(weights, config, None)
    model.accelerator, model.prompts, device = accelerator, prompts, accelerator.device
    model.batch_tokens = recipe.batch_tokens or default_batch_tokens(
        device, weights.config, weights.dtype.itemsize, free_memory(device)
    )
    return model
