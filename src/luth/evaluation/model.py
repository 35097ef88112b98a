"""LightEval's transformers model, with log-likelihoods computed once per context instead of once per choice."""

import os
from dataclasses import dataclass
from pathlib import Path

import torch
from accelerate import Accelerator
from lighteval.models.model_output import ModelResponse
from lighteval.models.transformers.transformers_model import TransformersModel, TransformersModelConfig
from lighteval.tasks.requests import Doc
from tqdm import tqdm
from transformers import AutoModelForCausalLM

# Families whose layers mix positions by attention alone, so that a mask keeps choices apart; a test compares each
# with LightEval's own computation. Others, such as LFM2 with its convolutions, go LightEval's way.
PURE_ATTENTION = {"llama", "qwen2", "qwen3"}


@dataclass
class Question:
    """One document, tokenised: its context and its choices' continuations, and its place in the request."""

    index: int
    context: list[int]
    continuations: list[list[int]]

    @property
    def length(self) -> int:
        """Tokens of the context and of all continuations together."""
        return len(self.context) + sum(len(tokens) for tokens in self.continuations)


class SharedContextModel(TransformersModel):
    """TransformersModel that lays a question's choices side by side behind one copy of their context.

    Each choice sees the context and itself, at the positions it would have alone; the output projection runs only
    where a choice's token is predicted, and log-probabilities are taken in fp32. Tokenisation is LightEval's.
    """

    def _loglikelihood_tokens(self, docs: list[Doc], rolling: bool = False) -> list[ModelResponse]:
        questions = []
        for index, doc in enumerate(docs):
            prompt = self.prompt_manager.prepare_prompt(doc)
            contexts, continuations = self.tok_encode_pair(prompt, doc.choices, pairwise=True)
            questions.append(Question(index, contexts[0], continuations))
        several = self.accelerator is not None and self.accelerator.num_processes > 1
        too_long = any(question.length > self.max_length for question in questions)
        if rolling or several or too_long or self.transformers_config.model_type not in PURE_ATTENTION:
            return super()._loglikelihood_tokens(docs, rolling)
        questions.sort(key=lambda question: -question.length)
        batches = [questions[at : at + self.batch_size] for at in range(0, len(questions), self.batch_size)]
        responses: list[ModelResponse | None] = [None] * len(docs)
        for batch in tqdm(batches, desc="Log-likelihoods", disable=self.disable_tqdm):
            for question, response in zip(batch, self._score(batch), strict=True):
                responses[question.index] = response
        return responses

    @torch.inference_mode()
    def _score(self, batch: list[Question]) -> list[ModelResponse]:
        length = max(question.length for question in batch)
        tokens = torch.full((len(batch), length), self.tokenizer.pad_token_id)
        positions = torch.zeros((len(batch), length), dtype=torch.long)
        visible = torch.zeros((len(batch), 1, length, length), dtype=torch.bool)
        rows, columns, targets = [], [], []
        for row, question in enumerate(batch):
            end = len(question.context)
            tokens[row, :end] = torch.tensor(question.context)
            positions[row, :end] = torch.arange(end)
            visible[row, 0, :end, :end] = torch.ones(end, end).tril().bool()
            start = end
            for continuation in question.continuations:
                size = len(continuation)
                stop = start + size
                tokens[row, start:stop] = torch.tensor(continuation)
                positions[row, start:stop] = torch.arange(end, end + size)
                visible[row, 0, start:stop, :end] = True
                visible[row, 0, start:stop, start:stop] = torch.ones(size, size).tril().bool()
                rows += [row] * size
                columns += [end - 1, *range(start, stop - 1)]
                targets += continuation
                start = stop
            # Padding sees itself: a row that sees nothing would be NaN.
            visible[row, 0, start:, start:] = torch.eye(length - start, dtype=torch.bool)
        where = (torch.tensor(rows), torch.tensor(columns))
        head = self.model.get_output_embeddings()
        hook = head.register_forward_pre_hook(lambda _, hidden: (hidden[0][where],))
        try:
            logits = self.model(
                input_ids=tokens.to(self.device),
                position_ids=positions.to(self.device),
                attention_mask=visible.to(self.device),
                use_cache=False,
            ).logits.float()
        finally:
            hook.remove()
        wanted = torch.tensor(targets, device=logits.device)
        scores = logits.log_softmax(-1).gather(-1, wanted[:, None]).squeeze(-1).cpu()
        greedy = (logits.argmax(-1) == wanted).cpu()
        return self._responses(batch, scores, greedy)

    def _responses(self, batch: list[Question], scores: torch.Tensor, greedy: torch.Tensor) -> list[ModelResponse]:
        """Cut the scores, one a predicted token in the batch's order, into LightEval's responses."""
        responses = []
        at = 0
        for question in batch:
            sums, exact = [], []
            for continuation in question.continuations:
                stop = at + len(continuation)
                sums.append(scores[at:stop].sum().item())
                exact.append(bool(greedy[at:stop].all()))
                at = stop
            responses.append(
                ModelResponse(
                    logprobs=sums,
                    argmax_logits_eq_gold=exact,
                    input_tokens=question.context,
                    output_tokens=question.continuations,
                )
            )
        return responses


def display_name(model: str) -> str:
    """Return the name under which results are filed: relative, and never taken for a Hub id.

    LightEval asks the Hub about names of the form `a/b`, and would put its cache inside an absolute path.
    """
    if not Path(model).exists():
        return model
    relative = os.path.relpath(model)
    return f"./{relative}" if not relative.startswith("..") else f"./{str(Path(model).resolve()).lstrip('/')}"


def load_model(
    name: str, dtype: str, batch_size: int, cache_dir: str, system_prompt: str | None = None
) -> SharedContextModel:
    """Load a local or Hub model for LightEval, on the GPU where there is one.

    Args:
        name: a folder or a Hub id.
        dtype: a torch dtype's name, or `auto` for the one the weights are saved in.
        batch_size: sequences per forward pass.
        cache_dir: where LightEval caches answers by path: a folder of this evaluation's own.
        system_prompt: put before every conversation.
    """
    config = TransformersModelConfig(
        model_name=display_name(name),
        tokenizer=name,
        dtype=dtype,
        batch_size=batch_size,
        system_prompt=system_prompt,
        cache_dir=cache_dir,
    )
    weights = AutoModelForCausalLM.from_pretrained(name, dtype=dtype)
    return SharedContextModel.from_model(weights, config, Accelerator())
