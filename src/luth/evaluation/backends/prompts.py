"""How one model is asked: LightEval's messages through its chat template, and what that template can take."""

from importlib.metadata import version
from typing import Any

from lighteval.tasks.prompt_manager import PromptManager
from lighteval.tasks.requests import Doc
from transformers import PreTrainedTokenizerBase

from luth.core.errors import UserError, about
from luth.evaluation.backends.chat_template import (
    Messages,
    Tokenisation,
    choice_ids,
    prompt_ids,
    render,
    without_system_role,
)
from luth.evaluation.backends.thoughts import Tags

PROBE = "luth-probe"


class Prompts:
    """The prompts of a model, in its own template and tokens.

    Attributes:
        system_role: whether the template has one; else the system prompt stands before the first question.
        notes: what to know about the prompts, in sentences.
    """

    def __init__(
        self,
        model: str,
        tokenizer: PreTrainedTokenizerBase,
        system_prompt: str | None,
        tokenisation: Tokenisation,
        tags: Tags,
    ) -> None:
        """Try the template.

        Args:
            model: its name in messages.
            tokenizer: with its chat template.
            system_prompt: put before every conversation, if any.
            tokenisation: see `prompt_ids`.
            tags: pairs that open and close a thought.

        Raises:
            UserError: the template takes no question, or LightEval makes messages in another way than expected.
        """
        self.model, self.tokenizer, self.tags = model, tokenizer, tags
        self.tokenisation: Tokenisation = tokenisation
        self.manager = PromptManager(use_chat_template=True, tokenizer=tokenizer, system_prompt=system_prompt)
        self.system_role = True
        self.notes: list[str] = []
        messages = self.messages(_probe())
        if not isinstance(messages, list) or messages[-1:] != [{"role": "user", "content": PROBE}]:
            raise UserError(
                "wrong-version",
                f"lighteval {version('lighteval')} makes prompts in a way that is not known here: install the version "
                "in constraints.txt",
            )
        if system_prompt and not self._shows(system_prompt):
            self.system_role = False
            self.notes.append(
                f"The chat template of {model} has no system role: the system prompt stands before the first question."
            )
        if not all(words in self.text(_probe(), None) for words in (PROBE, (system_prompt or "").strip())):
            raise UserError("bad-model", f"{model}: the chat template leaves the question or the system prompt out")

    def _shows(self, system_prompt: str) -> bool:
        """Tell whether the template takes a system message, and puts it into the prompt."""
        try:
            return system_prompt.strip() in self.text(_probe(), None)
        except UserError:
            return False

    def messages(self, doc: Doc) -> Messages:
        """Return a doc's conversation, in the words of LightEval's prompt manager."""
        messages: Any = self.manager.prepare_prompt_api(doc)
        return messages if self.system_role else without_system_role(messages)

    def text(self, doc: Doc, thinking: bool | None) -> str:
        """Return a doc's prompt, rendered."""
        with about(self.model):
            return render(self.tokenizer, self.messages(doc), thinking)

    def ids(self, doc: Doc, thinking: bool | None) -> list[int]:
        """Return a doc's prompt in tokens."""
        return prompt_ids(self.tokenizer, self.messages(doc), thinking, self.tokenisation)

    def choices(self, doc: Doc, thinking: bool | None) -> tuple[list[int], list[list[int]]]:
        """Return a doc's prompt in tokens, and each of its choices."""
        return choice_ids(self.tokenizer, self.messages(doc), doc.choices, thinking, self.tokenisation)

    def opens_thought(self, doc: Doc, thinking: bool | None) -> bool:
        """Tell whether a doc's prompt ends inside a thought."""
        text = self.text(doc, thinking).rstrip()
        return any(text.endswith(start) for start, _ in self.tags)

    def has_switch(self) -> bool:
        """Tell whether the chat template heeds enable_thinking."""
        return self.text(_probe(), True) != self.text(_probe(), False)

    def check_mode(self, thinking: bool | None) -> list[str]:
        """Check that the template takes a mode of thinking; return what is to be known about it and new in `notes`.

        Without a switch, false is true of a prompt that opens no thought.

        Raises:
            UserError: the template has no switch, and what it does is not what is asked.
        """
        switch, notes = self.has_switch(), []
        if not switch and thinking is not None:
            opens = self.opens_thought(_probe(), None)
            if thinking or opens:
                raise UserError(
                    "bad-recipe-value",
                    f"thinking: the chat template of {self.model} has no enable_thinking switch: set thinking to "
                    f"{'null' if opens else 'false or null'} for it",
                )
            notes.append(f"{self.model} has no enable_thinking switch, and its prompt opens no thought.")
        if switch and thinking is None:
            notes.append(
                f"{self.model} is a hybrid model, and thinking is null: whether it thinks is left to its template."
            )
        if switch and thinking is not None and self._differ_early():
            notes.append(f"The chat template of {self.model} changes more with thinking than the end of the prompt.")
        new = [note for note in notes if note not in self.notes]
        self.notes += new
        return new

    def _differ_early(self) -> bool:
        """Tell whether the modes' prompts differ before the question, as where thinking has its own system prompt."""
        on, off = (self.text(_probe(), thinking).split(PROBE)[0] for thinking in (True, False))
        return on != off


def _probe() -> Doc:
    return Doc(query=PROBE, choices=[""], gold_index=0)
