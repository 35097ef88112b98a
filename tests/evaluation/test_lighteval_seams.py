"""What is used of LightEval's inside is checked before anything is evaluated."""

from importlib.metadata import version

import pytest
from lighteval.pipeline import Pipeline
from lighteval.tasks.registry import Registry

from luth.core.errors import UserError
from luth.evaluation.lighteval_seams import require_known_lighteval


def test_the_installed_lighteval_is_known():
    require_known_lighteval()


def test_a_lighteval_that_prepares_its_tasks_otherwise_is_refused(monkeypatch):
    monkeypatch.setattr(Pipeline, "_init_tasks_and_requests", lambda self, tasks, more: None)
    with pytest.raises(UserError, match=version("lighteval")) as error:
        require_known_lighteval()
    assert error.value.code == "wrong-version"
    monkeypatch.delattr(Pipeline, "_init_tasks_and_requests")
    with pytest.raises(UserError, match=version("lighteval")):
        require_known_lighteval()


def test_lightevals_own_tasks_are_not_imported(make_model, run, tmp_path, monkeypatch):
    monkeypatch.setattr(Registry, "load_all_task_configs", lambda *_, **__: pytest.fail("LightEval loads its tasks"))
    model = make_model(tmp_path / "model")
    options = ["--model", model, "--limit", "2", "--output_dir", tmp_path / "eval"]
    code, _, err = run("evaluate", "recipes/demo/eval.yaml", *options)
    assert code == 0, err
