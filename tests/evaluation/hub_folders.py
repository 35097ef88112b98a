"""Stand-ins for the Hub's datasets: folders of the same names, subsets, splits and columns, with rows made up here."""

import json
from pathlib import Path

LETTERS = "ABCD"


def _rows(make, count=5):
    return [make(number) for number in range(count)]


def _gpqa(question):
    return lambda n: {
        question: f"Combien font {n} + {n}\u00a0?",
        "Correct Answer": str(2 * n),
        **{f"Incorrect Answer {k}": str(2 * n + k) for k in (1, 2, 3)},
    }


def _ifeval(n):
    return {
        "key": n,
        "prompt": f"Écris {n} phrases sans virgule.",
        "instruction_id_list": ["punctuation:no_comma"],
        "kwargs": [{"num_words": None, "relation": None}],
    }


DATASETS = {
    ("jzhang86/fr_ifeval", "default", "train"): _rows(_ifeval),
    ("google/IFEval", "default", "train"): _rows(_ifeval),
    ("le-leadboard/gpqa-fr", "gpqa_diamond", "train"): _rows(_gpqa("problem")),
    ("Idavidrein/gpqa", "gpqa_diamond", "train"): _rows(_gpqa("Question")),
    ("openai/MMMLU", "FR_FR", "test"): _rows(
        lambda n: {"Question": f"{n} + 1\u00a0?", **{x: str(n + k) for k, x in enumerate(LETTERS)}, "Answer": "B"}
    ),
    ("lighteval/mmlu", "all", "test"): _rows(
        lambda n: {"question": f"{n} + 1?", "subject": "maths", "choices": [str(n + k) for k in range(4)], "answer": 1}
    ),
    ("bezir/MATH-500-multilingual", "French", "test"): _rows(
        lambda n: {"problem": f"Que vaut {n}^2\u00a0?", "solution": f"C'est $\\boxed{{{n * n}}}$."}
    ),
    ("HuggingFaceH4/MATH-500", "default", "test"): _rows(
        lambda n: {"problem": f"What is {n}^2?", "solution": f"It is $\\boxed{{{n * n}}}$.", "answer": str(n * n)}
    ),
    ("manu/french_bench_arc_challenge", "default", "test"): _rows(
        lambda n: {"question": f"{n}\u00a0?", "choices": ["un gaz", "le feu", "l'eau", "la terre"], "answerKey": "A"}
    ),
    ("allenai/ai2_arc", "ARC-Challenge", "test"): _rows(
        lambda n: {
            "question": f"{n}?",
            "choices": {"text": ["gas", "fire", "water"], "label": ["A", "B", "C"]},
            "answerKey": "C",
        }
    ),
    ("manu/french_bench_hellaswag", "default", "validation"): _rows(
        lambda n: {
            "ctx_a": f"Il est {n} heures.",
            "ctx_b": "il",
            "endings": ["dort.", "vole.", "nage.", "lit."],
            "label": 0,
        }
    ),
    ("Rowan/hellaswag", "default", "validation"): _rows(
        lambda n: {
            "ctx_a": f"It is {n}.",
            "ctx_b": "he",
            "endings": ["sleeps.", "flies.", "swims.", "reads."],
            "label": "0",
        }
    ),
}


def make_hub(root: Path, **changes: list[dict]) -> Path:
    """Write every dataset's folder under `root`; `changes` gives other rows by the name after the slash."""
    for (repo, subset, split), rows in DATASETS.items():
        folder = root / repo
        folder.mkdir(parents=True, exist_ok=True)
        rows = changes.get(repo.split("/")[1], rows)
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
        (folder / f"{split}.jsonl").write_text(text, "utf-8")
        files = f"configs:\n- config_name: {subset}\n  data_files:\n  - split: {split}\n    path: {split}.jsonl\n"
        (folder / "README.md").write_text(f"---\n{files}---\n", "utf-8")
    return root
