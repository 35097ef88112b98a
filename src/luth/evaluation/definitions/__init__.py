"""Model definition files for LightEval's own command line, one a mode.

lighteval custom MODEL src/luth/evaluation/definitions/thinking.py TASKS --custom-tasks src/luth/tasks.py
"""

import tempfile
from pathlib import Path

from lighteval.models.custom.custom_model import CustomModelConfig

from luth.checkpoints.models import require_chat_template
from luth.evaluation.backends.answer_store import AnswerStore
from luth.evaluation.backends.transformers_model import DEFAULT_TAGS, LocalModel, ask, load_model
from luth.evaluation.recipe import THINKING_TOKENS, Generation

SYSTEM_PROMPT = "You are a helpful assistant."


def defined_model(config: CustomModelConfig, thinking: bool | None) -> LocalModel:
    """Load `config.model_name` in bfloat16, for greedy answers as published.

    LightEval's cache knows a model by its path and would answer for other weights: here it lives as long as the model.
    """
    require_chat_template(config.model_name)
    scratch = tempfile.TemporaryDirectory(prefix="luth-eval-")
    answers = AnswerStore(Path(scratch.name) / "answers")
    model = load_model(config.model_name, "bfloat16", 128, 4096, answers, scratch.name, SYSTEM_PROMPT)
    model.scratch = scratch
    generation = Generation(max_new_tokens=THINKING_TOKENS if thinking else None)
    return ask(model, config.model_name, thinking, generation, seed=0, tags=DEFAULT_TAGS)
