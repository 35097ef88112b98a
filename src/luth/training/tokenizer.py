"""The tokenizer that a run trains with, and its chat template."""

from transformers import PreTrainedTokenizerBase

from luth.checkpoints.models import load_tokenizer
from luth.training.chat_templates import TrainingTemplate, training_template
from luth.training.new_tokens import set_end_of_turn
from luth.training.sft_keys import SFTArguments


def load_for_training(args: SFTArguments) -> tuple[PreTrainedTokenizerBase, TrainingTemplate, list[str]]:
    """Load a run's tokenizer, with the recipe's end-of-turn token, and find its training template.

    Returns:
        the tokenizer, with the chat template that it came with, or none; the training template; the tokens that are
        new to the vocabulary.

    Raises:
        UserError: the tokenizer cannot be loaded, no template fits, or the end-of-turn token is unknown.
    """
    training, name = args.training, args.model_name
    tokenizer = load_tokenizer(name, args.model.model_revision)
    template = training_template(training.chat_template_path, tokenizer, name)
    new_tokens = set_end_of_turn(tokenizer, training.eos_token, template.source, name, args.model.use_peft)
    return tokenizer, template, new_tokens
