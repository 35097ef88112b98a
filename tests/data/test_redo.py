"""A recipe that changes: what the change touches is taken anew, and nothing that was paid for is paid again."""

import shutil

import pytest
import yaml

from tests.data.conftest import TOPICS, rows, shards


@pytest.fixture
def recipe(tmp_path, server, write_rows):
    """Write a recipe of which some things can be changed."""
    asked = [
        {"prompt": f"Please explain in a few clear sentences what we should understand by the word {topic}"}
        for topic in TOPICS
    ]
    path = write_rows(asked, "english.jsonl")

    def write(thresholds=None, generate=None, endpoint=None, **steps):
        ask = {"endpoint": "model"}
        part = {
            "read": {"path": str(path), "columns": {"prompt": "prompt"}},
            "translate": ask,
            "generate": {**ask, **(generate or {})},
            "judge": {**ask, "criteria": {"french": "Is it French?"}, "thresholds": thresholds or {}},
        }
        content = {
            "language": "fr",
            "language_name": "French",
            "tasks": 2,
            "endpoints": {"model": {"base_url": server.url, "model": "m", **(endpoint or {})}},
            "parts": {"made": part},
            "steps": {"deduplicate": {}, "mix": {"test_size": 4}, "write": {"shards": 2}, **steps},
            "output_dir": str(tmp_path / "built"),
        }
        recipe = tmp_path / "recipe.yaml"
        recipe.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
        return recipe

    return write


@pytest.fixture
def built(recipe, build, tmp_path, server):
    code, _, err = build(recipe())
    assert code == 0 and sum(server.asked.values()) == 3 * len(TOPICS), err
    return tmp_path / "built"


def test_what_changes_no_row_needs_nothing_anew(recipe, build, server, built):
    before, asked = shards(built), dict(server.asked)
    write = {"shards": 2, "title": "Un autre titre"}
    code, _, err = build(recipe(endpoint={"timeout": 9, "concurrent_requests": 2}, write=write))
    assert code == 0 and shards(built) == before and dict(server.asked) == asked, err
    assert "# Un autre titre" in (built / "dataset/README.md").read_text("utf-8")
    assert len(list(built.glob("run_*.json"))) == 1


def test_thresholds_are_held_against_the_verdicts_that_are_there(recipe, build, server, built):
    asked = dict(server.asked)
    (judged,) = built.glob("steps/made.judge/answered/00000_*.jsonl")
    judged.write_text(judged.read_text("utf-8").replace('"score":5', '"score":2', 2), "utf-8")
    code, _, err = build(recipe({"french": 4}))
    assert code == 2 and "as to made.judge, deduplicate, mix: --redo takes that anew" in err, err
    assert len(rows(built)) == len(TOPICS)
    code, _, err = build(recipe({"french": 4}), "--redo")
    assert code == 0 and dict(server.asked) == asked, err
    assert len(rows(built)) == len(TOPICS) - 2
    assert "made.judge: judged: french" in (built / "funnel.md").read_text("utf-8")


def test_redone_it_is_what_a_new_build_would_be(recipe, build, server, built, tmp_path):
    changed = recipe(generate={"temperature": 0.2}, mix={}, write={"shards": 1})
    code, _, err = build(changed, "--redo")
    assert code == 0, err
    # Translations stay; answers and verdicts are new, and as the server says the same, so are its verdicts' requests.
    assert sum(server.asked.values()) == 3 * len(TOPICS) + 2 * len(TOPICS)
    code, _, err = build(changed, "--output_dir", tmp_path / "new")
    assert code == 0 and shards(built) == shards(tmp_path / "new") and len(shards(built)) == 1, err


def test_a_step_that_is_no_more_and_one_that_was_half_forgotten(recipe, build, built):
    path = recipe()
    content = yaml.safe_load(path.read_text("utf-8"))
    del content["steps"]["deduplicate"]
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    code, _, err = build(path)
    assert code == 2 and "as to mix, deduplicate: --redo" in err, err
    # What a kill leaves in the middle of --redo.
    shutil.rmtree(built / "steps/mix/rows")
    (built / "steps/mix/done.json").unlink()
    code, _, err = build(path, "--redo")
    assert code == 0 and len(rows(built)) == len(TOPICS), err
    assert not (built / "steps/deduplicate").exists()
