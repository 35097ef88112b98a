"""Step E: generated answers and log-likelihoods on Qwen3-0.6B's shape in bfloat16, and the memory that they leave.

Answers run to their full length, since random weights have no end of turn. Questions have 300 tokens of context and
four continuations of 10.
"""

import random
import time

import torch
from figures import attempt, figure, step_arguments
from shapes import QWEN3_06B, TINY, make_model

from luth.core.memory import free_memory
from luth.evaluation.inference import packed
from luth.evaluation.inference.questions import Prompt, Question
from luth.evaluation.inference.sampling import Sampling

SAMPLED = Sampling(temperature=0.7, top_k=20, top_p=0.8)


def tokens_per_second(
    model: torch.nn.Module, prompts: int, length: int, new: int, sampling: Sampling, batch_tokens: int
) -> float:
    """Generate `new` tokens after each of some prompts of `length` tokens, all at a time; reading them counts."""
    chance = random.Random(0)
    asked = [Prompt(at, [chance.randrange(3, 500) for _ in range(length)], new, seed=at) for at in range(prompts)]
    begun = time.perf_counter()
    answers = list(packed.completions(model, asked, sampling, set(), prompts, batch_tokens))  # type: ignore[arg-type]
    seconds = time.perf_counter() - begun
    assert all(len(answer.tokens) == new for _, answer in answers)
    return prompts * new / seconds


def score(model: torch.nn.Module, count: int, context: int, batch_tokens: int) -> tuple[float, list[float]]:
    """Score questions; return tokens a second and every log-probability in nats."""
    chance = random.Random(0)

    def some(length: int) -> list[int]:
        return [chance.randrange(3, 500) for _ in range(length)]

    questions = [Question(at, some(context), [some(10) for _ in range(4)]) for at in range(count)]
    # Not the first pass, which chooses kernels.
    list(packed.likelihoods(model, questions[:2], batch_tokens))  # type: ignore[arg-type]
    begun = time.perf_counter()
    found = sorted(packed.likelihoods(model, questions, batch_tokens), key=lambda pair: pair[0].index)  # type: ignore[arg-type]
    seconds = time.perf_counter() - begun
    return count * (context + 36) / seconds, [one for _, answer in found for one in answer.logprobs]


def main() -> None:
    args = step_arguments(__doc__ or "")
    device = torch.device("cpu" if args.on_cpu else "cuda")
    many, short, new, long = (4, 16, 4, 64) if args.on_cpu else (128, 200, 96, 8400)
    model = make_model(TINY["qwen3"] if args.on_cpu else QWEN3_06B, device.type, torch.bfloat16).eval()
    tokens_per_second(model, 2, short, 4, Sampling(), 32768)
    before = free_memory(device)
    for name, sampling in (("greedy", Sampling()), ("sampled", SAMPLED)):
        with attempt(f"{name}, 128 at a time: tokens/s"):
            figure(f"{name}, 128 at a time: tokens/s", tokens_per_second(model, many, short, new, sampling, 32768))
    after = free_memory(device)
    for name, sampling in (("greedy", Sampling()), ("sampled", SAMPLED)):
        with attempt(f"{name}, 8 at a time: tokens/s"):
            figure(
                f"{name}, 8 at a time: tokens/s",
                tokens_per_second(model, min(8, many), short, new, sampling, 32768),
            )
    with attempt("8 with 8,500 tokens each: tokens/s"):
        if not args.on_cpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
        speed = tokens_per_second(model, min(8, many), long, new, Sampling(), 32768)
        figure("8 with 8,500 tokens each: tokens/s", speed)
        if not args.on_cpu:
            figure("8 with 8,500 tokens each: peak GB", torch.cuda.max_memory_allocated() / 1e9)
    with attempt("likelihoods, 4,096 tokens at a time: tokens/s"):
        count, context = (8, 60) if args.on_cpu else (400, 300)
        slower, few = score(model, count, context, 200 if args.on_cpu else 4096)
        figure("likelihoods, 4,096 tokens at a time: tokens/s", slower)
        faster, most = score(model, count, context, 32768)
        figure("likelihoods, 32,768 tokens at a time: tokens/s", faster)
        apart = [abs(one - other) / abs(other) for one, other in zip(most, few, strict=True)]
        figure("likelihoods, 32,768 tokens at a time: apart from 4,096", max(apart))
    figure("free memory, after by before", after / before)


if __name__ == "__main__":
    main()
