"""The model definition file for LightEval's own command line.

lighteval custom MODEL src/luth/evaluation/custom.py TASKS --custom-tasks src/luth/tasks.py
"""

import tempfile

from lighteval.models.custom.custom_model import CustomModelConfig

from luth.evaluation.model import SharedContextModel, load_model


class CustomModel(SharedContextModel):
    """What `lighteval custom` builds: it takes the alphabetically first model class that it finds in this file."""

    def __new__(cls, config: CustomModelConfig) -> SharedContextModel:  # type: ignore[misc]
        """Load `config.model_name` in its own dtype, 8 sequences a pass, with a cache that lives as long as the model.

        LightEval's own cache knows a model by its path: it would answer for other weights.
        """
        scratch = tempfile.TemporaryDirectory(prefix="luth-eval-")
        model = load_model(config.model_name, dtype="auto", batch_size=8, cache_dir=scratch.name)
        model.scratch = scratch
        return model
