"""Mathematics tasks: prompts, golds and scores, on rows written for the test in the datasets' real columns."""

import json
from pathlib import Path

import pytest
from lighteval.models.model_output import ModelResponse

from luth.evaluation.tasks import aime24, kholle, math_500, math_lvl5

TASKS = {task.name: task for module in (math_500, aime24, math_lvl5, kholle) for task in module.TASKS}
SHARED = Path(__file__).parents[3] / "shared" / "data"
ROWS = {
    "math_500_fr": {"problem": "Calculer $1 + 1$.", "solution": "On ajoute\u00a0: $1 + 1 = \\boxed{2}$."},
    "math_500_en": {"problem": "Compute $1 + 1$.", "solution": "We add: $1 + 1 = \\boxed{2}$.", "answer": "2"},
    "aime24_fr": {"problem": "Calculer $1 + 1$.", "answer": "002"},
    "math_lvl5_fr": {"problem": "Calculer $1 + 1$.", "solution": "$1 + 1 = \\boxed{2}$"},
    "kholle_fr": {"problem": "Calculer $1 + 1$.", "answer": "2"},
}
PLACES = {
    "math_500_fr": ("bezir/MATH-500-multilingual", "French", ["test"]),
    "math_500_en": ("HuggingFaceH4/MATH-500", "default", ["test"]),
    "aime24_fr": ("kurakurai/aime_2024_fr", "default", ["train"]),
    "math_lvl5_fr": ("le-leadboard/MATH_LVL5_fr", "default", ["test"]),
    "kholle_fr": ("kurakurai/kholle", "default", ["combined"]),
}
VERSIONS = {"math_500_fr": 2}


def score(name, text, **columns):
    doc = TASKS[name].prompt_function({**ROWS[name], **columns}, name)
    return TASKS[name].metrics[0].sample_level_fn.compute(doc, ModelResponse(text=[text]))


@pytest.mark.parametrize("name", ROWS)
def test_a_task_asks_for_a_box_in_its_language_and_generates_up_to_1024_tokens(name):
    task, doc = TASKS[name], TASKS[name].prompt_function(dict(ROWS[name]), name)
    assert (task.hf_repo, task.hf_subset, list(task.evaluation_splits)) == PLACES[name]
    assert (task.num_fewshots, task.few_shots_split, task.generation_size) == (0, None, 1024)
    assert task.version == VERSIONS.get(name, 1)
    assert "\\boxed{}" in doc.query and ROWS[name]["problem"] in doc.query
    assert ("réponse finale" in doc.query) == name.endswith("_fr")
    assert doc.query.endswith(f"Problème\u00a0: {ROWS[name]['problem']}\nSolution\u00a0:" if "lvl5" in name else "$.")


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.parametrize(
    ("text", "right"),
    [
        ("La somme vaut $\\boxed{2}$.", 1),
        ("On trouve 3, puis \\boxed{3}, enfin \\boxed{2}.", 1),
        ("La réponse finale est $2$.", 1),
        ("The final answer is $2$. I hope it is correct.", 1),
        ("Donc la réponse est $\\boxed{3}$, pas 2.", 0),
        ("\\boxed{2, 3}", 0),
        ("", 0),
        ("\\boxed{}", 0),
        ("__import__('os').system('echo 2')", 0),
    ],
)
def test_a_task_scores_the_final_answer(name, text, right):
    assert score(name, text) == right


def test_the_metric_keeps_its_published_name():
    doc = math_500.prompt_fr(ROWS["math_500_fr"], "math_500_fr")
    for task in TASKS.values():
        response = ModelResponse(text=["$\\boxed{2}$"])
        assert task.metrics[0].compute_sample(model_response=response, doc=doc) == {"extractive_match": 1}


def test_commas_are_read_in_the_language_of_the_task():
    assert score("math_500_fr", "\\boxed{2,5}", solution="\\boxed{\\frac{5}{2}}") == 1
    assert score("math_500_en", "\\boxed{2,500}", answer="2500") == 1
    assert score("math_500_en", "\\boxed{2,5}", answer="2.5") == 0
    assert score("kholle_fr", "\\boxed{2\\,500}", answer="2500") == 1


def test_several_boxes_answer_a_list():
    solution = "Les solutions sont $\\boxed{4, -9}$."
    assert score("math_500_fr", "Les solutions sont $\\boxed{-9}$ et $\\boxed{4}$.", solution=solution) == 1
    assert score("math_500_fr", "Les solutions sont $\\boxed{9}$ et $\\boxed{4}$.", solution=solution) == 0
    assert score("math_500_fr", "$\\boxed{-9}$ et $\\boxed{5}$ et $\\boxed{4}$.", solution=solution) == 0


def test_the_worked_examples_are_right_by_the_metric():
    for problem, solution in math_lvl5.EXAMPLES:
        assert score("math_lvl5_fr", solution, problem=problem, solution=solution) == 1
    assert score("math_lvl5_fr", "$]-3\\,;\\,3[$", solution=math_lvl5.EXAMPLES[1][1]) == 0


def test_a_gold_solution_that_lost_its_box_still_ends_in_its_answer():
    solution = "On développe l'expression avec soin, terme à terme. " * 5 + "La réponse finale est $12$."
    assert score("math_lvl5_fr", "\\boxed{12}", solution=solution) == 1
    assert score("math_lvl5_fr", "\\boxed{5}", solution=solution) == 0


@pytest.mark.parametrize(
    "solution",
    [
        "Il reste $12$ œufs, en $3$ boîtes.",
        "Il reste $\\boxed{12$ œufs, en $3$ boîtes.",
        "Il en reste $\\boxed{}$, en $3$ boîtes.",
        "",
        None,
    ],
)
def test_the_gold_is_the_column_answer_where_the_translated_solution_lost_its_box(solution):
    assert score("math_500_fr", "\\boxed{12}", solution=solution, answer="12") == 1
    assert score("math_500_fr", "\\boxed{3}", solution=solution, answer="12") == 0
    assert score("math_500_fr", "\\boxed{3}", solution="Il en reste \\boxed{3}.", answer="12") == 1
    for answer in ("", None):
        with pytest.raises(ValueError, match="answer is empty"):
            score("math_500_fr", "\\boxed{12}", solution=solution, answer=answer)


def test_a_kholle_row_may_have_several_right_answers():
    for text, right in (("\\boxed{2}", 1), ("\\boxed{deux}", 1), ("\\boxed{3}", 0)):
        assert score("kholle_fr", text, answer=["$2$", "deux"]) == right
    for answer in ([], [""], None):
        with pytest.raises(ValueError, match="answer is empty"):
            score("kholle_fr", "\\boxed{2}", answer=answer)


def test_a_thought_that_is_not_over_has_no_answer():
    doc = kholle.prompt(ROWS["kholle_fr"], "kholle_fr")
    response = ModelResponse(text=["<think>\\boxed{2}"], text_post_processed=[""])
    assert TASKS["kholle_fr"].metrics[0].sample_level_fn.compute(doc, response) == 0


@pytest.mark.parametrize(("name", "file"), [("math_500_fr", "mgsm_fr.tsv"), ("math_500_en", "mgsm_en.tsv")])
def test_word_problems_are_scored_by_their_number(name, file):
    if not (SHARED / "mgsm" / file).exists():
        pytest.skip(f"needs {SHARED}/mgsm, which is not part of the repository")
    for line in (SHARED / "mgsm" / file).read_text(encoding="utf-8").splitlines():
        number = line.split("\t")[-1]
        columns = {"answer": number, "solution": f"\\boxed{{{number}}}"}
        said = f"Elle a donc {number} œufs en tout." if name.endswith("fr") else f"So she has {number} eggs in all."
        assert score(name, said, **columns) == 1
        assert score(name, f"\\boxed{{{number}1}}", **columns) == 0


def test_gsm8k_solutions_end_with_their_number():
    if not (SHARED / "gsm8k" / "test.jsonl").exists():
        pytest.skip(f"needs {SHARED}/gsm8k, which is not part of the repository")
    for line in (SHARED / "gsm8k" / "test.jsonl").read_text(encoding="utf-8").splitlines():
        answer = json.loads(line)["answer"]
        number = answer.split("#### ")[1]
        assert score("math_500_en", answer, answer=number) == 1, answer
