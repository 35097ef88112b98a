"""Every recipe in recipes/ is valid, and a broken one is not."""

import math
import re
import shutil
from pathlib import Path

import pytest
import yaml

from luth.validation.recipe_checks import validate

RECIPES = Path(__file__).parents[2] / "recipes"


def test_every_recipe_is_seen_and_valid(run):
    files = list(RECIPES.rglob("*.yaml"))
    assert len(files) >= 22
    code, out, err = run("validate", "recipes")
    assert code == 0 and err == "" and out == f"{len(files)} recipes checked, 0 problems\n"


def test_all_mistakes_in_all_files_are_said_at_once(run, tmp_path):
    folder = tmp_path / "recipes"
    shutil.copytree(RECIPES, folder)

    def change(name, **changes):
        path = folder / name
        path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **changes}))

    change("demo/sft.yaml", learning_rat=1)
    change("demo/eval.yaml", batch_size="big")
    change("demo/merge.yaml", models=[{"model": "out/nobody-makes-this"}])
    change("merge.yaml", parameters={"t": 3})
    change("demo/sweep.yaml", criterion={"maximise": "Frnch", "keep": "English"})
    change("demo/report.yaml", prompt="Bonjour")
    (folder / "report-2.yaml").write_text(
        (RECIPES / "demo/report.yaml").read_text().replace("gained: [F", "gained: [T")
    )
    change("luth-0.6b.yaml", datasets=[{"path": "json", "data_files": ["nowhere.jsonl"]}])
    (folder / "odd.yaml").write_text("what: is this\n")
    (folder / "broken.yaml").write_text("a: [\n")
    found = validate(sorted(folder.rglob("*.yaml")))
    for words in (
        "unknown key 'learning_rat'",
        "batch_size: 'big'",
        "out/nobody-makes-this is merged, but no recipe's output_dir names it",
        "t: 3 is outside 0",
        "'Frnch' is no group of development (did you mean 'French'?)",
        "unknown key 'prompt' (did you mean 'prompts'?)",
        "nowhere.jsonl: no such file",
        "gained: there is no group 'Trench items' (did you mean 'French items'?)",
        "odd.yaml: its keys fit no step",
        "broken.yaml is not valid YAML",
    ):
        assert sum(words in line for line in found) == 1, (words, found)
    assert len(found) == 10
    assert run("validate", folder)[0] == 2


PARTS = {
    "luth_scholar": 30282,
    "luth_smoltalk2": 50474,
    "luth_croissantllm": 13872,
    "luth_aya_dataset": 1422,
    "luth_tulu3_persona_math": 47440,
    "luth_openhermes": 406516,
    "luth_tulu3_persona_instruct": 20617,
}


# Models that Luth was not published for.
OURS = [path for path in sorted(RECIPES.glob("luth-*.yaml")) if "3.5" in path.stem or "2.5" in path.stem]


@pytest.mark.parametrize("path", OURS, ids=lambda path: path.stem)
def test_what_was_not_published_is_said_to_be_ours(path):
    recipe, text = yaml.safe_load(path.read_text("utf-8")), path.read_text("utf-8")
    assert {source["split"]: source["rows"] for source in recipe["datasets"]} == PARTS
    for words in ("Nothing of this was published", "# Ours: ", "luth-2-card.yaml", "Unchecked until"):
        assert words in text.split("\n\n")[0]
    merge = RECIPES / path.name.replace("luth-", "merge-")
    models = yaml.safe_load(merge.read_text("utf-8"))
    assert models["base_model"] == recipe["model_name_or_path"]
    assert f"./{recipe['output_dir']}" in [entry["model"] for entry in models["models"]]
    assert "Not published" in merge.read_text("utf-8")
    if "qwen" in path.stem:
        assert recipe["packing"] is False and "causal_conv1d" in text


@pytest.mark.parametrize("path", sorted({*RECIPES.glob("luth-*.yaml")} - {*OURS}), ids=lambda path: path.stem)
def test_the_published_values(path):
    recipe = yaml.safe_load(path.read_text())
    assert {source["split"]: source["rows"] for source in recipe["datasets"]} == PARTS
    assert {source["path"] for source in recipe["datasets"]} == {"kurakurai/luth-sft"}
    assert recipe["assistant_only_loss"] is True and recipe["bf16"] is True and recipe["optim"] == "adamw_torch_fused"
    assert (recipe["num_train_epochs"], recipe["lr_scheduler_type"], recipe["max_length"]) == (3, "cosine", 16384)
    assert (recipe["warmup_steps"], recipe["weight_decay"]) == (0.1, 0.0 if "lfm2" in path.stem else 0.01)
    if "lfm2" in path.stem:
        assert (recipe["learning_rate"], recipe["max_grad_norm"], recipe["test_split_size"]) == (5e-5, 0.1, 0.05)
        assert (recipe["global_batch_size"], recipe["packing"]) == (20, True)
        # 338 M tokens with Qwen3's tokenizer, up to a third more with LFM2's: twice an epoch, and at the end.
        for steps in range(2900, 4100):
            assert steps - 20 < 6 * math.ceil(steps * recipe["eval_steps"]) <= steps
    elif "lora" not in path.stem:
        assert recipe["global_batch_size"] == 24 and recipe["packing"] is True
        assert (recipe["learning_rate"], recipe["max_grad_norm"]) == (2e-5, 0.1)


@pytest.mark.parametrize("path", sorted(RECIPES.glob("eval/luth-*.yaml")), ids=lambda path: path.stem)
def test_the_published_evaluation(path):
    recipe, header = yaml.safe_load(path.read_text("utf-8")), path.read_text("utf-8").split("\n\n")[0]
    assert recipe["generation_parameters"] == {"temperature": 0, "max_new_tokens": 8192} and recipe["num_runs"] == 1
    # The blog's French rows had the French system prompt; its English rows and all of the cards' the English one.
    prompts = {True: "Vous êtes un assistant utile.", False: "You are a helpful assistant."}
    assert recipe["system_prompt"] == prompts["blog" in path.stem]
    hybrid = [entry for entry in recipe["models"] if "/Qwen3-" in str(entry) or "/Luth-0" in str(entry)]
    assert hybrid and all(entry["thinking"] is False for entry in hybrid)
    for page in ("le-leadboard/gpqa-fr", "Idavidrein/gpqa", "8,192", "luth-fr-blog.yaml" if "fr" in path.stem else ""):
        assert page in header


@pytest.mark.parametrize("path", sorted(RECIPES.glob("sweep/luth-*.yaml")), ids=lambda path: path.stem)
def test_a_sweep_asks_for_no_more_items_than_there_are(path):
    # Rows of the split that each task evaluates, as on the Hub.
    rows = {
        "arc_challenge_fr": 1169,
        "arc_challenge_en": 1172,
        "hellaswag_fr": 9300,
        "hellaswag_en": 10042,
        "boolq_fr": 178,
    }
    recipe = yaml.safe_load(path.read_text("utf-8"))
    chosen = [task for tasks in recipe["development"].values() for task in tasks]
    assert set(chosen) <= set(rows)
    assert all(count <= rows[task] for task, count in recipe["evaluation"]["max_samples"].items())


@pytest.mark.parametrize("path", sorted(RECIPES.glob("luth-*.yaml")), ids=lambda path: path.stem)
def test_the_global_batch_fits_one_gpu_and_eight(path):
    recipe = yaml.safe_load(path.read_text())
    assert recipe["global_batch_size"] % recipe["per_device_train_batch_size"] == 0
    # LFM2's published 20 packs fit four GPUs, and its header says what eight need.
    gpus = 4 if "lfm2-" in path.stem else 8
    assert recipe["global_batch_size"] % gpus == 0
    assert gpus == 8 or "--global_batch_size 24" in path.read_text("utf-8")


@pytest.mark.parametrize("path", sorted(RECIPES.glob("luth-*.yaml")), ids=lambda path: path.stem)
def test_every_header_says_hardware_batch_memory_time_and_precision(path):
    header = path.read_text().split("\n\n")[0]
    for words in ("# Hardware: ", "Global batch: ", "# Precision: "):
        assert words in header
    unknown = "# Memory and time: unknown" in header
    assert unknown or ("# Memory (planned" in header and "# Time (planned" in header)


@pytest.mark.parametrize(("language", "hint"), [("fx", False), ("german", False), ("French", True)])
def test_a_language_that_is_none_is_found_before_a_build(language, hint, tmp_path):
    recipe = yaml.safe_load((RECIPES / "demo/data.yaml").read_text()) | {"language": language}
    path = tmp_path / "data.yaml"
    path.write_text(yaml.safe_dump(recipe, sort_keys=False))
    [line] = validate([path])
    assert f"language: {language!r}" in line
    assert ("did you mean 'fr'" in line) == ("did you mean" in line) == hint


def test_every_recipe_is_in_the_table_of_them_all():
    links = set(re.findall(r"\]\(([^)]+\.yaml)\)", (RECIPES / "README.md").read_text("utf-8")))
    assert links == {path.relative_to(RECIPES).as_posix() for path in RECIPES.rglob("*.yaml")}
