"""The model thinking (enable_thinking: true), save where log-likelihoods are asked: those never think."""

from lighteval.models.custom.custom_model import CustomModelConfig

from luth.evaluation.backends.transformers_model import LocalModel
from luth.evaluation.definitions import defined_model


class CustomModel(LocalModel):
    """What `lighteval custom` builds: it takes the alphabetically first model class that it finds in this file."""

    def __new__(cls, config: CustomModelConfig) -> LocalModel:  # type: ignore[misc]
        """Load the model that the command names."""
        return defined_model(config, thinking=True)
