"""Every recipe in recipes/ is valid, and a broken one is not."""

import shutil
from pathlib import Path

import yaml

from luth.validation import validate

RECIPES = Path(__file__).parents[2] / "recipes"


def test_every_recipe_is_seen_and_valid(run):
    files = list(RECIPES.rglob("*.yaml"))
    assert len(files) >= 9
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
    change("demo/merge-0.3.yaml", parameters={"t": 3})
    change("demo/report.yaml", prompt="Bonjour")
    (folder / "report-2.yaml").write_text((RECIPES / "demo/report.yaml").read_text().replace("french: F", "french: T"))
    change("luth-0.6b.yaml", datasets=[{"path": "json", "data_files": ["nowhere.jsonl"]}])
    (folder / "odd.yaml").write_text("what: is this\n")
    (folder / "broken.yaml").write_text("a: [\n")
    found = validate(sorted(folder.rglob("*.yaml")))
    for words in (
        "unknown key 'learning_rat'",
        "batch_size: 'big'",
        "out/nobody-makes-this is merged, but no recipe's output_dir names it",
        "t: 3 is outside 0",
        "unknown key 'prompt' (did you mean 'prompts'?)",
        "nowhere.jsonl: no such dataset file",
        "there is no group 'Trench items' with tasks (did you mean 'French items'?)",
        "odd.yaml: not a recipe of any step",
        "broken.yaml is not valid YAML",
    ):
        assert sum(words in line for line in found) == 1, (words, found)
    assert len(found) == 9
    assert run("validate", folder)[0] == 2


def test_the_published_values_of_luth_0_6b():
    recipe = yaml.safe_load((RECIPES / "luth-0.6b.yaml").read_text())
    assert [source["split"] for source in recipe["datasets"]] == [
        "luth_scholar",
        "luth_smoltalk2",
        "luth_croissantllm",
        "luth_aya_dataset",
        "luth_tulu3_persona_math",
        "luth_openhermes",
        "luth_tulu3_persona_instruct",
    ]
    assert {source["path"] for source in recipe["datasets"]} == {"kurakurai/luth-sft"}
    assert recipe["global_batch_size"] == 24 and recipe["packing"] and recipe["assistant_only_loss"]
    assert (recipe["learning_rate"], recipe["num_train_epochs"], recipe["lr_scheduler_type"]) == (2e-5, 3, "cosine")
    assert (recipe["max_length"], recipe["warmup_steps"], recipe["max_grad_norm"], recipe["weight_decay"]) == (
        16384,
        0.1,
        0.1,
        0.0,
    )
