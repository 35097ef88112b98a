"""A recipe that changes: what the change touches is taken anew, and nothing that was paid for is paid again."""

import shutil
from pathlib import Path

import pytest
import yaml

from luth.data import kept_steps
from tests.data.conftest import TOPICS, rows, shards

CRITERIA = {"french": "Is it French?", "good": "Is it good?"}


@pytest.fixture
def recipe(tmp_path, server, write_rows):
    """Write a recipe of which some things can be changed."""
    asked = [
        {"prompt": f"Please explain in a few clear sentences what we should understand by the word {topic}"}
        for topic in TOPICS
    ]
    path = write_rows(asked, "english.jsonl")

    def write(thresholds=None, generate=None, endpoint=None, criteria=None, **steps):
        ask = {"endpoint": "model"}
        part = {
            "read": {"path": str(path), "columns": {"prompt": "prompt"}},
            "translate": ask,
            "generate": {**ask, **(generate or {})},
            "judge": {**ask, "criteria": criteria or CRITERIA, "thresholds": thresholds or {}},
        }
        content = {
            "step": "build_dataset",
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
def built(recipe, build, tmp_path, tmp_path_factory):
    """Give a dataset that was built once, by another server from an equal file at another place."""
    kept = tmp_path_factory.getbasetemp() / "built-once"
    if not kept.exists():
        code, _, err = build(recipe(), "--output_dir", kept)
        assert code == 0, err
    return shutil.copytree(kept, tmp_path / "built")


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
    judged.write_text(judged.read_text("utf-8").replace('"score":5', '"score":2', 1), "utf-8")
    code, _, err = build(recipe({"french": 4}))
    assert code == 2 and "made.judge, deduplicate, mix, write changed" in err and "[changed-recipe]" in err, err
    assert "asked again" not in err
    assert len(rows(built)) == len(TOPICS)
    code, _, err = build(recipe({"french": 4}), "--redo")
    assert code == 0 and dict(server.asked) == asked, err
    assert len(rows(built)) == len(TOPICS) - 1
    assert "made.judge: judged: french" in (built / "funnel.md").read_text("utf-8")


def test_redone_it_is_what_a_new_build_would_be(recipe, build, server, built, tmp_path):
    changed = recipe(generate={"temperature": 0.2}, mix={}, write={"shards": 1})
    code, _, err = build(changed, "--redo")
    assert code == 0, err
    # Translations stay; answers and verdicts are asked for.
    assert sum(server.asked.values()) == 2 * len(TOPICS)
    code, _, err = build(changed, "--output_dir", tmp_path / "new")
    assert code == 0 and shards(built) == shards(tmp_path / "new") and len(shards(built)) == 1, err


def test_a_step_that_is_no_more(recipe, build, built):
    path = recipe()
    content = yaml.safe_load(path.read_text("utf-8"))
    del content["steps"]["deduplicate"]
    path.write_text(yaml.safe_dump(content, sort_keys=False), "utf-8")
    code, _, err = build(path)
    assert code == 2 and " deduplicate, mix, write changed" in err and "[changed-recipe]" in err, err
    code, _, err = build(path, "--redo")
    assert code == 0 and len(rows(built)) == len(TOPICS), err
    assert not (built / "steps/deduplicate").exists()


def test_a_folder_that_does_not_say_what_it_is_made_of_is_stale(recipe, build, built):
    for path in built.glob("steps/*/made_of.txt"):
        path.unlink()
    code, _, err = build(recipe(mix={}))
    assert code == 2 and "made.read, made.translate" in err and "asked again" not in err, err


@pytest.mark.parametrize(
    ("changes", "again"),
    [
        ({"write": {"shards": 2, "tokenizer": "TOKENIZER"}}, False),
        ({"criteria": {"good": "Is it good?", "french": "Is it French?"}}, True),
        ({"endpoint": {"model": "other"}}, True),
    ],
)
def test_only_what_answers_depend_on_is_asked_again(
    recipe, build, built, server, make_model, tmp_path, changes, again
):
    if "write" in changes:
        make_model(tmp_path / "model")
        changes["write"]["tokenizer"] = str(tmp_path / "model")
    asked = sum(server.asked.values())
    path = recipe(**changes)
    code, _, err = build(path)
    assert code == 2 and ("asked again" in err) == again, err
    code, _, err = build(path, "--redo")
    assert code == 0 and (sum(server.asked.values()) > asked) == again, err


def test_the_same_file_at_another_place_is_the_same(recipe, build, built, server, tmp_path):
    path = recipe()
    (tmp_path / "moved").mkdir()
    shutil.move(tmp_path / "english.jsonl", tmp_path / "moved/rows.jsonl")
    path.write_text(path.read_text("utf-8").replace("english.jsonl", "moved/rows.jsonl"), "utf-8")
    code, _, err = build(path)
    assert code == 0, err


def test_what_lies_there_is_pushed_once_this_recipe_wrote_it(recipe, build, built):
    path = recipe(mix={}, push={"repo_id": "anna/data"})
    code, _, err = build(path, "--redo", "--only", "push")
    assert code == 2 and "[step-order]" in err, err


class Killed(BaseException):
    pass


@pytest.mark.slow
def test_killed_at_any_moment_of_forgetting(recipe, build, built, server, tmp_path, monkeypatch):
    changed = {
        "thresholds": {"french": 4},
        "generate": {"temperature": 0.3},
        "mix": {"seed": 3},
        "write": {"shards": 1},
    }
    wanted = {}
    for name, changes in (("first", {}), ("second", changed)):
        code, _, err = build(recipe(**changes), "--output_dir", tmp_path / name)
        assert code == 0, err
        wanted[name] = shards(tmp_path / name)
    done = [0, 0]

    def counted(call):
        def instead(*arguments, **named):
            done[0] += 1
            if done[0] == done[1]:
                raise Killed
            return call(*arguments, **named)

        return instead

    moment, ended = 0, False
    while not ended:
        moment += 1
        folder = tmp_path / f"killed-{moment}"
        shutil.copytree(built, folder)
        done[:] = 0, moment
        with monkeypatch.context() as patched:
            for module, name in ((shutil, "rmtree"), (Path, "unlink"), (kept_steps, "write_text")):
                patched.setattr(module, name, counted(getattr(module, name)))
            forget = kept_steps.KeptSteps.forget

            def forget_alone(self, stale, forget=forget):
                forget(self, stale)
                raise Killed

            patched.setattr(kept_steps.KeptSteps, "forget", forget_alone)
            with pytest.raises(Killed):
                build(recipe(**changed), "--redo", "--output_dir", folder)
        ended = done[0] < moment
        # On with the new recipe, or back to the old one: never a mixture of the two.
        name, changes = (("first", {}), ("second", changed))[moment % 2]
        code, _, err = build(recipe(**changes), "--redo", "--output_dir", folder)
        assert code == 0 and shards(folder) == wanted[name], (moment, err)
    assert moment > 20
