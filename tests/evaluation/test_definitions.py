"""LightEval's own command, with our definition files and our tasks files."""

import subprocess
from pathlib import Path

import pyarrow.parquet as parquet
import pytest

from tests.evaluation.test_evaluate import HYBRID

ROOT = Path(__file__).parents[2]
# Offline, two of LightEval's built-in tasks cannot be imported: its command runs here without them, and only them.
COMMAND = """
import sys
from pathlib import Path
from lighteval.tasks.registry import Registry
Registry._load_from_files = staticmethod(lambda *_: {})
Registry._load_from_subdirs = staticmethod(lambda *_: {})
from lighteval.__main__ import app
sys.argv[0] = "lighteval"
app()
"""


def test_lighteval_custom(make_model, python, tmp_path):
    model = make_model(tmp_path / "model")
    (model / "chat_template.jinja").write_text(HYBRID, "utf-8")
    before = sorted(model.rglob("*"))
    (tmp_path / "tasks.txt").write_text("# as recipes/eval/luth_fr.txt\ndemo_choice_fr|0\ndemo_short_fr|0\n")
    done = subprocess.run(
        [python, "-c", COMMAND, "custom", str(model), "src/luth/evaluation/definitions/no_thinking.py",
         str(tmp_path / "tasks.txt"), "--custom-tasks", "recipes/demo/tasks.py", "--max-samples", "3",
         "--output-dir", str(tmp_path / "out"), "--save-details"],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert sorted(model.rglob("*")) == before
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(model)
    for path in (tmp_path / "out").rglob("*.parquet"):
        for row in parquet.read_table(path).to_pylist():
            prompt = tokenizer.decode(row["model_response"]["input_tokens"])
            assert prompt.rstrip("\n").endswith("</think>") and "You are a helpful assistant." in prompt
    assert len(list((tmp_path / "out").rglob("*.parquet"))) == 2


def test_a_mode_that_the_template_lacks_is_refused(make_model, tmp_path):
    from lighteval.models.custom.custom_model import CustomModelConfig
    from lighteval.models.model_loader import load_custom_model

    from luth.core.errors import UserError

    path = ROOT / "src/luth/evaluation/definitions/thinking.py"
    config = CustomModelConfig(model_name=str(make_model(tmp_path / "model")), model_definition_file_path=str(path))
    with pytest.raises(UserError, match="no enable_thinking") as error:
        load_custom_model(config)
    assert error.value.code == "bad-recipe-value"
    (tmp_path / "model" / "chat_template.jinja").write_text(HYBRID, "utf-8")
    model = load_custom_model(config)
    assert model.thinking is True and model.generation.max_new_tokens == 8192
