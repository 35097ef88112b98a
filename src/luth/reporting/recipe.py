"""The keys of a report recipe."""

from dataclasses import dataclass

from luth.errors import UserError
from luth.recipe import nearest


@dataclass
class ReportRecipe:
    """What a report compares.

    Parameters:
        base: the model that every difference is taken to.
        fine_tuned: the fine-tuned model's folder; its log history gives the loss curve.
        merges: merged models' folders by the fine-tuned model's share, 0 to 1.
        evaluation: the output_dir of the evaluation.
        groups: column names, each with its tasks; a group's score is the mean over all items of its tasks.
        french, english: the two groups that are set against each other.
        french_likelihood, english_likelihood: the two groups of log-likelihoods.
        prompts: questions whose answers are shown as the models give them.
        max_new_tokens: the longest such answer.
        output_dir: where report.md, results.json and the figures go.
    """

    base: str
    fine_tuned: str
    merges: dict[float, str]
    evaluation: str
    groups: dict[str, list[str]]
    french: str
    english: str
    french_likelihood: str
    english_likelihood: str
    prompts: list[str]
    max_new_tokens: int
    output_dir: str

    def check(self) -> None:
        """Raise `UserError` for a group that is named but not defined, or empty, or a report without a merge."""
        for name in (self.french, self.english, self.french_likelihood, self.english_likelihood):
            if not self.groups.get(name):
                raise UserError(f"groups: there is no group {name!r} with tasks{nearest(name, self.groups)}")
        if not self.merges or not self.prompts:
            raise UserError("a report needs at least one of merges and one of prompts")
