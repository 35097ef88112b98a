"""What is kept on disk is used again as long as two versions stand: behaviour that changes without them fails here.

A failure prints the new fingerprints, which are written below once the version beside them is raised.
"""

import hashlib
import json

import pytest
import torch
from lighteval.tasks.requests import Doc
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast

from luth.evaluation.backends.answer_store import Answer, AnswerStore
from luth.evaluation.backends.thoughts import split_thought
from luth.evaluation.backends.transformers_model import load_model
from luth.evaluation.inference import ANSWERS_VERSION
from luth.evaluation.recipe import EvalRecipe, Generation, rows
from luth.evaluation.scoring import SCORING_VERSION
from luth.evaluation.tasks import task_table
from tests.conftest import SMOLLM2_TEMPLATE, tiny_config
from tests.evaluation.hub_folders import DATASETS
from tests.evaluation.test_tasks import ROWS

DOCS = [
    Doc(task_name="t", query="Quelle couleur a le ciel ?", choices=["bleu", "rouge vif", "un"], gold_index=0),
    Doc(task_name="t", query="Oui ou non ? " * 9, choices=["Oui", "Non"], gold_index=1),
    Doc(task_name="t", query="Trop long. " * 120, choices=["oui", "non, jamais"], gold_index=0),
]
MORE_ROWS = {
    "mifeval_fr": {
        "prompt": "Décris la pluie en moins de dix mots, sans virgule.",
        "instruction_id_list": ["fr:length_constraints:number_words", "fr:punctuation:no_comma"],
        "kwargs": [{"num_words": 10, "relation": "moins de"}, {}],
    },
    "demo_short_fr": {"question": "Combien\u00a0?", "answers": ["deux", "2"]},
    "demo_conversations_fr": {"messages": [{"content": "Dis deux."}, {"content": "Deux, voilà."}]},
    "aime24_fr": {"problem": "Calculer $1 + 1$.", "answer": "002"},
    "math_lvl5_fr": {"problem": "Calculer $1 + 1$.", "solution": "$1 + 1 = \\boxed{2}$"},
    "kholle_fr": {"problem": "Calculer $\\frac12 + 3$.", "answer": "$3{,}5$"},
}
TEXTS = [
    "", "A", "(b)", "**B.**", "Réponse\u00a0: B", "Réponse : A ou B", "The answer is C.",
    "Je pense que c'est D, pas A.",
    "Oui", "Non.", "oui, car la Loire", "Oui ou non", "Faux", "Vrai", "invalide", "la réponse est (A)",
    "2", "La somme vaut $\\boxed{2}$.", "On trouve \\boxed{3}, enfin \\boxed{0}.", "La réponse finale est $3,5$.",
    "\\boxed{\\frac{7}{2}}", "7/2", "x = 3.5", "\\boxed{1}", "\\boxed{4}", "0", "1", "La réponse est 1 + 1 = 2.",
    "Il pleut sur la ville", "Il pleut, il mouille", "ÉCRIRE EN CAPITALES", "écrire sans capitale.", "} ] )",
    "âne chat zèbre", "* un\n* deux\n* trois", "The rain falls on the town. It is raining.", "un gaz", "dort.",
    "Réponse : (A)\nRéponse : (B)", "négative", "C'est $x \\in [0 ; 1[$", "(" * 500,
]  # fmt: skip
THOUGHTS = [
    "<think>a</think>b",
    "a</think>b",
    "<think>a",
    "ab",
    "<think></think>",
    "<think>a</think>b<think>c</think>",
]

# Raise a version and write the new fingerprints beside it, or restore the behaviour.
ANSWERS = {"version": 2, "llama": "74325fdb", "lfm2": "fb26c47e"}
LOGPROBS = {
    "llama": [-28.015, -53.252, -10.716, -22.355, -17.652, -19.97, -66.161],
    "lfm2": [-23.717, -52.623, -8.825, -19.018, -19.379, -16.666, -68.224],
}
SCORES = {
    "version": 2,
    "arc_challenge_fr": "4d3e7de9",
    "mmlu_fr": "4eac1687",
    "arc_challenge_en": "9946d362",
    "mmlu_en": "4eac1687",
    "gpqa_fr:diamond": "4b62d700",
    "gpqa_en:diamond": "4b0a4a54",
    "hellaswag_fr": "5dbff93a",
    "hellaswag_en": "5dbff93a",
    "boolq_fr": "777b50c7",
    "musr_fr:murder_mysteries": "931dc28a",
    "bbh_fr:pingouins_sur_une_table": "2b71b5c0",
    "bbh_fr:expressions_booléennes": "f9931388",
    "bbh_fr:toile_de_mensonges": "49399642",
    "bbh_fr:sophismes_formels": "4420e216",
    "bbh_fr:comptage_d_objets": "4fa7b86c",
    "bbh_fr:dyck_languages": "bfd804e8",
    "bbh_fr:tri_de_mots": "e6e73e0e",
    "mifeval_fr": "364ff645",
    "demo_short_fr": "7911060a",
    "demo_conversations_fr": "3ffdd55f",
    "aime24_fr": "4fa7b86c",
    "math_lvl5_fr": "4fa7b86c",
    "kholle_fr": "76a188fe",
    "ifeval_fr": "0b5c68b2",
    "ifeval_en": "310be3a5",
    "math_500_fr": "d1223a70",
    "math_500_en": "d1223a70",
    "thoughts": "59b93e3f",
}


def fingerprint(value):
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:8]


@pytest.fixture(scope="module")
def bytes_tokenizer():
    """One token a byte and ChatML's special tokens: nothing is trained, so that the same ids come out anywhere."""
    special = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    inner = Tokenizer(models.BPE({token: at for at, token in enumerate([*special, *alphabet])}, []))
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    inner.add_special_tokens(special)
    return PreTrainedTokenizerFast(
        tokenizer_object=inner, eos_token="<|im_end|>", pad_token="<|im_end|>", chat_template=SMOLLM2_TEMPLATE
    )


def tiny_model(folder, family, tokenizer):
    torch.manual_seed(0)
    model = AutoModelForCausalLM.from_config(tiny_config(family, len(tokenizer)))
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim == 2:
                parameter.normal_(0, 0.15)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)


@pytest.mark.parametrize("family", ["llama", "lfm2"])
def test_kept_answers_stand_while_their_version_does(family, bytes_tokenizer, tmp_path):
    name = tiny_model(tmp_path / "model", family, bytes_tokenizer)
    sampled = Generation(temperature=0.8, top_k=20, top_p=0.9, max_new_tokens=12)
    recipe = EvalRecipe([name], ["any"], "", dtype="float32", batch_size=2, batch_tokens=900)
    model = load_model(name, None, recipe, tmp_path / "cache")
    (row,) = rows(recipe, recipe.tasks, [])
    texts = []
    for generation in (Generation(max_new_tokens=12), sampled):
        row.generation = generation
        model.set_mode(row, AnswerStore(tmp_path / "answers"))
        texts += [[answer.output_tokens, answer.truncated, answer.unclosed] for answer in model.greedy_until(DOCS)]
    likelihoods = model.loglikelihood(DOCS)
    cuts = [answer.truncated_tokens_count for answer in likelihoods]
    greedy = [answer.argmax_logits_eq_gold for answer in likelihoods]
    lines = [line for path in (tmp_path / "answers").iterdir() for line in path.read_text("utf-8").splitlines()]
    found = fingerprint([texts, cuts, greedy, sorted(json.loads(line)["key"] for line in lines)])
    logprobs = [value for answer in likelihoods for value in answer.logprobs]
    assert (found, logprobs) == (ANSWERS[family], pytest.approx(LOGPROBS[family], abs=2e-3)), (
        f"{family} answers otherwise: raise ANSWERS_VERSION and write {found!r} and "
        f"{[round(value, 3) for value in logprobs]} here, or restore the behaviour"
    )
    assert ANSWERS_VERSION == ANSWERS["version"]


def scored_rows():
    table = task_table(["recipes/demo/tasks.py"]).tasks
    for name, row in {**ROWS, **MORE_ROWS}.items():
        yield table[name], row
    for task in table.values():
        for split in task.evaluation_splits:
            for row in DATASETS.get((task.hf_repo, task.hf_subset, split), [])[:3]:
                yield task, row


def test_scores_stand_while_their_version_does():
    lists: dict[str, list] = {}
    for task, row in scored_rows():
        doc = task.prompt_function(dict(row), task.name)
        logprobs = [-1.0 - 3.7 * ((at * 2 + 1) % len(doc.choices)) for at in range(len(doc.choices))]
        for text in TEXTS:
            response = Answer(text=[text], logprobs=logprobs, argmax_logits_eq_gold=[False] * len(logprobs))
            for metric in task.metrics:
                score = metric.compute_sample(model_response=response, doc=doc)
                lists.setdefault(task.name, []).append(json.loads(json.dumps(score, default=float)))
    lists["thoughts"] = [
        [vars(split_thought(text, [("<think>", "</think>")], opened, True, cut)) for text in THOUGHTS]
        for opened in (False, True)
        for cut in (False, True)
    ]
    found = {"version": SCORING_VERSION, **{name: fingerprint(scores) for name, scores in lists.items()}}
    changed = {name: value for name, value in found.items() if SCORES.get(name) != value}
    assert found == SCORES, f"scores changed: raise SCORING_VERSION and write {changed} here, or restore the behaviour"


def test_another_version_makes_results_anew_and_another_answers_version_answers_too(
    make_model, run, tmp_path, monkeypatch
):
    model = make_model(tmp_path / "model")
    options = ["--model", model, "--limit", "2", "--output_dir", tmp_path / "eval"]

    def evaluate():
        code, out, err = run("evaluate", "recipes/demo/eval.yaml", *options)
        assert code == 0, err
        return "already evaluated" not in out, "Answers:" in err

    assert evaluate() == (True, True) and evaluate() == (False, False)
    monkeypatch.setattr("luth.evaluation.items.loading.SCORING_VERSION", SCORING_VERSION + 1)
    assert evaluate() == (True, False)
    monkeypatch.setattr("luth.evaluation.items.loading.ANSWERS_VERSION", ANSWERS_VERSION + 1)
    monkeypatch.setattr("luth.evaluation.evaluate.ANSWERS_VERSION", ANSWERS_VERSION + 1)
    assert evaluate() == (True, True)
