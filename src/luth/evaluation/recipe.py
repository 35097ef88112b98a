"""The keys of an evaluation recipe."""

from dataclasses import dataclass
from typing import Literal


@dataclass
class EvalRecipe:
    """What to evaluate and how. Keys that LightEval has bear LightEval's names.

    Parameters:
        models: local folders or Hub ids; `--model` on the command line replaces the list.
        tasks: names from src/luth/tasks.py.
        output_dir: results lie in `output_dir/results/MODEL/results_*.json`, answers in `output_dir/details/`.
        dtype: torch dtype that the model is loaded in.
        batch_size: sequences per forward pass.
        max_samples: items of every task, or of each by name, the same for every model: LightEval shuffles with a
            fixed seed and takes the first; null, or a task not named, for all.
        system_prompt: put before every conversation; null for what the chat template does by itself.
    """

    models: list[str]
    tasks: list[str]
    output_dir: str
    dtype: Literal["float32", "bfloat16", "float16", "auto"]
    batch_size: int
    max_samples: int | dict[str, int] | None = None
    system_prompt: str | None = None

    def samples(self, task: str) -> int | None:
        """Return how many items of a task are evaluated, None for all."""
        return self.max_samples.get(task) if isinstance(self.max_samples, dict) else self.max_samples
