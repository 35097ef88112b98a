"""Model definition files for LightEval's own command line, one a mode.

lighteval custom MODEL src/luth/evaluation/definitions/thinking.py TASKS --custom-tasks src/luth/tasks.py
"""

import tempfile
import weakref
from pathlib import Path

from lighteval.models.custom.custom_model import CustomModelConfig

from luth.checkpoints.models import require_chat_template
from luth.evaluation.backends.answer_store import AnswerStore
from luth.evaluation.backends.transformers_model import LocalModel, load_model
from luth.evaluation.recipe import EvalRecipe, rows

SYSTEM_PROMPT = "You are a helpful assistant."


def defined_model(config: CustomModelConfig, thinking: bool | None) -> LocalModel:
    """Load `config.model_name` in bfloat16, for greedy answers as published.

    LightEval's cache knows a model by its path and would answer for other weights: here it lives as long as the model.
    """
    require_chat_template(config.model_name)
    recipe = EvalRecipe([config.model_name], ["any"], "", thinking=thinking, system_prompt=SYSTEM_PROMPT)
    scratch = tempfile.TemporaryDirectory(prefix="luth-eval-")
    model = load_model(config.model_name, None, recipe, Path(scratch.name))
    # The folder is deleted when the model is.
    weakref.finalize(model, scratch.cleanup)
    (row,) = rows(recipe, recipe.tasks, [])
    model.set_mode(row, AnswerStore(Path(scratch.name) / "answers"))
    return model
