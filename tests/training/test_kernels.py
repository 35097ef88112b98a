"""Kernels of other packages: what is missing is said before a model is loaded."""

import sys

import pytest
from trl import SFTConfig

from luth.core.errors import UserError
from luth.training.kernels import require_kernels


@pytest.fixture
def settings(tmp_path):
    return SFTConfig(output_dir=str(tmp_path / "out"), use_cpu=True, bf16=False, report_to="none")


@pytest.fixture
def liger(tmp_path, monkeypatch):
    """A package of Liger's name with its table of families."""
    for name in ("liger_kernel", "liger_kernel/transformers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").touch()
    table = tmp_path / "liger_kernel/transformers/monkey_patch.py"
    table.write_text("MODEL_TYPE_TO_APPLY_LIGER_FN = {'llama': None}\n")
    monkeypatch.syspath_prepend(tmp_path)
    yield
    for name in [name for name in sys.modules if name.startswith("liger_kernel")]:
        del sys.modules[name]


def refused(settings, folder, **changes):
    for key, value in changes.items():
        setattr(settings, key, value)
    with pytest.raises(UserError) as error:
        require_kernels(settings, str(folder), None)
    return error.value.code


def test_nothing_is_required_of_a_recipe_without_kernels(settings, tmp_path):
    require_kernels(settings, str(tmp_path / "no model"), None)


def test_what_kernels_need_is_said(settings, make_model, tmp_path):
    folder = make_model(tmp_path / "model")
    assert refused(settings, folder, model_init_kwargs={"use_kernels": True}) == "package-missing"
    assert refused(settings, folder, use_liger_kernel=True) == "no-gpu"
    assert refused(settings, folder, use_cpu=False) == "package-missing"


def test_a_family_that_liger_does_not_know_and_a_loss_of_its_own_are_refused(
    settings, make_model, tmp_path, liger, capsys
):
    settings.use_liger_kernel, settings.use_cpu = True, False
    assert refused(settings, make_model(tmp_path / "qwen3", "qwen3")) == "unsupported-model"
    llama = make_model(tmp_path / "llama")
    require_kernels(settings, str(llama), None)
    assert "not the loss" in capsys.readouterr().out
    assert refused(settings, llama, liger_kernel_config={"cross_entropy": True}) == "bad-recipe-value"
