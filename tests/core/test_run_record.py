import json

import pytest

from luth.core.errors import UserError
from luth.core.files import written_beside
from luth.core.run_record import open_run


def test_a_finished_run_is_recognised_and_another_recipe_refused(tmp_path):
    folder = tmp_path / "out"
    run = open_run(folder, "sft", {"lr": 1}, {"data": "abc"}, seed=3)
    run.save()
    assert not open_run(folder, "sft", {"lr": 1}, {"data": "abc"}, seed=3).finished
    run.finish(loss=1.5)
    again = open_run(folder, "sft", {"lr": 1}, {"data": "abc"}, seed=3)
    assert again.finished and again.record["loss"] == 1.5
    for recipe, inputs, changed in (({"lr": 2}, {"data": "abc"}, "lr"), ({"lr": 1}, {"data": "changed"}, "data")):
        with pytest.raises(UserError, match=f"different: {changed}") as error:
            open_run(folder, "sft", recipe, inputs)
        assert error.value.code == "output-unusable"


def test_a_folder_of_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(UserError, match="output_dir") as error:
        open_run(tmp_path, "sft", {}, {})
    assert error.value.code == "output-unusable"
    assert (tmp_path / "thesis.tex").read_text() == "years of work"


def test_a_folder_below_a_file_is_refused(tmp_path):
    file = tmp_path / "file"
    file.write_text("")
    for folder in (file, file / "x" / "y"):
        with pytest.raises(UserError, match="file is a file") as error:
            open_run(folder, "merge", {}, {})
        assert error.value.code == "output-unusable"


def test_a_link_to_an_empty_folder_is_filled(tmp_path):
    (tmp_path / "disk").mkdir()
    (tmp_path / "out").symlink_to(tmp_path / "disk")
    with written_beside(tmp_path / "out") as beside:
        (beside / "a").write_text("")
    assert (tmp_path / "disk" / "a").is_file() and (tmp_path / "out").is_symlink()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["disk", "out"]


def test_replace_other_keeps_the_older_record(tmp_path):
    open_run(tmp_path, "evaluate", {"a": 1}, {}).finish()
    open_run(tmp_path, "evaluate", {"a": 2}, {}, replace_other=True).finish()
    assert open_run(tmp_path, "evaluate", {"a": 2}, {}).finished
    records = [json.loads(path.read_text()) for path in tmp_path.glob("run*.json")]
    assert sorted(record["recipe"]["a"] for record in records) == [1, 2]


def test_a_re_run_that_is_stopped_leaves_the_older_record_and_can_begin_again(tmp_path):
    open_run(tmp_path, "evaluate", {"a": 1}, {}).finish()
    open_run(tmp_path, "evaluate", {"a": 2}, {}, replace_other=True)
    assert open_run(tmp_path, "evaluate", {"a": 1}, {}).finished
    open_run(tmp_path, "evaluate", {"a": 2}, {}, replace_other=True).finish()
    with pytest.raises(UserError, match="evaluate") as error:
        open_run(tmp_path, "report", {}, {}, replace_other=True)
    assert error.value.code == "output-unusable"


def test_the_record_says_what_made_the_output(tmp_path):
    run = open_run(tmp_path / "x", "sft", {"a": 1}, {"f": "0"}, seed=5)
    run.finish()
    record = json.loads((tmp_path / "x" / "run.json").read_text())
    assert record["seed"] == 5 and record["packages"]["torch"] and record["hardware"]["cores"] >= 1
    assert record["git_commit"] is None or len(record["git_commit"]) >= 40


def test_a_run_goes_on_with_settings_that_may_change_and_keeps_what_they_were(tmp_path):
    free = {"may_change": ("steps", "logs")}
    open_run(tmp_path, "sft", {"lr": 1, "steps": 3}, {}, **free).save()
    run = open_run(tmp_path, "sft", {"lr": 1, "steps": 5, "logs": 2}, {}, **free)
    assert run.changed == {"steps": 3, "logs": None} and run.record["recipe"]["steps"] == 5
    run.save()
    run = open_run(tmp_path, "sft", {"lr": 1, "steps": 6, "logs": 2}, {}, **free)
    assert [change["before"] for change in run.record["changes"]] == [{"logs": None, "steps": 3}, {"steps": 5}]
    assert open_run(tmp_path, "sft", {"lr": 1, "steps": 5, "logs": 2}, {}, **free).changed == {}
    with pytest.raises(UserError, match="different: lr"):
        open_run(tmp_path, "sft", {"lr": 2, "steps": 5, "logs": 2}, {}, **free)
